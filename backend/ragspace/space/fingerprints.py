"""Which secrets were pushed to which Space, so that only what changed is pushed again.

The Hub never tells a secret's value. What is kept here is a salted scrypt hash of it and the time at which
the Hub says it was set: a secret that was changed elsewhere since then is pushed again.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE_NAME = "pushed-secrets.json"
_SALT_BYTES = 16


class Fingerprints:
    """The fingerprints in `file` of what the Space named `space` on one Hub was given."""

    def __init__(self, file: Path, space: str) -> None:
        self._file = file
        self._space = space
        self._known: dict[str, Any] = self._read().get(space, {})

    def unchanged(self, name: str, value: str, updated_at: str | None) -> bool:
        """Whether the Space has this `value`, as far as can be known."""
        match self._known.get(name):
            case {"salt": str(salt), "hash": str(known), "updated_at": then}:
                return then == updated_at and hmac.compare_digest(_hash(bytes.fromhex(salt), value), known)
        return False

    def remember(self, pushed: Mapping[str, str], updated_at: Mapping[str, str | None]) -> None:
        """Write down the values just `pushed`. A disk that cannot be written to costs a repeated push."""
        for name, value in pushed.items():
            salt = os.urandom(_SALT_BYTES)
            self._known[name] = {
                "salt": salt.hex(),
                "hash": _hash(salt, value),
                "updated_at": updated_at.get(name),
            }
        content = json.dumps(self._read() | {self._space: self._known}, indent=2)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            new = self._file.with_suffix(".new")
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
                written.write(content)
            new.replace(self._file)
        except OSError:
            return

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        spaces = content.items() if isinstance(content, dict) else ()
        return {space: known for space, known in spaces if isinstance(known, dict)}


def _hash(salt: bytes, value: str) -> str:
    return hashlib.scrypt(value.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32).hex()

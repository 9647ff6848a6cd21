"""What a database can keep of a text: PostgreSQL refuses NUL characters and half surrogate pairs."""

import re
from typing import Any

import orjson

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
_NUL = b"\\u0000"


def storable_text(text: str) -> str:
    """`text` without NUL characters, and with U+FFFD in the place of every lone surrogate."""
    without_nul = text.replace("\x00", "")
    return without_nul if text.isascii() else _LONE_SURROGATES.sub("\ufffd", without_nul)


def storable_json(value: Any) -> str:
    """`value` as JSON, each of its strings (keys too) as `storable_text` has it; NaN becomes null."""
    try:
        written = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:  # a lone surrogate
        written = _NUL
    if _NUL in written:
        written = orjson.dumps(_storable(value), option=orjson.OPT_NON_STR_KEYS)
    return written.decode()


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value

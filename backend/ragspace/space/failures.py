"""What can go wrong between a folder and a Space that answers: each kind with an exit code of its own."""

from collections.abc import Mapping
from typing import Literal

from ragspace.errors import EXIT_CONFIGURATION, RagspaceError

Kind = Literal[
    "token",
    "forbidden",
    "plan",
    "not_found",
    "conflict",
    "rate_limited",
    "hub",
    "rejected",
    "build",
    "configuration",
    "port",
    "permission",
    "memory",
    "paused",
    "capacity",
    "start",
    "timeout",
    "verify",
]

_TABLE: Mapping[Kind, tuple[int, str]] = {
    # 10 to 17: the Hub did not do it.
    "token": (10, "there is no Hugging Face token, or a wrong one"),
    "forbidden": (11, "the token may not do it"),
    "plan": (12, "the Hub asks for a paid plan"),
    "not_found": (13, "there is no such Space"),
    "conflict": (14, "somebody else changed the Space meanwhile"),
    "rate_limited": (15, "too many requests to the Hub"),
    "hub": (16, "the Hub cannot be reached, or fails"),
    "rejected": (17, "the Hub refuses what was uploaded"),
    # 20 to 28: it was uploaded, and does not run.
    "build": (20, "the build failed"),
    "configuration": (21, "a secret is missing or wrong on the Space"),
    "port": (22, "the application listens on another port"),
    "permission": (23, "the application may not write where it tries to"),
    "memory": (24, "out of memory"),
    "paused": (25, "the Space is paused"),
    "capacity": (26, "no hardware, or no quota"),
    "start": (27, "the application ended"),
    "timeout": (28, "the build is not there, or does not answer, in time"),
    # 30: it runs.
    "verify": (30, "the build runs, and does not pass every check"),
}

EXIT_CODES: Mapping[Kind, int] = {kind: code for kind, (code, _) in _TABLE.items()}

EXIT_CODES_TOLD = "\n".join(
    [
        "Exit codes:",
        *(f"{code}  {meaning}" for code, meaning in _TABLE.values()),
        f"{EXIT_CONFIGURATION}  your configuration cannot work on a Space; nothing was changed",
        "130  stopped by Ctrl-C",
    ]
)
"""For `ragspace deploy --help`."""


class SpaceFailure(RagspaceError):
    """`message` is the cause in one sentence, `action` the way to mend it; neither holds a secret."""

    code = "space"

    def __init__(self, kind: Kind, message: str, action: str) -> None:
        super().__init__(message, action=action)
        self.kind: Kind = kind
        self.exit_code = EXIT_CODES[kind]

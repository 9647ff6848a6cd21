"""What a command tells a program."""

import sys
from typing import Any

import orjson


def print_json(told: Any) -> None:
    """To standard output, indented."""
    sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))

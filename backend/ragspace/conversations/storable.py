"""What a database can keep of a text: PostgreSQL refuses NUL characters and half surrogate pairs."""

import re
from typing import Any

import orjson

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


def storable_text(text: str) -> str:
    """`text` without NUL characters, and with U+FFFD in the place of every lone surrogate."""
    return _LONE_SURROGATES.sub("\ufffd", text.replace("\x00", ""))


def storable_json(value: Any) -> str:
    """`value` as JSON, each of its strings (keys too) as `storable_text` has it; NaN becomes null."""
    return orjson.dumps(_storable(value), option=orjson.OPT_NON_STR_KEYS).decode()


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value

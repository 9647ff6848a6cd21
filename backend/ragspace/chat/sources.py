"""Sources of an answer, in the form that the stream and the stored messages tell them."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from ragspace.documents.passage import Passage
from ragspace.retrieval.retriever import RankedPassage

SNIPPET_CHARACTERS = 240

KEPT = 1024
"""The same passages are told again and again."""


@lru_cache(KEPT)
def page_url(passage: Passage, docs_base_url: str | None) -> str:
    """Link to the passage's page and heading, below `docs_base_url` or from the site's root."""
    anchor = "#" + quote(passage.anchor, safe="=") if passage.anchor else ""
    return f"{docs_base_url or ''}/{quote(passage.page)}{anchor}"


@lru_cache(KEPT)
def snippet(content: str) -> str:
    """The passage's beginning in one line, cut at a word."""
    line = " ".join(content.split())
    if len(line) <= SNIPPET_CHARACTERS:
        return line
    return line[:SNIPPET_CHARACTERS].rsplit(" ", 1)[0] + " …"


def source_list(ranked: Sequence[RankedPassage], docs_base_url: str | None) -> list[dict[str, Any]]:
    """One source per passage, in rank order; `index` is what `[1]` in the answer's text refers to."""
    return [
        {
            "index": index,
            "file": found.passage.file,
            "heading": found.passage.heading,
            "similarity": round(found.similarity, 4),
            "anchor": found.passage.anchor,
            "url": page_url(found.passage, docs_base_url),
            "snippet": snippet(found.matched.content),
        }
        for index, found in enumerate(ranked, start=1)
    ]


def suggestion_list(passages: Sequence[Passage], docs_base_url: str | None) -> list[dict[str, str]]:
    """The nearest headings, offered where nothing fits."""
    return [{"heading": p.heading or p.file, "url": page_url(p, docs_base_url)} for p in passages]

"""Passages joined with their neighbours: small ones are found best, but a list is little without the sentence
that introduces it."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from ragspace.documents.passage import Passage

MOST_TOKENS = 360
"""Of a passage with its neighbours: five of them are a prompt that every model reads."""

REACH = 2
"""How many neighbours on each side are looked at."""

KEPT_JOINED = 1024
"""The same passages are told again and again."""

Sections = Mapping[str, Mapping[int, Passage]]
"""Passages by their section's key and their part in it."""


class Joined(NamedTuple):
    """`passage` is what several parts of one section say; its other fields are those of the passage that was
    found, at `place`, from 0, among the ranked."""

    passage: Passage
    place: int


def by_section(passages: Iterable[Passage]) -> Sections:
    sections: dict[str, dict[int, Passage]] = {}
    for passage in passages:
        sections.setdefault(passage.section_key, {})[passage.part] = passage
    return sections


def neighbours(passages: Iterable[Passage], known: Sections) -> list[UUID]:
    """The ids of the neighbours of `passages` that are not `known`, each once."""
    missing = {
        (passage.section_key, part): passage
        for passage in passages
        for part in _near(passage)
        if part not in known.get(passage.section_key, ())
    }
    ids = (passage.sibling_id(part) for (_, part), passage in missing.items())
    return [sibling for sibling in ids if sibling is not None]


def join(ranked: Iterable[Passage], known: Sections, limit: int) -> list[Joined]:
    """The first `limit` of `ranked`, each with its neighbours among the `known` up to MOST_TOKENS.

    What stands in one that is better ranked is not told again.
    """
    joined: list[Joined] = []
    told: dict[str, set[int]] = {}
    for place, passage in enumerate(ranked):
        if len(joined) == limit:
            break
        key = passage.section_key
        told_of_section = told.setdefault(key, set())
        if passage.part not in told_of_section:
            parts = _extended(passage, known.get(key, {}), told_of_section)
            told_of_section.update([part.part for part in parts])
            joined.append(Joined(_of_parts(passage, parts), place))
    return joined


def neighbourhoods(passages: Iterable[Passage]) -> Iterator[tuple[int, list[int]]]:
    """For each of the passages that has neighbours among them within reach: its place and the places of
    itself and of these."""
    sections: dict[str, list[tuple[int, int]]] = {}
    for place, passage in enumerate(passages):
        sections.setdefault(passage.section_key, []).append((place, passage.part))
    for parts in sections.values():
        if len(parts) > 1:
            for place, part in parts:
                yield place, [other for other, its in parts if abs(its - part) <= REACH]


def _extended(passage: Passage, section: Mapping[int, Passage], told: Set[int]) -> tuple[Passage, ...]:
    """With one of its neighbours that are not `told` at a time, after it and before it in turn, as far as
    there is room; in the order of the section."""
    if not passage.section:
        return (passage,)  # its neighbours, if it has any, cannot be told
    parts = [passage]
    tokens = passage.token_count
    for _ in range(REACH):
        for number, place in ((parts[-1].part + 1, len(parts)), (parts[0].part - 1, 0)):
            sibling = None if number in told else section.get(number)
            if sibling is not None and tokens + sibling.token_count <= MOST_TOKENS:
                parts.insert(place, sibling)
                tokens += sibling.token_count
    return tuple(parts)


@lru_cache(KEPT_JOINED)
def _of_parts(matched: Passage, parts: tuple[Passage, ...]) -> Passage:
    if len(parts) == 1:
        return matched
    content = "\n\n".join([part.content for part in parts])
    return replace(matched, content=content, token_count=sum([part.token_count for part in parts]))


def _near(passage: Passage) -> list[int]:
    """The parts of its section within reach, without its own; none where they cannot be told."""
    if not passage.section:
        return []
    first, last = max(1, passage.part - REACH), min(passage.parts, passage.part + REACH)
    return [part for part in range(first, last + 1) if part != passage.part]

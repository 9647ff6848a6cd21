"""Passages joined with their neighbours: small ones are found best, but a list is little without the sentence
that introduces it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from ragspace.documents.passage import Passage

MOST_TOKENS = 360
"""Of a passage with its neighbours: five of them are a prompt that every model reads."""

REACH = 2
"""How many neighbours on each side are looked at."""

Sections = Mapping[str, Mapping[int, Passage]]
"""Passages by their section's key and their part in it."""


@dataclass(frozen=True, slots=True)
class Joined:
    """`passage` is what the parts of one section from `first` to `last` say; its other fields are those of
    `matched`, the passage that was found."""

    passage: Passage
    matched: Passage
    first: int
    last: int

    def holds(self, passage: Passage) -> bool:
        return self.matched.section_key == passage.section_key and self.first <= passage.part <= self.last


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
    for passage in ranked:
        if len(joined) == limit:
            break
        if not any(each.holds(passage) for each in joined):
            joined.append(_extended(passage, known.get(passage.section_key, {}), joined))
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


def _extended(passage: Passage, section: Mapping[int, Passage], taken: Sequence[Joined]) -> Joined:
    """A neighbour at a time, after it and before it in turn, as far as there is room."""
    near = _near(passage)
    chosen = {passage.part: passage}
    tokens = passage.token_count
    for distance in range(1, REACH + 1):
        for step in (1, -1):
            part = passage.part + step * distance
            sibling = section.get(part) if part in near else None
            if sibling is None or part - step not in chosen:
                continue
            fits = tokens + sibling.token_count <= MOST_TOKENS
            if fits and not any(each.holds(sibling) for each in taken):
                chosen[part] = sibling
                tokens += sibling.token_count
    return _of_parts(passage, chosen, tokens)


def _of_parts(matched: Passage, chosen: dict[int, Passage], tokens: int) -> Joined:
    if len(chosen) == 1:
        return Joined(matched, matched, matched.part, matched.part)
    content = "\n\n".join(chosen[part].content for part in sorted(chosen))
    return Joined(replace(matched, content=content, token_count=tokens), matched, min(chosen), max(chosen))


def _near(passage: Passage) -> list[int]:
    """The parts of its section within reach, without its own; none where they cannot be told."""
    if not passage.section:
        return []
    first, last = max(1, passage.part - REACH), min(passage.parts, passage.part + REACH)
    return [part for part in range(first, last + 1) if part != passage.part]

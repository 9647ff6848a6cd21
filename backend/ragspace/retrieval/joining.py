"""Passages joined with their neighbours: small ones are found best, but a list is little without the sentence
that introduces it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from ragspace.documents.passage import Passage

MOST_TOKENS = 360
"""Of a passage with its neighbours: five of them are a prompt that every model reads."""

REACH = 2
"""How many neighbours on each side are looked at."""

Section = tuple[str, tuple[str, ...], str, str]
Place = tuple[Section, int]


@dataclass(frozen=True, slots=True)
class Joined:
    """`passage` is what the parts of one section from `first` to `last` say; its other fields are those of
    `matched`, the passage that was found."""

    passage: Passage
    matched: Passage
    first: int
    last: int

    def holds(self, passage: Passage) -> bool:
        return _section(self.matched) == _section(passage) and self.first <= passage.part <= self.last


def neighbours(passages: Iterable[Passage], known: Iterable[Passage]) -> list[UUID]:
    """The ids of the neighbours of `passages` that are not `known`, each once."""
    there = {_place(passage, passage.part) for passage in known}
    missing: dict[Place, UUID] = {}
    for passage in passages:
        for part in _near(passage):
            place = _place(passage, part)
            sibling = passage.sibling_id(part) if place not in there and place not in missing else None
            if sibling is not None:
                missing[place] = sibling
    return [*missing.values()]


def join(ranked: Sequence[Passage], known: Iterable[Passage], limit: int) -> list[Joined]:
    """The first `limit` of `ranked`, each with its neighbours among the `known` up to MOST_TOKENS.

    What stands in one that is better ranked is not told again.
    """
    there = {_place(passage, passage.part): passage for passage in (*known, *ranked)}
    joined: list[Joined] = []
    for passage in ranked:
        if len(joined) == limit:
            break
        if not any(each.holds(passage) for each in joined):
            joined.append(_extended(passage, there, joined))
    return joined


def neighbourhoods(passages: Sequence[Passage]) -> list[list[int]]:
    """For each of the passages the places, in `passages`, of itself and of its neighbours within reach."""
    places: dict[Section, list[int]] = {}
    for place, passage in enumerate(passages):
        places.setdefault(_section(passage), []).append(place)
    return [
        [place for place in places[_section(passage)] if abs(passages[place].part - passage.part) <= REACH]
        for passage in passages
    ]


def _extended(passage: Passage, there: Mapping[Place, Passage], taken: Sequence[Joined]) -> Joined:
    """A neighbour at a time, after it and before it in turn, as far as there is room."""
    near = _near(passage)
    chosen = {passage.part: passage}
    tokens = passage.token_count
    for distance in range(1, REACH + 1):
        for step in (1, -1):
            part = passage.part + step * distance
            sibling = there.get(_place(passage, part)) if part in near else None
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


def _section(passage: Passage) -> Section:
    return passage.file, passage.heading_path, passage.anchor, passage.section


def _place(passage: Passage, part: int) -> Place:
    """Where a part of its section stands; an id would say the same, but has to be hashed."""
    return _section(passage), part

"""Passages joined with their neighbours: small ones are found best, but a list is little without the sentence
that introduces it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from ragspace.documents.passage import Passage

MOST_TOKENS = 360
"""Of a passage with its neighbours: five of them are a prompt that every model reads."""

REACH = 2
"""How many neighbours on each side are looked at."""


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
    near = (_near(passage) for passage in passages)
    ids = dict.fromkeys(passage_id for siblings in near for passage_id in siblings.values())
    return [*ids.keys() - {passage.id for passage in known}]


def join(ranked: Sequence[Passage], known: Iterable[Passage], limit: int) -> list[Joined]:
    """The first `limit` of `ranked`, each with its neighbours among the `known` up to MOST_TOKENS.

    What stands in one that is better ranked is not told again.
    """
    by_id = {passage.id: passage for passage in (*known, *ranked)}
    joined: list[Joined] = []
    for passage in ranked:
        if len(joined) == limit:
            break
        if not any(each.holds(passage) for each in joined):
            joined.append(_extended(passage, by_id, joined))
    return joined


def neighbourhoods(passages: Sequence[Passage]) -> list[list[int]]:
    """For each of the passages the places, in `passages`, of itself and of its neighbours within reach."""
    places: dict[tuple[object, ...], list[int]] = {}
    for place, passage in enumerate(passages):
        places.setdefault(_section(passage), []).append(place)
    return [
        [place for place in places[_section(passage)] if abs(passages[place].part - passage.part) <= REACH]
        for passage in passages
    ]


def _extended(passage: Passage, known: dict[UUID, Passage], taken: Sequence[Joined]) -> Joined:
    """A neighbour at a time, after it and before it in turn, as far as there is room."""
    siblings = _near(passage)
    chosen = {passage.part: passage}
    tokens = passage.token_count
    for distance in range(1, REACH + 1):
        for step in (1, -1):
            part = passage.part + step * distance
            sibling = known.get(siblings[part]) if part in siblings else None
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


def _near(passage: Passage) -> dict[int, UUID]:
    """The ids of its neighbours within reach, by their part."""
    parts = range(passage.part - REACH, passage.part + REACH + 1)
    ids = {part: passage.sibling_id(part) for part in parts if part != passage.part}
    return {part: passage_id for part, passage_id in ids.items() if passage_id is not None}


def _section(passage: Passage) -> tuple[object, ...]:
    return passage.file, passage.heading_path, passage.anchor, passage.section

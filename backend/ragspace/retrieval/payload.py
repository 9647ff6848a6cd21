"""Passages as the payload of points, in the form that existing collections have, and back."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from ragspace.documents.passage import Passage

FILE_FIELD = "file_path"

PointId = int | str | UUID


def point_id(passage_id: UUID) -> int | str:
    """The id of a point as Qdrant writes it: an unsigned 64-bit number or a UUID."""
    return passage_id.int if passage_id.int < 1 << 64 else str(passage_id)


def passage_id(point: PointId) -> UUID:
    """The inverse of `point_id`: numbers, as other programs give them, become the low bits of a UUID."""
    if isinstance(point, UUID):
        return point
    return UUID(int=point) if isinstance(point, int) else UUID(point)


def to_payload(passage: Passage) -> dict[str, Any]:
    """The first five fields are those of collections that earlier versions of the backend made."""
    section = {"section": passage.section} if passage.section else {}
    return {
        FILE_FIELD: passage.file,
        "heading_path": list(passage.heading_path),
        "section_depth": passage.section_depth,
        "content": passage.content,
        "token_count": passage.token_count,
        "page": passage.page,
        "anchor": passage.anchor,
        "part": passage.part,
        "parts": passage.parts,
        **section,
    }


def from_payload(payload: Mapping[str, Any] | None) -> Passage:
    """The passage of any payload: what it lacks is derived from what it has, or left empty."""
    fields = payload or {}
    file = str(fields.get(FILE_FIELD) or "")
    headings = _headings(fields.get("heading_path"))
    anchor = fields.get("anchor")
    page = fields.get("page")
    section = fields.get("section")
    return Passage(
        file=file,
        page=page if isinstance(page, str) else file.removesuffix(PurePosixPath(file).suffix),
        heading_path=headings,
        anchor=anchor if isinstance(anchor, str) else _anchor(headings),
        section_depth=_number(fields.get("section_depth"), len(headings)),
        content=str(fields.get("content") or ""),
        token_count=_number(fields.get("token_count"), 0),
        part=_number(fields.get("part"), 1),
        parts=_number(fields.get("parts"), 1),
        section=section if isinstance(section, str) else "",
    )


def _headings(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part for part in (piece.strip() for piece in value.split(" > ")) if part)
    if isinstance(value, Sequence):
        return tuple(str(heading) for heading in value)
    return ()


def _anchor(headings: tuple[str, ...]) -> str:
    from ragspace.documents.anchors import slug

    return slug(headings[-1]) if headings else ""


def _number(value: object, default: int) -> int:
    return int(value) if isinstance(value, int | float) else default

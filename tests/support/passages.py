"""Passages for tests, with everything but their text filled in."""

from ragspace.documents.passage import Passage


def passage(content: str, *, file: str = "docs/guide.md", heading: str = "Guide", part: int = 1) -> Passage:
    return Passage(
        file=file,
        page=file.removesuffix(".md"),
        heading_path=(heading,) if heading else (),
        anchor=heading.lower().replace(" ", "-"),
        section_depth=1 if heading else 0,
        content=content,
        token_count=len(content.split()),
        part=part,
        parts=part,
    )

"""A passage: the piece of a document that is embedded, matched, shown and cited."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from uuid import NAMESPACE_URL, UUID, uuid5

CountTokens = Callable[[str], int]
"""How many tokens of the embedding model a text has."""

PASSAGE_NAMESPACE = uuid5(NAMESPACE_URL, "https://ragspace.dev/passage")


@dataclass(frozen=True)
class Passage:
    """A piece of one section of one document.

    `file` is the path from the ingested folder's parent, with `/` (`docs/module-01/chapter-03.md`).
    `page` is the path of the page that a site generator makes of the file, without leading slash, suffix or
    anchor (`docs/module-01/chapter-03`); a file that sites serve as it is (HTML, PDF, text) keeps its suffix.
    `heading_path` holds the headings from the document's title to the section; it is empty for text before
    the first heading of a file without a title of its own. `anchor` is the slug of the last heading, unique
    in its file, or empty; in a PDF, which browsers open at a page, it is `page=3`. `section_depth` is the
    heading's level (1 to 6; 0 before the first heading).
    `part` counts the passages of one section from 1 to `parts`. `token_count` counts `content` in tokens of
    the embedding model. `section` is a digest of all the passages of a section that has several: by it each
    knows the ids of the others. It is empty for a section of one passage, and in collections of earlier
    versions.
    """

    file: str
    page: str
    heading_path: tuple[str, ...]
    anchor: str
    section_depth: int
    content: str
    token_count: int
    part: int = 1
    parts: int = 1
    section: str = ""

    def __hash__(self) -> int:
        """That of the content, which Python keeps with the text: passages are looked up in caches again and
        again."""
        return hash(self.content)

    @cached_property
    def id(self) -> UUID:
        """Derived from all that the passage holds, so that an unchanged passage keeps its id; from what its
        whole section holds where the section has several."""
        return self._id(self.part, self.section or self.content)

    def sibling_id(self, part: int) -> UUID | None:
        """The id of the passage that is `part` of the same section; None where it cannot be told."""
        return self._id(part, self.section) if self.section and 1 <= part <= self.parts else None

    def _id(self, part: int, content: str) -> UUID:
        fields = (self.file, self.page, *self.heading_path, self.anchor, f"{part}/{self.parts}", content)
        return uuid5(PASSAGE_NAMESPACE, "\x1f".join(fields))

    @cached_property
    def section_key(self) -> str:
        """The same text for the passages of one section, and for no others; the same object, too, since it is
        compared for every candidate of every question."""
        return sys.intern("\x1f".join((self.file, *self.heading_path, "", self.anchor, self.section)))

    @property
    def heading(self) -> str:
        """The heading path as a reader sees it: `Sensors > LiDAR`."""
        return " > ".join(self.heading_path)

    @property
    def text_to_embed(self) -> str:
        """Heading path and content: a passage deep in a chapter seldom repeats what the chapter is about."""
        return f"{self.heading}\n{self.content}" if self.heading_path else self.content

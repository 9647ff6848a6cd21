"""The YAML block at the head of a Markdown file."""

import datetime
import re
from dataclasses import dataclass

from ragspace.documents.encoding import clean

_BLOCK = re.compile(r"---[ \t]*\n(?P<yaml>(?:.*\n)*?)---[ \t]*(?:\n|\Z)")
_LOOKS_LIKE_YAML = re.compile(r"(?:[ \t]*(?:#.*)?\n)*[\w-]+[ \t]*:(?:\s|$)")
_LONGEST = 64 * 1024
"""Characters. No front matter is longer, and looking for its end stays cheap."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The fields that matter here, `""` where absent; the names are Docusaurus'."""

    title: str = ""
    sidebar_label: str = ""
    slug: str = ""
    id: str = ""
    draft: bool = False


def take_front_matter(text: str) -> tuple[FrontMatter, str]:
    """The front matter and the text below it.

    A block between two `---` that holds no YAML mapping is text between two rules and stays. One that was
    meant as front matter but is broken YAML is left out: its text says nothing of the subject.
    """
    match = _BLOCK.match(text, 0, _LONGEST)
    if match is None:
        return FrontMatter(), text
    source = match["yaml"]
    fields = _load(source)
    if fields is None:
        return FrontMatter(), text[match.end() :] if _LOOKS_LIKE_YAML.match(source) else text
    return (
        FrontMatter(
            title=_scalar(fields.get("title")),
            sidebar_label=_scalar(fields.get("sidebar_label")),
            slug=_scalar(fields.get("slug")),
            id=_scalar(fields.get("id")),
            draft=fields.get("draft") is True,
        ),
        text[match.end() :],
    )


def _load(source: str) -> dict[object, object] | None:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        fields = yaml.load(source, loader)  # noqa: S506 - both loaders are safe ones
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if fields is None and not source.strip():
        return {}
    return fields if isinstance(fields, dict) else None


def _scalar(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | datetime.date):
        return ""
    return " ".join(clean(str(value)).split())

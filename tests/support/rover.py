"""A handbook as a site of its own: pages made from its Markdown, with the chat in them.

Attributes of `<rag-chat>` in a page's address, as `?mode=inline`, are set on the element.
"""

import html
import json
import re
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt

from tests.support.programs import FRONTEND
from tests.support.servers import LOOPBACK

ROVER = Path(__file__).parents[1] / "fixtures" / "rover"
DOCUMENTS = ROVER / "docs"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    f"connect-src http://{LOOPBACK}:*; base-uri 'none'; form-action 'none'"
)
"""As strict as the guide says that a site's policy may be."""

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content">
<title>{title}</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/site.css">
<script type="module" src="/widget.js"></script>
<script type="module" src="/site.js"></script>
<body data-api="{api}">
<header><a href="/docs/intro">Orchard rover</a></header>
<div class="columns">
<nav aria-label="Pages"><ul>{pages}</ul></nav>
<main>{content}</main>
</div>
"""

_FROZEN = """<!doctype html>
<html lang="en">
<title>The client that is live</title>
<link rel="icon" href="/favicon.svg">
<body data-api="{api}">
<script type="module" src="/frozen.js"></script>
"""


def build(directory: Path, api: str) -> Path:
    """Writes the site, whose chat asks `api`, into `directory`; the configuration for `vercel`."""
    (directory / "docs").mkdir(parents=True)
    for file in (FRONTEND / "dist" / "widget.js", FRONTEND / "dist" / "favicon.svg", *ROVER.glob("*.*")):
        shutil.copy(file, directory)
    documents = [DOCUMENTS / f"{name}.md" for name in ("intro", "sensors", "power")]
    for document in documents:
        page = _page(document, documents, api)
        (directory / "docs" / f"{document.stem}.html").write_text(page)
    (directory / "frozen.html").write_text(_FROZEN.format(api=api))
    headers = [{"key": "Content-Security-Policy", "value": POLICY}]
    configuration = directory / "vercel.json"
    configuration.write_text(json.dumps({"headers": [{"source": "/(.*)", "headers": headers}]}))
    return configuration


def _page(document: Path, documents: list[Path], api: str) -> str:
    links = [
        f'<li><a href="/docs/{each.stem}"{" aria-current=page" if each == document else ""}>'
        f"{html.escape(_title(each))}</a></li>"
        for each in documents
    ]
    return _PAGE.format(api=api, title=_title(document), pages="".join(links), content=_rendered(document))


def _title(document: Path) -> str:
    return document.read_text().partition("\n")[0].removeprefix("# ")


def _rendered(document: Path) -> str:
    """With an id on each heading, as site generators make them."""
    markdown = MarkdownIt()
    tokens = markdown.parse(document.read_text())
    seen: Counter[str] = Counter()
    for heading, text in pairwise(tokens):
        if heading.type == "heading_open":
            slug = re.sub(r"[^\w-]", "", text.content.lower().replace(" ", "-"))
            heading.attrSet("id", slug if not seen[slug] else f"{slug}-{seen[slug]}")
            seen[slug] += 1
    rendered: str = markdown.renderer.render(tokens, markdown.options, {})
    return rendered

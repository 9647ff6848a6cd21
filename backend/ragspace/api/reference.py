"""The API's description: as OpenAPI, and as a page that loads nothing from anywhere and runs no script."""

import asyncio
import base64
import hashlib
from collections.abc import Iterator
from functools import cached_property
from html import escape
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI
from starlette.responses import Response

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color-scheme: light dark }
h2 { margin-top: 3rem; border-top: 1px solid; padding-top: 1rem }
code { font: 0.9em ui-monospace, monospace }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 1rem 0.25rem 0 }
"""
_CSP = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Reference:
    """Written once, at the first request: it takes longer than a start should."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    @cached_property
    def description(self) -> bytes:
        return orjson.dumps(self._app.openapi())

    @cached_property
    def page(self) -> bytes:
        return "".join(_page(self._app.openapi())).encode()


def reference_router(app: FastAPI) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    reference = Reference(app)

    @router.get("/openapi.json")
    async def description() -> Response:
        body = await asyncio.to_thread(lambda: reference.description)
        # Tools in a browser, on other origins, read descriptions; this one is everybody's.
        headers = {"Access-Control-Allow-Origin": "*"}
        return Response(body, headers=headers, media_type="application/json")

    @router.get("/docs")
    async def page() -> Response:
        body = await asyncio.to_thread(lambda: reference.page)
        return Response(body, headers={"Content-Security-Policy": _CSP}, media_type="text/html")

    return router


def _page(description: dict[str, Any]) -> Iterator[str]:
    info = description["info"]
    title = escape(f"{info['title']} {info['version']}")
    yield f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
    yield f'<meta name="viewport" content="width=device-width">\n<style>{_STYLE}</style>\n<h1>{title}</h1>\n'
    yield f'<p>{escape(info["description"])} The same as <a href="openapi.json">OpenAPI</a>.</p>\n'
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            yield from _operation(method, path, operation)
    for name, schema in description["components"]["schemas"].items():
        yield from _schema(name, schema)
    yield "</html>\n"


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"<h2><code>{method.upper()} {escape(path)}</code></h2>\n<p><b>{escape(operation['summary'])}.</b> "
    yield f"{escape(operation.get('description', ''))}</p>\n"
    rows = [
        (f"{given['name']} ({given['in']})", _type(given["schema"]), given.get("description", ""))
        for given in operation.get("parameters", [])
    ]
    if body := operation.get("requestBody"):
        rows += [("body", _type(content["schema"]), media) for media, content in body["content"].items()]
    yield from _table(("asked", "type", ""), rows)
    answers = [
        (status, " or ".join(_contents(answer)) or "empty", answer.get("description", ""))
        for status, answer in sorted(operation["responses"].items())
    ]
    yield from _table(("status", "body", ""), answers)


def _contents(answer: dict[str, Any]) -> Iterator[str]:
    for media, content in answer.get("content", {}).items():
        yield _type(content["schema"]) if media == "application/json" else f"<code>{escape(media)}</code>"


def _schema(name: str, schema: dict[str, Any]) -> Iterator[str]:
    required = set(schema.get("required", ()))
    rows = [
        (field + ("" if field in required else " (optional)"), _type(given), given.get("description", ""))
        for field, given in schema.get("properties", {}).items()
    ]
    yield f'<h2 id="{escape(name)}">{escape(name)}</h2>\n'
    yield from _table(("field", "type", ""), rows)


def _table(head: tuple[str, str, str], rows: list[tuple[str, str, str]]) -> Iterator[str]:
    if rows:
        yield "<table>\n<tr>" + "".join(f"<th>{cell}" for cell in head) + "\n"
        for first, kind, text in rows:
            yield f"<tr><td><code>{escape(first)}</code><td>{kind}<td>{escape(text)}\n"
        yield "</table>\n"


def _type(schema: dict[str, Any]) -> str:
    """As HTML."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(part) for part in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    limits = [f"{schema[key]} {text}" for key, text in _LIMITS.items() if key in schema]
    return escape(", ".join([schema.get("format") or schema.get("type", "anything"), *limits]))


_LIMITS = {"minLength": "characters at least", "maxLength": "at most"}

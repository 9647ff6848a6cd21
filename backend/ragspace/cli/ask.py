"""`ragspace ask`: one question, answered in the terminal."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console

from ragspace.cli.configuration import load_settings
from ragspace.cli.running_server import running_server
from ragspace.errors import ConfigurationError, RagspaceError
from ragspace.logs import configure_logs
from ragspace.settings import Settings

if TYPE_CHECKING:
    from ragspace.upstream import Upstream

START_SECONDS = 60.0


def ask(question: Annotated[str, typer.Argument(help="What you want to know.")]) -> None:
    """Answer a question from the documents, with sources.

    The answer comes from the server that runs on the same data directory, or else from this process.
    """
    settings = load_settings()
    configure_logs("ERROR", settings.secret_values())
    if not question.strip():
        raise RagspaceError("The question is empty.", action='Ask like this: ragspace ask "What is it?"')
    asyncio.run(_ask(settings, question.strip()))


async def _ask(settings: Settings, question: str) -> None:
    server = await running_server(settings)
    events = _answered_by(server, question) if server else _answered_here(settings, question)
    async with aclosing(events):
        async for event in events:
            _show(event)


async def _answered_by(server: "Upstream", question: str) -> AsyncGenerator[dict[str, Any], None]:
    from ragspace.upstream import UpstreamFailure

    try:
        async with server.stream("POST", "/api/chat", {"message": question}) as response:
            async for line in response.content:
                if line.startswith(b"data: "):
                    yield orjson.loads(line[6:])
    except UpstreamFailure as failure:
        told = failure.body.get("error", {}) if isinstance(failure.body, dict) else {}
        raise RagspaceError(
            told.get("message", "The running server did not answer."), action=told.get("action")
        ) from None
    finally:
        await server.close()


async def _answered_here(settings: Settings, question: str) -> AsyncGenerator[dict[str, Any], None]:
    from ragspace.chat.question import Question
    from ragspace.runtime import Runtime

    wrong: list[ConfigurationError] = []
    runtime = Runtime(settings, wrong.append)
    runtime.start()
    try:
        await runtime.health.wait_until_checked()
        if wrong:
            raise wrong[0]
        answer = runtime.chat.ask(Question(question))
        seen = 0
        while await answer.wait(seen, START_SECONDS) and len(answer.frames) > seen:
            event = orjson.loads(answer.frames[seen].split(b"data: ", 1)[1])
            # Whoever asks here is the developer: the stream itself has only the reader's sentence.
            yield event if answer.failure is None else event | {"action": answer.failure.action}
            seen += 1
    finally:
        await runtime.close()


def _show(event: dict[str, Any]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    match event["type"]:
        case "token":
            sys.stdout.write(event["content"])
            sys.stdout.flush()
        case "done":
            console.print("\n")
            _show_sources(console, event)
        case "error":
            console.print()
            raise RagspaceError(
                event["message"], action=event.get("action", "See the running server's /api/health.")
            )


def _show_sources(console: Console, done: dict[str, Any]) -> None:
    cited = set(done.get("cited", []))
    for source in done["sources"]:
        style = "" if not cited or source["index"] in cited else "dim"
        heading = f"{source['heading']}  " if source["heading"] else ""
        console.print(
            f"[{source['index']}] {heading}{source['file']}  {source['similarity']:.2f}",
            style=style,
            markup=False,
        )
    for suggestion in done.get("suggestions", []):
        console.print(f"Nearest: {suggestion['heading']}", style="dim", markup=False)

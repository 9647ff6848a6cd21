"""`ragspace serve`: the HTTP service."""

import contextlib
import signal
import socket
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ragspace import __version__
from ragspace.cli.configuration import load_settings
from ragspace.cli.running_server import announced
from ragspace.errors import ConfigurationError
from ragspace.logs import configure_logs
from ragspace.settings import Settings

BACKLOG = 2048


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (default: HOST, 127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (default: PORT, 7860).")] = None,
) -> None:
    """Serve the API and the chat page."""
    from ragspace.server import Server

    settings = load_settings(host=host, port=port)
    configure_logs(settings.log_level, settings.secret_values())
    listener = _listen(settings)
    _print_banner(settings)
    server = Server(settings)
    # Otherwise the signal that ended the server would be raised again before anything is tidied up.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: None)
    with announced(settings), contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    if server.fatal is not None:
        raise server.fatal


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigurationError(
            f"ragspace cannot listen on {settings.host}, port {settings.port}: {error.strerror}.",
            action="Stop what uses that port, or choose another with --port or PORT.",
        ) from None


def _print_banner(settings: Settings) -> None:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    shown_host = f"[{host}]" if ":" in host else host
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"\nragspace {__version__} on [bold]http://{shown_host}:{settings.port}[/]\n")
    table = Table(box=None, show_header=False, padding=(0, 2))
    for part, choice, for_production in _choices(settings):
        table.add_row(part, choice, f"[dim]{for_production}[/]")
    console.print(table)
    if settings.on_space and "allowed_origins" not in settings.model_fields_set:
        console.print("\n[yellow]ALLOWED_ORIGINS is not set: only this Space's own page may use the chat.[/]")
    console.print()


def _choices(settings: Settings) -> list[tuple[str, str, str]]:
    """Each part: what it runs on, and what would take it to production."""
    model = {
        "gemini": ", ".join(settings.gemini_model),
        "openai": f"{settings.llm_model} (OpenAI-compatible endpoint)",
        "extractive": "quoted from the documents, without a language model",
    }[settings.generation]
    embeddings = (
        settings.gemini_embedding_model if settings.embedding == "gemini" else "all-MiniLM-L6-v2, local"
    )
    index = f"Qdrant, collection {settings.qdrant_collection}"
    stored = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[settings.database.dialect]
    return [
        (
            "Answers",
            model,
            "for a language model: GEMINI_API_KEY, or LLM_BASE_URL and LLM_MODEL"
            if settings.generation == "extractive"
            else "",
        ),
        ("Embeddings", embeddings, ""),
        (
            "Index",
            index if settings.index == "qdrant" else f"built-in, in {settings.ragspace_data_dir}",
            "" if settings.index == "qdrant" else "for production: QDRANT_URL and QDRANT_API_KEY",
        ),
        (
            "Conversations",
            stored,
            "for production: DATABASE_URL of a PostgreSQL" if settings.database.dialect == "sqlite" else "",
        ),
    ]

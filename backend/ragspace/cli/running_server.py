"""How commands find the server that runs on the same data directory."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ragspace.settings import Settings

if TYPE_CHECKING:
    from ragspace.upstream import Upstream


def _file(settings: Settings) -> Path:
    return settings.data_dir / "server.json"


@contextmanager
def announced(settings: Settings) -> Iterator[None]:
    """Leave the server's address in the data directory for as long as it runs."""
    file = _file(settings)
    host = "127.0.0.1" if settings.host == "0.0.0.0" else "[::1]" if settings.host == "::" else settings.host  # noqa: S104
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"url": f"http://{host}:{settings.port}", "pid": os.getpid()}))
    except OSError:
        # A read-only disk: nobody else can use it either.
        yield
        return
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


async def running_server(settings: Settings) -> "Upstream | None":
    """The server on this data directory, if one answers; to be closed by the caller."""
    from ragspace.upstream import Upstream, UpstreamFailure

    try:
        url = json.loads(_file(settings).read_text())["url"]
    except (OSError, ValueError, KeyError):
        return None
    key = {"X-API-Key": settings.api_key.get_secret_value()} if settings.api_key else None
    server = Upstream(url, key, connect_timeout=1.0)
    try:
        await server.call("GET", "/api/health/live", timeout=2.0)
    except UpstreamFailure:
        await server.close()
        return None
    return server

"""What becomes of a request whose answer fails in a way that nobody expected."""

from pathlib import Path

import httpx

from ragspace import configuration
from ragspace.app import create_app

ORIGIN = "https://mine.example"


async def test_what_nobody_expected_is_told_as_every_other_error(tmp_path: Path) -> None:
    app = create_app(configuration.load({"RAGSPACE_DATA_DIR": str(tmp_path), "ALLOWED_ORIGINS": ORIGIN}))

    @app.get("/fails")
    async def fails() -> None:
        raise ValueError("a detail that nobody outside is told")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        told = await client.get("/fails", headers={"origin": ORIGIN})

    assert (told.status_code, told.json()["error"]["code"]) == (500, "internal_error")
    assert told.headers["access-control-allow-origin"] == ORIGIN
    assert "nobody outside" not in told.text

"""Marked secrets in every variable that holds one, services that send back all that they were sent, and every
endpoint asked: no mark in any response, nor in anything that the process writes."""

import asyncio
import base64
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from ragspace.settings import Settings
from tests.support.raw_http import exchange, request
from tests.support.server import RunningServer, ServerFailed
from tests.support.servers import LOOPBACK

MARK = "zq7mark"
"""In every secret value, and in nothing else."""

KEYS = {
    "GEMINI_API_KEY": f"{MARK}-gemini/key+with=signs",
    "QDRANT_API_KEY": f"{MARK}-qdrant/key+with=signs",
    "API_KEY": f"{MARK}-own/key+with=signs",
    "METRICS_TOKEN": f"{MARK}-metrics/token+with=signs",
}
ID = "0b9f7f3c-1f7e-4c7e-9a53-000000000000"
FORMS = [
    MARK.encode(),
    MARK.upper().encode(),
    *(base64.b64encode(b"_" * n + MARK.encode())[2:-4] for n in range(3)),
]

Reply = Callable[[bytes], bytes]


def answered(status: str, headers: bytes = b"") -> Reply:
    """With all that was sent, as a body."""

    def reply(sent: bytes) -> bytes:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(sent)}\r\nConnection: close\r\n".encode()
        return head + headers + b"\r\n" + sent

    return reply


FAULTS: dict[str, Reply] = {
    "refused": answered("401 Unauthorized"),
    "out of quota": answered("429 Too Many Requests"),
    "broken": answered("500 Internal Server Error"),
    "nonsense": answered("200 OK", b"Content-Type: text/event-stream\r\n"),
    "elsewhere": answered("302 Found", f"Location: http://{MARK}.invalid/\r\n".encode()),
    "another protocol": lambda sent: b"-ERR " + sent.replace(b"\r\n", b" ") + b"\r\n",
}


class Parrot:
    """A service of any protocol: whatever it is sent it sends back."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.heard = bytearray()

    async def __aenter__(self) -> "Parrot":
        self._server = await asyncio.start_server(self._answer, LOOPBACK, 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            sent = await reader.read(65536)
            self.heard += sent
            writer.write(self._reply(sent))
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


def environment(host: str, qdrant_port: int, port: int) -> dict[str, str]:
    password = quote(f"{MARK}/pass word+", safe="")
    return KEYS | {
        "LOG_LEVEL": "DEBUG",
        "RATE_LIMIT": "1000/minute",
        "GEMINI_BASE_URL": f"http://{host}:{port}",
        "GEMINI_MODEL": "gemini-3.5-flash",
        "QDRANT_URL": f"http://{host}:{qdrant_port}",
        "DATABASE_URL": f"postgresql://{MARK}user:{password}@{host}:{port}/{MARK}db?sslmode=disable",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{MARK}-traces.invalid",
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{MARK}-of-the-traces",
        "REDIS_URL": f"redis://{MARK}user:{password}@{host}:{port}/0",
        "CHECK_SECONDS": "1",
        "STORAGE_SECONDS": "1",
        "CONNECT_SECONDS": "1",
        "HEALTH_INTERVAL_SECONDS": "0.3",
    }


def test_every_secret_setting_is_marked():
    secret = {name.upper() for name, field in Settings.model_fields.items() if "SecretStr" in str(field)}
    marked = environment("x", 1, 1)
    assert secret - {"LLM_API_KEY"} <= {name for name, value in marked.items() if MARK in value}


def assert_unmarked(content: bytes, where: str) -> None:
    found = [form for form in FORMS if form in content]
    places = [content[max(0, content.find(form) - 300) :][:600] for form in found]
    assert not found, f"{where}: {places}"


async def ask_everything(port: int) -> bytes:
    """All that the endpoints answer, with and without the key, to good and bad requests."""
    key, foreign = f"X-API-Key: {KEYS['API_KEY']}", "Origin: https://evil.example"
    told = bytearray()
    bodies = (
        b'{"message":"hi"}',
        b'{"message":"hi","mode":"selection","context":"some text"}',
        b"{",
        b'{"message":1}',
        b'{"message":"hi","conversation_id":"%b"}' % ID.encode(),
        b"x" * 70_000,
        b'{"message_id":"%b","rating":"up"}' % ID.encode(),
    )
    sent = [
        request(method, path, *headers, "Connection: close")
        for method in ("GET", "POST", "DELETE")
        for path in (
            "/",
            "/api/health",
            "/api/health/live",
            "/openapi.json",
            "/docs",
            "/metrics",
            "/api/nothing",
            f"/api/conversation/{ID}",
            f"/api/chat/{ID}/stream",
            f"/api/chat/{ID}/stop",
            "/%ff",
            "*",
        )
        for headers in ((), (key,), (key, foreign), (f"Authorization: Bearer {KEYS['METRICS_TOKEN']}",))
    ]
    sent += [
        request(
            "POST",
            path,
            key,
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "Connection: close",
            body=body,
        )
        for path in ("/api/chat", "/api/feedback")
        for body in bodies
    ]
    sent += [b"GET /\r\n\r\n", f"GET / HTTP/1.1\r\nX-API-Key {KEYS['API_KEY']}\r\n\r\n".encode()]
    for one in sent:
        told += (await exchange(port, one, patience=10)).data
    return bytes(told)


@pytest.fixture(params=FAULTS)
async def parrot(request: pytest.FixtureRequest) -> AsyncIterator[Parrot]:
    async with Parrot(FAULTS[request.param]) as parrot:
        yield parrot


async def test_nothing_that_services_send_back_is_told_or_logged(parrot: Parrot, tmp_path: Path):
    server = RunningServer(tmp_path, environment(LOOPBACK, parrot.port, parrot.port), until="nothing")
    await asyncio.to_thread(server.start)
    told = b""
    try:
        await asyncio.to_thread(server.wait_for, "it looked", lambda: "unavailable" in server.log)
        told = await ask_everything(server.port)
        await asyncio.to_thread(server.stop)
    except ServerFailed:
        # Whoever refuses its key ends it: then it is the last words that must not tell.
        code = await asyncio.to_thread(server.wait_for_exit)
        assert code == 78, server.log
    assert told or "rejects" in server.log or "refuse" in server.log, server.log
    assert MARK.encode() in parrot.heard
    assert_unmarked(told, "responses")
    assert_unmarked(server.log.encode(), "log")


async def test_the_names_of_hosts_that_are_not_found_are_not_told(tmp_path: Path):
    given = environment(f"{MARK}-host.invalid", 6333, 5432)
    with RunningServer(tmp_path, given, until="live") as server:
        await asyncio.to_thread(server.wait_for, "it looked", lambda: "unavailable" in server.log)
        told = await ask_everything(server.port)
    assert len(told) > 10_000
    assert_unmarked(told, "responses")
    assert_unmarked(server.log.encode(), "log")


WHAT_PYTHON_PRINTS = """
import asyncio, logging, sys, threading, warnings
from ragspace.logs import configure_logs
secret = sys.stdin.read()
configure_logs("DEBUG", [secret])
warnings.warn(secret)
logging.getLogger("asyncio").error("a handle: %r", {"key": secret})
logging.getLogger("uvicorn.error").error("failed", exc_info=ValueError(secret))
thread = threading.Thread(target=int, args=(secret,)); thread.start(); thread.join()
class Odd:
    def __del__(self): raise ValueError(secret)
odd = Odd(); del odd
async def forgotten():
    asyncio.get_running_loop().create_task(failing()); await asyncio.sleep(0.01)
async def failing(): raise ValueError(secret)
asyncio.run(forgotten())
raise SystemError(secret)
"""


def test_what_python_itself_would_print_goes_through_the_sink():
    told = subprocess.run(
        [sys.executable, "-c", WHAT_PYTHON_PRINTS],
        input=f"{MARK}-secret\\'\"/\n\tvalue",
        capture_output=True,
        text=True,
    )
    assert told.returncode == 1
    assert told.stderr.count("[redacted]") >= 7, told.stderr
    assert MARK not in told.stderr + told.stdout

"""Addresses of Qdrant servers, and answers that are none of Qdrant's."""

import pytest

from ragspace.errors import RetrievalUnavailable
from ragspace.retrieval.qdrant_api import QdrantApi, with_port
from tests.support.scripted_upstream import ScriptedUpstream


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("https://xyz.cloud.qdrant.io", "https://xyz.cloud.qdrant.io:6333"),
        ("https://xyz.cloud.qdrant.io:443", "https://xyz.cloud.qdrant.io:443"),
        ("https://xyz.cloud.qdrant.io:6333/", "https://xyz.cloud.qdrant.io:6333/"),
        ("http://localhost", "http://localhost:6333"),
        ("http://[::1]", "http://[::1]:6333"),
        ("https://example.com/qdrant", "https://example.com:6333/qdrant"),
    ],
)
def test_an_address_without_a_port_gets_the_default_of_the_official_client(given: str, asked: str) -> None:
    assert with_port(given) == asked


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, "404 page not found", "error"),
        (404, {"status": {"error": "Not found: Collection `book` doesn't exist!"}}, "collection_missing"),
        (403, {"error": "forbidden"}, "unauthorized"),
        (429, {"status": {"error": "Rate limiting exceeded"}}, "quota_exceeded"),
        (500, {"status": {"error": "Service internal error: secret"}}, "error"),
        (504, "upstream request timeout", "timeout"),
        (200, {"result": {"status": "green"}}, "error"),
        (200, ["hello"], "error"),
        (200, "hello", "error"),
    ],
)
async def test_what_a_server_answers_is_told_by_its_reason_and_a_variable(
    status: int, body: object, reason: str
) -> None:
    async with ScriptedUpstream() as upstream:
        if isinstance(body, str):
            upstream.reply(body.encode(), status=status, content_type="text/plain")
        else:
            upstream.reply_json(body, status=status)
        api = QdrantApi(upstream.url, "key", "book")
        with pytest.raises(RetrievalUnavailable) as failure:
            await api.scroll("book", {"limit": 1})
        await api.close()

    assert failure.value.reason == reason
    assert "secret" not in failure.value.action
    assert upstream.asked[0].headers["api-key"] == "key"


async def test_a_writing_request_is_not_sent_twice() -> None:
    async with ScriptedUpstream() as upstream:
        upstream.reply_json({"status": {"error": "Service internal error"}}, status=500)
        api = QdrantApi(upstream.url, "key", "book")
        with pytest.raises(RetrievalUnavailable):
            await api.set_alias("book", "other", replace=True)
        await api.close()

    assert len(upstream.asked) == 1

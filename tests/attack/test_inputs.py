"""Bodies, ids, origins and event ids of any kind: each is answered as the contract says, never as a bug."""

import json
from typing import Any
from urllib.parse import quote

import urllib3
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.attack.conftest import ORIGIN
from tests.support.server import RunningServer

EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True, database=None)
HTTP = urllib3.PoolManager(retries=False, timeout=20)
ID = "0b9f7f3c-1f7e-4c7e-9a53-000000000000"

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
IDS = st.one_of(
    st.just(ID), st.uuids().map(str), st.uuids().map(lambda u: str(u).upper()), st.text(max_size=40)
)
HEADER_TEXT = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=60
)
CHAT = st.fixed_dictionaries(
    {},
    optional={
        "message": st.text(max_size=2100) | JSON_VALUES,
        "mode": st.sampled_from(["general", "selection"]) | JSON_VALUES,
        "context": st.text(max_size=100) | JSON_VALUES,
        "conversation_id": IDS | JSON_VALUES,
        "unknown": JSON_VALUES,
    },
)


def answered(response: Any, *statuses: int) -> dict[str, Any] | None:
    """The error, where it is one, after a look at its form."""
    assert response.status in statuses, (response.status, response.data[:300])
    if response.status < 400:
        return None
    body: dict[str, Any] = json.loads(response.data)
    assert body["error"]["request_id"] == response.headers["x-request-id"]
    assert body["detail"] == body["error"]["message"]
    return body["error"]


@given(body=CHAT | JSON_VALUES)
@EXAMPLES
def test_any_json_is_a_question_or_names_what_is_wrong(attacked: RunningServer, body: Any):
    data = json.dumps(body).encode()
    response = HTTP.request(
        "POST", f"{attacked.url}/api/chat", body=data, headers={"Content-Type": "application/json"}
    )
    error = answered(response, 200, 400, 422)
    if error is None:
        assert b'"type":"done"' in response.data
    elif error["code"] == "validation_error":
        assert error["fields"]


@given(body=st.binary(max_size=300))
@EXAMPLES
def test_any_bytes_are_read_or_refused(attacked: RunningServer, body: bytes):
    for path in ("/api/chat", "/api/feedback", f"/api/chat/{ID}/stop"):
        response = HTTP.request(
            "POST", attacked.url + path, body=body, headers={"Content-Type": "application/json"}
        )
        answered(response, 200, 400, 404, 422)


@given(name=IDS)
@EXAMPLES
def test_an_id_names_nothing_but_what_was_given_it(attacked: RunningServer, name: str):
    shown = quote(name.encode("utf-8", "surrogatepass"), safe="")
    for method, path in (
        ("GET", f"/api/conversation/{shown}"), ("DELETE", f"/api/conversation/{shown}"),
        ("GET", f"/api/chat/{shown}/stream"), ("POST", f"/api/chat/{shown}/stop"),
    ):  # fmt: skip
        answered(HTTP.request(method, attacked.url + path), 404, 405, 422)


@given(origin=HEADER_TEXT | st.sampled_from([ORIGIN, ORIGIN.upper(), ORIGIN + ".evil.example", "null"]))
@EXAMPLES
def test_an_origin_is_allowed_as_a_whole_or_not_at_all(attacked: RunningServer, origin: str):
    response = HTTP.request(
        "POST", f"{attacked.url}/api/chat/{ID}/stop", headers={"Origin": origin.encode("latin-1")}
    )
    answered(response, 404 if origin == ORIGIN else 403)
    assert response.headers.get("access-control-allow-origin") == (ORIGIN if origin == ORIGIN else None)


def test_the_id_of_an_event_is_one_that_was_sent_or_is_refused(attacked: RunningServer):
    asked = HTTP.request(
        "POST", f"{attacked.url}/api/chat", body=b'{"message":"Which secrets does the Space need?"}',
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    sent = [line[4:] for line in asked.data.decode().splitlines() if line.startswith("id: ")]
    message_id = sent[0].partition(":")[0]

    @given(event_id=HEADER_TEXT | st.integers().map(lambda n: f"{message_id}:{n}") | st.sampled_from(sent))
    @EXAMPLES
    def holds(event_id: str) -> None:
        response = HTTP.request(
            "GET", f"{attacked.url}/api/chat/{message_id}/stream",
            headers={"Last-Event-ID": event_id.encode("latin-1")},
        )  # fmt: skip
        known = event_id in ("", f"{message_id}:0", *sent)
        error = answered(response, *((200,) if known else (200, 400)))
        if error is not None:
            assert error["code"] == "invalid_event_id"
        else:
            seen = int(event_id.rpartition(":")[2] or 0)
            told = [line[4:] for line in response.data.decode().splitlines() if line.startswith("id: ")]
            assert told == sent[seen:]

    holds()

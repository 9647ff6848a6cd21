"""The answer's stream: what is frozen, byte by byte as the live client reads it, and what was added."""

import json
import re
from typing import Any

import aiohttp
from syrupy.assertion import SnapshotAssertion

from tests.contract.conftest import Family
from tests.support.chat import ask, hear

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
QUESTION = "How fast does the LiDAR of the rover turn?"
FROZEN_KEYS = {
    "metadata": ("conversation_id",),
    "token": ("content",),
    "done": ("sources",),
}
FROZEN_SOURCE_KEYS = ("file", "heading", "similarity")


def frozen_part(body: str) -> list[dict[str, Any]]:
    """What the live client reads: lines that start with `data: `, known types, frozen keys."""
    told = []
    for line in body.split("\n"):
        if line.startswith("data: "):
            event = json.loads(line[len("data: ") :])
            if event["type"] in FROZEN_KEYS:
                told.append(
                    {"type": event["type"], **{key: event[key] for key in FROZEN_KEYS[event["type"]]}}
                )
    return told


async def test_fr_008_the_frozen_events_come_in_their_order(
    client: aiohttp.ClientSession, snapshot: SnapshotAssertion
):
    async with client.post("/api/chat", json={"message": QUESTION}) as response:
        assert response.status == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        told = frozen_part(await response.text())
    assert [event["type"] for event in told] == ["metadata", *["token"] * (len(told) - 2), "done"]
    assert UUID.fullmatch(told[0]["conversation_id"])
    sources = [{key: source[key] for key in FROZEN_SOURCE_KEYS} for source in told[-1]["sources"]]
    assert all(0 <= source.pop("similarity") <= 1 for source in sources)
    answer = "".join(event["content"] for event in told if event["type"] == "token")
    assert {"answer": answer, "sources": sources} == snapshot


async def test_the_answer_rests_on_the_passage_that_knows_it(client: aiohttp.ClientSession):
    heard = await ask(client, QUESTION)
    best = heard.last["sources"][0]
    assert (best["file"], best["heading"]) == ("docs/module-01/chapter-03.md", "Sensors > LiDAR")
    assert best["index"] == 1
    assert best["url"] == "/docs/module-01/chapter-03#lidar"
    assert "LiDAR measures distance" in best["snippet"]


async def test_sources_are_told_before_the_first_token_and_again_at_the_end(client: aiohttp.ClientSession):
    heard = await ask(client, QUESTION)
    assert [event["type"] for event in heard.events[:3]] == ["metadata", "sources", "token"]
    assert heard.events[1]["sources"] == heard.last["sources"]


async def test_metadata_and_done_tell_what_was_added(client: aiohttp.ClientSession, family: Family):
    heard = await ask(client, QUESTION)
    assert UUID.fullmatch(heard.metadata["message_id"])
    assert heard.metadata["mode"] == "general"
    done = heard.last
    assert done["finish_reason"] == ("stop" if family.gemini else "extractive")
    assert done["model"] == ("gemini-3.5-flash" if family.gemini else "extractive")
    assert done["cited"] == [1]
    assert done["cached"] is False
    assert set(done["timings"]) == {"retrieval_ms", "first_token_ms", "total_ms"}


async def test_every_event_has_the_next_id(client: aiohttp.ClientSession):
    heard = await ask(client, QUESTION)
    message_id = heard.metadata["message_id"]
    assert heard.ids == [f"{message_id}:{n}" for n in range(1, len(heard.events) + 1)]


async def test_a_follow_up_finds_what_it_means(client: aiohttp.ClientSession):
    first = await ask(client, "What does the LiDAR of the rover measure?")
    again = await ask(
        client, "and how far does it see in rain?", conversation_id=first.metadata["conversation_id"]
    )
    assert again.metadata["conversation_id"] == first.metadata["conversation_id"]
    assert "Sensors > LiDAR > Rain and fog" in [source["heading"] for source in again.last["sources"]]


async def test_what_the_documents_do_not_cover_is_said_plainly(client: aiohttp.ClientSession, family: Family):
    heard = await ask(client, "Who won the chess world championship of 1972 in Reykjavik?")
    assert heard.last["finish_reason"] == "not_found"
    assert heard.last["sources"] == []
    assert 1 <= len(heard.last["suggestions"]) <= 3
    assert set(heard.last["suggestions"][0]) == {"heading", "url"}
    assert heard.text
    if family.gemini is not None:
        assert family.gemini.asked("generate") == []


async def test_selection_mode_answers_from_the_selected_text_alone(client: aiohttp.ClientSession):
    heard = await ask(
        client,
        "When does the harvest of the vineyard begin?",
        mode="selection",
        context="The vineyard lies on a slope. Its harvest begins in September.",
    )
    assert heard.metadata["mode"] == "selection"
    assert heard.last["sources"] == []
    assert heard.last["finish_reason"] in ("stop", "extractive")


async def test_an_unknown_conversation_starts_a_new_one_under_a_new_id(client: aiohttp.ClientSession):
    unknown = "0b9f7f3c-1f7e-4c7e-9a53-000000000000"
    heard = await ask(client, QUESTION, conversation_id=unknown)
    assert heard.metadata["conversation_id"] != unknown
    async with client.get(f"/api/conversation/{unknown}") as response:
        assert response.status == 404


async def test_unknown_request_fields_are_ignored(client: aiohttp.ClientSession):
    assert (await ask(client, QUESTION, temperature=1.0)).last["type"] == "done"


async def test_several_readers_at_once_all_get_their_answers(client: aiohttp.ClientSession):
    """The seed's SC-005, in small."""
    import asyncio

    answers = await asyncio.gather(*(ask(client, QUESTION) for _ in range(16)))
    assert {heard.last["type"] for heard in answers} == {"done"}
    assert len({heard.metadata["message_id"] for heard in answers}) == 16


async def test_an_answer_can_be_resumed_after_every_event(client: aiohttp.ClientSession):
    heard = await ask(client, QUESTION)
    stream = f"/api/chat/{heard.metadata['message_id']}/stream"
    for seen, event_id in enumerate(heard.ids, start=1):
        async with client.get(stream, headers={"Last-Event-ID": event_id}) as response:
            assert (await hear(response)).events == heard.events[seen:]
    async with client.get(stream, params={"last_event_id": heard.ids[1]}) as response:
        assert (await hear(response)).events == heard.events[2:]
    async with client.get(stream) as response:
        assert (await hear(response)).events == heard.events


async def test_an_event_id_of_another_answer_or_not_yet_sent_is_refused(client: aiohttp.ClientSession):
    heard = await ask(client, QUESTION)
    message_id = heard.metadata["message_id"]
    for event_id in ("nonsense", f"{message_id}:9999", f"{message_id}:-1", f"0{message_id[1:]}x:1"):
        async with client.get(
            f"/api/chat/{message_id}/stream", headers={"Last-Event-ID": event_id}
        ) as response:
            assert response.status == 400
            assert (await response.json())["error"]["code"] == "invalid_event_id"


async def test_stopping_is_accepted_also_a_second_time_and_after_the_end(client: aiohttp.ClientSession):
    heard = await ask(client, QUESTION)
    for _ in range(2):
        async with client.post(f"/api/chat/{heard.metadata['message_id']}/stop") as response:
            assert response.status == 204

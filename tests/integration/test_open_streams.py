"""What a stream keeps in memory: while it is open, no more than it needs, and then nothing."""

import gc
import sys
from itertools import chain
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from ragspace.connections import Connection
from ragspace.models.protocols import GenerationRequest
from tests.support.faults.serving import serving
from tests.support.scripted_upstream import ScriptedUpstream, sse

QUESTION = "Which secrets does the Space need?"
FIRST_WORD = sse({"choices": [{"delta": {"content": "GEMINI_API_KEY "}}]})
END = sse({"choices": [{"delta": {}, "finish_reason": "stop"}]}, "[DONE]")

SHARED_KEYS_BYTES = 600
"""264 today; 1,584 where the names of a connection's attributes are too many to be shared."""


def alive(kind: type) -> list[Any]:
    gc.collect()
    return [each for each in gc.get_objects() if isinstance(each, kind)]


async def test_an_open_stream_keeps_neither_its_prompt_nor_what_the_framework_made(tmp_path):
    async with ScriptedUpstream() as upstream:
        upstream.reply_json({}).reply(FIRST_WORD, 3600, END)
        settings = {"LLM_BASE_URL": upstream.url, "LLM_MODEL": "model"}
        async with serving({**settings, "RAGSPACE_DATA_DIR": str(tmp_path)}) as served:
            await served.until(lambda report: report["status"] == "healthy")
            async with served.client.post("/api/chat", json={"message": QUESTION}) as response:
                begun = await response.content.readuntil(b'"token"')
                message_id = begun.split(b":", 2)[1].strip().decode()
                prompt = upstream.asked[-1].body["messages"][-1]["content"]
                upstream.asked.clear()

                assert len(prompt) > 1000
                gc.unfreeze()  # what was made at the start is left out otherwise
                requests, dicts = alive(GenerationRequest), alive(dict)
                assert prompt not in [turn.text for kept in requests for turn in kept.turns]
                bodies = [kept["messages"] for kept in dicts if type(kept.get("messages")) is list]
                assert {"role": "user", "content": prompt} not in chain.from_iterable(bodies)
                assert [kept for kept in dicts if "fastapi_inner_astack" in kept] == []
                connections = alive(Connection)
                assert connections
                assert all(sys.getsizeof(vars(each)) < SHARED_KEYS_BYTES for each in connections)
                assert (await served.client.post(f"/api/chat/{message_id}/stop")).status == 204


async def test_what_a_question_made_is_gone_without_the_garbage_collector(tmp_path):
    async with ScriptedUpstream() as upstream:
        upstream.reply_json({}).reply(FIRST_WORD, END)
        settings = {"LLM_BASE_URL": upstream.url, "LLM_MODEL": "model"}
        async with serving({**settings, "RAGSPACE_DATA_DIR": str(tmp_path)}) as served:
            await served.until(lambda report: report["status"] == "healthy")
            gc.collect()
            gc.disable()
            try:
                async with served.client.post("/api/chat", json={"message": QUESTION}) as response:
                    response.close()
                async with served.client.post("/api/chat", json={"message": QUESTION}) as response:
                    assert b'"done"' in await response.read()
                left = [each for each in gc.get_objects() if isinstance(each, RequestResponseCycle)]
                # The connection that is kept alive knows the last request.
                assert len(left) == 1
            finally:
                gc.enable()

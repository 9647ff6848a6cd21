"""An answer goes into a stream's entries and comes out the same, however it is cut up and repeated."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from ragspace.chat import events
from ragspace.chat.answer import Answer
from ragspace.errors import GenerationUnavailable
from ragspace.replicas import recording
from ragspace.replicas.recording import Entry, Recording

CONVERSATION = UUID(int=7)


def written(pieces: list[str], end: events.Event | None) -> Answer:
    answer = Answer(uuid4(), CONVERSATION)
    answer.publish(events.metadata(CONVERSATION, answer.message_id, "general"))
    answer.publish(events.sources([{"file": "docs/a.md"}]))
    for piece in pieces:
        answer.write(piece)
    if end is not None:
        answer.publish(end)
        answer.end()
    return answer


def entry(answer: Answer, seen: int, count: int, *, ended: bool = False) -> Entry:
    """The events after the first `seen`, up to the `count`-th, as they come out of Redis."""
    part = Answer(answer.message_id, answer.conversation_id)
    part.frames = answer.frames[:count]
    part.ended = ended
    told = recording.fields(part, seen)
    fields = {k.encode(): v if isinstance(v, bytes) else str(v).encode() for k, v in told.items()}
    cursor = recording.END if ended else recording.entry_id(count)
    return cursor.encode(), fields


DONE = {"type": "done", "sources": [], "finish_reason": "stop", "cited": [1], "model": "m", "cached": False}


@given(st.lists(st.text(min_size=1), max_size=12), st.data())
def test_events_come_out_as_they_went_in_whatever_is_sent_twice(pieces: list[str], data: st.DataObject):
    answer = written(pieces, DONE)
    total = len(answer.frames)
    ends = [*sorted(data.draw(st.sets(st.integers(1, total - 1)))), total]
    entries: list[Entry] = []
    for end in ends:
        before = entries[-1] if entries else None
        sent = int(before[0].split(b"-")[0]) if before else 0
        again = data.draw(st.integers(0, sent))
        entries.append(entry(answer, again, end, ended=end == total))
    rebuilt = Recording(answer.message_id, entries)
    assert rebuilt.whole
    assert rebuilt.answer.frames == answer.frames
    assert (rebuilt.answer.ended, rebuilt.answer.conversation_id) == (True, CONVERSATION)
    assert rebuilt.read().text == answer.text


def test_an_answer_whose_first_events_are_gone_is_not_whole():
    answer = written(["a", "b"], None)
    assert not Recording(answer.message_id, [entry(answer, 2, 4)]).whole


def test_a_finished_answer_is_kept_as_its_end_says():
    kept = Recording(uuid4(), [entry(written(["A ", "b"], DONE), 0, 5, ended=True)]).message()
    assert (kept.status, kept.content, kept.role) == ("complete", "A b", "assistant")
    assert kept.details == {"mode": "general", "finish_reason": "stop", "cited": [1], "model": "m"}
    stopped = DONE | {"finish_reason": "stopped"}
    assert (
        Recording(uuid4(), [entry(written(["A"], stopped), 0, 4, ended=True)]).message().status == "stopped"
    )


def test_an_answer_that_failed_is_kept_as_failed_or_as_cut_off():
    error = events.error(GenerationUnavailable(service="gemini"))
    for pieces, status in ([], "failed"), (["A"], "incomplete"):
        answer = written(pieces, error)
        kept = Recording(answer.message_id, [entry(answer, 0, len(answer.frames), ended=True)]).message()
        assert (kept.status, kept.details["error"]) == (status, "generation_unavailable")


def test_the_end_of_a_lost_answer_is_an_error_event_after_its_last():
    answer = written(["A"], None)
    left = Recording(answer.message_id, [entry(answer, 0, 3)])
    end = {k.encode(): v if isinstance(v, bytes) else str(v).encode() for k, v in left.end_as_lost().items()}
    ended = Recording(answer.message_id, [entry(answer, 0, 3), (recording.END.encode(), end)])
    assert ended.answer.lost
    assert ended.answer.frames[3].startswith(f"id: {answer.message_id}:4\n".encode())
    kept = ended.message()
    assert (kept.status, kept.content, kept.details["error"]) == ("incomplete", "A", "shutting_down")
    assert kept.sources == [{"file": "docs/a.md"}]

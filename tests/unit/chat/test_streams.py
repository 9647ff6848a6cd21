import asyncio
from uuid import UUID, uuid4

import pytest

from ragspace.chat import events
from ragspace.chat.answer import Answer
from ragspace.chat.streams import Answers
from ragspace.errors import GenerationUnavailable, RateLimited, ShuttingDown


def new_answer() -> Answer:
    return Answer(uuid4(), uuid4())


async def heard(answer: Answer, seen: int = 0) -> list[bytes]:
    """What a listener that joins after `seen` events hears until the end."""
    frames: list[bytes] = []
    while True:
        frames += answer.frames[seen + len(frames) :]
        if answer.ended:
            return frames
        await answer.wait(seen + len(frames), 5)


async def write_words(answer: Answer, words: list[str]) -> None:
    for word in words:
        answer.write(word)
        await asyncio.sleep(0)
    answer.end()


async def test_every_listener_hears_all_events_from_where_it_joined():
    answer, words = new_answer(), [f"word {n} " for n in range(50)]
    listeners = [asyncio.create_task(heard(answer, seen)) for seen in range(20)]
    await write_words(answer, words)
    for seen, listener in enumerate(listeners):
        assert await listener == answer.frames[seen:]
    assert answer.text == "".join(words)


async def test_events_are_numbered_from_one_under_the_message_id():
    answer = new_answer()
    answer.write("a")
    answer.write("b")
    assert [frame.split(b"\n")[0].decode() for frame in answer.frames] == [
        f"id: {answer.message_id}:1",
        f"id: {answer.message_id}:2",
    ]


async def test_a_listener_that_leaves_stops_nothing():
    answers, answer = Answers(10), new_answer()
    answers.start(answer, write_words(answer, ["a"] * 30))
    listener = asyncio.create_task(heard(answer))
    await asyncio.sleep(0)
    listener.cancel()
    assert len(await heard(answer)) == 30


async def test_waiting_ends_after_its_seconds_when_nothing_comes():
    assert await new_answer().wait(0, 0.01) is False


async def test_an_answer_has_begun_with_its_first_token_or_its_failure():
    written, failed = new_answer(), new_answer()
    assert not written.begun
    written.write("a")
    failed.fail(GenerationUnavailable(service="gemini"))
    assert written.begun
    assert failed.begun


async def test_the_head_waits_for_the_first_event_however_long_it_takes():
    answer = new_answer()
    waiting = asyncio.create_task(answer.wait_until_begun(0))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    answer.publish(events.metadata(answer.conversation_id, answer.message_id, "general"))
    await waiting
    assert not answer.begun


async def breaks(answer: Answer, *, told: bool) -> None:
    if told:
        answer.fail(GenerationUnavailable(service="gemini"))
    raise RuntimeError("a bug")


@pytest.mark.parametrize(("told", "code"), [(False, b"internal_error"), (True, b"generation_unavailable")])
async def test_a_stream_ends_with_exactly_one_error_where_its_task_breaks(told: bool, code: bytes):
    answers, answer = Answers(10), new_answer()
    answers.start(answer, breaks(answer, told=told))
    frames = await heard(answer)
    assert len(frames) == 1
    assert code in frames[0]


async def test_stopping_interrupts_once_and_not_while_storing():
    answer, interrupted = new_answer(), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            interrupted.set()
            answer.seal()
            await asyncio.sleep(0.01)
            answer.end()

    Answers(10).start(answer, work())
    await asyncio.sleep(0)
    answer.interrupt("stopped")
    await interrupted.wait()
    answer.interrupt("shutting_down")
    await heard(answer)
    assert answer.interruption == "stopped"


async def test_an_answer_whose_task_breaks_still_ends_with_an_error_event(capsys: pytest.CaptureFixture[str]):
    answer = new_answer()

    async def work() -> None:
        raise ZeroDivisionError

    Answers(10).start(answer, work())
    assert b"internal_error" in (await heard(answer))[-1]


async def test_too_many_running_answers_are_refused_with_a_time_to_come_back():
    answers = Answers(1)
    answer = new_answer()
    answers.start(answer, asyncio.sleep(60))
    with pytest.raises(RateLimited) as refused:
        answers.admit()
    assert refused.value.retry_after == 5
    answer.interrupt("stopped")
    await heard(answer)
    answers.admit()


async def test_draining_refuses_new_answers_and_ends_those_that_do_not_finish_in_time():
    answers, quick, slow = Answers(10), new_answer(), new_answer()
    ended_because: list[str | None] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended_because.append(slow.interruption)
            slow.end()

    answers.start(quick, write_words(quick, ["a"]))
    answers.start(slow, work())
    await answers.drain(0.05)
    assert (quick.ended, ended_because) == (True, ["shutting_down"])
    with pytest.raises(ShuttingDown):
        answers.admit()


async def test_finished_answers_are_forgotten_after_a_while():
    answers, answer = Answers(10, kept_seconds=0.01), new_answer()
    answers.start(answer, write_words(answer, ["a"]))
    await heard(answer)
    assert answers.get(answer.message_id) is answer
    await asyncio.sleep(0.05)
    assert answers.get(answer.message_id) is None


async def test_a_deleted_conversation_takes_its_answers_with_it():
    answers, conversation = Answers(10), UUID(int=1)
    mine, other = Answer(uuid4(), conversation), new_answer()
    for answer in (mine, other):
        answers.start(answer, asyncio.sleep(60))
    await asyncio.sleep(0)
    answers.forget_conversation(conversation)
    assert answers.get(mine.message_id) is None
    assert answers.get(other.message_id) is other
    await heard(mine)
    other.interrupt("stopped")
    await heard(other)


async def test_finished_answers_are_kept_by_their_size_and_the_oldest_go_first():
    answers = Answers(10, kept_bytes=30_000)
    kept = [new_answer() for _ in range(4)]
    for answer in kept:
        answers.start(answer, write_words(answer, ["x" * 10_000]))
        await heard(answer)
        await asyncio.sleep(0)
    assert [answers.get(answer.message_id) is answer for answer in kept] == [False, False, True, True]

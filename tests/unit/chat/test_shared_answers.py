"""One generation for several who ask the same, over a model that says each word when it is told to."""

import asyncio

import pytest

from ragspace.chat.shared_answers import Attachment, Pieces, SharedAnswers
from ragspace.errors import GenerationUnavailable
from ragspace.models.protocols import Delta, Finish

STOP = Finish("stop", "model")


class Model:
    """Says what is put into `words`: a text, its Finish or a failure. `begun` and `closed` count."""

    def __init__(self) -> None:
        self.words: asyncio.Queue[str | Finish | Exception] = asyncio.Queue()
        self.begun = 0
        self.closed = 0

    async def stream(self) -> Pieces:
        self.begun += 1
        try:
            while True:
                word = await self.words.get()
                if isinstance(word, Exception):
                    raise word
                yield word if isinstance(word, Finish) else Delta(word)
                if isinstance(word, Finish):
                    return
        finally:
            self.closed += 1

    async def says(self, *words: str | Finish | Exception) -> None:
        """Say them, and let all listeners hear them."""
        for word in words:
            self.words.put_nowait(word)
        for _ in range(20):
            await asyncio.sleep(0)


class Listener:
    def __init__(self, attachment: Attachment) -> None:
        self.attachment = attachment
        self.heard: list[str] = []
        self.finish: Finish | None = None
        self.task = asyncio.create_task(attachment.listen(self._take))

    def _take(self, piece: Delta | Finish) -> None:
        if isinstance(piece, Delta):
            self.heard.append(piece.text)
        else:
            self.finish = piece

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})
        self.attachment.detach()


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def shared() -> SharedAnswers:
    return SharedAnswers()


async def test_all_who_ask_the_same_hear_one_generation(model: Model, shared: SharedAnswers) -> None:
    listeners = [Listener(shared.attach("key", model.stream)) for _ in range(3)]
    await model.says("Ten ", "hertz.", STOP)

    assert [("".join(each.heard), each.finish) for each in listeners] == [("Ten hertz.", STOP)] * 3
    assert (model.begun, shared.joined) == (1, 2)


async def test_another_question_has_a_generation_of_its_own(model: Model, shared: SharedAnswers) -> None:
    Listener(shared.attach("key", model.stream))
    Listener(shared.attach("other key", model.stream))
    await model.says(STOP, STOP)
    assert model.begun == 2


async def test_who_comes_late_hears_the_text_so_far_at_once(model: Model, shared: SharedAnswers) -> None:
    first = Listener(shared.attach("key", model.stream))
    await model.says("Ten ")
    await model.says("hertz")
    late = Listener(shared.attach("key", model.stream))
    await model.says(".", STOP)

    assert first.heard == ["Ten ", "hertz", "."]
    assert late.heard == ["Ten hertz", "."]
    assert late.finish == STOP


async def test_who_stops_stops_only_for_themselves(model: Model, shared: SharedAnswers) -> None:
    first, second = (Listener(shared.attach("key", model.stream)) for _ in range(2))
    await model.says("Ten ")
    await first.stop()
    await model.says("hertz.", STOP)

    assert first.heard == ["Ten "]
    assert "".join(second.heard) == "Ten hertz."
    assert model.closed == 1


async def test_when_nobody_is_left_the_generation_ends(model: Model, shared: SharedAnswers) -> None:
    listeners = [Listener(shared.attach("key", model.stream)) for _ in range(2)]
    await model.says("Ten ")
    await listeners[0].stop()
    assert model.closed == 0

    await listeners[1].stop()
    await model.says()

    assert model.closed == 1
    assert "key" not in shared
    Listener(shared.attach("key", model.stream))
    await model.says(STOP)
    assert model.begun == 2


async def test_leaving_twice_is_leaving_once(model: Model, shared: SharedAnswers) -> None:
    first, second = (Listener(shared.attach("key", model.stream)) for _ in range(2))
    await model.says("Ten ")
    await first.stop()
    first.attachment.detach()
    await model.says("hertz.", STOP)
    assert "".join(second.heard) == "Ten hertz."


async def test_a_failure_reaches_all_after_what_was_written(model: Model, shared: SharedAnswers) -> None:
    failure = GenerationUnavailable(service="gemini")
    listeners = [Listener(shared.attach("key", model.stream)) for _ in range(2)]
    await model.says("Ten ", failure)

    assert [each.heard for each in listeners] == [["Ten "], ["Ten "]]
    assert [each.task.exception() for each in listeners] == [failure, failure]


async def test_a_generation_that_failed_is_not_joined(model: Model, shared: SharedAnswers) -> None:
    failed = Listener(shared.attach("key", model.stream))
    await model.says(GenerationUnavailable(service="gemini"))
    again = Listener(shared.attach("key", model.stream))
    failed.attachment.detach()
    assert "key" in shared
    assert failed.task.exception()
    await model.says("Yes.", STOP)

    assert (again.heard, again.finish) == (["Yes."], STOP)
    assert model.begun == 2


async def test_a_whole_answer_can_be_joined_until_the_last_has_kept_theirs(
    model: Model, shared: SharedAnswers
) -> None:
    first = Listener(shared.attach("key", model.stream))
    await model.says("Yes.", STOP)

    late = Listener(shared.attach("key", model.stream))
    await model.says()
    assert late.heard == ["Yes."]
    assert (first.attachment.late, late.attachment.late) == (False, True)

    first.attachment.detach()
    late.attachment.detach()
    assert "key" not in shared


async def test_one_of_them_keeps_the_answer(model: Model, shared: SharedAnswers) -> None:
    attachments = [shared.attach("key", model.stream) for _ in range(3)]
    assert [attachment.keep() for attachment in attachments] == [True, False, False]
    for attachment in attachments:
        attachment.detach()
    await model.says()
    assert model.begun == 0, "it ended before it began"

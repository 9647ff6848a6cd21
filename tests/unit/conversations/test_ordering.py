"""Messages in the order in which they were said, and the exchanges that they make."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from ragspace.conversations.ordering import exchanges, in_order
from ragspace.conversations.records import Exchange, Message
from tests.support.messages import asked


def said(*pairs: tuple[str, str]) -> list[Message]:
    messages: list[Message] = []
    for number, (question, answer) in enumerate(pairs):
        each = asked(question, answer, minutes_ago=60 - number)
        messages += [each.question, each.answer]
    return messages


def test_messages_stand_in_the_order_of_their_times() -> None:
    messages = said(("one", "1"), ("two", "2"), ("three", "3"))
    shuffled = Random(1).sample(messages, len(messages))

    assert in_order(shuffled) == messages


def test_at_the_same_time_a_question_stands_before_its_answer() -> None:
    question, answer = said(("one", "1"))
    together = [replace(answer, created_at=question.created_at), question]

    assert [message.role for message in in_order(together)] == ["user", "assistant"]


def test_ids_decide_where_nothing_else_does() -> None:
    question = said(("one", "1"))[0]
    twins = sorted([question, replace(question, id=asked().question.id)], key=lambda message: message.id)

    assert in_order(twins) == in_order(twins[::-1]) == twins


def test_exchanges_are_the_last_that_have_an_answer() -> None:
    messages = said(("one", "1"), ("two", ""), ("three", "3"), ("four", "4"))

    assert exchanges(messages, 2) == [Exchange("three", "3"), Exchange("four", "4")]
    assert exchanges(messages, 3)[0] == Exchange("one", "1")
    assert exchanges(messages, 0) == []


def test_an_answer_belongs_to_the_question_right_before_it() -> None:
    first, _, second, answer = said(("unanswered", ""), ("two", "2"))

    assert exchanges([first, second, answer], 3) == [Exchange("two", "2")]
    assert exchanges([replace(answer, created_at=answer.created_at - timedelta(hours=9))], 3) == []

"""The SQL of the conversations, the same for PostgreSQL and SQLite; each method runs in one transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    FromClause,
    Integer,
    Row,
    ScalarSelect,
    Text,
    Update,
    and_,
    bindparam,
    cast,
    delete,
    literal,
    select,
    tuple_,
    update,
)

from ragspace.conversations.ordering import in_order
from ragspace.conversations.records import CachedAnswer, Exchange, Message, Rating
from ragspace.conversations.statements import statements
from ragspace.conversations.tables import answer_cache, conversations, messages

_CACHED = (
    select(answer_cache)
    .where(answer_cache.c.question == bindparam("question"), answer_cache.c.created_at >= bindparam("since"))
    .order_by(answer_cache.c.created_at.desc())
)
_NEWEST = (
    select(answer_cache.c.created_at)
    .order_by(answer_cache.c.created_at.desc())
    .offset(bindparam("skipped", type_=Integer))
    .limit(1)
)
# What another process is deleting or renewing at the moment is left to it: two that waited for each other
# would be a deadlock.
_DROP = delete(answer_cache).where(
    tuple_(*answer_cache.primary_key).in_(
        select(*answer_cache.primary_key)
        .where(answer_cache.c.created_at < bindparam("before"))
        .with_for_update(skip_locked=True)
    )
)

_DOCUMENTS = ("sources", "details")
# Their JSON is read by `_message`.
_MESSAGES = select(
    *(
        cast(column, Text).label(column.name) if column.name in _DOCUMENTS else column
        for column in messages.columns
    )
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Queries:
    """What is asked of the database over `connection`. Every write may be repeated without harm."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def connection(self) -> Connection:
        """For what is read of all conversations together, such as the report of their gaps."""
        return self._connection

    def begin(self, said: Sequence[tuple[Message, Message]]) -> None:
        """Questions, each with its answer-to-come."""
        write = statements(self._connection.dialect.name)
        opened = [{"id": question.conversation_id, "at": question.created_at} for question, _ in said]
        self._connection.execute(write.open_conversation, opened)
        self._connection.execute(write.say, [_columns(message) for pair in said for message in pair])

    def finish(self, answers: Sequence[Message]) -> None:
        write = statements(self._connection.dialect.name)
        self._connection.execute(write.finish, [_columns(answer) for answer in answers])

    def rescue(self, answer: Message) -> bool:
        columns = _columns(answer)
        rescued = (
            update(messages)
            .where(
                _answer(answer.id),
                messages.c.content == "",
                messages.c.status.in_(("running", "incomplete")),
            )
            .values({name: columns[name] for name in ("content", "sources", "status", "details")})
        )
        return self._count(rescued) > 0

    def history(self, conversation_id: UUID, limit: int) -> list[Exchange] | None:
        answer = messages.alias("answer")
        asked = question_before(answer)
        rows = self._connection.execute(
            select(asked, answer.c.content)
            .where(
                answer.c.conversation_id == conversation_id,
                answer.c.role == "assistant",
                answer.c.content != "",
                asked.is_not(None),
            )
            .order_by(answer.c.created_at.desc(), answer.c.id.desc())
            .limit(limit)
        )
        found = [Exchange(*row) for row in rows]
        if not found and not self._known(conversation_id):
            return None
        return found[::-1]

    def messages(self, conversation_id: UUID) -> Sequence[Row[Any]] | None:
        """What `read_messages` reads."""
        said = _MESSAGES.where(
            messages.c.conversation_id == conversation_id, messages.c.role.in_(("user", "assistant"))
        )
        found = self._connection.execute(said).all()
        return found if found or self._known(conversation_id) else None

    def message(self, message_id: UUID) -> Message | None:
        row = self._connection.execute(_MESSAGES.where(_answer(message_id))).first()
        return None if row is None else _message(row)

    def rate(self, message_id: UUID, rating: Rating, comment: str | None) -> bool:
        rated = update(messages).where(_answer(message_id)).values(rating=rating, comment=comment)
        return self._count(rated) > 0

    def delete(self, conversation_id: UUID) -> bool:
        locked = select(conversations.c.id).where(conversations.c.id == conversation_id).with_for_update()
        self._connection.execute(locked)
        said = self._count(delete(messages).where(messages.c.conversation_id == conversation_id))
        kept = self._count(delete(conversations).where(conversations.c.id == conversation_id))
        return said + kept > 0

    def abandon_running(self, older_than: float) -> int:
        before = datetime.now(UTC) - timedelta(seconds=older_than)
        return self._count(
            update(messages)
            .where(messages.c.status == "running", messages.c.created_at < before)
            .values(status="incomplete")
        )

    def cached_answers(self, question: str, since: datetime) -> Sequence[CachedAnswer]:
        rows = self._connection.execute(_CACHED, {"question": question, "since": since})
        return [CachedAnswer(**row._mapping) for row in rows]

    def cache_answer(self, answer: CachedAnswer, since: datetime, most: int) -> None:
        row = {name: getattr(answer, name) for name in answer_cache.columns.keys()}  # noqa: SIM118
        self._connection.execute(statements(self._connection.dialect.name).cache, row)
        last_kept = self._connection.scalar(_NEWEST, {"skipped": most - 1})
        self._connection.execute(_DROP, {"before": max(since, last_kept or since)})

    def ping(self) -> None:
        self._connection.execute(select(literal(1)))

    def _known(self, conversation_id: UUID) -> bool:
        known = select(conversations.c.id).where(conversations.c.id == conversation_id)
        return self._connection.execute(known).first() is not None

    def _count(self, statement: Update | Delete) -> int:
        return self._connection.execute(statement).rowcount


def question_before(answer: FromClause) -> ScalarSelect[str]:
    """What was asked last before `answer`, a row of `messages`, in its conversation."""
    question = messages.alias("question")
    return (
        select(question.c.content)
        .where(
            question.c.conversation_id == answer.c.conversation_id,
            question.c.role == "user",
            question.c.created_at <= answer.c.created_at,
        )
        .order_by(question.c.created_at.desc(), question.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _answer(message_id: UUID) -> ColumnElement[bool]:
    return and_(messages.c.id == message_id, messages.c.role == "assistant")


def _columns(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "conversation_id": message.conversation_id,
        "role": message.role,
        "content": message.content,
        "sources": message.sources,
        "created_at": message.created_at,
        "status": message.status,
        "details": message.details or None,
    }


def read_messages(rows: Sequence[Row[Any]]) -> list[Message]:
    """The messages of these rows in the order in which they were said. It belongs in a thread: reading the
    JSON of a long conversation takes a while."""
    return in_order([_message(row) for row in rows])


def _message(row: Row[Any]) -> Message:
    """Rows of an earlier backend have no status, and may lack what was not required of them."""
    sources, details = _read(row.sources), _read(row.details)
    return Message(
        id=row.id,
        conversation_id=row.conversation_id,
        role=row.role,
        content=row.content or "",
        created_at=row.created_at or _EPOCH,
        sources=sources if isinstance(sources, list) else None,
        status=row.status or "complete",
        rating=row.rating,
        details=details or {},
    )


def _read(document: str | None) -> Any:
    return None if document is None else orjson.loads(document)

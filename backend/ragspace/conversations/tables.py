"""The tables of the conversations: one definition for PostgreSQL and SQLite.

The columns of an earlier backend, as it made them, and four more on `messages` (`status`, `rating`,
`comment`, `details`), all of which may be NULL, so that its rows stay readable. Times are UTC without a time
zone. The earlier tables may have no defaults and no cascades: every column is written and rows are deleted
one table after the other. `answer_cache` is ragspace's own, and its rows go with their conversation.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from ragspace.conversations.storable import storable_text


class UtcTimestamp(TypeDecorator[datetime]):
    """A timezone-aware time in Python, UTC without a time zone in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class StorableText(TypeDecorator[str]):
    """Text without the characters that a database refuses."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable_text(value)


# None is stored as NULL, not as JSON's null. Strings within are made storable by the engine's serializer.
_Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

metadata = MetaData()

conversations = Table(
    "conversations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("created_at", UtcTimestamp, nullable=False),
    Column("updated_at", UtcTimestamp, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("conversation_id", Uuid, ForeignKey(conversations.c.id, ondelete="CASCADE"), nullable=False),
    Column("role", String(20), nullable=False),
    Column("content", StorableText, nullable=False),
    Column("sources", _Json),
    Column("created_at", UtcTimestamp, nullable=False),
    Column("status", String(20)),
    Column("rating", String(4)),
    Column("comment", StorableText),
    Column("details", _Json),
    Index("ix_messages_conversation_id_created_at", "conversation_id", "created_at"),
)

DISPENSABLE = "dispensable"
"""A table marked so is a convenience: a role that may not create it does without."""

answer_cache = Table(
    "answer_cache",
    metadata,
    Column("question", String(64), primary_key=True),
    Column("material", String(64), primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("content", StorableText, nullable=False),
    Column("cited", _Json, nullable=False),
    Column("conversation_id", Uuid, ForeignKey(conversations.c.id, ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcTimestamp, nullable=False),
    Index("ix_answer_cache_conversation_id", "conversation_id"),
    Index("ix_answer_cache_created_at", "created_at"),
    info={DISPENSABLE: True},
)

"""The statements that every answer needs, built once: each takes as many rows as are written together."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Executable, Select, Table, bindparam, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from ragspace.conversations.tables import conversations, messages

SAID = ("id", "conversation_id", "role", "content", "sources", "created_at", "status", "details")
"""What a message is made of; its rating comes later."""

FINISHED = ("content", "sources", "status", "details")
"""What the end of an answer changes."""


class Statements(NamedTuple):
    """`open_conversation` takes `id` and `at`; the others the columns named in SAID."""

    open_conversation: Executable
    say: Executable
    finish: Executable


@cache
def statements(dialect: str) -> Statements:
    """For `postgresql` or `sqlite`. Every one may be repeated without harm."""
    at = bindparam("at", type_=conversations.c.created_at.type)
    opened = insert(dialect, conversations).values(id=bindparam("id"), created_at=at, updated_at=at)
    # Older writes that come late change nothing, but lock the row, so that no deletion comes between.
    before = conversations.c.updated_at
    said = insert(dialect, messages).values({name: bindparam(name) for name in SAID})
    columns = [bindparam(name, type_=messages.c[name].type) for name in SAID]
    conversation_id = bindparam("conversation_id", type_=messages.c.conversation_id.type)
    finished = insert(dialect, messages).from_select(SAID, where_it_exists(conversation_id, columns))
    return Statements(
        opened.on_conflict_do_update(
            index_elements=["id"],
            set_={"updated_at": opened.excluded.updated_at},
            where=or_(before.is_(None), before < opened.excluded.updated_at),
        ),
        said.on_conflict_do_nothing(index_elements=["id"]),
        finished.on_conflict_do_update(
            index_elements=["id"], set_={name: finished.excluded[name] for name in FINISHED}
        ),
    )


def insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def where_it_exists(
    conversation_id: ColumnElement[Any], columns: Sequence[ColumnElement[Any]]
) -> Select[Any]:
    """The row to insert. No conversation, no row; and the lock keeps a deletion of it from coming between."""
    return (
        select(*columns)
        .select_from(conversations)
        .where(conversations.c.id == conversation_id)
        .with_for_update(read=True, key_share=True)
    )

"""The statements that every answer needs, built once: each takes as many rows as are written together."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from sqlalchemy import Executable, Table, bindparam, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from ragspace.conversations.tables import answer_cache, conversations, messages

SAID = ("id", "conversation_id", "role", "content", "sources", "created_at", "status", "details")
"""What a message is made of; its rating comes later."""

FINISHED = ("content", "sources", "status", "details")
"""What the end of an answer changes."""


class Statements(NamedTuple):
    """`open_conversation` takes `id` and `at`, `say` and `finish` the columns named in SAID, `cache` those of
    its table."""

    open_conversation: Executable
    say: Executable
    finish: Executable
    cache: Executable


@cache
def statements(dialect: str) -> Statements:
    """For `postgresql` or `sqlite`. Every one may be repeated without harm."""
    at = bindparam("at", type_=conversations.c.created_at.type)
    opened = insert(dialect, conversations).values(id=bindparam("id"), created_at=at, updated_at=at)
    # Older writes that come late change nothing, but lock the row, so that no deletion comes between.
    before = conversations.c.updated_at
    said = insert(dialect, messages).values({name: bindparam(name) for name in SAID})
    finished = _insert_where_it_exists(dialect, messages, SAID)
    cached = _insert_where_it_exists(dialect, answer_cache, answer_cache.columns.keys())
    key = answer_cache.primary_key.columns.keys()
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
        cached.on_conflict_do_update(
            index_elements=key,
            set_={name: column for name, column in cached.excluded.items() if name not in key},
        ),
    )


def insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def _insert_where_it_exists(
    dialect: str, table: Table, names: Sequence[str]
) -> postgresql.Insert | sqlite.Insert:
    """A row with these columns, where its conversation exists, which a lock keeps from being deleted."""
    columns = {name: bindparam(name, type_=table.c[name].type) for name in names}
    row = (
        select(*columns.values())
        .select_from(conversations)
        .where(conversations.c.id == columns["conversation_id"])
        .with_for_update(read=True, key_share=True)
    )
    return insert(dialect, table).from_select(names, row)

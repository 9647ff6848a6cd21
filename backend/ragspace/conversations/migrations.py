"""Makes the tables, and adds what tables of an earlier version lack; safe in several processes at once."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Inspector, Table, inspect, text
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from ragspace.conversations.failures import RIGHTS, failure_of
from ragspace.conversations.tables import DISPENSABLE, metadata
from ragspace.errors import ConfigurationError

log = structlog.get_logger(__name__)

T = TypeVar("T")

MIGRATION_LOCK = int.from_bytes(b"ragspace")
"""The key of the advisory lock that one migration at a time holds."""


class Transaction(Protocol):
    """Runs `work` in a transaction."""

    async def __call__(self, work: Callable[[Connection], T], *, writes: bool = False) -> T: ...


async def migrate(transaction: Transaction, *, rehearsal: bool = False) -> list[str]:
    """Make what is missing, in one transaction; where nothing is missing, nothing but reading is needed.
    The statements that were wanting; in a `rehearsal` they are run and taken back. A role that may make
    nothing does without a table that is dispensable.

    PostgreSQL: a lock of the transaction's own (`pg_advisory_xact_lock`), which a pooler in transaction
    mode allows. SQLite: a transaction that begins as a writer.

    Raises ConfigurationError, with the statements that are wanting, for a role without the rights to run
    them, and the driver's errors.
    """
    if await transaction(_is_complete):
        return []
    migration = _Migration(rehearsal)
    try:
        await transaction(migration.run, writes=True)
    except Exception as error:
        failure = failure_of(error)
        if failure is None or failure.reason != "rights":
            raise
        if migration.missing and not migration.wanting:
            log.warning(
                "a table is done without, since the role may not create it", statements=migration.missing
            )
            await transaction(_check_rights)
            return []
        raise ConfigurationError(
            failure.message,
            action=f"{failure.action} Or let their owner run: {'; '.join(migration.missing)};",
            reason=failure.reason,
        ) from None
    return migration.missing


class _Migration:
    """One try; `missing` are the statements that it found wanting, `wanting` those of them that nothing goes
    without."""

    def __init__(self, rehearsal: bool) -> None:
        self._rehearsal = rehearsal
        self.missing: list[str] = []
        self.wanting: list[str] = []

    def run(self, connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        self.wanting = _missing(connection, dispensable=False)
        self.missing = self.wanting + _missing(connection, dispensable=True)
        for statement in self.missing:
            connection.exec_driver_sql(statement)
        if self._rehearsal:
            connection.rollback()


def _is_complete(connection: Connection) -> bool:
    """Whether nothing is missing, nor a right to read and write. Raises ConfigurationError for the latter."""
    if _missing(connection):
        return False
    _check_rights(connection)
    return True


def _missing(connection: Connection, dispensable: bool | None = None) -> list[str]:
    """The statements that complete the database, in order: all, or for the tables that are `dispensable` or
    are not."""
    inspector = inspect(connection)
    statements: list[str] = []
    for table in metadata.sorted_tables:
        if dispensable not in (None, table.info.get(DISPENSABLE, False)):
            continue
        if inspector.has_table(table.name):
            statements += _missing_columns(connection, inspector, table)
        else:
            statements.append(_sql(CreateTable(table), connection))
        statements += _missing_indexes(connection, inspector, table)
    return statements


def _missing_columns(connection: Connection, inspector: Inspector, table: Table) -> list[str]:
    present = {column["name"] for column in inspector.get_columns(table.name)}
    return [
        f"ALTER TABLE {table.name} ADD COLUMN {_sql(CreateColumn(column), connection)}"
        for column in table.columns
        if column.name not in present
    ]


def _missing_indexes(connection: Connection, inspector: Inspector, table: Table) -> list[str]:
    """An index over the same columns will do, whatever its name."""
    present: list[list[str | None]] = []
    if inspector.has_table(table.name):
        present = [index["column_names"] for index in inspector.get_indexes(table.name)]
    return [
        _sql(CreateIndex(index), connection)
        for index in table.indexes
        if [column.name for column in index.columns] not in present
    ]


def _sql(statement: Any, connection: Connection) -> str:
    return " ".join(str(statement.compile(dialect=connection.dialect)).split())


def _check_rights(connection: Connection) -> None:
    """Raises ConfigurationError for a role that may not read and write the tables that are there."""
    if connection.dialect.name == "postgresql" and not connection.scalar(_ALL_RIGHTS):
        raise RIGHTS.error_at_start()


_ALL_RIGHTS = text(
    "SELECT bool_and(has_table_privilege(name, privilege)) "
    "FROM unnest(ARRAY['conversations', 'messages']) AS name, "
    "unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege"
)

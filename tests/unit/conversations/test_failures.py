"""What the errors of the drivers and poolers mean to a start and to a request."""

import socket
import sqlite3
import ssl
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from ragspace.conversations.failures import StatementRefused, failure_of
from ragspace.errors import ConfigurationError, StorageUnavailable

SECRET = "db.example.com S3cretWord"


def postgres(sqlstate: str, text: str = "") -> Exception:
    return asyncpg.PostgresError.new({"C": sqlstate, "M": f"{text} {SECRET}", "S": "FATAL"})


@pytest.mark.parametrize(
    ("error", "reason", "fatal"),
    [
        (postgres("28P01"), "unauthorized", True),
        (postgres("28000"), "unauthorized", True),
        (postgres("08P01", "SASL authentication failed"), "unauthorized", True),
        (postgres("08P01", "password authentication failed"), "unauthorized", True),
        (postgres("08P01", "no such user"), "unauthorized", True),
        (postgres("08P01", "no such database: x"), "error", True),
        (postgres("08P01", 'database "x" does not exist'), "error", True),
        (postgres("08P01", "server login has been failing"), "unreachable", False),
        (postgres("08003"), "unreachable", False),
        (postgres("3D000"), "error", True),
        (postgres("42501"), "rights", True),
        (postgres("3F000"), "rights", True),
        (postgres("25006"), "rights", True),
        (postgres("42P01"), "error", False),
        (postgres("53300"), "error", False),
        (postgres("57014"), "timeout", False),
        (postgres("57P01"), "unreachable", False),
        (postgres("57P03"), "unreachable", False),
        (postgres("XX000"), "error", False),
        (TimeoutError(SECRET), "timeout", False),
        (ConnectionRefusedError(SECRET), "unreachable", False),
        (ConnectionResetError(SECRET), "unreachable", False),
        (OSError(101, SECRET), "unreachable", False),
        (socket.gaierror(SECRET), "unreachable", False),
        (ConnectionError(f"PostgreSQL server at {SECRET} rejected SSL upgrade"), "error", True),
        (ssl.SSLCertVerificationError(SECRET), "error", True),
        (asyncpg.InterfaceError(f"connection is closed {SECRET}"), "unreachable", False),
        (asyncpg.InternalClientError(SECRET), "unreachable", False),
    ],
    ids=lambda value: getattr(value, "sqlstate", None) or (value if isinstance(value, str) else repr(value)),
)
def test_outages_are_told_from_mistakes(error: Exception, reason: str, fatal: bool) -> None:
    failure = failure_of(error)
    assert failure is not None

    told, at_start = failure.error(), failure.error_at_start()

    assert isinstance(told, StorageUnavailable)
    assert (told.service, told.reason) == ("postgres", reason)
    assert isinstance(at_start, ConfigurationError if fatal else StorageUnavailable)
    assert "DATABASE_URL" in told.action
    for part in SECRET.split():
        assert part not in f"{told} {told.action} {at_start} {at_start.action}"


@pytest.mark.parametrize("sqlstate", ["22021", "23505", "42601", "42883"])
def test_a_refused_statement_is_a_bug_and_no_outage(sqlstate: str) -> None:
    failure = failure_of(postgres(sqlstate))
    assert failure is not None

    error = failure.error()

    assert isinstance(error, StatementRefused)
    assert error.sqlstate == sqlstate
    assert error.code == "internal_error"
    assert SECRET not in f"{error} {error.action}"


def test_the_drivers_error_is_found_inside_what_wraps_it() -> None:
    inner, outer = postgres("57P01"), RuntimeError("wrapped")
    outer.__cause__ = inner

    failure = failure_of(outer)

    assert failure is not None
    assert failure.lost


def test_what_is_not_the_databases_is_left_alone() -> None:
    assert failure_of(KeyError("x")) is None
    assert failure_of(asyncpg.InterfaceError("another operation is in progress")) is None


def no_such_directory(directory: Path) -> None:
    sqlite3.connect(directory / "none" / "x.db")


def not_a_database(directory: Path) -> None:
    (directory / "x.db").write_text("no database " * 100)
    sqlite3.connect(directory / "x.db").execute("SELECT * FROM sqlite_master")


def locked(directory: Path) -> None:
    holder = sqlite3.connect(directory / "x.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    sqlite3.connect(directory / "x.db", timeout=0).execute("BEGIN IMMEDIATE")


def read_only(directory: Path) -> None:
    sqlite3.connect(directory / "x.db").execute("CREATE TABLE t (x)")
    sqlite3.connect(f"file:{directory}/x.db?mode=ro", uri=True).execute("INSERT INTO t VALUES (1)")


@pytest.mark.parametrize(
    ("provoke", "reason", "fatal"),
    [
        (no_such_directory, "rights", True),
        (read_only, "rights", True),
        (not_a_database, "error", True),
        (locked, "timeout", False),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_sqlites_failures_are_told_by_their_reason(
    provoke: Callable[[Path], None], reason: str, fatal: bool, tmp_path: Path
) -> None:
    with pytest.raises(sqlite3.Error) as caught:
        provoke(tmp_path)

    failure = failure_of(caught.value)

    assert failure is not None
    assert (failure.reason, failure.fatal) == (reason, fatal)


def test_a_broken_constraint_of_sqlite_is_a_bug_and_no_outage() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (x NOT NULL)")
    with pytest.raises(sqlite3.IntegrityError) as caught:
        connection.execute("INSERT INTO t VALUES (NULL)")
    connection.close()

    failure = failure_of(caught.value)

    assert failure is not None
    assert failure.refused == "SQLITE_CONSTRAINT_NOTNULL"

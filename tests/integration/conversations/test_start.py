"""What a start says when the database cannot be used: mistakes end it, outages do not."""

import re
from pathlib import Path

import pytest

from ragspace.conversations.repository import SqlConversations
from ragspace.database_url import parse_database_url
from ragspace.errors import ConfigurationError, RagspaceError, StorageUnavailable
from tests.support.postgres import PASSWORD, PgBouncer, Postgres, postgres_url
from tests.support.servers import free_port


@pytest.fixture(params=["postgres", "pgbouncer"])
def server(request: pytest.FixtureRequest) -> Postgres | PgBouncer:
    found: Postgres | PgBouncer = request.getfixturevalue(request.param)
    return found


async def refusal(url: str, directory: Path = Path("/")) -> RagspaceError:
    """The error with which a start ends; it must tell nothing of what is in the URL."""
    conversations = SqlConversations(parse_database_url(url, directory), timeout=3)
    with pytest.raises(RagspaceError) as caught:
        await conversations.open()
    told = f"{caught.value} {caught.value.action}"
    for secret in (PASSWORD, "wrong-password", "127.0.0.1", "no-such-database", "no_such_user"):
        assert secret not in told
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert "DATABASE_URL" in told
    return caught.value


async def test_a_wrong_password_ends_the_start(server: Postgres | PgBouncer, database: str) -> None:
    error = await refusal(postgres_url(server.port, database, password="wrong-password"))

    assert isinstance(error, ConfigurationError)
    assert re.search("rejects the credentials", error.message)


async def test_an_unknown_user_ends_the_start(server: Postgres | PgBouncer, database: str) -> None:
    error = await refusal(postgres_url(server.port, database, user="no_such_user"))

    assert isinstance(error, ConfigurationError)
    assert re.search("rejects the credentials", error.message)


async def test_a_missing_database_ends_the_start(server: Postgres | PgBouncer) -> None:
    error = await refusal(postgres_url(server.port, "no-such-database"))

    assert isinstance(error, ConfigurationError)
    assert re.search("does not exist", error.message)


async def test_a_role_that_may_not_create_tables_ends_the_start(
    server: Postgres | PgBouncer, postgres: Postgres, database: str
) -> None:
    role = await postgres.create_role()

    error = await refusal(postgres_url(server.port, database, user=role))

    assert isinstance(error, ConfigurationError)
    assert re.search("may not use or create the tables", error.message)
    assert "CREATE TABLE conversations" in error.action


async def test_what_kept_it_from_opening_is_told_to_whoever_asks_meanwhile(
    postgres: Postgres, database: str
) -> None:
    role = await postgres.create_role()
    url = postgres_url(postgres.port, database, user=role)
    conversations = SqlConversations(parse_database_url(url, Path("/")))
    with pytest.raises(ConfigurationError) as at_start:
        await conversations.open()

    with pytest.raises(StorageUnavailable) as told:
        await conversations.check()

    assert (told.value.reason, told.value.action) == ("rights", at_start.value.action)


async def test_a_role_that_may_not_write_the_tables_ends_the_start(
    server: Postgres | PgBouncer, postgres: Postgres, database: str
) -> None:
    owner = SqlConversations(parse_database_url(postgres_url(server.port, database), Path("/")))
    await owner.open()
    await owner.close()
    role = await postgres.create_role("GRANT SELECT ON conversations, messages TO {role}", database)

    error = await refusal(postgres_url(server.port, database, user=role))

    assert isinstance(error, ConfigurationError)
    assert re.search("may not use or create the tables", error.message)


async def test_a_server_that_is_away_does_not_end_the_start() -> None:
    error = await refusal(postgres_url(free_port(), "some"))

    assert isinstance(error, StorageUnavailable)
    assert (error.service, error.reason) == ("postgres", "unreachable")


async def test_an_unknown_host_does_not_end_the_start() -> None:
    error = await refusal("postgresql://u:p@no-such-host.invalid/some")

    assert isinstance(error, StorageUnavailable)
    assert error.reason == "unreachable"


async def test_a_server_that_answers_nothing_does_not_end_the_start(
    server: Postgres | PgBouncer, database: str
) -> None:
    with server.frozen():
        error = await refusal(postgres_url(server.port, database, connect_timeout="1"))

    assert isinstance(error, StorageUnavailable)
    assert error.reason == "timeout"


async def test_what_was_away_is_migrated_when_it_is_back(postgres: Postgres, database: str) -> None:
    conversations = SqlConversations(parse_database_url(postgres_url(postgres.port, database), Path("/")))
    with postgres.stopped(), pytest.raises(StorageUnavailable, match="kept"):
        await conversations.open()

    await conversations.open()
    await conversations.check()
    await conversations.close()


async def test_neons_connection_string_works_as_it_is(pgbouncer: PgBouncer, database: str) -> None:
    url = postgres_url(pgbouncer.port, database, sslmode="require", channel_binding="require")
    conversations = SqlConversations(parse_database_url(url, Path("/")))
    await conversations.open()
    await conversations.check()
    await conversations.close()


async def test_a_certificate_is_verified_where_it_is_asked_for(pgbouncer: PgBouncer, database: str) -> None:
    unknown = postgres_url(pgbouncer.port, database, sslmode="verify-full")
    known = postgres_url(
        pgbouncer.port, database, sslmode="verify-full", sslrootcert=str(pgbouncer.certificates.authority)
    )
    other_name = known.replace("127.0.0.1", "localhost")

    for url in (unknown, other_name):
        error = await refusal(url)
        assert isinstance(error, ConfigurationError)
        assert re.search("certificate could not be verified", error.message)
    conversations = SqlConversations(parse_database_url(known, Path("/")))
    await conversations.open()
    await conversations.close()


async def test_required_encryption_is_never_left_out(postgres: Postgres, database: str) -> None:
    error = await refusal(postgres_url(postgres.port, database, sslmode="require"))

    assert isinstance(error, ConfigurationError)
    assert re.search("does not offer the encryption", error.message)


async def test_certificate_files_that_are_not_there_end_the_start() -> None:
    url = postgres_url(free_port(), "some", sslmode="verify-full", sslrootcert="/no/such/file.pem")

    error = await refusal(url)

    assert isinstance(error, ConfigurationError)
    assert re.search("certificate file", error.message)


async def test_a_path_that_cannot_be_made_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    error = await refusal("sqlite:///file/conversations.db", tmp_path)

    assert isinstance(error, ConfigurationError)
    assert re.search("cannot be opened or written", error.message)


async def test_a_path_that_is_a_directory_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "conversations.db").mkdir()

    error = await refusal("sqlite:///conversations.db", tmp_path)

    assert isinstance(error, ConfigurationError)
    assert re.search("cannot be opened or written", error.message)


async def test_a_file_that_is_no_database_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "conversations.db").write_text("not a database " * 100)

    error = await refusal("sqlite:///conversations.db", tmp_path)

    assert isinstance(error, ConfigurationError)
    assert re.search("not a sound SQLite database", error.message)


async def test_the_directory_of_an_sqlite_file_is_made(tmp_path: Path) -> None:
    conversations = SqlConversations(parse_database_url("sqlite:///deep/down/c.db", tmp_path))
    await conversations.open()
    await conversations.close()

    assert (tmp_path / "deep" / "down" / "c.db").is_file()

"""The package is cheap to import: what talks to databases is loaded when one is opened."""

from tests.support.fresh_interpreter import modules_after


def test_importing_the_repository_and_the_journal_loads_no_database_library() -> None:
    loaded = modules_after("import ragspace.conversations.repository, ragspace.conversations.journal")

    assert loaded & {"sqlalchemy", "asyncpg", "sqlite3"} == set()

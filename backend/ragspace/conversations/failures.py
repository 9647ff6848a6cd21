"""What a failure of the database means, whichever driver or pooler told it.

The drivers' own texts hold hosts, users and statements: they are looked at here and go no further.
"""

import socket
import sqlite3
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from ragspace.errors import ConfigurationError, RagspaceError, Reason, StorageUnavailable


class StatementRefused(RagspaceError):
    """The database refused a statement that it should have taken: a bug, and no outage. `sqlstate` (or
    SQLite's error name) is for the log."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__()
        self.sqlstate = sqlstate


@dataclass(frozen=True, slots=True)
class Failure:
    """`message` says what is wrong, `action` what the developer does about it.

    `fatal`: waiting does not mend it, so a start ends with it. `lost`: the connection broke, which a new
    one may mend at once. `refused` is the code of a statement that the database did not take.
    """

    reason: Reason
    message: str
    action: str
    fatal: bool = False
    lost: bool = False
    refused: str | None = None

    def error(self) -> StorageUnavailable | StatementRefused:
        """As a request is told of it."""
        if self.refused is not None:
            return StatementRefused(self.refused)
        return StorageUnavailable(service="postgres", reason=self.reason, action=self.action)

    def error_at_start(self) -> RagspaceError:
        """As the start is told of it."""
        if self.fatal:
            return ConfigurationError(self.message, action=self.action, reason=self.reason)
        return self.error()


_UNREACHABLE = Failure(
    "unreachable",
    "The database cannot be reached.",
    "Check that the database of DATABASE_URL runs and that its host and port can be reached from here.",
)
_LOST = Failure(_UNREACHABLE.reason, "The connection to the database broke.", _UNREACHABLE.action, lost=True)
_NO_SUCH_HOST = Failure(
    "unreachable",
    "The database's host name is unknown.",
    "Check the host in DATABASE_URL, and that names can be looked up from here.",
)
_TIMEOUT = Failure(
    "timeout",
    "The database did not answer in time.",
    "Check that the database of DATABASE_URL runs and is not overloaded.",
)
_UNAUTHORIZED = Failure(
    "unauthorized",
    "The database rejects the credentials of DATABASE_URL.",
    "Copy the connection string with its current user and password into DATABASE_URL (in Neon: Connect).",
    fatal=True,
)
_NO_DATABASE = Failure(
    "error",
    "The database that DATABASE_URL names does not exist.",
    "Create it, or correct the name after the host and port in DATABASE_URL.",
    fatal=True,
)
RIGHTS = Failure(
    "rights",
    "The role of DATABASE_URL may not use or create the tables of the conversations.",
    "Let DATABASE_URL name a role that may create tables and read and write them.",
    fatal=True,
)
_READ_ONLY = Failure(
    "rights",
    "The database of DATABASE_URL takes no writes.",
    "Let DATABASE_URL name the primary, not a read-only replica.",
    fatal=True,
)
_NO_TLS = Failure(
    "error",
    "The database does not offer the encryption that the sslmode in DATABASE_URL requires.",
    "Enable TLS in the database, or write sslmode=prefer in DATABASE_URL.",
    fatal=True,
)
_UNTRUSTED = Failure(
    "error",
    "The database's certificate could not be verified.",
    "Check the host in DATABASE_URL; for a certificate of an authority of your own add sslrootcert=<file>.",
    fatal=True,
)
_NO_TABLES = Failure(
    "error",
    "The tables of the conversations are not as they should be.",
    "Restart: the tables of DATABASE_URL are made and migrated at start.",
)
_FULL = Failure(
    "error",
    "The database is out of connections, memory or disk.",
    "Look at the limits of the database of DATABASE_URL; with PostgreSQL use its pooled address.",
)
CERTIFICATE_FILES = Failure(
    "error",
    "A certificate file that DATABASE_URL names cannot be used.",
    "Let sslrootcert, sslcert and sslkey in DATABASE_URL name readable PEM files.",
    fatal=True,
)
DATABASE_FILE = Failure(
    "rights",
    "The database file cannot be opened or written.",
    "Let DATABASE_URL or RAGSPACE_DATA_DIR name a place that can be written.",
    fatal=True,
)
_NO_SQLITE = Failure(
    "error",
    "The database file is not a sound SQLite database.",
    "Restore the file of DATABASE_URL or RAGSPACE_DATA_DIR, or move it away: a new one is made at start.",
    fatal=True,
)
_LOCKED = Failure(
    "timeout",
    "Another process keeps the database file locked.",
    "Find the process that holds a transaction open on the file of DATABASE_URL or RAGSPACE_DATA_DIR.",
)
_UNKNOWN = Failure(
    "error",
    "The database failed.",
    "Look into the log of the database that DATABASE_URL names.",
)

# By SQLSTATE, its longest known beginning deciding:
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_SQLSTATE = {
    "08": _LOST,
    "22": None,
    "23": None,
    "25006": _READ_ONLY,
    "28": _UNAUTHORIZED,
    "3D000": _NO_DATABASE,
    "3F000": RIGHTS,  # no schema on the search path in which the role may create anything
    "42": None,
    "42501": RIGHTS,
    "42703": _NO_TABLES,
    "42P01": _NO_TABLES,
    "53": _FULL,
    "57014": _TIMEOUT,  # cancelled by statement_timeout
    "57P": _LOST,  # shut down, crashed, or still starting
}

# PgBouncer says everything with 08P01 (protocol violation), up to version 1.20 wrong passwords too.
_POOLER_TEXTS = {
    "authentication failed": _UNAUTHORIZED,
    "no such user": _UNAUTHORIZED,
    "no such database": _NO_DATABASE,
    "does not exist": _NO_DATABASE,
}

_BY_SQLITE_NAME = {
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_CANTOPEN": DATABASE_FILE,
    "SQLITE_READONLY": DATABASE_FILE,
    "SQLITE_PERM": DATABASE_FILE,
    "SQLITE_AUTH": DATABASE_FILE,
    "SQLITE_FULL": _FULL,
    "SQLITE_NOMEM": _FULL,
    "SQLITE_NOTADB": _NO_SQLITE,
    "SQLITE_CORRUPT": _NO_SQLITE,
    "SQLITE_IOERR": _UNKNOWN,
    "SQLITE_INTERNAL": _UNKNOWN,
}


def failure_of(error: BaseException) -> Failure | None:
    """What `error`, or the driver's error that it wraps, means; None where it is not the database's."""
    for part in _layers(error):
        if isinstance(part, sqlite3.Error):
            return _sqlite(part)
        sqlstate = getattr(part, "sqlstate", None)
        if isinstance(sqlstate, str):
            return _postgres(sqlstate, str(part))
        if isinstance(part, TimeoutError):
            return _TIMEOUT
        if isinstance(part, ssl.SSLCertVerificationError):
            return _UNTRUSTED
        if isinstance(part, socket.gaierror):
            return _NO_SUCH_HOST
        if isinstance(part, ConnectionError) and "rejected SSL upgrade" in str(part):
            return _NO_TLS
        if isinstance(part, ConnectionResetError | BrokenPipeError | ConnectionAbortedError | EOFError):
            return _LOST
        if isinstance(part, OSError):
            return _UNREACHABLE
        if type(part).__name__ == "InterfaceError" and "is closed" in str(part):
            return _LOST
        if type(part).__name__ == "InternalClientError":
            return _LOST  # asyncpg, where the server's last word came while the connection lay idle
    return None


def _layers(error: BaseException) -> Iterator[BaseException]:
    """`error` and what it wraps: SQLAlchemy keeps the driver's error in `orig`, its adapter in the cause."""
    layer: BaseException | None = error
    while layer is not None:
        original = getattr(layer, "orig", None)
        yield layer
        layer = original if isinstance(original, BaseException) else layer.__cause__


def _postgres(sqlstate: str, text: str) -> Failure:
    if sqlstate.startswith("08"):
        for part, failure in _POOLER_TEXTS.items():
            if part in text:
                return failure
    for length in (5, 3, 2):
        if (code := sqlstate[:length]) in _BY_SQLSTATE:
            return _BY_SQLSTATE[code] or _refused(sqlstate)
    return _UNKNOWN


def _sqlite(error: sqlite3.Error) -> Failure:
    name: str = getattr(error, "sqlite_errorname", "")
    for known, failure in _BY_SQLITE_NAME.items():
        if name == known or name.startswith(f"{known}_"):
            return failure
    return _refused(name or type(error).__name__)


def _refused(code: str) -> Failure:
    return Failure("error", _UNKNOWN.message, _UNKNOWN.action, refused=code)

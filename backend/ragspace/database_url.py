"""DATABASE_URL, read and checked: where conversations are kept."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from ragspace.tls import SSL_MODES, TlsPolicy

EXPECTED = "postgresql://user:password@host:5432/database, or sqlite:///path/to/file.db"

DEFAULT_PORT = 5432
DEFAULT_CONNECT_TIMEOUT_S = 10
"""A suspended Neon database wakes in some hundred milliseconds, and now and then in seconds."""

_UNDERSTOOD = """
    application_name channel_binding connect_timeout dbname host options password port ssl sslcert sslkey
    sslmode sslrootcert user
"""

_WITHOUT_EFFECT = """
    client_encoding connection_limit fallback_application_name gssdelegation gssencmode gsslib keepalives
    keepalives_count keepalives_idle keepalives_interval krbsrvname load_balance_hosts max_protocol_version
    min_protocol_version pgbouncer pool_mode pool_timeout prepared_statement_cache_size prepared_statements
    schema socket_timeout sslcompression sslnegotiation sslsni statement_cache_size target_session_attrs
    tcp_user_timeout uselibpqcompat
"""
"""Parameters of libpq, of other drivers and of ORMs that change nothing here."""

_KNOWN = frozenset((_UNDERSTOOD + _WITHOUT_EFFECT).split())
"""Any other is refused, as libpq does: a misspelt `sslmode` must not quietly mean no encryption."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A database that conversations are kept in; its repr shows neither password nor host.

    `path` is the file of an SQLite database. `connect_args` are asyncpg's arguments (host, port, user,
    password, database, timeout in seconds, server_settings) but for TLS, which `tls` says.
    """

    dialect: Literal["postgresql", "sqlite"]
    path: Path | None = field(default=None, repr=False)
    connect_args: Mapping[str, Any] = field(default_factory=dict, repr=False)
    tls: TlsPolicy = field(default_factory=TlsPolicy, repr=False)


def parse_database_url(value: str, data_dir: Path) -> DatabaseAddress:
    """The address that `value` stands for; a relative SQLite path starts at `data_dir`.

    Takes `postgres://`, `postgresql://` (also with a driver's name: `postgresql+asyncpg://`) and
    `sqlite:///path` (`sqlite:////path` is absolute). Raises ValueError with a message that says what is
    wrong and repeats nothing of the value that may be secret.
    """
    value = value.strip()
    if value[:4] == "psql" or value[:1] in ("'", '"'):
        raise _malformed("it must be the URL alone, without a command or quotes around it")
    scheme, separator, _ = value.partition("://")
    scheme = scheme.partition("+")[0].lower()
    if separator and scheme == "sqlite":
        return _sqlite(value, data_dir)
    if separator and scheme in ("postgres", "postgresql"):
        return _postgresql(value)
    raise _malformed("it does not start with postgresql://, postgres:// or sqlite:///")


def _malformed(problem: str) -> ValueError:
    return ValueError(f"DATABASE_URL is malformed: {problem}. Expected: {EXPECTED}.")


def _sqlite(value: str, data_dir: Path) -> DatabaseAddress:
    rest = value.partition("://")[2]
    if not rest.startswith("/"):
        raise _malformed("an SQLite path follows three slashes, or four where it is absolute")
    path = unquote(rest[1:])
    if path in ("", ":memory:") or path.endswith("/") or "\0" in path:
        raise _malformed("sqlite:/// must be followed by the path of a file")
    return DatabaseAddress("sqlite", path=data_dir / path)


def _postgresql(value: str) -> DatabaseAddress:
    url = _split(value)
    given = dict(parse_qsl(url.query, keep_blank_values=True))
    user = unquote(url.username or "") or given.get("user", "")
    database = unquote(url.path.removeprefix("/")) or given.get("dbname", "")
    host = unquote(url.hostname or "") or given.get("host", "")
    if not user:
        raise _malformed("it names no user; " + _ENCODE)
    if not host:
        raise _malformed("it names no host")
    if "," in host:
        raise _malformed("it names more than one host")
    if not database:
        raise _malformed("it names no database after the host")
    _refuse_unknown(given)
    settings = {"application_name": given.get("application_name", "ragspace")}
    if "options" in given:
        settings["options"] = given["options"]
    arguments: dict[str, Any] = {
        "host": host,
        "port": _port(url, given),
        "user": user,
        "password": unquote(url.password or "") or given.get("password"),
        "database": database,
        "timeout": _connect_timeout(given),
        "server_settings": settings,
    }
    if any("\0" in str(argument) for argument in arguments.values()):
        raise _malformed("it contains a NUL character")
    return DatabaseAddress("postgresql", connect_args=arguments, tls=_tls(given, host))


def _split(value: str) -> SplitResult:
    if re.search(r"\s", value):
        raise _malformed("it contains a space or a line break")
    try:
        url = urlsplit(value)
    except ValueError:
        raise _malformed("it cannot be read as a URL; " + _ENCODE) from None
    if url.fragment or value.endswith("#"):
        raise _malformed("it contains a #; " + _ENCODE)
    return url


_ENCODE = "in user and password / : @ ? # [ ] % are written %2F %3A %40 %3F %23 %5B %5D %25"


def _port(url: SplitResult, given: Mapping[str, str]) -> int:
    try:
        port = url.port if url.port is not None else int(given.get("port", DEFAULT_PORT))
    except ValueError:
        raise _malformed("its port is no number from 1 to 65535; " + _ENCODE) from None
    if not 1 <= port <= 65535:
        raise _malformed("its port is no number from 1 to 65535")
    return port


def _refuse_unknown(given: Mapping[str, str]) -> None:
    unknown = given.keys() - _KNOWN
    if unknown:
        names = ", ".join(sorted(name for name in unknown if re.fullmatch("[a-z_]{1,40}", name)))
        raise _malformed(f"it has a parameter that is not known here{f' ({names})' if names else ''}")


def _connect_timeout(given: Mapping[str, str]) -> int:
    text = given.get("connect_timeout", "0")
    if not re.fullmatch("[0-9]{1,6}", text):
        raise _malformed("its connect_timeout is no number of seconds")
    return min(int(text), 60) or DEFAULT_CONNECT_TIMEOUT_S


def _tls(given: Mapping[str, str], host: str) -> TlsPolicy:
    mode = given.get("sslmode") or given.get("ssl") or "prefer"
    mode = {"true": "require", "false": "disable", "no-verify": "require"}.get(mode, mode)
    if mode not in SSL_MODES:
        raise _malformed(f"its sslmode is none of {', '.join(SSL_MODES)}")
    policy = TlsPolicy(mode, given.get("sslrootcert"), given.get("sslcert"), given.get("sslkey"))
    # Channel binding proves that nobody sits between client and server. asyncpg cannot do it; a verified
    # certificate proves the same, where there is a public name that a certificate can be for.
    if given.get("channel_binding") == "require" and mode in ("prefer", "require") and not is_local(host):
        return replace(policy, mode="verify-full")
    return policy


def is_local(host: str) -> bool:
    """Whether the host is this machine: a Unix socket or a loopback address."""
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""DATABASE_URL: what is understood, what is refused, and that no refusal tells a secret."""

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragspace.database_url import DatabaseAddress, parse_database_url

DATA = Path("/data")
NEON = (
    "postgresql://neondb_owner:npg_S3cretWord@ep-cool-name-a1b2c3d4-pooler.eu-central-1.aws.neon.tech/neondb"
    "?sslmode=require&channel_binding=require"
)


def parse(url: str) -> DatabaseAddress:
    return parse_database_url(url, DATA)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "POSTGRESQL"])
def test_a_postgresql_url_says_where_to_connect_as_whom(scheme: str) -> None:
    address = parse(f" {scheme}://us%65r:p%40ss@db.example.com:6543/my%20db\n")

    assert (address.dialect, address.path) == ("postgresql", None)
    assert address.connect_args == {
        "host": "db.example.com",
        "port": 6543,
        "user": "user",
        "password": "p@ss",
        "database": "my db",
        "timeout": 10,
        "server_settings": {"application_name": "ragspace"},
    }
    assert address.tls.mode == "prefer"


def test_the_port_is_5432_unless_told() -> None:
    assert parse("postgres://u:p@host/db").connect_args["port"] == 5432


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("postgresql://u:p@[::1]:5433/db", "::1"),
        ("postgresql://u@/db?host=/run/postgresql", "/run/postgresql"),
        ("postgresql:///db?host=somewhere&user=u", "somewhere"),
    ],
)
def test_the_host_may_be_an_address_a_socket_or_a_parameter(url: str, host: str) -> None:
    assert parse(url).connect_args["host"] == host


def test_parameters_reach_the_connection() -> None:
    address = parse(
        "postgres://u:p@h/db?application_name=bot&options=endpoint%3Dep-1&connect_timeout=5&sslmode=verify-ca"
        "&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem&keepalives=1&pgbouncer=true"
    )

    assert address.connect_args["timeout"] == 5
    assert address.connect_args["server_settings"] == {
        "application_name": "bot",
        "options": "endpoint=ep-1",
    }
    assert (address.tls.mode, address.tls.root_certificate) == ("verify-ca", "/ca.pem")
    assert (address.tls.certificate, address.tls.key) == ("/c.pem", "/k.pem")


def test_channel_binding_is_made_good_for_by_a_verified_certificate() -> None:
    assert parse(NEON).tls.mode == "verify-full"
    assert parse(NEON.replace("channel_binding=require", "channel_binding=prefer")).tls.mode == "require"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_on_loopback_no_certificate_can_be_verified(host: str) -> None:
    assert parse(f"postgres://u:p@{host}/db?sslmode=require&channel_binding=require").tls.mode == "require"


@pytest.mark.parametrize(("ssl", "mode"), [("require", "require"), ("true", "require"), ("false", "disable")])
def test_other_drivers_spelling_of_sslmode_is_understood(ssl: str, mode: str) -> None:
    assert parse(f"postgres://u:p@h/db?ssl={ssl}").tls.mode == mode


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///conversations.db", "/data/conversations.db"),
        ("sqlite:///deep/down/c.db", "/data/deep/down/c.db"),
        ("sqlite:////var/lib/c.db", "/var/lib/c.db"),
        ("sqlite:///with%20space.db", "/data/with space.db"),
        ("sqlite+aiosqlite:///c.db", "/data/c.db"),
    ],
)
def test_an_sqlite_path_starts_at_the_data_directory_unless_it_is_absolute(url: str, path: str) -> None:
    assert parse(url) == DatabaseAddress("sqlite", path=Path(path))


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "does not start with"),
        ("db.example.com/db", "does not start with"),
        ("mysql://u:S3cretWord@h/db", "does not start with"),
        ("postgresql:u:S3cretWord@h/db", "does not start with"),
        ("psql 'postgresql://u:S3cretWord@h/db'", "the URL alone"),
        ('"postgresql://u:S3cretWord@h/db"', "the URL alone"),
        ("postgresql://h/db", "no user"),
        ("postgresql://:S3cretWord@h/db", "no user"),
        ("postgresql://u:S3cretWord@/db", "no host"),
        ("postgresql://u:S3cretWord@h", "no database"),
        ("postgresql://u:S3cretWord@h/", "no database"),
        ("postgresql://u:S3cretWord@h1,h2/db", "more than one host"),
        ("postgresql://u:S3cretWord@h:port/db", "port"),
        ("postgresql://u:S3cretWord@h:0/db", "port"),
        ("postgresql://u:S3cretWord@h:65536/db", "port"),
        ("postgresql://u:S3cretWord/x@h/db", "no user|port"),
        ("postgresql://u:S3cretWord?x@h/db", "no user|port"),
        ("postgresql://u:S3cretWord#x@h/db", "contains a #"),
        ("postgresql://u:S3cretWord[x@h/db", "cannot be read as a URL"),
        ("postgresql://u:S3cret Word@h/db", "a space"),
        ("postgresql://u:S3cretWord\n@h/db", "a space or a line break"),
        ("postgresql://u:S3cretWord%00@h/db", "NUL"),
        ("postgresql://u:S3cretWord@h/db?sslmod=require", r"not known here \(sslmod\)"),
        ("postgresql://u:S3cretWord@h/db?S3cretWord=1", "not known here"),
        ("postgresql://u:S3cretWord@h/db?sslmode=S3cretWord", "sslmode is none of"),
        ("postgresql://u:S3cretWord@h/db?connect_timeout=S3cretWord", "connect_timeout"),
        ("sqlite://", "three slashes"),
        ("sqlite://relative.db", "three slashes"),
        ("sqlite:///", "path of a file"),
        ("sqlite:///:memory:", "path of a file"),
        ("sqlite:///directory/", "path of a file"),
    ],
)
def test_a_malformed_database_url_is_refused_with_what_is_wrong_and_no_secret(url: str, problem: str) -> None:
    """The seed's edge case of a malformed DATABASE_URL."""
    with pytest.raises(ValueError, match=problem) as refusal:
        parse(url)

    assert str(refusal.value).startswith("DATABASE_URL is malformed: ")
    assert "postgresql://user:password@host:5432/database" in str(refusal.value)
    assert "S3cret" not in str(refusal.value)
    assert refusal.value.__context__ is None or refusal.value.__suppress_context__


def test_its_repr_tells_nothing() -> None:
    told = repr(parse(NEON)) + repr(parse("sqlite:///S3cretWord.db"))

    for secret in ("S3cretWord", "neondb", "neon.tech"):
        assert secret not in told


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_any_password_that_is_encoded_comes_back(password: str) -> None:
    address = parse(f"postgresql://user:{quote(password, safe='')}@host/db")

    assert address.connect_args["password"] == password


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=20),
    st.sampled_from(["postgresql://u:{}@db.example.com/db", "postgres://u:{}@h:5432/db?sslmode=require"]),
)
def test_a_password_that_is_not_encoded_is_never_told(password: str, url: str) -> None:
    assert password not in refusal_of(url.format(password))


def refusal_of(url: str) -> str:
    try:
        parse(url)
    except ValueError as refusal:
        return str(refusal)
    return ""

"""One frozen Settings: every variable, in its type."""

import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
)

from ragspace.database_url import DatabaseAddress, parse_database_url
from ragspace.origins import normalized_origin

Generation = Literal["gemini", "openai", "extractive"]
Embedding = Literal["gemini", "local"]

MIN_TOKEN_LENGTH = 16
"""Characters of a key that this service itself asks for: it must stand against guessing."""


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(part for part in (piece.strip() for piece in value.split(",")) if part)
    return value


def _origin(value: str) -> str:
    origin = normalized_origin(value)
    if origin is None:
        raise ValueError(
            "each entry is scheme://host[:port], with * only inside a label of the host, "
            "such as https://my-app.vercel.app or https://my-app-*-myteam.vercel.app"
        )
    return origin


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("an address starts with https:// or http:// and names a host")
    return value.rstrip("/")


def _rate_limit(value: str) -> str:
    from limits import parse

    try:
        parse(value)
    except ValueError:
        raise ValueError("a limit is a number, a slash and a period, such as 30/minute") from None
    return value


def _api_key(value: SecretStr) -> SecretStr:
    """A key travels in a header, which takes no white space and nothing that is not ASCII."""
    if not re.fullmatch(r"[!-~]+", value.get_secret_value()):
        raise ValueError("it holds a space, a line break or a letter that no key has: copy it again")
    return value


def _redis_url(value: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(value.get_secret_value())
        usable = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
        usable = usable and re.fullmatch(r"/?\d*", parts.path) is not None
        usable = usable and {name for name, _ in parse_qsl(parts.query)} <= _REDIS_OPTIONS
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(
            "malformed: it is redis://user:password@host:port/number, or rediss:// for TLS, with "
            "anything special in the password percent-encoded"
        )
    return value


_REDIS_OPTIONS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < MIN_TOKEN_LENGTH:
        raise ValueError(f"it has at least {MIN_TOKEN_LENGTH} characters; `openssl rand -hex 24` makes one")
    return value


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _without_models_prefix(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.removeprefix("models/") for name in names)


_PACKAGE = Path(__file__).parent


def _baked_documents() -> Path | None:
    directory = _PACKAGE / "baked_documents"
    return directory if directory.is_dir() else None


def _build_id() -> str | None:
    file = _PACKAGE / "build_id"
    return file.read_text().strip() if file.is_file() else None


ApiKey = Annotated[SecretStr, AfterValidator(_api_key)]
OwnKey = Annotated[SecretStr, AfterValidator(_api_key), AfterValidator(_long_enough)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Origin = Annotated[str, AfterValidator(_origin)]
ModelNames = Annotated[
    tuple[str, ...], BeforeValidator(_split), AfterValidator(_without_models_prefix), Field(min_length=1)
]


class Settings(BaseModel):
    """Every setting, by the name of its variable in lower case. backend/.env.example explains each."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    ragspace_mode: Literal["auto", "mixed", "production", "embedded"] = "auto"
    ragspace_data_dir: Path = Path(".ragspace")
    ragspace_build_id: str | None = Field(default_factory=_build_id)
    ragspace_baked_documents: Path | None = Field(default_factory=_baked_documents)

    gemini_api_key: ApiKey | None = None
    gemini_model: ModelNames = ("gemini-3.5-flash", "gemini-3.5-flash-lite", "gemini-3.1-flash-lite")
    gemini_embedding_model: str = "gemini-embedding-001"
    gemini_embedding_requests_per_day: int | None = Field(default=None, ge=1)
    gemini_embedding_price: float | None = Field(default=None, ge=0)
    gemini_base_url: HttpUrl = "https://generativelanguage.googleapis.com"
    llm_base_url: HttpUrl | None = None
    llm_api_key: ApiKey | None = None
    llm_model: str | None = None
    embedding_provider: Embedding | None = None
    embedding_dimensions: int | None = Field(default=None, ge=1, le=8192)
    extractive_fallback: bool = False
    answer_cache_answers: int = Field(default=1000, ge=0, le=1_000_000)
    answer_cache_days: float = Field(default=7, ge=0, le=3650)

    qdrant_url: HttpUrl | None = None
    qdrant_api_key: ApiKey | None = None
    qdrant_collection: str = Field(default="docusaurus-book", pattern=r"^[A-Za-z0-9_.-]{1,255}$")
    top_k: int = Field(default=5, ge=1, le=20)
    docs_base_url: HttpUrl | None = None

    database_url: SecretStr | None = None
    redis_url: Annotated[SecretStr, AfterValidator(_redis_url)] | None = None
    replica_lost_seconds: float = Field(default=6, gt=0, le=60)

    host: str = "127.0.0.1"
    port: int = Field(default=7860, ge=1, le=65535)
    public_url: HttpUrl | None = None
    allowed_origins: Annotated[tuple[Origin, ...], BeforeValidator(_split)] = ("http://localhost:3000",)
    rate_limit: Annotated[str, AfterValidator(_rate_limit)] = "30/minute"
    trusted_hops: int | None = Field(default=None, ge=0, le=10)
    max_running_answers: int = Field(default=500, ge=1)
    max_waiting_questions: int = Field(default=200, ge=0)
    wait_seconds: float = Field(default=10, ge=0, le=30)
    api_key: OwnKey | None = None
    metrics_token: OwnKey | None = None
    otel_exporter_otlp_endpoint: HttpUrl | None = None
    otel_exporter_otlp_headers: SecretStr | None = None
    otel_service_name: str = "ragspace"
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = "INFO"
    log_content: bool = False

    request_head_seconds: float = Field(default=10, gt=0)
    request_body_seconds: float = Field(default=10, gt=0)
    head_hold_seconds: float = Field(default=1.5, ge=0, le=30)
    keep_alive_seconds: float = Field(default=15, gt=0, le=50)
    connect_seconds: float = Field(default=5, gt=0)
    retrieval_seconds: float = Field(default=10, gt=0)
    first_delta_seconds: float = Field(default=20, gt=0)
    stall_seconds: float = Field(default=30, gt=0)
    storage_seconds: float = Field(default=10, gt=0)
    check_seconds: float = Field(default=10, gt=0)
    health_interval_seconds: float = Field(default=30, gt=0)
    drain_seconds: float = Field(default=8, ge=0)

    space_id: str | None = None
    space_host: str | None = None

    @property
    def on_space(self) -> bool:
        """Whether this process runs on a Hugging Face Space (SPACE_ID is set there)."""
        return self.space_id is not None

    @property
    def mode(self) -> Literal["mixed", "production", "embedded"]:
        if self.ragspace_mode == "auto":
            return "production" if self.on_space else "mixed"
        return self.ragspace_mode

    @property
    def generation(self) -> Generation:
        """What writes the answers. LLM_BASE_URL beats GEMINI_API_KEY, which may be there to embed."""
        if self.mode == "embedded":
            return "extractive"
        if self.llm_base_url is not None:
            return "openai"
        return "extractive" if self.gemini_api_key is None else "gemini"

    @property
    def embedding(self) -> Embedding:
        if self.mode == "embedded":
            return "local"
        return self.embedding_provider or ("local" if self.gemini_api_key is None else "gemini")

    @property
    def index(self) -> Literal["qdrant", "built-in"]:
        """Documents that were baked into the image are what it is there to answer from."""
        if self.mode == "embedded" or self.ragspace_baked_documents is not None:
            return "built-in"
        return "built-in" if self.qdrant_url is None else "qdrant"

    @cached_property
    def database(self) -> DatabaseAddress:
        """Where conversations are kept. Raises ValueError, without the value, for a malformed URL."""
        url = "sqlite:///conversations.db"
        if self.database_url is not None and self.mode != "embedded":
            url = self.database_url.get_secret_value()
        return parse_database_url(url, self.data_dir)

    @property
    def replicas(self) -> str | None:
        """The Redis that joins several replicas, with its password; None for a replica alone."""
        if self.redis_url is None or self.mode == "embedded":
            return None
        return self.redis_url.get_secret_value()

    @property
    def data_dir(self) -> Path:
        """Where the built-in parts write; absolute."""
        return self.ragspace_data_dir.expanduser().absolute()

    @property
    def hops(self) -> int:
        """How many proxies in front append to X-Forwarded-For: one on a Space, else none."""
        return (1 if self.on_space else 0) if self.trusted_hops is None else self.trusted_hops

    @property
    def own_origins(self) -> tuple[str, ...]:
        """Origins of the pages that this server itself serves; never what a Host header says."""
        addresses = [self.public_url] if self.public_url else []
        if self.space_host:
            addresses.append(f"https://{self.space_host}")
        everywhere = self.host in ("0.0.0.0", "::") and not self.on_space  # noqa: S104
        if everywhere or self.host in ("127.0.0.1", "localhost", "::1"):
            addresses += [f"http://{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]")]
        return tuple(origin for origin in map(normalized_origin, addresses) if origin)

    def secret_values(self) -> frozenset[str]:
        """What no log line may hold: every secret setting, and the password and hosts inside addresses."""
        secrets = {
            value.get_secret_value()
            for name in type(self).model_fields
            if isinstance(value := getattr(self, name), SecretStr)
        }
        database = self.database_url.get_secret_value() if self.database_url else ""
        redis = self.redis_url.get_secret_value() if self.redis_url else ""
        traces = self.otel_exporter_otlp_endpoint or ""
        for address in (database, redis, self.qdrant_url or "", self.llm_base_url or "", traces):
            secrets |= _secrets_of(address)
        if self.otel_exporter_otlp_headers is not None:
            headers = self.otel_exporter_otlp_headers.get_secret_value().split(",")
            values = {header.partition("=")[2].strip() for header in headers}
            secrets |= values | {unquote(value) for value in values}
        return frozenset(secrets - {"", "localhost", "127.0.0.1"})


def _secrets_of(address: str) -> set[str]:
    """Password and host, also where a connection string has them among its parameters."""
    try:
        parts = urlsplit(address)
    except ValueError:  # malformed, and not used in this mode
        return set()
    parameters = dict(parse_qsl(parts.query))
    password = parts.password or ""
    return {unquote(password), password, parts.hostname or ""} | {
        parameters.get(name, "") for name in ("password", "host")
    }

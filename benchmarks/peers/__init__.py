"""What one would take instead of ragspace: a server each, as its library's documentation teaches to write it.

The servers run in environments of their own (`requirements.txt` beside each) and import nothing from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.environments import installed_mb, python_with, versions
from benchmarks.subjects import Subject
from ragspace.retrieval.sample import sample_documents

DIRECTORY = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Peer:
    """`program` is run by the environment's Python, or is one of its programs where it has no suffix;
    `packages` are those whose versions are told."""

    name: str
    directory: str
    packages: tuple[str, ...]
    program: tuple[str, ...] = ("server.py",)
    environment: Mapping[str, str] = field(default_factory=dict)
    ask: str = "/chat"
    ready: str = "/health"

    @property
    def requirements(self) -> Path:
        return DIRECTORY / self.directory / "requirements.txt"

    @property
    def python(self) -> Path:
        """The environment's; it is installed where it is not."""
        return python_with(self.requirements)

    @property
    def installed_mb(self) -> float:
        return installed_mb(self.python, self.requirements)

    @property
    def versions(self) -> str:
        return versions(self.python, self.packages)

    @property
    def subject(self) -> Subject:
        """How it is started, on the sample corpus. Documents that were embedded are kept in its home."""
        here = DIRECTORY / self.directory
        first, *rest = self.program
        script = (str(self.python), str(here / first))
        command = script if Path(first).suffix else (str(self.python.with_name(first)),)
        environment = {
            "PORT": "{port}",
            "UPSTREAM": "{upstream}/v1",
            "MODEL": "{model}",
            "DOCUMENTS": "\n".join(map(str, sample_documents())),
            "INDEX": "{home}/index",
            **{name: value.replace("{here}", str(here)) for name, value in self.environment.items()},
        }
        return Subject(self.name, (*command, *rest), environment, self.ask, self.ready, self.ready)


PEERS = (
    Peer("LangChain", "langchain", ("langchain-core", "langchain-openai", "fastapi")),
    Peer("LlamaIndex", "llama_index", ("llama-index-core", "llama-index-llms-openai-like", "fastapi")),
    Peer(
        "Haystack",
        "haystack",
        ("haystack-ai", "hayhooks"),
        ("hayhooks", "run"),
        {
            "HAYHOOKS_HOST": "127.0.0.1",
            "HAYHOOKS_PORT": "{port}",
            "HAYHOOKS_PIPELINES_DIR": "{here}/pipelines",
            "HAYSTACK_TELEMETRY_ENABLED": "False",
            "LOG": "WARNING",
        },
        ask="/rag/run",
        ready="/status",
    ),
)

"""The fault table: what each fault of each service means to the developer, to the reader and to what is kept.

docs/operations.md shows it (scripts/fault-table writes it there), and test_table.py holds every cell against
the real server.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Service = Literal["qdrant", "postgres", "generation", "embeddings"]

SERVICES: Mapping[Service, str] = {
    "qdrant": "Qdrant",
    "postgres": "PostgreSQL",
    "generation": "Gemini, answers",
    "embeddings": "Gemini, embeddings",
}
HEALTH_NAME: Mapping[Service, str] = {
    "qdrant": "qdrant",
    "postgres": "postgres",
    "generation": "gemini",
    "embeddings": "gemini",
}

FAULTS: Mapping[str, str] = {
    "refused": "nobody listens",
    "unreachable": "packets are dropped",
    "black-holed": "requests are taken and never answered",
    "slow": "every piece of an answer comes late, but in time",
    "reset mid-stream": "the connection breaks in the middle of an answer",
    "stalls mid-stream": "an answer stops in the middle, and the connection stays open",
    "401": "the key or password is not known",
    "403": "the key may not do this",
    "429 per minute": "the quota of a minute is spent",
    "429 per day": "the quota of a day is spent",
    "500": "it fails; PostgreSQL: it is out of connections",
    "503": "it is overloaded or starting",
    "malformed body": "something else answers in its place",
    "TLS failure": "the certificate is not to be trusted",
    "DNS failure": "its name is not known, from the start",
    "away at the start": "it is not there when the server starts, and comes later",
}

BY_ITSELF = "by itself"
"""With the next check of its health, or the next question."""

WAIT = "when the wait is over"
MIDNIGHT = "at midnight Pacific"


@dataclass(frozen=True, slots=True)
class Cell:
    """`health` is the reason that the report gives, or `connected`. `told` is the status, and the code of the
    error or how the stream ends. `within` is the setting that ends the wait, or `at once`. `stored` is the
    answer's status. `follow_up` is what a question is told that goes on with a conversation, where that is
    something else. `still_works`: questions about a selected text are answered."""

    health: str
    told: str
    within: str = "at once"
    stored: str = "failed"
    recovers: str = BY_ITSELF
    follow_up: str | None = None
    still_works: bool = False


def _no_search(health: str, within: str = "at once", told: str = "503 retrieval_unavailable") -> Cell:
    return Cell(health, told, within, still_works=True)


def _no_storage(health: str, within: str = "at once") -> Cell:
    return Cell(health, "200 done", within, "complete", follow_up="503 storage_unavailable")


def _no_answer(
    health: str, within: str = "at once", told: str = "503 generation_unavailable", stored: str = "failed"
) -> Cell:
    return Cell(health, told, within, stored)


def _no_vector(health: str, within: str = "at once", told: str = "503 retrieval_unavailable") -> Cell:
    return Cell(health, told, within, still_works=True)


_ONLY_LATER = Cell("connected", "200 done", stored="complete")

TABLE: Mapping[Service, Mapping[str, Cell | str]] = {
    "qdrant": {
        "refused": _no_search("unreachable"),
        "unreachable": _no_search("timeout", "CONNECT_SECONDS", "200 error retrieval_unavailable"),
        "black-holed": _no_search("timeout", "RETRIEVAL_SECONDS", "200 error retrieval_unavailable"),
        "slow": _ONLY_LATER,
        "reset mid-stream": _no_search("unreachable"),
        "stalls mid-stream": _no_search("timeout", "RETRIEVAL_SECONDS", "200 error retrieval_unavailable"),
        "401": _no_search("unauthorized"),
        "403": _no_search("unauthorized"),
        "429 per minute": _no_search("quota_exceeded"),
        "429 per day": "Qdrant limits requests by the minute only",
        "500": _no_search("error"),
        "503": _no_search("error"),
        "malformed body": _no_search("error"),
        "TLS failure": _no_search("unreachable"),
        "DNS failure": _no_search("unreachable"),
        "away at the start": _no_search("unreachable"),
    },
    "postgres": {
        "refused": _no_storage("unreachable"),
        "unreachable": _no_storage("timeout", "STORAGE_SECONDS"),
        "black-holed": _no_storage("timeout", "STORAGE_SECONDS"),
        "slow": _ONLY_LATER,
        "reset mid-stream": _no_storage("unreachable"),
        "stalls mid-stream": _no_storage("timeout", "STORAGE_SECONDS"),
        "401": _no_storage("unauthorized"),
        "403": "a role without rights is found when the server starts, and ends the start",
        "429 per minute": "PostgreSQL has no quota",
        "429 per day": "PostgreSQL has no quota",
        "500": _no_storage("error"),
        "503": _no_storage("unreachable"),
        "malformed body": _no_storage("unreachable"),
        "TLS failure": _no_storage("error"),
        "DNS failure": _no_storage("unreachable"),
        "away at the start": _no_storage("unreachable"),
    },
    "generation": {
        "refused": _no_answer("unreachable"),
        "unreachable": _no_answer("timeout", "CONNECT_SECONDS", "200 error generation_timeout"),
        "black-holed": _no_answer("timeout", "FIRST_DELTA_SECONDS", "200 error generation_timeout"),
        "slow": _ONLY_LATER,
        "reset mid-stream": _no_answer(
            "unreachable", told="200 error generation_unavailable", stored="incomplete"
        ),
        "stalls mid-stream": _no_answer(
            "timeout", "STALL_SECONDS", "200 error generation_unavailable", "incomplete"
        ),
        "401": _no_answer("unauthorized"),
        "403": _no_answer("unauthorized"),
        "429 per minute": Cell("quota_exceeded", "429 quota_exceeded", recovers=WAIT),
        "429 per day": Cell("quota_exceeded", "429 quota_exceeded", recovers=MIDNIGHT),
        "500": _no_answer("error"),
        "503": _no_answer("error"),
        "malformed body": _no_answer("error"),
        "TLS failure": _no_answer("unreachable"),
        "DNS failure": _no_answer("unreachable"),
        "away at the start": _no_answer("unreachable"),
    },
    "embeddings": {
        "refused": "Gemini's host is the same for both: questions are told `retrieval_unavailable`",
        "unreachable": "Gemini's host is the same for both: questions are told `retrieval_unavailable`",
        "black-holed": _no_vector("timeout", "RETRIEVAL_SECONDS", "200 error retrieval_unavailable"),
        "slow": _ONLY_LATER,
        "reset mid-stream": _no_vector("unreachable"),
        "stalls mid-stream": _no_vector("timeout", "RETRIEVAL_SECONDS", "200 error retrieval_unavailable"),
        "401": _no_vector("unauthorized"),
        "403": _no_vector("unauthorized"),
        "429 per minute": Cell("quota_exceeded", "429 quota_exceeded", recovers=WAIT, still_works=True),
        "429 per day": Cell("quota_exceeded", "429 quota_exceeded", recovers=MIDNIGHT, still_works=True),
        "500": _no_vector("error"),
        "503": _no_vector("error"),
        "malformed body": _no_vector("error"),
        "TLS failure": "Gemini's host is the same for both: questions are told `retrieval_unavailable`",
        "DNS failure": "Gemini's host is the same for both: questions are told `retrieval_unavailable`",
        "away at the start": "Gemini's host is the same for both: questions are told `retrieval_unavailable`",
    },
}

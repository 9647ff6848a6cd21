"""What is kept in Redis, under which names and for how long.

| key | what it holds |
|---|---|
| `ragspace:answer:<message id>` | stream: an answer's events (see recording.py) |
| `ragspace:conversation:<id>` | set: the answers of it that are kept |
| `ragspace:running:<replica>` | set: the answers that a replica writes |
| `ragspace:alive:<replica>` | string: there while the replica gives signs of life |
| `ragspace:replicas` | set: every replica that has not taken its leave |
| `ragspace:wake:<replica>` | stream: ends its own wait for events |
| `ragspace:signals` | stream: what every replica is told (stop an answer, forget a conversation) |
| `ragspace:quota:…:<model>` | what is spent of a model's quota, its limit, the requests of the last minute |
| `ragspace:limits:…` | the rate limits' windows, as `limits` keeps them |

Nothing of it outlasts the service by long: every key expires, and the database keeps what is to be kept.
"""

from uuid import UUID

PREFIX = "ragspace"
SIGNALS = f"{PREFIX}:signals"
REPLICAS = f"{PREFIX}:replicas"

RUNNING_SECONDS = 1800
"""How long what belongs to a running answer is kept after its start; none runs that long."""

ENDED_SECONDS = 300
"""How long an ended answer can be resumed at any replica; afterwards from the database."""

SIGNALS_SECONDS = 3600

MAX_ENTRIES = 20_000
"""Entries of one answer's stream; more than the longest answer has events."""

MAX_SIGNALS = 10_000

LIMIT_SECONDS = 3600
"""How long a limit that Gemini told is believed, as by a ledger in memory."""


def answer(message_id: UUID) -> str:
    return f"{PREFIX}:answer:{message_id}"


def conversation(conversation_id: UUID) -> str:
    return f"{PREFIX}:conversation:{conversation_id}"


def running(replica: str) -> str:
    return f"{PREFIX}:running:{replica}"


def alive(replica: str) -> str:
    return f"{PREFIX}:alive:{replica}"


def wake(replica: str) -> str:
    return f"{PREFIX}:wake:{replica}"


def spent(model: str) -> str:
    return f"{PREFIX}:quota:spent:{model}"


def minute_limit(model: str) -> str:
    return f"{PREFIX}:quota:limit:{model}"


def sent(model: str) -> str:
    return f"{PREFIX}:quota:sent:{model}"

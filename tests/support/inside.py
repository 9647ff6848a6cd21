"""Requests from inside a container, which has Python and, without a network, nobody else who could ask.

What `ASK` writes is one JSON object per line: the status, then each event with the second at which it came.
"""

import json
from dataclasses import dataclass
from typing import Any

from tests.support.containers import Container

_ASK = """
import http.client, json, os, sys, time
server = http.client.HTTPConnection("127.0.0.1", int(os.environ["PORT"]), timeout=60)
question = json.dumps({"message": sys.argv[1]})
server.request("POST", "/api/chat", question, {"Content-Type": "application/json"})
started = time.monotonic()
response = server.getresponse()
print(json.dumps({"status": response.status}))
while line := response.readline():
    if line.startswith(b"data: "):
        print(json.dumps({"at": time.monotonic() - started, **json.loads(line[6:])}))
"""

_HEALTH = """
import http.client, os, sys
server = http.client.HTTPConnection("127.0.0.1", int(os.environ["PORT"]), timeout=10)
server.request("GET", "/api/health")
sys.stdout.write(server.getresponse().read().decode())
"""


@dataclass(frozen=True, slots=True)
class Told:
    """The events of one answer; `at` is when each came."""

    status: int
    events: list[dict[str, Any]]

    @property
    def text(self) -> str:
        return "".join(event["content"] for event in self.events if event["type"] == "token")

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]


def ask(container: Container, question: str) -> Told:
    head, *events = map(json.loads, container.python(_ASK, question).splitlines())
    return Told(head["status"], events)


def health(container: Container) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(container.python(_HEALTH))
    return told

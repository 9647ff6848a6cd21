"""How far a deployment is: what it tells while it runs."""

from typing import Protocol

from ragspace.space.hub import LogName


class Progress(Protocol):
    """Told from more than one thread."""

    def phase(self, doing: str) -> None:
        """A phase begins, such as "Building the image"; the one before it went well."""

    def log(self, name: LogName, line: str) -> None:
        """A line of the Space's build or run log came in."""

    def note(self, text: str) -> None:
        """Something worth knowing about the running phase."""

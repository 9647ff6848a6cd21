"""Secrets and variables: what of them differs on a Space, and how it gets there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from ragspace.settings import Settings
from ragspace.space.environment import SpaceEnvironment
from ragspace.space.fingerprints import Fingerprints
from ragspace.space.hub import Hub
from ragspace.space.progress import Progress


@dataclass(frozen=True, slots=True)
class SettingsThere:
    """What a Space has: when each secret was set (ISO 8601), and the public variables, by name."""

    secrets: Mapping[str, str | None]
    variables: Mapping[str, str]

    @classmethod
    def read(cls, hub: Hub, space_id: str) -> Self:
        """Raises SpaceFailure."""
        return cls(hub.secrets(space_id), hub.variables(space_id))


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """Names only: what is set, and what is left as it is on the Space because it is not set here.

    `exposed` are secrets that the Space has as public variables: they are taken out of there. `there` is what
    the Space had before.
    """

    environment: SpaceEnvironment
    secrets: tuple[str, ...]
    variables: tuple[str, ...]
    exposed: tuple[str, ...]
    left: tuple[str, ...]
    there: SettingsThere

    def __bool__(self) -> bool:
        return bool(self.secrets or self.variables or self.exposed)

    def settings(self, space_id: str, of_the_image: Mapping[str, str] | None = None) -> Settings:
        """The settings that the process will have. Raises ConfigurationError where they cannot work there."""
        there: dict[str, str | None] = {**self.there.variables, **dict.fromkeys(self.there.secrets)}
        return self.environment.settings(space_id, there, of_the_image or {})


def compare(there: SettingsThere, variables: Mapping[str, str], fingerprints: Fingerprints) -> SettingsChange:
    """What of ragspace's own settings among `variables` is not `there`."""
    environment = SpaceEnvironment.of(variables, there.secrets)
    given = environment.secrets.keys() | environment.variables.keys()
    ours = {name.upper() for name in Settings.model_fields}
    return SettingsChange(
        environment,
        secrets=tuple(
            name
            for name, value in environment.secrets.items()
            if name not in there.secrets or not fingerprints.unchanged(name, value, there.secrets[name])
        ),
        variables=tuple(n for n, value in environment.variables.items() if there.variables.get(n) != value),
        exposed=tuple(name for name in environment.secrets if name in there.variables),
        left=tuple(sorted(((there.secrets.keys() | there.variables.keys()) & ours) - given)),
        there=there,
    )


def push(
    hub: Hub, space_id: str, change: SettingsChange, fingerprints: Fingerprints, progress: Progress
) -> None:
    """Set what differs. Raises SpaceFailure."""
    for name in change.exposed:
        hub.delete_variable(space_id, name)
        progress.note(f"{name} is no longer a public variable")
    for name in change.variables:
        hub.set_variable(space_id, name, change.environment.variables[name])
        progress.note(f"variable {name}")
    for name in change.secrets:
        hub.set_secret(space_id, name, change.environment.secrets[name])
        progress.note(f"secret {name}")
    if change.secrets:
        pushed = {name: change.environment.secrets[name] for name in change.secrets}
        fingerprints.remember(pushed, hub.secrets(space_id))

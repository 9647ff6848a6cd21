"""Secrets and variables: what of them differs on a Space, and how it gets there."""

from collections.abc import Mapping
from dataclasses import dataclass

from ragspace.settings import Settings
from ragspace.space.environment import SpaceEnvironment
from ragspace.space.fingerprints import Fingerprints
from ragspace.space.hub import Hub
from ragspace.space.progress import Progress


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """Names only: what is set, and what is left as it is on the Space because it is not set here.

    `exposed` are secrets that the Space has as public variables: they are taken out of there. `secret_there`
    and `public_there` are what the Space had before.
    """

    environment: SpaceEnvironment
    secrets: tuple[str, ...]
    variables: tuple[str, ...]
    exposed: tuple[str, ...]
    left: tuple[str, ...]
    secret_there: frozenset[str]
    public_there: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.secrets or self.variables or self.exposed)

    def settings(self, space_id: str, of_the_image: Mapping[str, str] | None = None) -> Settings:
        """The settings that the process will have. Raises ConfigurationError where they cannot work there."""
        there: dict[str, str | None] = {**self.public_there, **dict.fromkeys(self.secret_there)}
        return self.environment.settings(space_id, there, of_the_image or {})


def compare(
    hub: Hub, space_id: str, exists: bool, variables: Mapping[str, str], fingerprints: Fingerprints
) -> SettingsChange:
    """What of ragspace's own settings among `variables` the Space does not have. Raises SpaceFailure."""
    secret_there = hub.secrets(space_id) if exists else {}
    public_there = hub.variables(space_id) if exists else {}
    environment = SpaceEnvironment.of(variables, secret_there)
    given = environment.secrets.keys() | environment.variables.keys()
    ours = {name.upper() for name in Settings.model_fields}
    return SettingsChange(
        environment,
        secrets=tuple(
            name
            for name, value in environment.secrets.items()
            if name not in secret_there or not fingerprints.unchanged(name, value, secret_there[name])
        ),
        variables=tuple(n for n, value in environment.variables.items() if public_there.get(n) != value),
        exposed=tuple(name for name in environment.secrets if name in public_there),
        left=tuple(sorted(((secret_there.keys() | public_there.keys()) & ours) - given)),
        secret_there=frozenset(secret_there),
        public_there=public_there,
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

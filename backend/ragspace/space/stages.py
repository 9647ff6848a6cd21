"""The stages of a Space, as the Hub names them, and what each means.

The names are huggingface_hub's `SpaceStage`, and SLEEPING, which that enumeration lacks. An unknown stage
counts as one on the way.
"""

from collections.abc import Mapping

BUILDING = frozenset({"BUILDING", "RUNNING_BUILDING"})
STARTING = frozenset({"APP_STARTING", "RUNNING_APP_STARTING"})
HALTED = frozenset({"PAUSED", "STOPPED"})
"""Nothing but a restart by the owner gets it going again."""
REFUSED = frozenset({"NO_APP_FILE", "CONFIG_ERROR"})
BROKEN = frozenset({"BUILD_ERROR", "RUNTIME_ERROR", "DELETING"}) | HALTED | REFUSED
"""It does not go on by itself."""

MEANING: Mapping[str, str] = {
    "NO_APP_FILE": "empty: nothing was uploaded yet",
    "CONFIG_ERROR": "refused: the Space's configuration is invalid",
    "BUILDING": "being built",
    "BUILD_ERROR": "broken: the build failed",
    "RUNNING": "running",
    "RUNNING_BUILDING": "running, while a new build is made",
    "RUNTIME_ERROR": "broken: the application ended or never answered",
    "DELETING": "being deleted",
    "STOPPED": "stopped",
    "PAUSED": "paused: only its owner can restart it",
    "APP_STARTING": "starting",
    "RUNNING_APP_STARTING": "running, while a new build starts",
    "SLEEPING": "asleep: the next visit wakes it, which takes 30 to 120 seconds",
}


def meaning(stage: str) -> str:
    """`stage` in plain words."""
    return MEANING.get(stage, stage.replace("_", " ").lower())

"""Why a Space does not run: one sentence and the way to mend it, from its stage, its error and its log."""

import re
from collections.abc import Sequence

from ragspace.errors import EXIT_CONFIGURATION
from ragspace.space.failures import SpaceFailure
from ragspace.space.hub import Runtime

DEFAULT_PORT = 7860
_SHOWN = 300
"""Characters of a log line that a sentence quotes."""

_EXIT_CODE = re.compile(r"exit code:? ?(\d+)", re.IGNORECASE)
_OUT_OF_MEMORY = re.compile(r"memory limit exceeded|OOMKilled|out of memory|MemoryError", re.IGNORECASE)
_PERMISSION = re.compile(r"permission ?(denied|error)|read-only file system", re.IGNORECASE)
_CAPACITY = re.compile(r"scheduling failure|hardware capacity|quota|billing|storage limit", re.IGNORECASE)
_TIMED_OUT = re.compile(r"launch timed out|not healthy", re.IGNORECASE)
_LISTENS = re.compile(r"ragspace \S+ on http://\S+:(\d+)")
_SETTING = re.compile(r"^ +([A-Z][A-Z0-9_]+): (.+)")
_ERROR_LINE = re.compile(r"^\W*(?:\w*error|fatal|failed|E)\b[:\]]? ?(?=\S)", re.IGNORECASE)
_STEP_FAILED = re.compile(
    r"did not complete successfully|^\W*error: (?:process|failed to solve)", re.IGNORECASE
)


def diagnose(
    space_id: str, runtime: Runtime, log: Sequence[str], app_port: int = DEFAULT_PORT
) -> SpaceFailure:
    """The cause behind a stage from which a Space does not go on by itself; `log` is the build's log for a
    build error, else the run's."""
    match runtime.stage:
        case "PAUSED" | "STOPPED":
            word = runtime.stage.lower()
            return SpaceFailure(
                "paused",
                f"The Space {space_id} is {word}, so the new build is not started.",
                f"Restart it, on its page or with: ragspace restart {space_id}",
            )
        case "BUILD_ERROR":
            return _of_build(space_id, runtime, log)
        case "NO_APP_FILE" | "CONFIG_ERROR":
            return SpaceFailure(
                "rejected",
                f"The Hub refuses the Space's configuration: {_quoted(runtime.error) or 'no reason'}.",
                f"See https://huggingface.co/spaces/{space_id}, then deploy again.",
            )
        case "DELETING":
            return SpaceFailure(
                "not_found", f"The Space {space_id} is being deleted.", "Choose another name."
            )
        case _:
            return _of_start(space_id, runtime, log, app_port)


def _of_build(space_id: str, runtime: Runtime, log: Sequence[str]) -> SpaceFailure:
    whole_log = f"ragspace logs {space_id} --build"
    text = "\n".join([runtime.error, *log])
    if _exit_code(text) == 137 or _OUT_OF_MEMORY.search(text):
        return SpaceFailure(
            "memory",
            "The build ran out of memory (137).",
            "Make the image smaller: bake fewer documents into it. Or, if the machine had a bad moment, "
            f"build again: ragspace restart {space_id} --factory",
        )
    if runtime.error and _CAPACITY.search(runtime.error):
        return _of_capacity(space_id, runtime)
    line = error_line(log) or runtime.error
    if _PERMISSION.search(line):
        return SpaceFailure(
            "permission",
            f"The build may not write where it tries to: {_quoted(line)}.",
            f"Copy files in the Dockerfile with --chown=user. The whole log: {whole_log}",
        )
    return SpaceFailure(
        "build",
        f"The build failed: {_quoted(line) or 'its log names no error'}.",
        f"The whole log: {whole_log}",
    )


def error_line(log: Sequence[str]) -> str:
    """The line of a build's log that says what went wrong, or an empty text."""
    errors = [line for line in log if _ERROR_LINE.match(line)]
    # Builders end with "step so-and-so failed", which only repeats that something did.
    causes = [line for line in errors if not _STEP_FAILED.search(line)]
    return (causes or errors or [""])[-1].strip()


def _of_start(space_id: str, runtime: Runtime, log: Sequence[str], app_port: int) -> SpaceFailure:
    whole_log = f"ragspace logs {space_id}"
    text = "\n".join([runtime.error, *log])
    code = _exit_code(runtime.error)
    if code == 137 or _OUT_OF_MEMORY.search(text):
        return SpaceFailure(
            "memory",
            "The application ran out of memory (137).",
            "Lower MAX_RUNNING_ANSWERS, keep the vectors in Qdrant Cloud rather than in the image, or choose "
            "hardware with more memory in the Space's Settings.",
        )
    if code == EXIT_CONFIGURATION or any(map(_names_configuration, log)):
        return _of_configuration(space_id, log)
    if runtime.error and _CAPACITY.search(runtime.error):
        return _of_capacity(space_id, runtime)
    if _TIMED_OUT.search(runtime.error):
        return of_silence(space_id, log, app_port)
    if forbidden := next((line for line in log if _PERMISSION.search(line)), None):
        return SpaceFailure(
            "permission",
            f"The application may not write where it tries to: {_quoted(forbidden)}.",
            "Set RAGSPACE_DATA_DIR to a directory that user 1000 may write to, or leave it out.",
        )
    ended = f"ended with exit code {code}" if code is not None else "ended"
    last = next((line for line in reversed(log) if line.strip()), "")
    return SpaceFailure(
        "start",
        f"The application {ended}: {_quoted(last) or _quoted(runtime.error) or 'it says nothing'}.",
        f"The whole log: {whole_log}",
    )


def of_silence(space_id: str, log: Sequence[str], app_port: int = DEFAULT_PORT) -> SpaceFailure:
    """The failure of an application that was started and never answered."""
    ports = [int(found[1]) for line in log if (found := _LISTENS.search(line))]
    if ports and ports[-1] != app_port:
        return SpaceFailure(
            "port",
            f"The Space waits for port {app_port}, and ragspace listens on {ports[-1]}.",
            f"Remove PORT from the Space's variables and secrets, then: ragspace restart {space_id}",
        )
    return SpaceFailure(
        "timeout",
        "The application was started and does not answer.",
        f"Look at its log: ragspace logs {space_id}. Then try: ragspace restart {space_id}",
    )


def _names_configuration(line: str) -> bool:
    return "ragspace cannot start with this configuration" in line


def _of_configuration(space_id: str, log: Sequence[str]) -> SpaceFailure:
    start = max((number for number, line in enumerate(log) if _names_configuration(line)), default=None)
    if start is not None:
        problems = [found for line in log[start:] if (found := _SETTING.match(line))]
        missing = [found[1] for found in problems if found[2].startswith("is missing")]
        if missing:
            return SpaceFailure(
                "configuration",
                f"The Space lacks the {'secret' if len(missing) == 1 else 'secrets'} {', '.join(missing)}.",
                f"Set {'it' if len(missing) == 1 else 'them'} in .env or in the environment, then: "
                f"ragspace secrets push {space_id}",
            )
        told = "; ".join(f"{found[1]} {found[2]}" for found in problems)
    else:
        # main() ends with the message and the action; the lines of the log proper are JSON.
        plain = [line.strip() for line in log if line.strip() and not line.startswith("{")]
        told = plain[-2] if len(plain) > 1 else "".join(plain)
    return SpaceFailure(
        "configuration",
        f"ragspace cannot work with the Space's configuration: {_quoted(told) or 'exit code 78'}.",
        f"Correct it in .env or in the environment, then: ragspace secrets push {space_id}",
    )


def _of_capacity(space_id: str, runtime: Runtime) -> SpaceFailure:
    return SpaceFailure(
        "capacity",
        f"The platform has no room for the Space: {_quoted(runtime.error)}.",
        f"Wait, or choose other hardware in the Space's Settings, then: ragspace restart {space_id}",
    )


def _exit_code(text: str) -> int | None:
    found = _EXIT_CODE.search(text)
    return int(found[1]) if found else None


def _quoted(line: str) -> str:
    text = " ".join(line.split()).rstrip(".")
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"

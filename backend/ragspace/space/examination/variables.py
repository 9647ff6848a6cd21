"""The variables: what is missing or malformed, by name, what looks like a slip, what a Space would miss."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

from ragspace import configuration
from ragspace.configuration import WHERE_TO_GET, Problem
from ragspace.settings import Settings
from ragspace.space.checks import Check

NAMES = frozenset(name.upper() for name in Settings.model_fields)

ELSEWHERE = frozenset({"HOSTNAME", "HOME", "PATH", "HF_TOKEN"})
"""Names of others that are near to some of ours."""

_FIX = "Set it in .env or in the environment"


def check_variables(
    variables: Mapping[str, str], settings: Settings, problems: Collection[Problem]
) -> Iterator[Check]:
    """`problems` are those of `settings`, which were read from `variables`."""
    for problem in sorted(problems, key=lambda each: each.variable):
        yield Check(problem.variable, "failed", _told(problem), _fix(problem.variable))
    for name, meant in _slips(variables):
        yield Check(
            name, "warning", "ragspace does not know this variable.", f"Write {meant}, if you mean it."
        )
    wrong = {problem.variable for problem in problems}
    fine = sorted(name for name in NAMES & variables.keys() if name not in wrong)
    told = f"Set and well-formed: {', '.join(fine)}." if fine else "None is set: every part is built in."
    yield Check("variables", "ok", f"Mode {settings.mode}. {told}")
    if settings.ragspace_mode == "auto" and not settings.on_space:
        yield _on_a_space(variables, wrong)


def _on_a_space(variables: Mapping[str, str], wrong: Collection[str]) -> Check:
    _, problems = configuration.read({**variables, "RAGSPACE_MODE": "production"})
    missing = sorted({problem.variable for problem in problems} - set(wrong))
    if not missing:
        return Check("on a Space", "ok", "Nothing more is needed there.")
    return Check(
        "on a Space",
        "warning",
        f"There these are needed, too: {', '.join(missing)}.",
        "Set them before you deploy (`ragspace doctor --production` tells how to get each), or deploy with "
        "RAGSPACE_MODE=embedded, without any.",
    )


def _told(problem: Problem) -> str:
    message = problem.message.removeprefix("is ").rstrip(".")
    return f"{message[:1].upper()}{message[1:]}."


def _fix(variable: str) -> str:
    where = WHERE_TO_GET.get(variable)
    return f"{_FIX}: {where}." if where else f"{_FIX}; backend/.env.example explains it."


def _slips(variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Names that are none of ours but nearly one that is not set."""
    unset = sorted(NAMES - variables.keys())
    for name in sorted(variables.keys() - NAMES - ELSEWHERE):
        near = get_close_matches(name, unset, 1, 0.85)
        if near:
            yield name, near[0]

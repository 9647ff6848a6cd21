"""The cause of a Space that does not run, from what the platform and the log say."""

import pytest

from ragspace.space.diagnosis import diagnose, error_line, of_silence
from ragspace.space.hub import Runtime

MISSING = (
    "ragspace cannot start with this configuration:",
    "  GEMINI_API_KEY: is missing; or set LLM_BASE_URL and LLM_MODEL (create a key at https://aistudio.google.com)",
    "  PORT: input should be a valid integer",
    "Set these as secrets or variables in the Space's Settings, in the environment or in .env.",
)

TIMED_OUT = "Launch timed out, workload was not healthy after 30 min"


def cause(stage: str, error: str = "", *log: str) -> tuple[str, str]:
    failure = diagnose("me/demo", Runtime(stage, "cpu-basic", error, None), log)
    return failure.kind, failure.message


STEP_FAILED = '--> ERROR: process "/bin/sh -c pip" did not complete successfully: exit code: 1'


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: No matching distribution found for left-pad==9",
        "E: Unable to locate package nothing",
        "ModuleNotFoundError: No module named 'x'",
        "fatal: not a git repository",
    ],
)
def test_the_line_that_names_the_cause_is_found_in_a_builds_log(line: str):
    assert error_line(["Collecting x", line, STEP_FAILED, "Build failed"]) == line


def test_a_step_that_failed_is_told_where_the_log_names_no_cause():
    assert error_line(["Collecting x", STEP_FAILED]) == STEP_FAILED


def test_a_log_without_an_error_names_none():
    assert error_line(["Everything is fine, without errors", "Pushing image"]) == ""


def test_a_build_that_says_nothing_is_told_by_the_platforms_error():
    assert cause("BUILD_ERROR", "Build failed with exit code: 1") == (
        "build",
        "The build failed: Build failed with exit code: 1.",
    )


def test_a_build_without_permission_is_told():
    kind, message = cause("BUILD_ERROR", "", "ERROR: [Errno 13] Permission denied: '/app'")
    assert (kind, "Permission denied" in message) == ("permission", True)


def test_a_missing_secret_is_named_without_the_malformed_ones():
    assert cause("RUNTIME_ERROR", "Exit code: 78. Reason: ", *MISSING) == (
        "configuration",
        "The Space lacks the secret GEMINI_API_KEY.",
    )


def test_a_malformed_setting_is_named():
    assert cause("RUNTIME_ERROR", "Exit code: 78", *MISSING[:1], *MISSING[2:]) == (
        "configuration",
        "ragspace cannot work with the Space's configuration: PORT input should be a valid integer.",
    )


def test_a_configuration_that_fails_at_a_service_is_told_in_ragspaces_own_words():
    log = ('{"event":"x"}', "The database refuses the password.", "Correct DATABASE_URL.", "")
    assert cause("RUNTIME_ERROR", "Exit code: 78. Reason: ", *log) == (
        "configuration",
        "ragspace cannot work with the Space's configuration: The database refuses the password.",
    )


@pytest.mark.parametrize(
    ("error", "log", "kind"),
    [
        ("Exit code: 137. Reason: ", "", "memory"),
        ("Memory limit exceeded (16Gi)", "", "memory"),
        ("Workload evicted, storage limit exceeded (50G)", "", "capacity"),
        ("Scheduling failure: not enough hardware capacity", "", "capacity"),
        (TIMED_OUT, "", "timeout"),
        (TIMED_OUT, "ragspace 0.1.0 on http://127.0.0.1:8000", "port"),
        ("Exit code: 1", "OSError: [Errno 30] Read-only file system: '/data'", "permission"),
        ("Exit code: 1", "something", "start"),
        ("", "", "start"),
    ],
)  # fmt: skip
def test_each_end_of_the_application_has_its_kind(error: str, log: str, kind: str):
    assert cause("RUNTIME_ERROR", error, log)[0] == kind


def test_silence_on_the_right_port_is_no_matter_of_the_port():
    assert of_silence("me/demo", ["ragspace 0.1.0 on http://127.0.0.1:7860"]).kind == "timeout"
    assert of_silence("me/demo", ["ragspace 0.1.0 on http://127.0.0.1:7860"], app_port=8000).kind == "port"


def test_a_quoted_line_is_one_line_and_not_endless():
    message = cause("BUILD_ERROR", "", "ERROR: " + "x " * 1000)[1]
    assert len(message) < 400
    assert "\n" not in message

"""Each way in which a deployment fails: its own sentence, its own exit code, a fix, and no traceback."""

import re

import pytest

from tests.support.hub import Checkout, Developer, HubStandIn, checkout, developer, hub, lives
from tests.support.hub.developer import Told
from tests.support.servers import free_port

__all__ = ["checkout", "developer", "hub"]


def last_lines(told: Told) -> tuple[str, str]:
    """The cause and the fix."""
    cause, fix = told.text.rstrip().splitlines()[-2:]
    return cause, fix


PRODUCTION = {
    "RAGSPACE_MODE": "",
    "GEMINI_API_KEY": "marked-gemini-key",
    "QDRANT_URL": "https://marked-cluster.invalid:6333",
    "QDRANT_API_KEY": "marked-qdrant-key",
    "DATABASE_URL": "postgresql://me:marked-password@marked-host.invalid/chat",
}


DENIED = "PermissionError: [Errno 13] Permission denied: '/data'"
LIBRARY = "ImportError: libgomp.so.1: cannot open shared object file"
CONFLICT = "The Space was changed by somebody else at the same time."
COMMIT = "/api/spaces/me/demo/commit/main"


@pytest.mark.parametrize(
    ("life", "code", "cause"),
    [
        (lives.BUILD_FAILS, 20, "The build failed: ERROR: No matching distribution found for left-pad==9."),
        (lives.BUILD_OUT_OF_MEMORY, 24, "The build ran out of memory (137)."),
        (lives.OUT_OF_MEMORY, 24, "The application ran out of memory (137)."),
        (lives.NOT_PERMITTED, 23, f"The application may not write where it tries to: {DENIED}."),
        (lives.CRASHES, 27, f"The application ended with exit code 1: {LIBRARY}."),
        (lives.NO_CAPACITY, 26, f"The platform has no room for the Space: {lives.NO_CAPACITY.error}."),
        (lives.LAUNCH_TIMES_OUT, 28, "The application was started and does not answer."),
        (lives.REFUSED, 17, f"The Hub refuses the Space's configuration: {lives.REFUSED.error}."),
        (lives.PAUSED, 25, "The Space me/demo is paused, so the new build is not started."),
    ],
    ids=[
        "build",
        "build memory",
        "memory",
        "permission",
        "crash",
        "capacity",
        "launch",
        "rejected",
        "paused",
    ],
)
def test_a_space_that_does_not_run_is_told_by_its_cause(
    hub: HubStandIn, developer: Developer, life: lives.Life, code: int, cause: str
):
    hub.lives(life)
    told = developer.deploy()
    shown, fix = last_lines(told)
    assert (told.code, shown) == (code, cause), told.text
    assert fix.endswith(".") or "ragspace " in fix


def test_a_build_that_never_ends_is_given_up(hub: HubStandIn, developer: Developer):
    hub.lives(lives.STUCK_BUILDING)
    told = developer.deploy("--build-timeout", "2")
    cause, fix = last_lines(told)
    assert (told.code, cause) == (28, "The new build is not there after 2 s; the Space is being built."), (
        told.text
    )
    assert "ragspace logs me/demo --build" in fix


def test_an_application_that_never_answers_is_given_up(hub: HubStandIn, developer: Developer):
    hub.lives(lives.STUCK_STARTING)
    told = developer.deploy("--start-timeout", "2")
    assert (told.code, last_lines(told)[0]) == (28, "The application was started and does not answer."), (
        told.text
    )


def test_a_secret_that_is_missing_on_the_space_is_named(hub: HubStandIn, developer: Developer):
    hub.lives(lives.without("GEMINI_API_KEY", "DATABASE_URL"))
    told = developer.deploy(**PRODUCTION)
    cause, fix = last_lines(told)
    assert (told.code, cause) == (21, "The Space lacks the secrets DATABASE_URL, GEMINI_API_KEY."), told.text
    assert fix.endswith("ragspace secrets push me/demo")
    assert "marked" not in told.text


def test_another_port_than_the_spaces_is_named(hub: HubStandIn, developer: Developer):
    hub.lives(lives.WRONG_PORT)
    told = developer.deploy("--start-timeout", "2")
    cause, fix = last_lines(told)
    assert (told.code, cause) == (22, "The Space waits for port 7860, and ragspace listens on 8000."), (
        told.text
    )
    assert "Remove PORT" in fix


def test_a_configuration_that_cannot_work_on_a_space_is_told_before_anything_is_changed(
    hub: HubStandIn, developer: Developer
):
    told = developer.deploy(RAGSPACE_MODE="", GEMINI_API_KEY="marked-gemini-key")
    assert told.code == 78
    assert re.findall(r"^  (\w+): is missing", told.text, re.MULTILINE) == [
        "DATABASE_URL",
        "QDRANT_API_KEY",
        "QDRANT_URL",
    ]
    assert {request.method for request in hub.received} == {"GET"}
    assert hub.space_ids == []


def test_secrets_that_the_space_has_already_need_not_be_here(hub: HubStandIn, developer: Developer):
    names = [name for name, value in PRODUCTION.items() if value]
    hub.add_space(secrets=dict.fromkeys(names, "set-on-the-web-page"))
    told = developer.deploy("--dry-run", RAGSPACE_MODE="")
    assert told.code == 0, told.text
    assert "not set here  DATABASE_URL, GEMINI_API_KEY, QDRANT_API_KEY, QDRANT_URL" in told.text


def test_a_free_account_is_told_so_and_offered_its_existing_space(hub: HubStandIn, developer: Developer):
    hub.add_space("me/older")
    told = developer.deploy(HF_TOKEN=hub.free_token)
    cause, fix = last_lines(told)
    assert told.code == 12
    assert cause == "A free account cannot create Docker Spaces, so the Hub refused to create demo."
    assert "ragspace deploy me/older" in fix
    updated = developer.run(
        "deploy", "me/older", "--yes", "--dry-run", HF_TOKEN=hub.free_token, RAGSPACE_MODE="embedded"
    )
    assert updated.code == 0


@pytest.mark.parametrize(
    ("token", "space", "code", "cause"),
    [
        ("hf_marked_wrong_token", "me/demo", 10, "The Hub does not accept this token."),
        ("hf_marked wrong token", "me/demo", 10, "HF_TOKEN holds something that is no token."),
        ("", "me/demo", 10, "There is no Hugging Face token here."),
        (HubStandIn.read_token, "me/demo", 11, "The token may only read."),
        (
            HubStandIn.token,
            "stranger/demo",
            11,
            "The token belongs to me, who is not a member of stranger.",
        ),
        (HubStandIn.token, "demo", 13, "The name of a Space is OWNER/NAME."),
        (HubStandIn.token, "me/de--mo", 13, None),
    ],
)  # fmt: skip
def test_what_the_token_or_the_name_forbids_is_told_before_anything_is_changed(
    hub: HubStandIn, developer: Developer, token: str, space: str, code: int, cause: str | None
):
    told = developer.run("deploy", space, "--yes", HF_TOKEN=token, RAGSPACE_MODE="embedded")
    assert told.code == code, told.text
    assert cause is None or last_lines(told)[0] == cause
    assert {request.method for request in hub.received} <= {"GET"}
    assert "marked" not in told.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "cause"),
    [
        ("GET", "/api/whoami-v2", 429, 15, "The Hub takes no more requests from this account for now."),
        ("GET", "/api/whoami-v2", 503, 16, "The Hugging Face Hub fails (503)."),
        ("POST", "/api/repos/create", 403, 11, "The token may not do this."),
        ("POST", "/api/repos/create", 409, 14, CONFLICT),
        ("POST", "/api/spaces/me/demo/secrets", 400, 17, "The Hub refused the request (400)."),
        ("POST", COMMIT, 412, 14, CONFLICT),
        ("POST", COMMIT, 500, 16, "The Hugging Face Hub fails (500)."),
    ],
)  # fmt: skip
def test_each_refusal_of_the_hub_has_its_sentence(
    hub: HubStandIn, developer: Developer, method: str, path: str, status: int, code: int, cause: str
):
    hub.refuse(method, path, status)
    told = developer.deploy(GEMINI_API_KEY="marked-gemini-key")
    assert (told.code, last_lines(told)[0]) == (code, cause), told.text


def test_a_hub_that_cannot_be_reached_is_told(hub: HubStandIn, developer: Developer):
    told = developer.deploy(HF_ENDPOINT=f"http://127.0.0.1:{free_port()}")
    assert (told.code, last_lines(told)[0]) == (16, "The Hugging Face Hub cannot be reached."), told.text


def test_a_hub_that_is_away_for_a_moment_does_not_end_the_wait(hub: HubStandIn, developer: Developer):
    hub.refuse("GET", "/api/spaces/me/demo/runtime", 503, times=3, after=COMMIT)
    told = developer.deploy()
    assert told.code == 0, told.text


def test_ctrl_c_ends_it_cleanly_and_leaves_the_space_alone(hub: HubStandIn, developer: Developer):
    hub.lives(lives.STUCK_BUILDING)
    arguments = ("deploy", "me/demo", "--yes", "--poll", "0.1")
    told = developer.interrupt_when("Building the image", *arguments, RAGSPACE_MODE="embedded")
    assert told.code == 130
    assert "Stopped. The Space goes on with what it was given: ragspace status me/demo" in told.text
    assert "Error" not in told.text


def test_without_the_hubs_client_it_is_told_how_to_install_it(developer: Developer, checkout: Checkout):
    blocked = developer.home / "blocked"
    blocked.mkdir()
    (blocked / "huggingface_hub.py").write_text("raise ImportError('not installed')\n")
    told = developer.deploy(PYTHONPATH=f"{blocked}:{checkout.python_path}")
    assert told.code == 1
    assert "pip install 'ragspace[deploy]'" in told.text

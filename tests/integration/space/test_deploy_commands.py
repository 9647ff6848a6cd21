"""`ragspace logs`, `status`, `restart` and `secrets`, as real processes against the stand-in Hub."""

import threading

import pytest
from huggingface_hub import HfApi

from ragspace.space.hub import Hub
from tests.support.hub import Developer, HubStandIn, checkout, developer, hub, lives
from tests.support.hub.developer import EMBEDDED

__all__ = ["checkout", "developer", "hub"]


def test_the_state_of_a_running_space_is_told_in_plain_words(hub: HubStandIn, developer: Developer):
    developer.deploy()
    told = developer.run("status", "me/demo")
    assert told.code == 0
    shown = dict(line.split(maxsplit=1) for line in told.text.splitlines() if line.strip())
    assert (shown["State"].strip(), shown["Visibility"].strip()) == ("running", "public")
    assert (shown["Hardware"].strip(), shown["URL"].strip()) == ("cpu-basic", hub.space().edge.url)
    assert len(shown["Build"].strip()) == 16
    assert shown["Health"].strip() == "healthy"


def test_asking_for_the_state_of_a_sleeping_space_does_not_wake_it(hub: HubStandIn, developer: Developer):
    hub.add_space(stage="SLEEPING")
    told = developer.run("status", "me/demo")
    assert "asleep: the next visit wakes it" in told.text
    assert hub.space().stage == "SLEEPING"


def test_the_state_of_a_broken_space_has_the_platforms_reason(hub: HubStandIn, developer: Developer):
    hub.add_space(stage="RUNTIME_ERROR").error = "Exit code: 137. Reason: Memory limit exceeded (16Gi)"
    told = developer.run("status", "me/demo")
    assert told.code == 0
    assert "Memory limit exceeded (16Gi)" in told.text


@pytest.mark.parametrize(
    "command", [["status"], ["logs"], ["restart"], ["secrets", "list"], ["secrets", "push"]]
)
def test_every_command_tells_that_a_space_does_not_exist(
    hub: HubStandIn, developer: Developer, command: list[str]
):
    told = developer.run(*command, "me/absent", **EMBEDDED)
    assert told.code == 13
    assert "There is no Space me/absent" in told.text


def test_the_last_lines_of_a_log_are_shown(hub: HubStandIn, developer: Developer):
    hub.lives(lives.BUILD_FAILS)
    developer.deploy()
    told = developer.run("logs", "me/demo", "--build", "--tail", "1")
    assert (told.code, told.text.rstrip("\n")) == (0, lives.BUILD_FAILS.build_log[-1])
    whole = developer.run("logs", "me/demo", "--build")
    assert whole.text.splitlines() == list(lives.BUILD_FAILS.build_log)


def test_the_log_of_a_space_that_is_never_silent_comes_to_an_end(
    hub: HubStandIn, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ragspace.space.hub.LOG_SECONDS", 0.3)
    log = hub.add_space(stage="RUNNING").run_log
    log.write("first")
    silent = threading.Event()

    def chatter() -> None:
        while not silent.wait(0.02):
            log.write("another request")

    api = HfApi(endpoint=hub.url, token=hub.token)
    talking = threading.Thread(target=chatter)
    talking.start()
    try:
        lines = list(Hub(api, hub.token, lambda text: text).log("me/demo", "run"))
    finally:
        silent.set()
        talking.join()
    assert lines[0] == "first"


def test_a_followed_log_begins_with_its_last_lines_goes_on_and_ends_cleanly(
    hub: HubStandIn, developer: Developer
):
    space = hub.add_space(stage="RUNNING")
    for line in ("first", "second", "third"):
        space.run_log.write(line)

    def write_more() -> None:
        space.run_log.write("fourth")

    told = developer.interrupt_when(
        "fourth", "logs", "me/demo", "-f", "--tail", "2", meanwhile=("third", write_more)
    )
    assert told.code == 130
    assert told.text.split()[:3] == ["second", "third", "fourth"]
    assert "Stopped; the Space goes on." in told.text


@pytest.mark.parametrize(("arguments", "factory"), [([], False), (["--factory"], True)])
def test_a_space_is_restarted_or_built_anew(
    hub: HubStandIn, developer: Developer, arguments: list[str], factory: bool
):
    hub.lives(lives.STUCK_STARTING)
    hub.add_space(stage="PAUSED")
    told = developer.run("restart", "me/demo", *arguments)
    assert told.code == 0
    assert hub.space().restarts == [factory]


def test_secrets_are_listed_by_name(hub: HubStandIn, developer: Developer):
    hub.add_space(secrets={"GEMINI_API_KEY": "marked-gemini-key"}, variables={"TOP_K": "marked-3"})
    told = developer.run("secrets", "list", "me/demo")
    assert told.text.split() == ["secret", "GEMINI_API_KEY", "variable", "TOP_K"]


def test_pushing_secrets_sets_what_differs_and_restarts(hub: HubStandIn, developer: Developer):
    hub.lives(lives.STUCK_STARTING)
    hub.add_space(stage="RUNNING", variables={"RAGSPACE_MODE": "embedded"})
    settings = {**EMBEDDED, "GEMINI_API_KEY": "marked-gemini-key"}
    told = developer.run("secrets", "push", "me/demo", **settings)
    assert told.code == 0, told.text
    assert hub.space().secrets["GEMINI_API_KEY"]["value"] == "marked-gemini-key"
    assert hub.space().restarts == [False]
    again = developer.run("secrets", "push", "me/demo", **settings)
    assert "The Space has all of it already." in again.text
    assert hub.space().restarts == [False]


def test_pushing_a_configuration_that_cannot_work_changes_nothing(hub: HubStandIn, developer: Developer):
    hub.add_space(stage="RUNNING")
    told = developer.run("secrets", "push", "me/demo", GEMINI_API_KEY="marked-gemini-key")
    assert told.code == 78
    assert hub.space().secrets == {}


def test_a_space_with_baked_documents_needs_no_vector_database_for_a_push(
    hub: HubStandIn, developer: Developer
):
    hub.lives(lives.STUCK_STARTING)
    hub.add_space(stage="RUNNING", files={"ragspace/baked_documents/x": b"x"})
    settings = {
        "LLM_BASE_URL": "https://llm.invalid/v1",
        "LLM_MODEL": "some-model",
        "DATABASE_URL": "postgresql://me:marked-password@db.invalid/chat",
    }
    assert developer.run("secrets", "push", "me/demo", **settings).code == 0
    assert set(hub.space().secrets) == {"DATABASE_URL", "LLM_BASE_URL"}

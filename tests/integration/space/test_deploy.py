"""`ragspace deploy` as a real process, with the real Hub client, against a Hub that runs what is uploaded."""

import re
from pathlib import Path

import pytest

from tests.support.hub import Checkout, Developer, HubStandIn, checkout, developer, hub, lives

__all__ = ["checkout", "developer", "hub"]

BOOK = Path(__file__).parents[2] / "fixtures" / "book" / "docs"
ORIGIN = "https://my-app.vercel.app"
UNSTARTED = lives.PAUSED
"""For tests of what happens before the build: nothing is started."""


def failed_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.lstrip().startswith("✗")]


def test_one_command_takes_a_folder_to_a_verified_production_url(hub: HubStandIn, developer: Developer):
    told = developer.deploy("--origin", ORIGIN)
    space = hub.space()
    assert told.code == 0, told.text
    assert space.stages == ["NO_APP_FILE", "BUILDING", "APP_STARTING", "RUNNING"]
    assert "✓  build" in told.text
    assert "✓  conversation" in told.text
    assert "✓  allowed origin" in told.text
    assert failed_lines(told.text) == []
    assert f"VITE_API_BASE_URL={space.edge.url}" in told.text
    assert "ragspace logs me/demo --follow" in told.text
    assert len(space.repository.commits) == 2, "the Hub's own and one of ours"
    assert f"build │ {lives.BUILD_LOG[2]}" in told.text
    assert re.search(r"run │ ragspace \S+ on http://127.0.0.1:7860", told.text)


def test_secrets_and_variables_are_set_before_the_upload(hub: HubStandIn, developer: Developer):
    hub.lives(UNSTARTED)
    developer.deploy(GEMINI_API_KEY="marked-gemini-key", LOG_LEVEL="WARNING")
    written = [request.path for request in hub.received if request.method == "POST"]
    commit = written.index("/api/spaces/me/demo/commit/main")
    assert {"/api/spaces/me/demo/secrets", "/api/spaces/me/demo/variables"} <= set(written[:commit])
    assert hub.space().secrets["GEMINI_API_KEY"]["value"] == "marked-gemini-key"
    assert {n: v["value"] for n, v in hub.space().variables.items()} == {
        "LOG_LEVEL": "WARNING",
        "RAGSPACE_MODE": "embedded",
    }


def test_a_second_deployment_with_one_changed_file_uploads_one_file(
    tmp_path: Path, hub: HubStandIn, checkout: Checkout
):
    own = Checkout(tmp_path / "own", checkout.directory)
    developer = Developer(tmp_path / "work", hub, own)
    developer.deploy()
    icon = own.directory / "frontend" / "dist" / "favicon.svg"
    icon.write_text(icon.read_text() + "<!-- changed -->\n")
    told = developer.deploy()
    assert told.code == 0, told.text
    assert "Upload     1 file, " in told.text
    assert hub.space().repository.commits[-1].added == ("ragspace/page/favicon.svg",)
    assert hub.space().repository.commits[-1].deleted == ()
    assert hub.space().stages[-3:] == ["RUNNING_BUILDING", "RUNNING_APP_STARTING", "RUNNING"]


def test_a_deployment_without_any_change_uploads_and_restarts_nothing_and_verifies(
    hub: HubStandIn, developer: Developer
):
    developer.deploy()
    commits, stages = len(hub.space().repository.commits), list(hub.space().stages)
    told = developer.deploy()
    assert told.code == 0, told.text
    assert "nothing: the Space has every file already" in told.text
    assert "✓  live" in told.text
    assert (len(hub.space().repository.commits), hub.space().stages) == (commits, stages)
    assert hub.space().restarts == []


def test_a_changed_secret_alone_is_pushed_alone_and_restarts_the_space(hub: HubStandIn, developer: Developer):
    first = {"GEMINI_API_KEY": "marked-gemini-key", "QDRANT_API_KEY": "marked-qdrant-key"}
    developer.deploy(**first)
    commits, pushed = len(hub.space().repository.commits), len(hub.received)
    told = developer.deploy(**{**first, "QDRANT_API_KEY": "marked-other-qdrant-key"})
    assert told.code == 0, told.text
    secrets = [r for r in hub.received[pushed:] if r.method == "POST" and r.path.endswith("/secrets")]
    assert [b"QDRANT_API_KEY" in request.body for request in secrets] == [True]
    assert hub.space().restarts == [False]
    assert len(hub.space().repository.commits) == commits


def test_a_stale_running_is_not_taken_for_the_new_build(hub: HubStandIn, developer: Developer):
    older = lives.Life(environment={"RAGSPACE_BUILD_ID": "an-older-build"})
    hub.lives(older, lives.STALE)
    other_build = developer.deploy("--start-timeout", "5")
    assert other_build.code == 28
    assert "The Space runs, and this build does not answer at its address." in other_build.text
    hub.space().repository.files["requirements.txt"] = b"older==1\n"
    stale = developer.deploy("--build-timeout", "2")
    assert stale.code == 28
    assert "The new build is not there after 2 s; the Space is running, as before the upload." in stale.text


def test_a_space_that_sleeps_is_woken(hub: HubStandIn, developer: Developer):
    developer.deploy()
    hub.fall_asleep()
    told = developer.deploy()
    assert told.code == 0, told.text
    assert hub.space().stages[-3:] == ["SLEEPING", "APP_STARTING", "RUNNING"]


def test_a_private_space_is_created_private_and_verified_with_the_token(
    hub: HubStandIn, developer: Developer
):
    told = developer.deploy("--private")
    assert told.code == 0, told.text
    assert hub.space().private
    assert "me/demo: private" in told.text


def test_a_paused_space_is_restarted_after_a_yes(hub: HubStandIn, developer: Developer):
    hub.add_space(stage="PAUSED")
    asked = developer.run("deploy", "me/demo", RAGSPACE_MODE="embedded")
    assert asked.code == 1
    assert "paid hardware is billed" in asked.text
    assert len(hub.space().repository.commits) == 1
    told = developer.deploy()
    assert told.code == 0, told.text
    assert hub.space().restarts == [False]


def test_another_application_is_replaced_only_after_a_yes(hub: HubStandIn, developer: Developer):
    hub.lives(UNSTARTED)
    hub.add_space(stage="RUNNING", files={"app.py": b"print('mine')\n", "data/x.csv": b"1,2\n"})
    asked = developer.run("deploy", "me/demo", RAGSPACE_MODE="embedded")
    assert asked.code == 1
    assert "another application: 2 files are deleted" in asked.text
    assert "app.py" in hub.space().repository.files
    developer.deploy()
    assert hub.space().repository.commits[-1].deleted == ("app.py", "data/x.csv")
    assert ".gitattributes" in hub.space().repository.files


def test_a_dry_run_shows_the_plan_and_only_reads(hub: HubStandIn, developer: Developer):
    told = developer.deploy("--dry-run", GEMINI_API_KEY="marked-gemini-key")
    assert told.code == 0
    assert "me/demo: public, to be created as a Docker Space (as me)" in told.text
    assert "Secrets    GEMINI_API_KEY" in told.text
    assert "nothing was changed" in told.text
    assert {request.method for request in hub.received} == {"GET"}
    assert hub.space_ids == []
    assert not (developer.home / ".ragspace").exists()


def test_settings_come_from_the_env_file_and_nothing_else_of_it_is_pushed(
    hub: HubStandIn, developer: Developer
):
    (developer.home / ".env").write_text(
        "RAGSPACE_MODE=embedded\nGEMINI_API_KEY=marked-gemini-key\nOTHER_SECRET=marked-other\nPORT=9999\n"
        f"HF_TOKEN={hub.token}\nRAGSPACE_DATA_DIR=here\n"
    )
    hub.lives(UNSTARTED)
    developer.run("deploy", "me/demo", "--yes", "--poll", "0.1", HF_TOKEN="")
    assert set(hub.space().secrets) == {"GEMINI_API_KEY"}
    assert set(hub.space().variables) == {"RAGSPACE_MODE"}


def test_a_secret_that_is_a_public_variable_on_the_space_is_made_secret(
    hub: HubStandIn, developer: Developer
):
    hub.add_space(variables={"DATABASE_URL": "postgresql://me:marked-password@db.example/chat"})
    hub.lives(UNSTARTED)
    developer.deploy(DATABASE_URL="postgresql://me:marked-password@db.example/chat")
    assert "DATABASE_URL" not in hub.space().variables
    assert set(hub.space().secrets) == {"DATABASE_URL"}


def test_the_runtimes_commit_is_understood_where_the_hub_tells_it(tmp_path: Path, checkout: Checkout):
    with HubStandIn(tmp_path / "hub", tells_commit=True) as hub:
        told = Developer(tmp_path / "work", hub, checkout).deploy()
        assert told.code == 0, told.text


def test_baked_documents_become_public_only_after_a_yes_and_the_space_answers_from_them(
    hub: HubStandIn, developer: Developer
):
    settings = {
        "DATABASE_URL": "postgresql://me:pa55word-x@db.invalid/chat",
        "LLM_BASE_URL": "https://llm.invalid/v1",
        "LLM_MODEL": "some-model",
        "EXTRACTIVE_FALLBACK": "1",
    }
    asked = developer.run("deploy", "me/demo", "--docs", str(BOOK), **settings)
    assert asked.code == 1
    assert "the documents become public with it: everybody can read them" in asked.text
    assert hub.space_ids == []
    told = developer.deploy("--docs", str(BOOK))
    assert told.code == 0, told.text
    assert "Documents  3 files, 10 passages" in told.text
    assert "docs/intro.md first" in told.text
    dropped = developer.run("deploy", "me/demo", RAGSPACE_MODE="embedded")
    assert dropped.code == 1
    assert "without --docs they are taken out of it" in dropped.text


def test_after_an_interruption_the_build_that_is_on_its_way_is_waited_for(
    hub: HubStandIn, developer: Developer
):
    hub.lives(lives.Life(build_s=3))
    arguments = ("deploy", "me/demo", "--yes", "--poll", "0.1")
    stopped = developer.interrupt_when("Building the image", *arguments, RAGSPACE_MODE="embedded")
    assert stopped.code == 130
    told = developer.deploy()
    assert told.code == 0, told.text
    assert "Building the image" in told.text
    assert len(hub.space().repository.commits) == 2


@pytest.mark.parametrize("origin", ["my-app.vercel.app", "https://my-app-*-me.vercel.app"])
def test_an_origin_that_is_not_one_front_ends_is_refused(hub: HubStandIn, developer: Developer, origin: str):
    told = developer.deploy("--origin", origin)
    assert told.code == 1
    assert "--origin is not the origin of one front end." in told.text
    assert hub.space_ids == []

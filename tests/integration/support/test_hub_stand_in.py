"""The stand-in Hub as the real client meets it: what it refuses, what it keeps, what its edge does."""

import time
import urllib.error
import urllib.request

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from ragspace.space.failures import SpaceFailure
from ragspace.space.hub import Hub
from tests.support.hub import HubStandIn, hub, lives

__all__ = ["hub"]

README = "---\ntitle: Demo\ncolorFrom: {colour}\nsdk: docker\nshort_description: {description}\n---\n# Demo\n"


def client(hub: HubStandIn, token: str = HubStandIn.token) -> HfApi:
    return HfApi(endpoint=hub.url, token=token)


def ours(hub: HubStandIn) -> Hub:
    return Hub(client(hub), hub.token, lambda text: text)


def status_of(request: urllib.request.Request) -> tuple[int, dict[str, str]]:
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, {name.lower(): value for name, value in response.headers.items()}
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {name.lower(): value for name, value in error.headers.items()}


def test_a_commit_adds_changes_and_deletes_and_the_tree_tells_gits_ids(hub: HubStandIn):
    hub.lives(lives.STALE)
    api = client(hub)
    api.create_repo("me/demo", repo_type="space", space_sdk="docker")
    hub.space().repository.files["gone.txt"] = b"x"
    added = CommitOperationAdd("a/new.txt", b"new\n")
    api.create_commit(
        "me/demo", [added, CommitOperationDelete("gone.txt")], commit_message="change", repo_type="space"
    )
    tree = {entry.path: entry for entry in api.list_repo_tree("me/demo", recursive=True, repo_type="space")}
    assert set(tree) == {".gitattributes", "README.md", "a", "a/new.txt"}
    assert tree["a/new.txt"].blob_id == "3e757656cf36eca53338e520d134963a44f793f8"


@pytest.mark.parametrize(
    ("colour", "description", "reason"),
    [
        ("magenta", "short", '"colorFrom" must be one of'),
        ("blue", "x" * 61, '"short_description" length must be less than or equal to 60'),
    ],
)
def test_a_front_matter_that_the_hub_refuses_is_told_with_the_reason(
    hub: HubStandIn, colour: str, description: str, reason: str
):
    hub.add_space()
    readme = README.format(colour=colour, description=description).encode()
    with pytest.raises(SpaceFailure) as refused:
        ours(hub).commit("me/demo", {"README.md": readme}, (), message="x", head=hub.space().repository.head)
    assert refused.value.kind == "rejected"
    assert reason in refused.value.message
    assert len(hub.space().repository.commits) == 1


def test_a_commit_on_an_old_head_is_refused(hub: HubStandIn):
    hub.add_space()
    with pytest.raises(SpaceFailure) as refused:
        ours(hub).commit("me/demo", {"a.txt": b"a"}, (), message="x", head="0" * 40)
    assert refused.value.kind == "conflict"


@pytest.mark.parametrize(
    ("token", "status"),
    [(HubStandIn.free_token, 402), (HubStandIn.read_token, 403), (HubStandIn.other_token, 403)],
)
def test_who_may_not_create_a_space_is_refused_as_by_the_hub(hub: HubStandIn, token: str, status: int):
    with pytest.raises(HfHubHTTPError) as refused:
        client(hub, token).create_repo("me/demo", repo_type="space", space_sdk="docker")
    assert refused.value.response.status_code == status


def test_a_private_space_is_invisible_to_others_on_the_hub_and_at_its_edge(hub: HubStandIn):
    space = hub.add_space(private=True)
    with pytest.raises(RepositoryNotFoundError):
        client(hub, hub.other_token).space_info("me/demo")
    assert status_of(urllib.request.Request(space.edge.url))[0] == 404
    mine = urllib.request.Request(space.edge.url, headers={"Authorization": f"Bearer {hub.token}"})
    assert status_of(mine)[0] == 503, "nothing runs there yet"


def test_a_name_cannot_be_a_variable_and_a_secret(hub: HubStandIn):
    hub.add_space(secrets={"TOP_K": "3"})
    with pytest.raises(HfHubHTTPError):
        client(hub).add_space_variable("me/demo", "TOP_K", "4")


def test_the_edge_answers_preflights_itself_for_any_origin_and_503_without_its_headers_while_nothing_runs(
    hub: HubStandIn,
):
    space = hub.add_space(stage="PAUSED")
    preflight = urllib.request.Request(
        f"{space.edge.url}/api/chat",
        method="OPTIONS",
        headers={"Origin": "https://anybody.example", "Access-Control-Request-Method": "POST"},
    )
    status, headers = status_of(preflight)
    assert (status, headers["access-control-allow-origin"]) == (200, "https://anybody.example")
    assert "access-control-allow-credentials" not in headers
    status, headers = status_of(urllib.request.Request(f"{space.edge.url}/api/health/live"))
    assert status == 503
    assert not [name for name in headers if name.startswith("x-proxied")]


def test_the_edge_appends_the_peer_to_what_a_client_claims(hub: HubStandIn):
    package = {"__init__.py": b"", "__main__.py": ECHO, "build_id.py": b""}
    files = {f"ragspace/{name}": content for name, content in package.items()} | {"Dockerfile": DOCKERFILE}
    space = hub.add_space(files=files)
    ours(hub).restart("me/demo")
    while space.stage != "RUNNING":
        assert space.stage != "RUNTIME_ERROR", space.error
        time.sleep(0.05)
    status, headers = status_of(
        urllib.request.Request(space.edge.url, headers={"X-Forwarded-For": "6.6.6.6"})
    )
    assert (status, headers["x-seen"]) == (200, "6.6.6.6, 127.0.0.1")
    assert "x-proxied-host" in headers


DOCKERFILE = b"FROM scratch\nENV HOST=0.0.0.0 \\\n    PORT=7860\n"
ECHO = b"""
import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Echo(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("X-Seen", self.headers["X-Forwarded-For"])
        self.end_headers()


HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Echo).serve_forever()
"""

"""No secret leaves the machine but as a secret of the Space: searched for byte by byte, in all outputs and in
all that the Hub received."""

import base64
import json

from ragspace.settings import Settings
from ragspace.space.environment import HARMLESS, STAYS_HERE
from tests.support.hub import Developer, HubStandIn, checkout, developer, hub, lives

__all__ = ["checkout", "developer", "hub"]

MARK = "zq7mark"
"""In every secret value, and in nothing else."""

SHAPED = {
    "DATABASE_URL": f"postgresql://{MARK}user:{MARK}pa55word@{MARK}-host.invalid/{MARK}db",
    "QDRANT_URL": f"https://{MARK}-cluster.invalid:6333",
    "GEMINI_BASE_URL": f"https://{MARK}-gemini.invalid",
    "LLM_BASE_URL": f"https://{MARK}-llm.invalid/v1",
    "OTEL_EXPORTER_OTLP_ENDPOINT": f"https://{MARK}-traces.invalid",
}
SECRETS = {
    name: SHAPED.get(name, f"{MARK}-value-of-{name.lower()}")
    for name in sorted({field.upper() for field in Settings.model_fields} - HARMLESS - STAYS_HERE)
}
OTHERS = {
    "LLM_MODEL": "some-model",
    "REDIS_URL": f"redis://{MARK}user:{MARK}pa55word@{MARK}-redis.invalid:6379/0",
    "UNRELATED_SECRET": f"{MARK}-unrelated",
    "AWS_SECRET_ACCESS_KEY": f"{MARK}-aws",
    "OPENAI_API_KEY": f"{MARK}-openai",
}
FORMS = [
    MARK.encode(),
    MARK.upper().encode(),
    *(base64.b64encode(b"_" * n + MARK.encode())[2:-4] for n in range(3)),
]


def assert_unmarked(content: bytes, where: str) -> None:
    assert not any(form in content for form in FORMS), where


def assert_nothing_leaked(hub: HubStandIn, developer: Developer) -> None:
    for output in developer.outputs:
        assert_unmarked(output.encode(), output)
        assert hub.token not in output
    for request in hub.received:
        where = f"{request.method} {request.path}"
        headers = {name: value for name, value in request.headers.items() if name != "authorization"}
        assert_unmarked(json.dumps([request.path, headers]).encode(), where)
        assert hub.token.encode() not in request.path.encode() + request.body
        if request.path.endswith("/secrets"):
            continue
        assert_unmarked(request.body, where)
        if request.path.endswith("/commit/main"):
            for line in request.body.splitlines():
                assert_unmarked(base64.b64decode(json.loads(line)["value"].get("content", "")), where)


def test_no_secret_is_in_any_output_nor_in_anything_else_that_the_hub_receives(
    hub: HubStandIn, developer: Developer
):
    told = developer.deploy(**SECRETS, **OTHERS)
    assert told.code == 0, told.text
    assert {name: secret["value"] for name, secret in hub.space().secrets.items()} == SECRETS
    for command in (
        ["deploy", "me/demo", "--dry-run"],
        ["status", "me/demo"],
        ["logs", "me/demo"],
        ["logs", "me/demo", "--build"],
        ["secrets", "list", "me/demo"],
        ["secrets", "push", "me/demo"],
    ):
        developer.run(*command, RAGSPACE_MODE="embedded", **SECRETS, **OTHERS)
    assert_nothing_leaked(hub, developer)
    for file in (developer.home / ".ragspace").rglob("*"):
        if file.is_file():
            assert_unmarked(file.read_bytes(), str(file))


def test_a_space_that_prints_its_secrets_does_not_get_them_into_the_output(
    hub: HubStandIn, developer: Developer
):
    careless = lives.Life(
        build_log=(*lives.BUILD_LOG, *SECRETS.values()),
        run_log=(*SECRETS.values(), f"cannot connect to {SHAPED['DATABASE_URL']}"),
        ends_in="RUNTIME_ERROR",
        error=f"Exit code: 1. Reason: {SHAPED['DATABASE_URL']} {hub.token}",
    )
    hub.lives(careless)
    told = developer.deploy(**SECRETS, **OTHERS)
    assert told.code == 27
    assert "[redacted]" in told.text
    developer.run("status", "me/demo", **SECRETS)
    developer.run("logs", "me/demo", **SECRETS)
    assert_nothing_leaked(hub, developer)


def test_no_failure_tells_a_secret(hub: HubStandIn, developer: Developer):
    for life in (lives.BUILD_FAILS, lives.OUT_OF_MEMORY, lives.NOT_PERMITTED, lives.without(*SECRETS)):
        hub.lives(life)
        developer.deploy("--start-timeout", "3", **SECRETS, **OTHERS)
    production = {**SECRETS, "DATABASE_URL": f"mysql://me:{MARK}-password@{MARK}.invalid"}
    assert developer.deploy(**{**production, "RAGSPACE_MODE": "production", **OTHERS}).code == 78
    for method, path in (("POST", "/api/spaces/me/demo/secrets"), ("GET", "/api/whoami-v2")):
        hub.refuse(method, path, 500, times=1)
        assert developer.deploy(**{**SECRETS, "LLM_API_KEY": f"{MARK}-other"}, **OTHERS).code == 16
    assert_nothing_leaked(hub, developer)

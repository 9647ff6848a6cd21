"""What writes the answers and what embeds: asked for real, as cheaply as each allows."""

import time
from collections.abc import AsyncGenerator, Mapping
from difflib import get_close_matches
from typing import Any

from ragspace.errors import RagspaceError
from ragspace.models.gemini_api import CHECK_TIMEOUT, UNAUTHORIZED_ACTION, gemini, is_unauthorized, model_path
from ragspace.models.openai import endpoint
from ragspace.models.protocols import Embedder
from ragspace.settings import Settings
from ragspace.space.checks import Check
from ragspace.upstream import Upstream, UpstreamFailure

Methods = Mapping[str, frozenset[str]]
"""What each model can be asked for, by its name."""

MOST_PAGES = 20
"""Of the list of models: a list without an end would be a fault of the server."""

QUESTION = "Which secrets does the Space need?"

_WHY: Mapping[str, str] = {
    "unreachable": "It cannot be reached.",
    "timeout": "It did not answer in time.",
    "unauthorized": "It does not accept the key.",
    "quota_exceeded": "Its quota is spent for now.",
}


async def check_gemini(settings: Settings) -> AsyncGenerator[Check, None]:
    """The key and every model that is named; nothing is generated."""
    key = settings.gemini_api_key.get_secret_value() if settings.gemini_api_key else ""
    upstream = gemini(key, settings.gemini_base_url, timeout=CHECK_TIMEOUT)
    try:
        started = time.monotonic()
        try:
            listed = await _listed(upstream)
        except UpstreamFailure as failure:
            yield _refused("gemini", failure, "GEMINI_API_KEY")
            return
        yield Check("gemini", "ok", f"It accepts GEMINI_API_KEY, told in {_ms(started)}.")
        if settings.generation == "gemini":
            for rank, model in enumerate(settings.gemini_model):
                methods = await _methods(upstream, model, listed)
                yield _model(model, methods, listed, "generateContent", "GEMINI_MODEL", fallback=rank > 0)
        if settings.embedding == "gemini":
            model = settings.gemini_embedding_model.removeprefix("models/")
            methods = await _methods(upstream, model, listed)
            yield _model(model, methods, listed, "embedContent", "GEMINI_EMBEDDING_MODEL")
    finally:
        await upstream.close()


async def _listed(upstream: Upstream) -> Methods:
    listed: dict[str, frozenset[str]] = {}
    params = {"pageSize": "1000"}
    for _ in range(MOST_PAGES):
        page = await upstream.call("GET", "/v1beta/models", params=params)
        for model in page.get("models") or () if isinstance(page, dict) else ():
            listed[str(model.get("name")).removeprefix("models/")] = _methods_of(model)
        if not isinstance(page, dict) or not (token := page.get("nextPageToken")):
            break
        params = params | {"pageToken": str(token)}
    return listed


async def _methods(upstream: Upstream, model: str, listed: Methods) -> frozenset[str] | None:
    """None where the model is not known. Models that are not listed may be there all the same."""
    if model in listed:
        return listed[model]
    try:
        return _methods_of(await upstream.call("GET", model_path(model)))
    except UpstreamFailure:
        return None


def _methods_of(model: Any) -> frozenset[str]:
    methods = model.get("supportedGenerationMethods") if isinstance(model, dict) else None
    return frozenset(map(str, methods or ()))


def _model(
    model: str,
    methods: frozenset[str] | None,
    listed: Methods,
    method: str,
    variable: str,
    *,
    fallback: bool = False,
) -> Check:
    able = [name for name, can in listed.items() if method in can]
    if methods is not None and (method in methods or not methods):
        return Check(f"model {model}", "ok", "In service" + (", as a fallback." if fallback else "."))
    wrong = "Gemini does not know it" if methods is None else f"It is not made for this ({method} is missing)"
    near = get_close_matches(model, able, 3, 0.5) or able[:3]
    fix = f"Name another in {variable}" + (f", such as {', '.join(near)}." if near else ".")
    return Check(f"model {model}", "warning" if fallback else "failed", f"{wrong}.", fix)


async def check_openai(settings: Settings) -> AsyncGenerator[Check, None]:
    """The endpoint in LLM_BASE_URL, and whether it lists LLM_MODEL."""
    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else None
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    upstream = Upstream(endpoint(settings.llm_base_url or ""), headers, timeout=CHECK_TIMEOUT)
    try:
        started = time.monotonic()
        try:
            answer = await upstream.call("GET", "/models")
        except UpstreamFailure as failure:
            if failure.status in (404, 405):
                yield _unlisted()
            else:
                yield _refused("endpoint", failure, "LLM_API_KEY", "LLM_BASE_URL")
            return
        yield Check("endpoint", "ok", f"LLM_BASE_URL answers, in {_ms(started)}.")
    finally:
        await upstream.close()
    entries = answer.get("data") if isinstance(answer, dict) else None
    names = [str(each.get("id")) for each in entries or () if isinstance(each, dict)]
    model = settings.llm_model or ""
    if not names:
        yield _unlisted()
    elif model in names or f"{model}:latest" in names:
        yield Check(f"model {model}", "ok", "Listed by the endpoint.")
    else:
        near = get_close_matches(model, names, 3, 0.3)
        such = f", such as {', '.join(near)}" if near else ""
        yield Check(
            f"model {model}",
            "failed",
            "The endpoint does not list it.",
            f"Name one in LLM_MODEL that it serves{such}; for Ollama: `ollama pull {model}`.",
        )


def _unlisted() -> Check:
    return Check(
        "endpoint",
        "warning",
        "LLM_BASE_URL lists no models, which is no duty of an endpoint: LLM_MODEL cannot be looked up.",
        "Try `ragspace ask` once.",
    )


async def check_embedding(embedder: Embedder) -> AsyncGenerator[Check, None]:
    """One embedding. `embedder` is opened."""
    started = time.monotonic()
    try:
        await embedder.open()
        [vector] = await embedder.embed(
            [QUESTION], purpose="question", dimensions=embedder.default_dimensions
        )
    except RagspaceError as error:
        reason = str(getattr(error, "reason", error.code))
        yield Check("embedding", "failed", f"{embedder.model}: {_why(reason)}", error.action)
        return
    yield Check("embedding", "ok", f"{embedder.model}: {len(vector)} dimensions, in {_ms(started)}.")


def _refused(name: str, failure: UpstreamFailure, key: str, address: str | None = None) -> Check:
    reason = "unauthorized" if is_unauthorized(failure) else failure.reason
    if reason == "unauthorized":
        fix = UNAUTHORIZED_ACTION if address is None else f"Set {key} to one that the endpoint knows."
    elif address is None:
        fix = "Try again; if it stays so, see whether this machine reaches the internet, and GEMINI_BASE_URL."
    else:
        fix = f"Check that {address} names the endpoint (it mostly ends in /v1) and that it runs."
    return Check(name, "failed", _why(reason), fix)


def _why(reason: str) -> str:
    return _WHY.get(reason, f"It refused the request ({reason}).")


def _ms(started: float) -> str:
    return f"{(time.monotonic() - started) * 1000:.0f} ms"

"""What the Hub says of the Space behind an address, without the Hub's client: a reader's question or two."""

import os
from dataclasses import dataclass

import aiohttp
import orjson

HUB = "https://huggingface.co"


@dataclass(frozen=True, slots=True)
class SpaceOnHub:
    """`id` is owner/name, `stage` as in ragspace.space.stages; None where the Hub does not say."""

    id: str
    stage: str | None


class Hub:
    """Asks the Hub at `endpoint` (default: HF_ENDPOINT, else huggingface.co), with `token` if given."""

    def __init__(self, token: str | None, endpoint: str | None = None) -> None:
        self._endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
        self._token = token

    async def space(self, host: str) -> SpaceOnHub | None:
        """The Space that answers at `host`; None where the Hub knows none, or shows none to this token, or
        does not answer.

        The address of the question is the one by which the Hub's own pages look a Space up.
        """
        subdomain = host.partition(".")[0]
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        timeout = aiohttp.ClientTimeout(total=10)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
                session.get(
                    f"{self._endpoint}/api/spaces/by-subdomain/{subdomain}", allow_redirects=False
                ) as response,
            ):
                told = orjson.loads(await response.read()) if response.status == 200 else None
        except (TimeoutError, aiohttp.ClientError, OSError, orjson.JSONDecodeError):
            return None
        if not isinstance(told, dict) or not isinstance(told.get("id"), str):
            return None
        runtime = told.get("runtime")
        stage = runtime.get("stage") if isinstance(runtime, dict) else None
        return SpaceOnHub(told["id"], stage if isinstance(stage, str) else None)

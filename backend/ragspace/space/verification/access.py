"""Whether the deployment is private, and whether the key at hand opens it."""

from uuid import uuid4

from ragspace.space.checks import Check
from ragspace.space.verification.site import Site

ACCESS = "api key"
UNENCRYPTED = "Give the https:// address: a key is sent over an encrypted connection only."


async def check_access(site: Site) -> Check | None:
    """Asks without the key, and with it only where the deployment wants one; from then on `site` sends it.
    None where nobody needs a key and none is at hand."""
    path = f"/api/conversation/{uuid4()}"
    without = await site.request("GET", path)
    if without.status != 401 or without.error.get("code") != "unauthorized":
        if site.key is None:
            return None
        return Check(
            ACCESS,
            "warning",
            "API_KEY is set here, and the deployment answers without it.",
            "If it is to be private, give it the same API_KEY.",
        )
    if site.key is None:
        return Check(
            ACCESS,
            "failed",
            "It is private, and no key is at hand: nothing behind it could be looked at.",
            "Set API_KEY, in the environment or in .env, to the deployment's own.",
        )
    if not (site.address.secure or site.address.loopback):
        return Check(ACCESS, "failed", "It is private, and this address is plain HTTP.", UNENCRYPTED)
    site.keyed = True
    if (await site.request("GET", path)).status == 401:
        return Check(
            ACCESS,
            "failed",
            "It is private, and refuses the key at hand.",
            "Set API_KEY, in the environment or in .env, to the deployment's own.",
        )
    return Check(ACCESS, "ok", "It is private: without API_KEY it refuses, with it it answers.")

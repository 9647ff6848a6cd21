"""Keys that this service asks for."""

import hmac

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ragspace import errors
from ragspace.api.error_responses import error_response


def brings(headers: Headers, secret: SecretStr) -> bool:
    """Whether the request brings `secret`, as X-API-Key or else as a bearer token: in front of a private
    Space the platform itself wants the Authorization header.

    The comparison takes as long for a key that is nearly right as for any other.
    """
    given = headers.get("x-api-key")
    if given is None:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        given = given.strip() if scheme.lower() == "bearer" else ""
    # Headers come decoded as latin-1; a secret is ASCII.
    return hmac.compare_digest(given.encode("latin-1"), secret.get_secret_value().encode())


class KeyCheck:
    """Refuses requests to /api that do not bring `key`. Health is told to everybody: monitors and the
    platform have no key."""

    def __init__(self, app: ASGIApp, key: SecretStr) -> None:
        self._app = app
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and _private(scope["path"])
            and not brings(Headers(scope=scope), self._key)
        ):
            refusal = error_response(errors.Unauthorized(), headers={"WWW-Authenticate": "Bearer"})
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _private(path: str) -> bool:
    return (path == "/api" or path.startswith("/api/")) and path not in ("/api/health", "/api/health/live")

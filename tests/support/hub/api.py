"""The Hub's HTTP API, as far as huggingface_hub uses it for Spaces."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.support.hub.clock import now
from tests.support.hub.front_matter import errors_of
from tests.support.hub.space import StandInSpace

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_SPACE = r"/api/spaces/{owner:[^/]+}/{name:[^/]+}"


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Refusal:
    """Answers requests of this `method` to `path` with `status`, `times` times (None: ever), once there was a
    request to the path `after`."""

    method: str
    path: str
    status: int
    times: int | None
    after: str | None

    def fits(self, request: web.Request) -> bool:
        if request.path == self.after:
            self.after = None
        asked = (request.method, request.path) == (self.method, self.path)
        fits = asked and self.times != 0 and self.after is None
        if fits and self.times is not None:
            self.times -= 1
        return fits


@dataclass(slots=True)
class Person:
    """Who a token belongs to, and what it may do."""

    name: str
    role: str = "write"
    paid: bool = True
    organizations: tuple[str, ...] = ()

    def described(self) -> dict[str, Any]:
        return {
            "type": "user",
            "name": self.name,
            "isPro": self.paid,
            "orgs": [{"type": "org", "name": name} for name in self.organizations],
            "auth": {
                "type": "access_token",
                "accessToken": {"displayName": "test", "role": self.role},
            },
        }


def refused(status: int, message: str, code: str | None = None) -> web.Response:
    headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
    return web.json_response({"error": message}, status=status, headers=headers)


class Api:
    """`people` by token; `create` makes a Space that is asked for."""

    def __init__(
        self, people: dict[str, Person], create: Callable[[str, bool], Awaitable[StandInSpace]]
    ) -> None:
        self.people = people
        self.spaces: dict[str, StandInSpace] = {}
        self.received: list[Received] = []
        self.refusals: list[Refusal] = []
        self._create_space = create

    def application(self) -> web.Application:
        app = web.Application(client_max_size=2**26, middlewares=[self._guard])
        app.router.add_get("/api/whoami-v2", self._whoami)
        app.router.add_post("/api/repos/create", self._create)
        app.router.add_post("/api/validate-yaml", self._validate_yaml)
        app.router.add_get("/api/spaces", self._list)
        for method, path, handler in (
            ("GET", "", _info),
            ("GET", "/tree/main", _tree),
            ("POST", "/preupload/main", _preupload),
            ("POST", "/commit/main", _commit),
            ("GET", "/secrets", _list_secrets),
            ("POST", "/secrets", _set_secret),
            ("DELETE", "/secrets", _delete_secret),
            ("GET", "/variables", _list_variables),
            ("POST", "/variables", _set_variable),
            ("DELETE", "/variables", _delete_variable),
            ("GET", "/runtime", _runtime),
            ("POST", "/restart", _restart),
            ("GET", "/logs/{log:build|run}", _log),
        ):
            app.router.add_route(method, _SPACE + path, self._of_space(handler))
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Writes the request down, refuses what a test told it to, and whoever has no valid token."""
        body = await request.read()
        self.received.append(
            Received(
                request.method, request.path_qs, {n.lower(): v for n, v in request.headers.items()}, body
            )
        )
        for refusal in self.refusals:
            if refusal.fits(request):
                return refused(refusal.status, "refused by the test")
        if self._person(request) is None:
            return refused(401, "Invalid credentials in Authorization header")
        return await handler(request)

    def _person(self, request: web.Request) -> Person | None:
        return self.people.get(request.headers.get("Authorization", "").removeprefix("Bearer "))

    def _may_write(self, request: web.Request, owner: str) -> bool:
        person = self._person(request)
        return person is not None and person.role != "read" and owner in (person.name, *person.organizations)

    def _of_space(
        self, handler: Callable[[web.Request, StandInSpace], Awaitable[web.StreamResponse]]
    ) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            owner = request.match_info["owner"]
            space = self.spaces.get(f"{owner}/{request.match_info['name']}")
            mine = self._may_write(request, owner)
            if space is None or (space.private and not mine):
                return refused(404, "Repository not found", "RepoNotFound")
            if request.method != "GET" and not mine:
                return refused(403, "You don't have the required permissions")
            return await handler(request, space)

        return handle

    async def _whoami(self, request: web.Request) -> web.Response:
        person = self._person(request)
        assert person is not None
        return web.json_response(person.described())

    async def _create(self, request: web.Request) -> web.Response:
        asked = await request.json()
        person = self._person(request)
        assert person is not None
        owner = asked["organization"] or person.name
        space_id = f"{owner}/{asked['name']}"
        if asked["type"] != "space" or not self._may_write(request, owner):
            return refused(403, "You don't have the rights to create a Space under this namespace")
        if asked["sdk"] != "static" and not person.paid:
            return refused(402, "Payment required: subscribe to PRO to create this Space")
        if space_id in self.spaces:
            return refused(409, "You already created this space repo")
        self.spaces[space_id] = await self._create_space(space_id, asked.get("visibility") == "private")
        url = f"{request.url.origin()}/spaces/{space_id}"
        return web.json_response({"url": url, "name": space_id, "id": "0" * 24})

    async def _validate_yaml(self, request: web.Request) -> web.Response:
        asked = await request.json()
        errors = [{"message": message} for message in errors_of(asked["content"])]
        return web.json_response({"errors": errors, "warnings": []}, status=400 if errors else 200)

    async def _list(self, request: web.Request) -> web.Response:
        author = request.query.get("author")
        return web.json_response(
            [space.described() for space in self.spaces.values() if space.id.startswith(f"{author}/")]
        )


async def _info(_request: web.Request, space: StandInSpace) -> web.Response:
    return web.json_response(space.described())


async def _tree(_request: web.Request, space: StandInSpace) -> web.Response:
    return web.json_response(space.repository.tree())


async def _preupload(request: web.Request, _space: StandInSpace) -> web.Response:
    files = (await request.json())["files"]
    told = [{"path": file["path"], "uploadMode": "regular", "shouldIgnore": False} for file in files]
    return web.json_response({"files": told})


async def _commit(request: web.Request, space: StandInSpace) -> web.Response:
    if request.content_type != "application/x-ndjson":
        return refused(400, "not a commit")
    try:
        commit = space.repository.apply(await request.read())
    except ValueError as error:
        return refused(400, str(error))
    except LookupError as error:
        return refused(412, str(error))
    space.committed()
    url = f"{request.url.origin()}/spaces/{space.id}/commit/{commit.oid}"
    return web.json_response({"success": True, "commitOid": commit.oid, "commitUrl": url, "hookOutput": ""})


async def _list_secrets(_request: web.Request, space: StandInSpace) -> web.Response:
    told = {n: {"key": n, "updatedAt": secret["updatedAt"]} for n, secret in space.secrets.items()}
    return web.json_response(told)


async def _set_secret(request: web.Request, space: StandInSpace) -> web.Response:
    return await _set(request, space, space.secrets, space.variables)


async def _delete_secret(request: web.Request, space: StandInSpace) -> web.Response:
    space.secrets.pop((await request.json())["key"], None)
    space.settings_changed()
    return web.json_response({})


async def _list_variables(_request: web.Request, space: StandInSpace) -> web.Response:
    return web.json_response(space.variables)


async def _set_variable(request: web.Request, space: StandInSpace) -> web.Response:
    return await _set(request, space, space.variables, space.secrets)


async def _delete_variable(request: web.Request, space: StandInSpace) -> web.Response:
    space.variables.pop((await request.json())["key"], None)
    space.settings_changed()
    return web.json_response(space.variables)


async def _set(
    request: web.Request, space: StandInSpace, kind: dict[str, dict[str, str]], other: dict[str, Any]
) -> web.Response:
    asked = await request.json()
    if asked["key"] in other:
        return refused(400, "Collision on variables and secrets names")
    kind[asked["key"]] = {"key": asked["key"], "value": asked["value"], "updatedAt": now()}
    space.settings_changed()
    return web.json_response({} if kind is space.secrets else space.variables)


async def _runtime(_request: web.Request, space: StandInSpace) -> web.Response:
    return web.json_response(space.runtime())


async def _restart(request: web.Request, space: StandInSpace) -> web.Response:
    space.restart(factory=request.query.get("factory") == "true")
    return web.json_response(space.runtime())


async def _log(request: web.Request, space: StandInSpace) -> web.StreamResponse:
    log = space.build_log if request.match_info["log"] == "build" else space.run_log
    return await log.stream(request)

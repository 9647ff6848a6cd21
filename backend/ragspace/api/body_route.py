"""A route whose endpoint is given the validated body and the request, and nothing else."""

import json
from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from ragspace import errors

_MISSING = {"type": "missing", "loc": ("body",), "msg": "Field required", "input": None}


class BodyRoute(APIRoute):
    """For an endpoint `(body, request)` that answers with a Response: FastAPI describes it as any other, but
    its way through dependencies, forms and response models, 0.1 ms of a question's 1.7, is not gone.

    Raises InvalidJson, and RequestValidationError for what does not fit `body`.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint = self.endpoint
        model: type[BaseModel] = get_type_hints(endpoint)["body"]

        async def handle(request: Request) -> Response:
            response: Response = await endpoint(_validated(model, await request.body()), request)
            return response

        return handle


def _validated(model: type[BaseModel], body: bytes) -> BaseModel:
    if not body:
        raise RequestValidationError([_MISSING])
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise errors.InvalidJson() from None
    try:
        return model.model_validate(said)
    except ValidationError as error:
        found = error.errors(include_url=False)
    raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in found])

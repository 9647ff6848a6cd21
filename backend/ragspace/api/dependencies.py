"""What endpoints are given."""

from typing import Annotated

from fastapi import Depends, Request

from ragspace.runtime import Runtime


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


RuntimeDep = Annotated[Runtime, Depends(_runtime)]

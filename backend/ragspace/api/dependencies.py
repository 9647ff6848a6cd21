"""What endpoints are given."""

from typing import Annotated

from fastapi import Depends, Request

from ragspace.runtime import Runtime


async def _runtime(request: Request) -> Runtime:  # for FastAPI, all else belongs in a thread
    runtime: Runtime = request.app.state.runtime
    return runtime


RuntimeDep = Annotated[Runtime, Depends(_runtime)]

"""Liveness and health, told from memory whatever the services do."""

import time
from datetime import UTC, datetime

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from ragspace import __version__
from ragspace.api.dependencies import RuntimeDep
from ragspace.api.schemas import HealthReport, Live

router = APIRouter(prefix="/api/health", tags=["health"])


@router.get(
    "",
    summary="State of every service",
    response_model=HealthReport,
    responses={503: {"model": HealthReport, "description": "starting, degraded or unhealthy"}},
)
async def health(runtime: RuntimeDep) -> Response:
    """200 when every service is connected, else 503 with the reason and what to do about it."""
    status = runtime.health.overall
    report = {
        "status": status,
        "services": {"fastapi": "ok", **runtime.health.report()},
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "mode": runtime.settings.mode,
        "version": __version__,
        "build_id": runtime.settings.ragspace_build_id,
        "uptime_s": round(time.monotonic() - runtime.started, 1),
    }
    if runtime.replicas is not None:
        report["replicas"] = runtime.replicas.report()
    code = 200 if status == "healthy" else 503
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(report), code, headers, media_type="application/json")


@router.get("/live", summary="Whether the process serves")
async def live() -> Live:
    """200 as soon as the process serves: an outage of a cloud service must not restart the container."""
    return Live(status="ok")

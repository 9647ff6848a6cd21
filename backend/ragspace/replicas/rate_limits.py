"""Rate limits that all replicas count together."""

from typing import TYPE_CHECKING

from ragspace.moving_window import MovingWindows
from ragspace.replicas.link import Away, Link, Redis

if TYPE_CHECKING:
    from limits.aio.storage import RedisStorage


class SharedWindows(MovingWindows):
    """Moving windows in Redis; while it is away, this replica's own.

    What Redis counts is counted here as well, so that an outage gives nobody a fresh window.
    """

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link
        self._redis: RedisStorage | None = None

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        try:
            storage = self._shared()
            taken = await self._link.call(_acquire, storage, key, limit, expiry, amount)
        except Away:
            return await super().acquire_entry(key, limit, expiry, amount)
        if taken:
            await super().acquire_entry(key, limit, expiry, amount)
        return taken

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        try:
            storage = self._shared()
            return await self._link.call(_window, storage, key, limit, expiry)
        except Away:
            return await super().get_moving_window(key, limit, expiry)

    def _shared(self) -> "RedisStorage":
        if self._redis is None:
            from limits.aio.storage import RedisStorage

            pool = self._link.pool
            self._redis = RedisStorage(
                "async+redis://", implementation="redispy", key_prefix="ragspace:limits", connection_pool=pool
            )
        return self._redis


async def _acquire(_: Redis, storage: "RedisStorage", key: str, limit: int, expiry: int, amount: int) -> bool:
    return await storage.acquire_entry(key, limit, expiry, amount)


async def _window(_: Redis, storage: "RedisStorage", key: str, limit: int, expiry: int) -> tuple[float, int]:
    return await storage.get_moving_window(key, limit, expiry)

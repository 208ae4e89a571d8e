"""A stream of rows for asyncio."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Callable, Deque, List

from .. import _native
from .._native import BulkResult
from .._runtime.closing import AsyncClosing
from .._runtime.pool import Pool

#: How many results a hop into a thread brings at most.
_MOST = 256


class AsyncBulk(AsyncClosing):
    """What :meth:`AsyncClient.bulk` gives: results by ``async for``, in the order of
    the rows. Leave early with ``aclose()``, or use it in an ``async with`` block."""

    def __init__(
        self, make: Callable[[], _native.Bulk], is_made_later: bool, pool: Pool, closing: Pool
    ) -> None:
        self._make = make
        self._native = None if is_made_later else make()
        self._is_closed = False
        self._pool = pool
        # Closing does not wait behind those who read.
        self._closing = closing
        self._ready: Deque[BulkResult] = deque()

    def __aiter__(self) -> AsyncBulk:
        return self

    async def __anext__(self) -> BulkResult:
        if not self._ready:
            self._ready.extend(await self._take())
        if not self._ready:
            raise StopAsyncIteration
        return self._ready.popleft()

    async def _take(self) -> List[BulkResult]:
        try:
            return await self._pool.run(self._some)
        except asyncio.CancelledError:
            # What was taken is lost: to go on would leave rows out in silence.
            await self.aclose()
            raise

    def _some(self, cancel: _native.CancelFlag) -> List[BulkResult]:
        """In a thread: opening a file reads it."""
        if self._native is None:
            if self._is_closed:
                return []
            self._native = self._make()
            if self._is_closed:
                self._native.close()
        return self._native.take(_MOST, cancel)

    @property
    def requests(self) -> int:
        """How many HTTP requests were sent."""
        return 0 if self._native is None else self._native.requests

    @property
    def notices(self) -> List[str]:
        """What is suspicious in the rows that were read."""
        return [] if self._native is None else self._native.notices

    @property
    def window(self) -> int:
        """How many rows are held at most; of a file that is not open yet, 0."""
        return 0 if self._native is None else self._native.window

    async def aclose(self) -> None:
        """Ends requests under way; there are no more results."""
        self._ready.clear()
        self._is_closed = True
        native = self._native
        if native is not None:
            await self._closing.run(lambda _: native.close())


__all__ = ["AsyncBulk"]

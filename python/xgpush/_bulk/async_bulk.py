"""A stream of rows for asyncio."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Callable, Deque, List

from .. import _native
from .._native import BulkResult
from .._runtime.context import AcloseOnExit
from .._runtime.pool import Pool

#: The most results that one call in a thread returns.
_RESULTS_PER_CALL = 256


class AsyncBulk(AcloseOnExit):
    """The stream of :meth:`AsyncClient.bulk`: results by ``async for``, in the order of the
    rows. To stop early call ``aclose()``, or use it in an ``async with`` block."""

    def __init__(
        self, open_stream: Callable[[], _native.Bulk], opens_later: bool, pool: Pool, closing: Pool
    ) -> None:
        self._open_stream = open_stream
        self._native = None if opens_later else open_stream()
        self._is_closed = False
        self._pool = pool
        # Closing does not queue behind calls that read.
        self._closing = closing
        self._ready: Deque[BulkResult] = deque()

    def __aiter__(self) -> AsyncBulk:
        return self

    async def __anext__(self) -> BulkResult:
        if not self._ready:
            self._ready.extend(await self._next_results())
        if not self._ready:
            raise StopAsyncIteration
        return self._ready.popleft()

    async def _next_results(self) -> List[BulkResult]:
        try:
            return await self._pool.run(self._results)
        except asyncio.CancelledError:
            # The results of that call are lost: going on would skip rows silently.
            await self.aclose()
            raise

    def _results(self, cancel: _native.CancelFlag) -> List[BulkResult]:
        """In a thread, because opening a file reads it."""
        if self._native is None:
            if self._is_closed:
                return []
            self._native = self._open_stream()
            if self._is_closed:
                self._native.close()
        return self._native.take(_RESULTS_PER_CALL, cancel)

    @property
    def requests(self) -> int:
        """The number of HTTP requests sent."""
        return 0 if self._native is None else self._native.requests

    @property
    def notices(self) -> List[str]:
        """What is suspicious in the rows read so far."""
        return [] if self._native is None else self._native.notices

    @property
    def window(self) -> int:
        """The most rows that are held; 0 for a file that is not open yet."""
        return 0 if self._native is None else self._native.window

    async def aclose(self) -> None:
        """Ends requests in flight; there are no more results."""
        self._ready.clear()
        self._is_closed = True
        native = self._native
        if native is not None:
            await self._closing.run(lambda _: native.close())


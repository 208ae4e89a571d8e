"""The outbox for asyncio."""

from __future__ import annotations

import asyncio
import json
import os
import selectors
from typing import Any, Dict, List, Optional, Tuple

from .. import _native
from .._runtime.arguments import Seconds, seconds
from .._client.items import AccountLike
from .._native import Report
from .._runtime.context import AcloseOnExit
from .._runtime.pool import Pool
from .operations import OutboxOperations


class AsyncOutbox(OutboxOperations, AcloseOnExit):
    """:class:`Outbox` for asyncio: operations are submitted without ``await``, and reports
    come by ``async for``.

    A full outbox raises :class:`Full`. Opening one with ``outbox_file`` reads the file:
    open it before the event loop has others to serve. Any number of tasks may read reports.
    Each report goes to one of them, and cancelling a task loses none.

    >>> async with xgpush.AsyncOutbox.from_env() as outbox:  # doctest: +SKIP
    ...     outbox.bind("token-of-phone-1", "alice", tag=7)
    ...     async for report in outbox:
    ...         print(report.tag, report.state, report.message)
    """

    def _open(self, native: _native.Outbox) -> None:
        super()._open(native)
        self._pool = Pool(8)
        # Closing does not queue behind calls that flush.
        self._closing = Pool(1)

    def _submit(
        self,
        operation: str,
        token: str,
        accounts: Tuple[AccountLike, ...],
        platform: Optional[str],
        tag: int,
        wait: Seconds,
    ) -> None:
        if wait:
            raise TypeError("wait would block the event loop: an AsyncOutbox takes none")
        super()._submit(operation, token, accounts, platform, tag, wait)

    def __aiter__(self) -> AsyncOutbox:
        """Yields reports as they come, until the outbox is closed and all were read."""
        return self

    async def __anext__(self) -> Report:
        # With a backlog other tasks get their turn as well.
        await asyncio.sleep(0)
        while True:
            # One at a time, and nothing is awaited before it is returned: cancelling loses
            # none, and other readers get theirs.
            for report in self._native.reports(1, 0.0):
                return report
            if self._native.is_drained:
                raise StopAsyncIteration
            await self._readable()

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        # A copy for each reader: an event loop calls one function for each descriptor.
        descriptor = os.dup(self._native.fileno())
        try:
            readable = asyncio.Event()
            try:
                loop.add_reader(descriptor, readable.set)
            except NotImplementedError:
                await loop.run_in_executor(None, _select, self._native.fileno())
                return
            try:
                await readable.wait()
            finally:
                loop.remove_reader(descriptor)
        finally:
            os.close(descriptor)

    async def flush(self, timeout: Seconds) -> int:
        """As :meth:`Outbox.flush`."""
        return await self._pool.run(self._native.flush, seconds(timeout))

    async def list_pending(
        self,
        token: Optional[str] = None,
        account: Optional[str] = None,
        *,
        max: int = 1000,
        timeout: Seconds = 1.0,
    ) -> List[Dict[str, Any]]:
        """As :meth:`Outbox.list_pending`."""
        how = (token, account, max, seconds(timeout))
        found: List[Dict[str, Any]] = json.loads(await self._pool.run(self._native.list_pending, *how))
        return found

    async def sync(self, timeout: Seconds) -> None:
        """As :meth:`Outbox.sync`."""
        await self._pool.run(self._native.sync, seconds(timeout))

    async def close(self, timeout: Seconds = 2.0) -> int:
        """As :meth:`Outbox.close`."""
        return await self._closing.run(self._native.close, seconds(timeout))

    async def aclose(self) -> None:
        """:meth:`close`, within 2 seconds."""
        await self.close()


def _select(descriptor: int) -> None:
    """For event loops that cannot watch a descriptor. Short, because the thread cannot be
    cancelled."""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        selector.select(0.25)

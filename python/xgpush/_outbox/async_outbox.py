"""The outbox for asyncio."""

from __future__ import annotations

import asyncio
import json
import os
import selectors
from typing import Any, Dict, List, Optional

from .. import _native
from .._client import items as _requests
from .._client.items import AccountLike, Seconds
from .._native import Report
from .._runtime.closing import AsyncClosing
from .._runtime.pool import Pool
from .outbox import OutboxBase


class AsyncOutbox(OutboxBase, AsyncClosing):
    """:class:`Outbox` for asyncio: operations are handed in without waiting, as
    there, and reports come by ``async for``.

    A full outbox raises :class:`Full`. Opening one with ``outbox_file`` reads the
    file: do it before the loop has others to serve. Any number of tasks may read
    reports; each report goes to one of them, and none is lost when one is cancelled.

    >>> async with xgpush.AsyncOutbox.from_env() as outbox:  # doctest: +SKIP
    ...     outbox.bind("token-of-phone-1", "alice", tag=7)
    ...     async for report in outbox:
    ...         print(report.tag, report.state, report.message)
    """

    def _open(self, native: _native.Outbox) -> None:
        super()._open(native)
        self._pool = Pool(8)
        # Closing does not wait behind those who flush.
        self._closing = Pool(1)

    def bind(
        self, token: str, *accounts: AccountLike, tag: int = 0, platform: Optional[str] = None
    ) -> None:
        """Binds a token to accounts in place of those that it has."""
        self._hand_in(2, token, accounts, platform, tag, 0.0)

    def append(
        self, token: str, *accounts: AccountLike, tag: int = 0, platform: Optional[str] = None
    ) -> None:
        """Operator 1, which today's service treats as :meth:`bind`."""
        self._hand_in(1, token, accounts, platform, tag, 0.0)

    def unbind(
        self, token: str, *accounts: AccountLike, tag: int = 0, platform: Optional[str] = None
    ) -> None:
        """Removes accounts from a token."""
        self._hand_in(3, token, accounts, platform, tag, 0.0)

    def clear_token(self, token: str, *, tag: int = 0, platform: Optional[str] = None) -> None:
        """Removes every account from a token."""
        self._hand_in(4, token, (), platform, tag, 0.0)

    def clear_account(
        self, account: AccountLike, *, tag: int = 0, platform: Optional[str] = None
    ) -> None:
        """Removes every token from an account."""
        self._hand_in(5, "", (account,), platform, tag, 0.0)

    def __aiter__(self) -> AsyncOutbox:
        """Reports as they come, until the outbox is closed and all were taken."""
        return self

    async def __anext__(self) -> Report:
        # A backlog leaves the loop to others as well.
        await asyncio.sleep(0)
        while True:
            # Nothing is awaited between taking a report and handing it on, and one
            # at a time leaves the others to the other readers.
            for report in self._native.reports(1, 0.0):
                return report
            if self._native.is_drained:
                raise StopAsyncIteration
            await self._readable()

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        # One of its own for each reader: a loop calls one function a descriptor.
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
        """Delivers without lingering; how many are not settled in time."""
        return await self._pool.run(self._native.flush, _requests.seconds(timeout))

    async def look(
        self,
        token: Optional[str] = None,
        account: Optional[str] = None,
        *,
        max: int = 1000,
        timeout: Seconds = 1.0,
    ) -> List[Dict[str, Any]]:
        """As :meth:`Outbox.look`."""
        asked = (token, account, max, _requests.seconds(timeout))
        found: List[Dict[str, Any]] = json.loads(await self._pool.run(self._native.look, *asked))
        return found

    async def sync(self, timeout: Seconds) -> None:
        """Waits until everything that was handed in so far is durable (in the file) or
        settled. Raises :class:`Storage` when it is not: there is no ``outbox_file``, the
        file failed, or ``timeout`` was over."""
        await self._pool.run(self._native.sync, _requests.seconds(timeout))

    async def close(self, timeout: Seconds = 2.0) -> int:
        """Takes nothing any more, delivers what is there for up to ``timeout``
        seconds, and ends; how many operations were left. They stay in the file,
        or, without one, are reported with what is known of them."""
        return await self._closing.run(self._native.close, _requests.seconds(timeout))

    async def aclose(self) -> None:
        """:meth:`close`, within 2 seconds."""
        await self.close()



def _select(descriptor: int) -> None:
    """Where the loop cannot wait for a descriptor; briefly, so that nobody has to
    wait for this thread."""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        selector.select(0.25)


__all__ = ["AsyncOutbox"]

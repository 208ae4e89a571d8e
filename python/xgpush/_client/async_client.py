"""The client for asyncio."""

from __future__ import annotations

from typing import Any, Callable, Coroutine, List, NamedTuple, Optional

from .. import _native
from .._bulk import rows as _bulk
from .._bulk.async_bulk import AsyncBulk
from .._bulk.rows import Rows
from .._native import Outcome, Reply
from .._runtime.closing import AsyncClosing
from .._runtime.fork import PerProcess
from .._runtime.pool import Pool
from . import items as _requests, sync as _sync
from .items import Json, Seconds
from .operations import Deadline, Operations, seconds
from .sync import Synced, WantedLike


class _Parts(NamedTuple):
    """What belongs to a process."""

    native: _native.Client
    pool: Pool
    closing: Pool


class AsyncClient(Operations[Coroutine[Any, Any, Outcome]], AsyncClosing):
    """:class:`Client` for asyncio: the same methods, to be awaited.

    The options are those of :class:`Client`. Each call waits in a thread of the
    client's own, so the loop goes on; ``max_concurrent`` calls wait at once, and
    further ones for their turn. Cancelling a call ends it within about 50 ms; what
    became of its items is not told then. Items are read where the method is called;
    what breaks a rule of the service is refused where it is awaited, and nothing is
    sent. In a child after ``fork`` it makes itself anew, as :class:`Client` does.

    >>> async with xgpush.AsyncClient.from_env() as client:  # doctest: +SKIP
    ...     outcome = await client.bind([("token-of-phone-1", "alice")])
    """

    def __init__(self, *, max_concurrent: int = 64, **options: Any) -> None:
        self._open(_native.Client(_requests.options(options), False), max_concurrent)

    @classmethod
    def from_env(cls, *, max_concurrent: int = 64, **options: Any) -> AsyncClient:
        """Takes ``XGPUSH_…`` from the environment; keyword arguments win."""
        client = cls.__new__(cls)
        client._open(_native.Client(_requests.options(options), True), max_concurrent)
        return client

    def _open(self, native: _native.Client, max_concurrent: int) -> None:
        def around(native: _native.Client) -> _Parts:
            return _Parts(native, Pool(max_concurrent), Pool(1))

        self._here = PerProcess(around(native), lambda former: around(former.native.anew(None)))

    @property
    def _native(self) -> _native.Client:
        return self._here.get().native

    @property
    def _pool(self) -> Pool:
        return self._here.get().pool

    async def _run(
        self, api: str, body: bytes, deadline: Optional[float], confirm: Optional[float]
    ) -> Outcome:
        return await self._pool.run(self._native.run, api, body, deadline, confirm)

    def bulk(
        self,
        rows: Rows,
        *,
        operation: str = "bind",
        platform: Optional[str] = None,
        parallel: int = 0,
        patience: Seconds = 60.0,
        format: Optional[str] = None,
        encoding: Optional[str] = None,
        check: str = "normal",
    ) -> AsyncBulk:
        """As :meth:`Client.bulk`, to be read by ``async for``, in one task at a time.

        ``rows`` is iterated in a thread of the client's, so it may block, but not be
        an asynchronous iterable. A file is opened there too, with the first result that
        is asked for, which raises what is wrong with it. Cancelling who waits for a result ends the stream,
        as soon as the source has brought the row that it is asked for just then.

        >>> async with client.bulk("players.csv") as stream:  # doctest: +SKIP
        ...     async for result in stream:
        ...         print(result.index, result.state)
        """
        here = self._here.get()

        def make() -> _native.Bulk:
            how = (operation, platform, parallel, patience, format, encoding, check)
            return _bulk.stream(here.native, rows, *how)

        return AsyncBulk(make, _bulk.takes_long(rows), here.pool, here.closing)

    async def sync(
        self,
        wanted: WantedLike,
        *,
        dry_run: bool = True,
        confirm: Deadline = None,
        platform: Optional[str] = None,
        deadline: Deadline = None,
        patience: Seconds = 60.0,
        progress: Optional[Callable[[int], object]] = None,
        format: Optional[str] = None,
        encoding: Optional[str] = None,
        check: str = "normal",
    ) -> List[Synced]:
        """As :meth:`Client.sync`; ``wanted`` is read, and ``progress`` called, in the
        thread that waits. Cancelling it leaves what was changed by then; to do it again
        does no harm."""
        how = _sync.how(dry_run, confirm, platform, deadline, patience)

        def run(cancel: _native.CancelFlag) -> List[Synced]:
            return _sync.run(self._native, _sync.wanted(wanted, format, encoding, check), how, progress, cancel)

        return await self._pool.run(run)

    async def call(
        self,
        path: str,
        json: Json,
        *,
        deadline: Deadline = None,
        repeatable: bool = False,
        content_type: Optional[str] = None,
        auth: Optional[str] = None,
    ) -> Reply:
        """Posts to any other v3 path, such as ``/v3/push/app``. Raises what became of it
        unless the service answered with code 0.

        ``json`` is a value, or text or bytes; with another ``content_type`` (such as
        ``multipart/form-data; boundary=…``) text or bytes are sent as
        they are. What is sent and not
        answered is not sent again, unless it is ``repeatable``: done twice is as good as
        once (what only reads; tags and attributes, which are set; no push). ``auth`` is
        ``"sign"`` or ``"basic"`` in place of the client's; without it
        ``/v3/push/package/upload`` takes Basic, as all of its samples."""
        sent = _requests.body(json, content_type)
        how = (seconds(deadline), content_type, auth, repeatable)
        return await self._pool.run(self._native.call, path, sent, *how)

    async def aclose(self) -> None:
        """Closes idle connections, ends running calls soon, refuses later ones."""
        here = self._here.get()
        here.native.close()
        await here.pool.close()
        await here.closing.close()


__all__ = ["AsyncClient"]

"""The client for asyncio."""

from __future__ import annotations

from typing import Any, Callable, Coroutine, List, NamedTuple, Optional

from .. import _native
from .._bulk import rows as _rows
from .._bulk.async_bulk import AsyncBulk
from .._bulk.rows import Rows
from .._native import Outcome, Reply, Request
from .._runtime.context import AcloseOnExit
from .._runtime.fork import PerProcess
from .._runtime.pool import Pool
from .._runtime import arguments
from . import sync as _sync
from .._runtime.arguments import Deadline, Json, Seconds, optional_seconds
from .operations import Operations
from .sync import DesiredStateLike, Synced


class _Parts(NamedTuple):
    """What each process has of its own."""

    native: _native.Client
    pool: Pool
    #: Closing does not queue behind the calls that wait.
    closing: Pool


class AsyncClient(Operations[Coroutine[Any, Any, Outcome]], AcloseOnExit):
    """:class:`Client` for asyncio: the same methods, to be awaited.

    Options, and what happens after ``fork``, are those of :class:`Client`. Each call waits
    in a thread of the client, so the event loop is never blocked. Up to ``max_concurrent``
    calls wait at the same time; further ones queue.

    Cancelling a call ends it within about 50 ms, without an outcome: its items may have
    been sent. Items are read when the method is called. An item that breaks a rule of the
    service raises when the call is awaited, and nothing is sent.

    >>> async with xgpush.AsyncClient.from_env() as client:  # doctest: +SKIP
    ...     outcome = await client.bind([("token-of-phone-1", "alice")])
    """

    def __init__(self, *, max_concurrent: int = 64, **options: Any) -> None:
        self._open(_native.Client(arguments.options(options), False), max_concurrent)

    @classmethod
    def from_env(cls, *, max_concurrent: int = 64, **options: Any) -> AsyncClient:
        """Reads options from the environment (``XGPUSH_…``); keyword arguments win."""
        client = cls.__new__(cls)
        client._open(_native.Client(arguments.options(options), True), max_concurrent)
        return client

    def _open(self, native: _native.Client, max_concurrent: int) -> None:
        def parts(native: _native.Client) -> _Parts:
            return _Parts(native, Pool(max_concurrent), Pool(1))

        self._per_process = PerProcess(
            parts(native), lambda parent: parts(parent.native.copy(None))
        )

    @property
    def _native(self) -> _native.Client:
        return self._per_process.get().native

    @property
    def _pool(self) -> Pool:
        return self._per_process.get().pool

    async def _run(
        self, request: Request, deadline: Optional[float], confirm: Optional[float]
    ) -> Outcome:
        return await self._pool.run(self._native.run, request, deadline, confirm)

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
        """As :meth:`Client.bulk`, for ``async for`` in one task at a time.

        ``rows`` is iterated in a thread of the client: it may block, but it cannot be an
        asynchronous iterable. A file is opened there as well, when the first result is asked
        for, and an error in it is raised then. Cancelling the awaiting task ends the stream
        once the source has yielded its current row.

        >>> async with client.bulk("players.csv") as stream:  # doctest: +SKIP
        ...     async for result in stream:
        ...         print(result.index, result.state)
        """
        here = self._per_process.get()

        def open_stream() -> _native.Bulk:
            how = (operation, platform, parallel, patience, format, encoding, check)
            return _rows.stream(here.native, rows, *how)

        return AsyncBulk(open_stream, _rows.is_slow_to_open(rows), here.pool, here.closing)

    async def sync(
        self,
        desired: DesiredStateLike,
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
        """As :meth:`Client.sync`. ``desired`` is read, and ``progress`` called, in a thread
        of the client. Cancelling keeps the changes made so far; repeating the call is
        safe."""
        how = _sync.arguments_of(dry_run, confirm, platform, deadline, patience)

        def run(cancel: _native.CancelFlag) -> List[Synced]:
            state = _sync.desired_state(desired, format, encoding, check)
            return _sync.run(self._native, state, how, progress, cancel)

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
        """As :meth:`Client.call`."""
        body = arguments.call_body(json, content_type)
        how = (optional_seconds(deadline), content_type, auth, repeatable)
        return await self._pool.run(self._native.call, path, body, *how)

    async def aclose(self) -> None:
        """Closes idle connections, ends running calls soon, and refuses later ones."""
        here = self._per_process.get()
        here.native.close()
        await here.pool.close()
        await here.closing.close()

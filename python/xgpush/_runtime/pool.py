"""Threads in which blocking native calls run for coroutines."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Callable, Set, TypeVar

from .._native import CancelFlag

_Result = TypeVar("_Result")


class Pool:
    """Runs up to ``threads`` native calls at a time; further ones queue.

    Cancelling a coroutine ends its call and waits for that, about 50 ms: afterwards nothing of
    it is sent any more.
    """

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="xgpush")
        self._process = os.getpid()
        self._closed = False
        self._running: Set[Future[Any]] = set()

    async def run(self, call: Callable[..., _Result], *arguments: Any) -> _Result:
        """Runs the call with the arguments and a flag that ends it."""
        cancel = CancelFlag()
        if self._closed or os.getpid() != self._process:
            # There are no threads. The call will not block: its client is closed.
            return call(*arguments, cancel)
        running = self._threads.submit(call, *arguments, cancel)
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        _end_at_exit(running, cancel)
        future = _future(running)
        try:
            # Cancelling ends the wait, not the call.
            await asyncio.wait([future])
        except asyncio.CancelledError:
            cancel.set()
            if not running.cancel():
                await asyncio.wait([future])
            raise
        finally:
            cancel.set()
        return future.result()

    async def close(self) -> None:
        """Accepts no more calls, and waits for the running ones."""
        self._closed = True
        if os.getpid() == self._process:
            self._threads.shutdown(wait=False)
            under_way = [_future(running) for running in list(self._running)]
            if under_way:
                await asyncio.wait(under_way)


def _future(running: Future[_Result]) -> asyncio.Future[_Result]:
    """A future of the running loop, silent if its exception is never fetched."""
    future = asyncio.wrap_future(running)
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
    return future


_flags: Set[CancelFlag] = set()


def _end_at_exit(running: Future[Any], cancel: CancelFlag) -> None:
    _flags.add(cancel)
    running.add_done_callback(lambda _: _flags.discard(cancel))


def _end_calls() -> None:
    for cancel in list(_flags):
        cancel.set()


# The interpreter joins the threads of pools before it runs ``atexit`` handlers, and would
# wait for the deadlines of their calls. The hook that runs earlier is not public; without
# it, the end takes as long as the calls.
_before_joining = getattr(threading, "_register_atexit", None)
if _before_joining is not None:
    _before_joining(_end_calls)

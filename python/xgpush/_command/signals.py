"""Signals that end a command."""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from types import FrameType
from typing import Callable, Iterator, List, Optional, TypeVar

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: How often to look for a signal, in seconds.
_POLL = 0.2

_ResultT = TypeVar("_ResultT")


@contextmanager
def caught() -> Iterator[List[int]]:
    """Collects signals in a list, instead of raising an exception anywhere. A signal that is
    ignored stays ignored: by ``nohup``, or by a shell for background jobs."""
    received: List[int] = []

    def note(number: int, _frame: Optional[FrameType]) -> None:
        received.append(number)

    numbers = [number for number in _ENDING if signal.getsignal(number) != signal.SIG_IGN]
    former = {number: signal.signal(number, note) for number in numbers}
    try:
        yield received
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def run_interruptibly(call: Callable[[], _ResultT], stop: List[int]) -> _ResultT:
    """Runs a call in another thread, so that a signal can end the command during it. For
    opening files, which reads a whole table or waits for a pipe. Nothing has been sent then, so
    the process may simply exit."""
    done: Future[_ResultT] = Future()

    def work() -> None:
        try:
            done.set_result(call())
        except BaseException as error:
            done.set_exception(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_POLL)
        if stop:
            # It may be almost done.
            thread.join(_POLL)
        if stop and thread.is_alive():
            print("xgpush: ended before anything was sent", file=sys.stderr)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(128 + stop[0])
    return done.result()

"""What asks a command to end, and what hears it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from types import FrameType
from typing import Callable, Iterator, List, Optional, TypeVar

#: What asks a command to end.
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: How long a look at what opens takes, in seconds.
_LOOK = 0.2

_Made = TypeVar("_Made")


@contextmanager
def heard() -> Iterator[List[int]]:
    """The signals to end that came, in place of an exception anywhere. One that was
    ignored before stays so: by ``nohup``, or by a shell for what it runs behind."""
    came: List[int] = []

    def note(number: int, _frame: Optional[FrameType]) -> None:
        came.append(number)

    asked = [number for number in _ENDING if signal.getsignal(number) != signal.SIG_IGN]
    kept = {number: signal.signal(number, note) for number in asked}
    try:
        yield came
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def while_opening(make: Callable[[], _Made], stop: List[int]) -> _Made:
    """Opens something in another thread, so that signals are heard meanwhile: it reads the
    whole of a table, or what a pipe brings first, or the rows that are done. Nothing is
    sent yet, so the command may end where it is."""
    made: Future[_Made] = Future()

    def work() -> None:
        try:
            made.set_result(make())
        except BaseException as error:
            made.set_exception(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_LOOK)
        if stop:
            # It may be all but done.
            thread.join(_LOOK)
        if stop and thread.is_alive():
            print("xgpush: ended before anything was sent", file=sys.stderr)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(128 + stop[0])
    return made.result()

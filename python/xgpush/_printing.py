"""Printing for which nobody has to wait: ``xgpush … | head`` ends as it would without."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import Any, Iterator


@contextmanager
def to_the_end() -> Iterator[None]:
    """What is printed to a pipe that was closed is lost, and nothing else is: what was
    sent must still be told by the exit status, in the report and in the state."""
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Patient(stream) for stream in kept)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = kept


class _Patient:
    """A stream that goes on when its reader has left."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
        except BrokenPipeError:
            self._drop()
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._drop()

    def _drop(self) -> None:
        """The rest goes nowhere, also what the interpreter flushes when it ends."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

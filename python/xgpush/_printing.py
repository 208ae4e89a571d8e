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
    # There is none if the caller has closed it; print takes that as it is.
    patient = [None if stream is None else _Patient(stream) for stream in kept]
    sys.stdout, sys.stderr = patient
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept
        for stream in patient:
            if stream is not None:
                stream.end()


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

    def end(self) -> None:
        """What cannot be written now cannot be when the interpreter ends."""
        try:
            self._stream.flush()
        except OSError:
            self._drop()

    def _drop(self) -> None:
        """The rest goes nowhere, also what the interpreter flushes when it ends."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

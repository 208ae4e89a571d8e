"""Printing that never ends a command: ``xgpush … | head`` ends as it would without."""

from __future__ import annotations

import errno
import json
import os
import sys
from contextlib import contextmanager
from typing import Any, Iterator, Optional

#: What a reader or a terminal that is gone answers: nobody is there to be told.
_NOBODY = (errno.EPIPE, errno.EIO)


def open_streams() -> None:
    """Standard streams that the caller has closed lead nowhere. Else a file or a
    connection would get one of their numbers, and what is printed would end up there."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)


class Output:
    """What becomes of what is printed."""

    def __init__(self, stream: _Patient) -> None:
        self._stream = stream

    def error(self) -> Optional[OSError]:
        """Why some of it could not be written, such as a full disk; of a reader that
        has left, nothing."""
        self._stream.flush()
        return self._stream.failed


@contextmanager
def to_the_end() -> Iterator[Output]:
    """What cannot be printed is lost, and nothing else is: what was sent must still be
    told by the exit status, in the report and in the state."""
    kept = sys.stdout, sys.stderr
    patient = [_Patient(stream) for stream in kept]
    sys.stdout, sys.stderr = patient
    try:
        yield Output(patient[0])
    finally:
        sys.stdout, sys.stderr = kept
        for stream in patient:
            stream.flush()


def as_json(text: str) -> str:
    """JSON that standard output can encode."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
        return text
    except UnicodeEncodeError:
        return json.dumps(json.loads(text), separators=(",", ":"))


class _Patient:
    """A stream that goes on when it cannot be written, and prints what its encoding
    does not have with a backslash."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.failed: Optional[OSError] = None
        if getattr(stream, "errors", None) == "strict" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
        except OSError as error:
            self._drop(error)
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._drop(error)

    def _drop(self, error: OSError) -> None:
        """The rest goes nowhere, also what the interpreter flushes when it ends."""
        if error.errno not in _NOBODY and self.failed is None:
            self.failed = error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

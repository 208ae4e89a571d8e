"""Output that never ends a command early: ``xgpush … | head`` has the exit status that it
has without ``head``."""

from __future__ import annotations

import errno
import json
import os
import sys
from contextlib import contextmanager
from typing import Any, Iterator, Optional

#: The reader or the terminal is gone. That is no failure.
_READER_GONE = (errno.EPIPE, errno.EIO)


def open_streams() -> None:
    """Opens standard streams that the caller has closed. Otherwise a file or a connection
    would get their numbers, and receive what is printed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)


class Output:
    """Standard output."""

    def __init__(self, stream: BrokenPipeSafe) -> None:
        self._stream = stream

    def error(self) -> Optional[OSError]:
        """Why output was lost, such as a full disk; ``None`` if only its reader is gone."""
        self._stream.flush()
        return self._stream.failed


@contextmanager
def ignore_broken_pipe() -> Iterator[Output]:
    """Drops output that cannot be written and goes on: the exit status, the report and the
    state must still say what was sent."""
    original = sys.stdout, sys.stderr
    safe = [BrokenPipeSafe(stream) for stream in original]
    sys.stdout, sys.stderr = safe
    try:
        yield Output(safe[0])
    finally:
        sys.stdout, sys.stderr = original
        for stream in safe:
            stream.flush()


def as_json(text: str) -> str:
    """JSON that standard output can encode."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
        return text
    except UnicodeEncodeError:
        return json.dumps(json.loads(text), separators=(",", ":"))


class BrokenPipeSafe:
    """A text stream whose writes never fail. Characters that its encoding lacks are printed as
    backslash escapes."""

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
        # Replaced below Python, so that the flush of the interpreter at its end succeeds too.
        if error.errno not in _READER_GONE and self.failed is None:
            self.failed = error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

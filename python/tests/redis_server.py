"""A Redis on a socket of its own, for tests. It ends with this process, also when that is
killed."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Optional, Type

import pytest

#: For tests that need a Redis.
needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None and os.environ.get("XG_NEED_ALL") != "1",
    reason="needs redis-server (Debian: redis-server)",
)

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """For ``preexec_fn``."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Redis:
    """``settings`` are those of ``redis.conf``, such as ``requirepass="…"``."""

    def __init__(self, **settings: str) -> None:
        # The path of a socket is short.
        self._folder = tempfile.TemporaryDirectory(prefix="xg-redis-")
        folder = Path(self._folder.name)
        self.path = str(folder / "socket")
        self.url = f"unix:{self.path}"
        given = {
            "port": "0",
            "unixsocket": self.path,
            "dir": str(folder),
            "save": "",
            "maxmemory-policy": "noeviction",
            **{name.replace("_", "-"): value for name, value in settings.items()},
        }
        arguments = [part for name, value in given.items() for part in (f"--{name}", value)]
        self.process = subprocess.Popen(
            ["redis-server", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_parent,
        )
        assert self.process.stdout is not None
        said = b""
        for line in self.process.stdout:
            said += line
            if b"eady to accept connections" in line:
                break
        else:
            raise RuntimeError(f"redis-server did not start: {said.decode(errors='replace')}")

    def command(self, *words: str, password: str = "") -> Any:
        """Carries out a command and returns its reply; an error as an exception. The
        password may follow a user and a blank."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.path)
            stream = connection.makefile("rwb")
            if password:
                _ask(stream, "AUTH", *password.split())
            return _ask(stream, *words)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._folder.cleanup()

    def __enter__(self) -> "Redis":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()


def _ask(stream: Any, *words: str) -> Any:
    stream.write(b"*%d\r\n" % len(words))
    for word in words:
        stream.write(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()))
    stream.flush()
    return _reply(stream)


def _reply(stream: BinaryIO) -> Any:
    line = stream.readline().rstrip(b"\r\n").decode()
    kind, rest = line[:1], line[1:]
    if kind == "-":
        raise RuntimeError(rest)
    if kind == ":":
        return int(rest)
    if kind == "$":
        return None if rest == "-1" else stream.read(int(rest) + 2)[:-2].decode()
    if kind == "*":
        return [_reply(stream) for _ in range(int(rest))]
    return rest

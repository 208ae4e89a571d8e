"""As much of Redis' protocol as the harness needs."""

import socket


class RedisError(Exception):
    """The server answered with an error."""


class Connection:
    def __init__(self, port, host="127.0.0.1", timeout=2.0):
        self._socket = socket.create_connection((host, port), timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def close(self):
        self._file.close()
        self._socket.close()

    def call(self, *words):
        parts = [str(word).encode() for word in words]
        head = b"*%d\r\n" % len(parts)
        self._socket.sendall(head + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
        return self._answer()

    def _answer(self):
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            length = int(rest)
            if length < 0:
                return None
            text = self._file.read(length + 2)
            if len(text) != length + 2:
                raise ConnectionError("the server closed the connection")
            return text[:-2].decode(errors="replace")
        if kind == b"*":
            length = int(rest)
            return None if length < 0 else [self._answer() for _ in range(length)]
        raise ConnectionError(f"no answer of Redis: {line!r}")

"""proxy.py NAME=PORT…: forwards connections to ports of loopback, and cuts them when told.

Prints a line `NAME PORT` for each listener, then reads commands from standard input:

    hold NAME    nothing passes, and no connection breaks
    thaw NAME    what was held goes on its way
    drop NAME    what was held is gone: its connections are reset
    cut NAME     connections are reset, and new ones too
    heal NAME    passes everything
    delay NAME MS    everything takes so long

and answers each with `done`. It ends with its standard input.
"""

import asyncio
import socket
import struct
import subprocess
import sys

from children import Child


class Link:
    """A listener and its connections."""

    def __init__(self, target):
        self.target, self.delay = target, 0.0
        self.passes, self.refuses = asyncio.Event(), False
        self.passes.set()
        self.writers = set()

    async def connected(self, reader, writer):
        if self.refuses:
            return reset(writer)
        try:
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return reset(writer)
        for one in (writer, other_writer):
            one.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.writers |= {writer, other_writer}
        await asyncio.gather(self._pump(reader, other_writer), self._pump(other_reader, writer))
        self.writers -= {writer, other_writer}

    async def _pump(self, reader, writer):
        try:
            while data := await reader.read(65536):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self.passes.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        # A host that ends is not noticed through a line that is held.
        await self.passes.wait()
        writer.close()

    def reset_all(self):
        for writer in self.writers:
            reset(writer)

    def obey(self, command, value):
        if command == "hold":
            self.passes.clear()
        elif command == "delay":
            self.delay = float(value) / 1000
        elif command in ("drop", "cut", "thaw", "heal"):
            self.refuses = command == "cut"
            if command in ("drop", "cut"):
                self.reset_all()
            self.passes.set()
        else:
            raise ValueError(command)


def reset(writer):
    """Closes with a reset, and forgets what was not sent."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def serve(pairs):
    links = {}
    for pair in pairs:
        name, target = pair.split("=")
        links[name] = link = Link(int(target))
        server = await asyncio.start_server(link.connected, "127.0.0.1", 0)
        print(name, server.sockets[0].getsockname()[1], flush=True)
    lines = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(lines)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while line := await lines.readline():
        command, name, *value = line.decode().split()
        links[name].obey(command, *value or [None])
        print("done", flush=True)


class Proxy:
    """The process, for the harness."""

    def __init__(self, targets):
        pairs = [f"{name}={port}" for name, port in targets.items()]
        self.child = Child(
            [sys.executable, __file__, *pairs], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        lines = (self.child.process.stdout.readline().split() for _ in pairs)
        self.ports = {name.decode(): int(port) for name, port in lines}

    def tell(self, *words):
        self.child.process.stdin.write(" ".join(map(str, words)).encode() + b"\n")
        self.child.process.stdin.flush()
        if self.child.process.stdout.readline() != b"done\n":
            raise OSError("the proxy ended")

    # What Fleet.cuts_lines wants of lines.

    def ways(self, what):
        # What was held on the way to the service is not let go: a request that was given up
        # and still travels is beyond what a client can order.
        return ["cut", "hold", "late"] if what == "engine" else ["cut", "hold"]

    def cut(self, line, how):
        self.tell("cut" if how == "cut" else "hold", line)

    def heal(self, line, how):
        self.tell("thaw" if how == "late" else "drop", line)
        self.tell("heal", line)

    def end(self):
        self.child.kill()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1:]))

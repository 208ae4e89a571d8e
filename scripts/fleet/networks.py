"""Network namespaces: a hub, and a place for each member with two lines to the hub.

The hub is the namespace of this process for as long as it is in use: engine and service are
started in it, and reach nothing else. All of it goes when the processes end.
"""

import ctypes
import os
import subprocess
import time

from children import Child

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


def may():
    """Whether namespaces can be had: it takes root, and `ip`."""
    try:
        done = subprocess.run(["unshare", "--net", "ip", "link"], capture_output=True)
        return done.returncode == 0
    except OSError:
        return False


def _ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Hub:
    LINES = ("engine", "service")

    def __init__(self, members):
        # Its parent keeps the namespace in which it was.
        self._outside = os.open("/proc/self/ns/net", os.O_RDONLY)
        self._keepers = []
        _check(_LIBC.unshare(_CLONE_NEWNET))
        _ip("link", "set", "lo", "up")
        for slot in range(members):
            keeper = Child(["unshare", "--net", "sleep", "infinity"])
            self._keepers.append(keeper)
            self._wait_for_namespace(keeper)
            inside = ["nsenter", f"--net={self.namespace(slot)}", "ip"]
            subprocess.run([*inside, "link", "set", "lo", "up"], check=True)
            for line in self.LINES:
                name, here, there = f"{line}{slot}", *self._addresses(slot, line)
                _ip("link", "add", name, "type", "veth", "peer", "name", line, "netns", str(keeper.pid))
                _ip("address", "add", f"{here}/30", "dev", name)
                _ip("link", "set", name, "up")
                subprocess.run([*inside, "address", "add", f"{there}/30", "dev", line], check=True)
                subprocess.run([*inside, "link", "set", line, "up"], check=True)

    @staticmethod
    def _wait_for_namespace(keeper):
        own = os.readlink("/proc/self/ns/net")
        while keeper.is_running() and os.readlink(f"/proc/{keeper.pid}/ns/net") == own:
            time.sleep(0.002)

    @classmethod
    def _addresses(cls, slot, line):
        net = f"10.{97 + cls.LINES.index(line)}.{slot}"
        return f"{net}.1", f"{net}.2"

    def namespace(self, slot):
        return f"/proc/{self._keepers[slot].pid}/ns/net"

    def address(self, slot, line):
        """What a member calls the hub over one of its lines."""
        return self._addresses(slot, line)[0]

    # What Fleet.cuts_lines wants of lines; a line is its kind and the member, as engine3.

    def ways(self, _):
        return ["down"]

    def cut(self, line, _):
        _ip("link", "set", line, "down")

    def heal(self, line, _):
        _ip("link", "set", line, "up")

    def end(self):
        _check(_LIBC.setns(self._outside, _CLONE_NEWNET))
        os.close(self._outside)
        for keeper in self._keepers:
            keeper.kill()

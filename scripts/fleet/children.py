"""Processes that end with this one, however it ends."""

import ctypes
import os
import signal
import socket
import subprocess

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_CLONE_NEWNET = 0x40000000


class Child:
    """A direct child of this process."""

    def __init__(self, argv, *, env=None, stdout=None, stderr=None, stdin=None, network=None):
        """`network` is a file of a network namespace, such as /run/netns/NAME."""
        parent = os.getpid()

        def prepare():
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
            if network:
                with open(network, encoding="ascii") as name:
                    if _LIBC.setns(name.fileno(), _CLONE_NEWNET) != 0:
                        os._exit(1)

        self.process = subprocess.Popen(
            argv,
            env={**os.environ, **(env or {})},
            stdin=stdin or subprocess.DEVNULL,
            stdout=stdout or subprocess.DEVNULL,
            stderr=stderr,
            preexec_fn=prepare,
        )

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process.poll() is None

    def kill(self):
        """SIGKILL, also when it is stopped."""
        if self.is_running():
            self.process.kill()
        self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        if self.is_running():
            self.process.send_signal(signal.SIGCONT)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]

"""The processes of a fleet: `core/examples/fleet_member.rs`, run by run."""

import json
import os
import subprocess
import time

from children import Child
from servers import ACCESS_ID, SECRET_KEY

REQUEST_TIMEOUT_MS = 250
# What every member of a storm is told. Whatever goes wrong is tried again at once.
OPTIONS = {
    "access_id": ACCESS_ID,
    "secret_key": SECRET_KEY,
    "request_timeout_ms": REQUEST_TIMEOUT_MS,
    "outbox_linger_ms": 2,
    "outbox_deadline_ms": 0,
    "outbox_durable_notices": "true",
    "outbox_max_operations": 100_000,
    "retry_base_ms": 5,
    "throttle_base_ms": 20,
    "max_backoff_ms": 200,
}


def now_us():
    """The clock of the journals."""
    return time.monotonic_ns() // 1000


class Member:
    """One place in the fleet: at any time at most one process runs in it."""

    def __init__(self, program, folder, slot, *, options, workload, network=None):
        self.slot, self.run, self.child = slot, 0, None
        self.options, self.workload = options, workload
        self.runs = {}  # run: {"started", "ended", "how"}
        self._program, self._folder, self._network = program, folder, network

    @property
    def name(self):
        return f"gate{self.slot}"

    @property
    def title(self):
        """What it says to the service, and here."""
        return f"{self.name}.{self.run}"

    def journal(self, run=None):
        return os.path.join(self._folder, f"{self.name}.{run or self.run}.journal")

    def start(self):
        """The next run, a successor of the same name."""
        self.run += 1
        told = {**self.workload, "journal": self.journal(), "slot": self.slot, "run": self.run}
        options = {**OPTIONS, "outbox_name": self.name, **self.options}
        options["user_agent"] = f"storm/{self.title}"
        env = {f"XGPUSH_{name.upper()}": str(value) for name, value in options.items()}
        env["XG_MEMBER"] = json.dumps(told)
        with open(self.journal() + ".stderr", "wb") as stderr:
            self.child = Child(
                [self._program],
                env=env,
                stdin=subprocess.PIPE,
                stderr=stderr,
                network=self._network,
            )
        self.runs[self.run] = {"started": now_us(), "ended": None, "how": "runs"}

    def _ended(self, how):
        self.runs[self.run].update(ended=now_us(), how=how)

    def is_running(self):
        return self.child is not None and self.child.is_running()

    def kill(self):
        self.child.kill()
        self._ended("killed")

    def tell(self, command):
        try:
            self.child.process.stdin.write(command.encode() + b"\n")
            self.child.process.stdin.flush()
        except OSError:
            pass  # It is gone; whoever waits for its end sees that.

    def check(self):
        """Fails if it ended by itself."""
        if self.runs[self.run]["how"] == "runs" and not self.is_running():
            status = self.child.process.returncode
            self._ended("failed")
            raise OSError(f"{self.title} ended by itself, {status}: {self.stderr()}")

    def close(self, milliseconds=60_000):
        """Closes its outbox in order; `wait_closed` waits for the end."""
        self.runs[self.run]["how"] = "closes"
        self.tell(f"close {milliseconds}")

    def wait_closed(self, patience=90):
        status = self.child.process.wait(patience)
        if status != 0:
            raise OSError(f"{self.title} ended with {status}: {self.stderr()}")
        self._ended("closed")

    def stderr(self):
        with open(self.journal() + ".stderr", encoding="utf-8", errors="replace") as text:
            return text.read()[-2000:]

"""example.py PACKAGE [--quick]: three gates of a game (`examples/python/gate.py`) share one Redis.

PACKAGE is the folder that has the Python package. Players log in at one gate after the
other; in the middle the gate that relays is killed. Prints what happened, and fails if a
player is not bound to the phone of the last login.
"""

import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from children import Child
from servers import ACCESS_ID, SECRET_KEY, Emulator, RedisServer

GATES, PLAYERS = 3, 12
QUICK = "--quick" in sys.argv
SECONDS, KILLED_AFTER = (9.0, 2.0) if QUICK else (16.0, 5.0)
# Short, so that the example is; a lease is at least twice a request and 4 s.
REQUEST_MS, LEASE_MS = (250, 4500) if QUICK else (1000, 6000)
GATE = os.path.join(os.path.dirname(__file__), "../../examples/python/gate.py")


class Gate:
    def __init__(self, n, env, said):
        self.name = f"gate{n + 1}"
        self.handed, self.done = 0, 0
        self.relays, self.dead = False, False
        self.child = Child(
            [sys.executable, GATE],
            env={**env, "XGPUSH_OUTBOX_NAME": self.name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        threading.Thread(target=self._listen, args=(said,), daemon=True).start()

    def _listen(self, said):
        for line in self.child.process.stdout:
            said.put((self, line.decode().split()))

    def login(self, number, phone, player):
        self.child.process.stdin.write(f"{number} {phone} {player}\n".encode())
        self.child.process.stdin.flush()
        self.handed += 1

    def row(self):
        did = "killed" if self.dead else "relays" if self.relays else "waits"
        return f"{self.handed:>5} in {self.done:>4} done  {did:<6}"


class World:
    """The players, and the clock of the example."""

    def __init__(self, gates, said):
        self.gates, self.said = gates, said
        self.random, self.began = random.Random(7), time.monotonic()
        self.number, self.logins = 0, {}  # number: (player, phone)
        self.last, self.moving = {}, set()

    def clock(self):
        return time.monotonic() - self.began

    def say(self, text):
        print(f"{self.clock():>5.1f} s  {text}", flush=True)

    def rows(self):
        self.say("  |  ".join(gate.row() for gate in self.gates))

    def hear(self):
        """Takes in what the gates say."""
        while True:
            try:
                gate, words = self.said.get_nowait()
            except queue.Empty:
                return
            if words[0] == "durable":
                # Now the player may log in anywhere.
                self.moving.discard(self.logins[int(words[1])][0])
            elif words[0] in ("accepted", "superseded"):
                gate.done += 1
            elif words[0] in ("relays", "waits"):
                gate.relays = words[0] == "relays"
                if gate.relays:
                    self.say(f"{gate.name} relays for all")

    def login(self):
        """A player whose last login is durable logs in at some gate, with a phone of theirs."""
        free = [n for n in range(PLAYERS) if n not in self.moving]
        if not free:
            return
        player = self.random.choice(free)
        gate = self.random.choice([gate for gate in self.gates if not gate.dead])
        self.number += 1
        phone = f"phone-{player}"
        own = f"player-{player}-login-{self.number}"
        self.logins[self.number] = (player, phone)
        self.moving.add(player)
        self.last[phone] = own
        gate.login(self.number, phone, own)

    def run(self):
        shown, victim = 0.0, None
        while self.clock() < SECONDS:
            self.hear()
            self.login()
            leader = next((gate for gate in self.gates if gate.relays and not gate.dead), None)
            if victim is None and leader and self.clock() > KILLED_AFTER:
                victim = leader
                # Whose login it had alone, nobody knows of: that player logs in again.
                victim.child.kill()
                victim.dead = True
                self.moving.clear()
                self.say(f"{victim.name}, which relayed, is killed (kill -9)")
            if self.clock() >= shown:
                shown += 1.0
                self.rows()
            time.sleep(0.02)
        return victim


def main():
    package = os.path.abspath(sys.argv[1])
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    folder = tempfile.mkdtemp(prefix="xgpush-example.", dir=base)
    env = {"PYTHONPATH": package}
    try:
        service = Emulator([sys.executable, "-m", "xgpush", "emulator"], env=env)
        engine = RedisServer(folder).wait()
        env.update(
            XGPUSH_ACCESS_ID=ACCESS_ID,
            XGPUSH_SECRET_KEY=SECRET_KEY,
            XGPUSH_BASE_URL=service.url,
            XGPUSH_OUTBOX_URL=f"redis://127.0.0.1:{engine.port}",
            XGPUSH_OUTBOX_LEASE_MS=str(LEASE_MS),
            XGPUSH_REQUEST_TIMEOUT_MS=str(REQUEST_MS),
        )
        said = queue.Queue()
        gates = [Gate(n, env, said) for n in range(GATES)]
        world = World(gates, said)
        print("         " + "  |  ".join(f"{gate.name:^26}" for gate in gates))
        victim = world.run()
        for gate in gates:
            if not gate.dead:
                gate.child.process.stdin.close()
                gate.child.process.wait(30)
        time.sleep(0.2)
        world.hear()
        return judge(world, victim, service)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def judge(world, victim, service):
    bound = {token: accounts[0][0] for token, accounts in service.tokens().items()}
    wrong = [phone for phone, own in world.last.items() if bound.get(phone) != own]
    handed = sum(gate.handed for gate in world.gates)
    requests = sum(1 for _ in service.log())
    print(f"\n{handed} logins at {GATES} gates, sent in {requests} requests by whoever relayed.")
    print(f"{victim.name if victim else 'No gate'} was killed.")
    print(f"Players who are not bound as at their last login: {len(wrong)}")
    for phone in wrong:
        print(f"  {phone}: {bound.get(phone)} in place of {world.last[phone]}")
    return 1 if wrong or victim is None else 0


if __name__ == "__main__":
    sys.exit(main())

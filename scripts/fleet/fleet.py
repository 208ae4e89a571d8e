"""One fleet under test: an engine, a service, members, and who leads at each moment."""

import json
import os
import random
import shutil
import tempfile
import time
from collections import Counter

from evidence import Run, Tenure, gather, note_what_was_said
from members import Member
from resp import Connection, RedisError
from servers import Emulator

# The shortest lease for members.REQUEST_TIMEOUT_MS.
LEASE_MS = 4500
STEP = 0.003


class Fleet:
    """Actors are generators: they yield seconds to wait, or a condition to wait for."""

    def __init__(self, programs, seed, *, faults=30, listen="127.0.0.1"):
        """`faults`: how many requests of a thousand the service fails."""
        base = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.folder = tempfile.mkdtemp(prefix="xgpush-fleet.", dir=base)
        self.random = random.Random(seed)
        self.seed, self.programs = seed, programs
        self.prefix = f"xg:storm{seed}"
        self.engine, self.members, self.tenures = None, [], []
        # Microseconds at which a master died with a tail that nobody else had.
        self.went_back = []
        self.done = Counter()  # what was killed, paused and cut, and how often
        # What stands between the members and the rest, if it can be cut: a Proxy or a Hub.
        self.lines = None
        # (milliseconds since 1970, GATE.RUN of the relay that was killed then)
        self.killed = []
        self._watch, self._watch_again = None, 0.0
        self.service = Emulator(
            [programs.emulator, "--listen", listen],
            overwrite_clears="all_types",
            bad_token_prefix="bad",
            random_faults={
                "seed": seed,
                "per_mille": faults,
                "kinds": [
                    {"kind": "status", "status": 503},
                    {"kind": "reset_before"},
                    {"kind": "reset_after"},
                    {"kind": "close_after"},
                    {"kind": "hang_after_apply"},
                ],
            },
        )

    def add_members(self, count, options, network=None, **workload):
        """`options` may be a function of the slot; `network` is one, to a namespace."""
        workload = {
            "seed": self.seed,
            "rate": 40,
            "tokens": 24,
            "accounts": 12,
            "refused": 50,
            **workload,
        }
        for slot in range(count):
            own = options(slot) if callable(options) else options
            own = {"base_url": self.service.url, **own}
            member = Member(
                self.programs.member,
                self.folder,
                slot,
                options=own,
                workload=workload,
                network=network and network(slot),
            )
            member.start()
            self.members.append(member)

    def on_engine(self, **options):
        """Options of a member over the engine."""
        return {
            "outbox_url": self.engine.url(),
            "outbox_prefix": self.prefix,
            "outbox_lease_ms": LEASE_MS,
            **options,
        }

    def key(self, name):
        return f"{{{self.prefix}}}:{name}"

    # Who leads.

    def _sample(self):
        """Looks at the lease; the engine may be away."""
        if self.engine is None or time.monotonic() < self._watch_again:
            return
        try:
            if self._watch is None:
                self._watch = Connection(self._engine_port(), timeout=0.2)
            words = self._watch.call("HGETALL", self.key("lease"))
        except (OSError, RedisError):
            if self._watch is not None:
                self._watch.close()
            self._watch, self._watch_again = None, time.monotonic() + 0.02
            return
        lease = dict(zip(words[::2], words[1::2]))
        if lease.get("holder"):
            self._note(lease["holder"], int(lease["epoch"]), int(lease["until"]))
        elif lease and self.tenures:
            self.tenures[-1].given_up = True

    def _engine_port(self):
        master = getattr(self.engine, "master", None)
        return master().port if master else self.engine.port

    def _note(self, holder, epoch, until):
        now_ms = time.time_ns() // 1_000_000
        last = self.tenures[-1] if self.tenures else None
        if last is None or (last.holder, last.epoch) != (holder, epoch):
            if until > now_ms:
                self.tenures.append(Tenure(holder, epoch, now_ms, until))
        else:
            last.until_ms = max(last.until_ms, until)

    def leader(self):
        """The member that holds the lease, if it runs."""
        if not self.tenures or self.tenures[-1].given_up:
            return None
        tenure = self.tenures[-1]
        name = tenure.holder.rsplit(".", 1)[0]
        for member in self.members:
            started = member.runs[member.run]["started"] if member.run else 0
            held_since = time.monotonic_ns() // 1000 - (
                time.time_ns() // 1_000_000 - tenure.first_seen_ms
            ) * 1000
            if member.name == name and member.is_running() and started <= held_since:
                return member
        return None

    # Running.

    def run(self, actors, patience):
        """Lets the actors act until all have ended."""
        ends = time.monotonic() + patience
        waiting = [(actor, next(actor, None)) for actor in actors]
        waiting = [self._until(actor, what) for actor, what in waiting if what is not None]
        while waiting:
            if time.monotonic() > ends:
                raise TimeoutError(f"{len(waiting)} actors have not ended in {patience} s")
            self._sample()
            for member in self.members:
                member.check()
            left = []
            for actor, is_due in waiting:
                if not is_due():
                    left.append((actor, is_due))
                    continue
                what = next(actor, None)
                if what is not None:
                    left.append(self._until(actor, what))
            waiting = left
            time.sleep(STEP)

    @staticmethod
    def _until(actor, what):
        if callable(what):
            return actor, what
        at = time.monotonic() + what
        return actor, lambda: time.monotonic() >= at

    def settle(self, reports_wait, patience=90):
        """Ends the submissions and the faults, and waits until nothing is open, and if they
        are waited for, no reports of earlier runs either. `False`: it took too long."""
        self.service.admin("clear_faults", {})
        for member in self.members:
            member.tell("rest")

        def settled():
            for _ in range(2):  # what the members say is up to a second old
                yield lambda: all(map(self._is_idle, self.members)) and self._is_empty(reports_wait)
                yield 1.2

        try:
            self.run([settled()], patience)
        except TimeoutError:
            return False
        return True

    @staticmethod
    def _is_idle(member):
        """By the last statistics in its journal."""
        with open(member.journal(), "rb") as journal:
            journal.seek(max(0, os.path.getsize(member.journal()) - 20_000))
            lines = journal.read().decode(errors="replace").splitlines()
        for line in reversed(lines):
            if line.startswith("n ") and line.endswith("}"):
                stats = json.loads(line.split(" ", 2)[2])
                return stats["open"] == 0 and stats["reports_waiting"] == 0
        return False

    def _is_empty(self, of_reports):
        if self.engine is None:
            return True
        try:
            left = self.engine.call("XLEN", self.key("ops"))
            lists = ("rep:*", "group:*") if of_reports else ()
            for name in lists:
                for key in self.engine.call("KEYS", self.key(name)):
                    left += self.engine.call("XLEN", key)
            return left == 0
        except (OSError, RedisError):
            return False

    def close(self):
        """Closes every member, and answers the evidence."""
        for member in self.members:
            member.close()
        for member in self.members:
            member.wait_closed()
        journals, runs = {}, {}
        for member in self.members:
            for run, record in member.runs.items():
                journals[member.slot, run] = member.journal(run)
                runs[member.slot, run] = Run(record["how"], record["ended"])
        evidence = gather(journals, self.service.log(), self.service.tokens(), runs)
        evidence.tenures = self.tenures
        note_what_was_said(evidence)
        return evidence

    def end(self, *, keep=False):
        for member in self.members:
            if member.is_running():
                member.child.kill()
        if self.engine is not None:
            self.engine.kill()
        self.service.kill()
        if self.lines is not None:
            self.lines.end()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    # Actors.

    def kills_processes(self, times, pause):
        """Kills a member that does not lead, and starts its successor soon."""
        for _ in range(times):
            yield self.random.uniform(*pause)
            led = self.leader()
            others = [m for m in self.members if m.is_running() and m is not led]
            if not others:
                continue
            member = self.random.choice(others)
            member.kill()
            self.done["processes killed"] += 1
            yield self.random.uniform(0, 0.3)
            member.start()

    def kills_relays(self, times, pause):
        """Kills whoever leads, soon after it began to."""
        for _ in range(times):
            yield lambda: self.leader() is not None
            yield self.random.uniform(*pause)
            member = self.leader()
            if member is None:
                continue
            member.kill()
            self.done["relays killed"] += 1
            self.killed.append((time.time_ns() // 1_000_000, member.title))
            yield self.random.uniform(0, 0.5)
            member.start()

    def kills_engine(self, times, pause, away=(0.0, 0.5)):
        for _ in range(times):
            yield self.random.uniform(*pause)
            self.engine.kill()
            self.done["engines killed"] += 1
            yield self.random.uniform(*away)
            self.engine.start()
            yield self._engine_serves

    def _engine_serves(self):
        try:
            return self.engine.call("PING") == "PONG"
        except (OSError, RedisError):
            return False

    def closes_relays(self, times, pause):
        """Closes whoever leads, in order, and starts it again."""
        for _ in range(times):
            yield lambda: self.leader() is not None
            yield self.random.uniform(*pause)
            member = self.leader()
            if member is None:
                continue
            member.close()
            self.done["relays closed"] += 1
            yield lambda member=member: not member.is_running()
            member.wait_closed()
            member.start()

    def pauses_relays(self, times, pause, seconds):
        for _ in range(times):
            yield lambda: self.leader() is not None
            yield self.random.uniform(*pause)
            member = self.leader()
            if member is None:
                continue
            member.child.pause()
            self.done["relays paused"] += 1
            yield seconds
            member.child.go_on()

    def pauses_engine(self, times, pause, seconds):
        for _ in range(times):
            yield self.random.uniform(*pause)
            self.engine.child.pause()
            self.done["engines paused"] += 1
            yield self.random.uniform(*seconds)
            self.engine.child.go_on()

    def cuts_lines(self, what, times, pause, seconds, *, leads):
        """Cuts a line of whoever leads, or of somebody else."""
        for _ in range(times):
            yield lambda: self.leader() is not None
            yield self.random.uniform(*pause)
            led = self.leader()
            if led is None:
                continue
            others = [member for member in self.members if member is not led]
            line = f"{what}{(led if leads else self.random.choice(others)).slot}"
            how = self.random.choice(self.lines.ways(what))
            self.lines.cut(line, how)
            self.done[f"{what} lines of {'relays' if leads else 'processes'} cut"] += 1
            yield self.random.uniform(*seconds)
            self.lines.heal(line, how)

    def fails_over(self, times):
        """Takes a master's replicas away, and a moment later the master."""
        for _ in range(times):
            yield self.random.uniform(1.0, 3.0)
            # A second failure on top of the first is more than anybody promises to survive.
            yield self.engine.is_whole
            master = self.engine.master()
            # Replicas that are stopped when their line breaks miss what follows.
            replicas = [server for server in self.engine.servers if server is not master]
            for replica in replicas:
                replica.child.pause()
            master.call("CLIENT", "KILL", "TYPE", "replica")
            yield self.random.uniform(0.0, 0.3)
            self.went_back.append(time.monotonic_ns() // 1000)
            master.kill()
            for replica in replicas:
                replica.child.go_on()
            self.done["failovers"] += 1
            yield lambda master=master: self._new_master(master) is not None
            new = self._new_master(master)
            # An old master that comes back as one would take writes until it is told.
            master.start_as_replica_of(new)
            yield self.engine.is_whole

    def _new_master(self, old):
        master = self.engine.master()
        try:
            serves = master is not old and "role:master" in master.call("INFO", "replication")
        except (OSError, RedisError):
            return None
        return master if serves else None

"""storm.py MEMBER EMULATOR [--short] [--seed N] [SCENE…]: kills, pauses and cuts a fleet,
and lets the referee judge. Prints a table of the figures; fails on a violation.
"""

import argparse
import signal
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass

from fleet import Fleet
from referee import VIOLATIONS, Rules, judge

MEMBERS = 8


@dataclass
class Programs:
    member: str
    emulator: str


@dataclass
class Size:
    """How much of a storm: how many kills of each kind, in how many rounds."""

    kills: int
    rounds: int
    failovers: int


SHORT = Size(kills=2, rounds=1, failovers=0)
LONG = Size(kills=20, rounds=10, failovers=20)


class Result:
    def __init__(self, scene):
        self.scene, self.kills, self.counts = scene, Counter(), Counter()
        self.figures, self.takeovers = Counter(), []
        self.seconds, self.lines = 0.0, []

    def add(self, fleet, verdict):
        self.kills.update(fleet.kills)
        self.counts.update(verdict.counts)
        self.figures.update(verdict.figures)
        self.lines += verdict.lines()


def takeovers(fleet, evidence):
    """Milliseconds from the end of each relay to the first request of another process."""
    for _, ended, name in fleet.endings:
        for arrival in evidence.arrivals:
            if arrival.received_ms >= ended and arrival.sender.rsplit(".", 1)[0] not in ("", name):
                yield arrival.received_ms - ended
                break


def of_a_file(programs, seed, size, result):
    """Today's outbox: one process with a file. Its reports end with it."""
    fleet = Fleet(programs, seed)
    options = {"outbox_file": f"{fleet.folder}/outbox", "outbox_commit_ms": 1}
    fleet.add_members(1, options, rate=400)
    yield fleet
    fleet.run([fleet.kills_processes(10 * size.kills, (0.1, 0.4))], 40 * size.kills)
    yield Rules(reports_wait=False)


SCENES = {"file": of_a_file}


def play(scene, programs, seed, size):
    """One round of a scene. A scene yields its fleet, acts, and yields its rules."""
    result = Result(scene)
    began = time.monotonic()
    acts = SCENES[scene](programs, seed, size, result)
    fleet = next(acts)
    is_clean = False
    try:
        rules = next(acts)
        fleet.settle()
        evidence = fleet.close()
        verdict = judge(evidence, rules)
        is_clean = verdict.is_clean
        result.add(fleet, verdict)
        result.takeovers += takeovers(fleet, evidence)
    finally:
        fleet.end(keep=not is_clean)
        if not is_clean:
            print(f"{scene}, seed {seed}: what is left is in {fleet.folder}", flush=True)
    result.seconds = time.monotonic() - began
    return result


def show(result):
    kills = ", ".join(f"{count} of {what}" for what, count in result.kills.items() if count)
    figures = ", ".join(f"{count:,} {what}" for what, count in result.figures.items() if count)
    print(f"{result.scene}: {result.seconds:.0f} s, kills: {kills or 'none'}")
    print(f"  operations: {figures}")
    print("  violations: " + ", ".join(f"{what} {result.counts[what]}" for what in VIOLATIONS))
    if result.takeovers:
        worst, middle = max(result.takeovers), statistics.median(result.takeovers)
        print(f"  takeover: median {middle:.0f} ms, longest {worst} ms ({len(result.takeovers)})")
    for line in result.lines:
        print(f"  {line}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("member")
    parser.add_argument("emulator")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("scenes", nargs="*", default=[])
    told = parser.parse_intermixed_args()
    # Children end with this process; an exception on the way out ends it in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    programs = Programs(told.member, told.emulator)
    size = SHORT if told.short else LONG
    failed = 0
    print(f"seed {told.seed}", flush=True)
    for scene in told.scenes or SCENES:
        result = play(scene, programs, told.seed, size)
        show(result)
        failed += any(result.counts[what] for what in VIOLATIONS)
    print(f"storm: {len(told.scenes or SCENES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

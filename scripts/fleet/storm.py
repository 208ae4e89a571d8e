"""storm.py MEMBER EMULATOR [--short] [--seed N] [SCENE…]: kills, pauses and cuts a fleet, and
lets the referee judge. Prints the figures of each scene, and ends with `storm: N passed,
M failed`; the status is 1 after a violation. What a scene left is kept then.
"""

import argparse
import bisect
import shutil
import signal
import statistics
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass

import networks
from evidence import releases
from referee import VIOLATIONS, judge
from scenes import LONG, SCENES, SHORT


@dataclass
class Programs:
    member: str
    emulator: str


class Result:
    """What the rounds of one scene came to."""

    def __init__(self):
        self.done, self.violations, self.figures = Counter(), Counter(), Counter()
        self.takeovers = {"killed": [], "closed": []}
        self.lines, self.broken, self.seconds = [], 0, 0.0

    def add(self, fleet, evidence, verdict):
        self.done.update(fleet.done)
        self.violations.update(verdict.counts)
        self.figures.update(verdict.figures)
        self.lines += verdict.lines()
        for how, took in takeovers(fleet, evidence):
            self.takeovers[how].append(took)

    @property
    def is_clean(self):
        return not self.broken and not any(self.violations[what] for what in VIOLATIONS)


def takeovers(fleet, evidence):
    """Milliseconds from the end of each relay to the first request of another process."""
    arrivals = evidence.arrivals
    times = [arrival.received_ms for arrival in arrivals]
    ends = [("killed", ended, relay) for ended, relay in fleet.killed]
    ends += [("closed", at, who) for who, at, why in releases(evidence) if why == "it closes"]
    for how, ended, relay in ends:
        for arrival in arrivals[bisect.bisect_left(times, ended) :]:
            if arrival.sender not in ("", relay):
                yield how, arrival.received_ms - ended
                break


def lacking(scene):
    """What a scene needs and this machine has not."""
    if scene == "namespaces" and not networks.may():
        return "root, and the commands ip and unshare"
    if scene in ("replica", "engine") and not shutil.which("redis-sentinel"):
        return "redis-sentinel (Debian: redis-sentinel)"
    return None


def play(scene, programs, seed, size, result):
    began = time.monotonic()
    acts = SCENES[scene](programs, seed, size)
    fleet = next(acts)
    is_clean = False
    try:
        rules = next(acts)
        if not fleet.settle(rules.reports_wait):
            result.lines.append(f"seed {seed}: not everything was settled in time")
        evidence = fleet.close()
        verdict = judge(evidence, rules)
        is_clean = verdict.is_clean
        result.add(fleet, evidence, verdict)
    except (OSError, TimeoutError, ValueError):
        result.broken += 1
        result.lines.append(traceback.format_exc())
    finally:
        fleet.end(keep=not is_clean)
    if not is_clean:
        result.lines.append(f"seed {seed}: what it left is in {fleet.folder}")
    result.seconds += time.monotonic() - began


def listed(counts):
    return ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in counts.items() if count) or "none"


def show(scene, result):
    print(f"{scene}, {result.seconds:.0f} s: {listed(result.done)}")
    print(f"  operations: {listed(result.figures)}")
    print("  violations: " + ", ".join(f"{what} {result.violations[what]}" for what in VIOLATIONS))
    for how, took in result.takeovers.items():
        if took:
            took.sort()
            print(
                f"  from a relay {how} to the next one's first request: "
                f"median {statistics.median(took):.0f} ms, p95 {took[len(took) * 95 // 100]} ms, "
                f"longest {took[-1]} ms, of {len(took)}"
            )
    for line in result.lines:
        print(f"  {line}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("member")
    parser.add_argument("emulator")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 1_000_000)
    parser.add_argument("scenes", nargs="*", default=[])
    told = parser.parse_intermixed_args()
    # So that what was started is ended in order; it ends with this process in any case.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    programs = Programs(told.member, told.emulator)
    size = SHORT if told.short else LONG
    print(f"seed {told.seed}", flush=True)
    passed = failed = 0
    for scene in told.scenes or size.scenes:
        lacks = lacking(scene)
        if lacks:
            print(f"{scene}: 0 passed, 0 failed, 1 skipped: needs {lacks}", flush=True)
            continue
        result = Result()
        for n in range(size.rounds(scene)):
            play(scene, programs, told.seed + n, size, result)
            state = "nothing found" if result.is_clean else "something found"
            print(f"{scene}: round {n + 1} of {size.rounds(scene)}, {state}", flush=True)
        show(scene, result)
        passed += result.is_clean
        failed += not result.is_clean
    print(f"storm: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Plants each violation in a clean history, and sees the referee find it.

Ends with `referee: N passed, M failed`, and status 1 if one failed.
"""

import copy
import sys

from evidence import Arrival, Evidence, Final, Operation, Run, Tenure
from referee import VIOLATIONS, Rules, judge

GATES, EACH = 3, 8


def tag(slot, number, run=1):
    return slot << 48 | run << 32 | number


def clean():
    """Three gates submit in turn; all is delivered in that order, by two leaders."""
    evidence = Evidence()
    us = 0
    for number in range(1, EACH + 1):
        for slot in range(GATES):
            operator = "unbind" if number == EACH else "bind"
            own = Operation(tag(slot, number), operator, f"token{number % 2}", "shared0", us)
            own.durable = us + 5
            own.finals = [Final(us + 50, (slot, 1), "accepted")]
            evidence.operations[own.tag] = own
            us += 10
    for slot in range(GATES):
        evidence.runs[slot, 1] = Run("killed", us + 5_000_000)
    # What the service answered with its own refusal.
    bad = Operation(tag(0, EACH + 1), "bind", "bad0", "shared9", us, durable=us + 5)
    bad.finals = [Final(us + 50, (0, 1), "item_refused")]
    evidence.operations[bad.tag] = bad
    half = len(evidence.operations) // 2
    for at, own in enumerate(evidence.operations.values()):
        sender = "gate0.1" if at < half else "gate1.1"
        arrival = Arrival(own.tag, not own.is_bad, at * 1000, sender)
        evidence.arrivals.append(arrival)
    # What the first leader had in flight was sent again, in its place.
    again = copy.copy(evidence.arrivals[half - 1])
    again.received_ms, again.sender = half * 1000 - 10, "gate1.1"
    evidence.arrivals.insert(half, again)
    evidence.tenures = [
        Tenure("gate0.a", 1, 0, half * 1000 - 100),
        Tenure("gate1.b", 2, half * 1000 - 50, 10**9),
    ]
    settle(evidence)
    return evidence


def settle(evidence):
    """Makes the service's state what the arrivals come to."""
    evidence.tokens = {}
    for arrival in evidence.arrivals:
        if not arrival.applied:
            continue
        own = evidence.operations[arrival.tag]
        accounts = [(f"u{own.tag}", 0), (own.shared, 1)]
        before = evidence.tokens.pop(own.token, [])
        left = [a for a in before if own.operator == "unbind" and a not in accounts]
        after = accounts if own.operator == "bind" else left
        if after:
            evidence.tokens[own.token] = after


def forget(evidence, number):
    """An operation of gate 2 that never arrives."""
    own = evidence.operations[tag(2, number)]
    evidence.arrivals = [a for a in evidence.arrivals if a.tag != own.tag]
    settle(evidence)
    return own


def move(evidence, number, to):
    """An operation of gate 2 arrives elsewhere."""
    at = next(n for n, a in enumerate(evidence.arrivals) if a.tag == tag(2, number))
    evidence.arrivals.insert(to, evidence.arrivals.pop(at))
    settle(evidence)


def lost(evidence):
    forget(evidence, EACH).finals = []


def lost_though_superseded(evidence):
    """It says superseded, and nothing behind it on its token arrived."""
    for slot in range(GATES):
        for number in (EACH - 1, EACH):
            forget_all = evidence.operations[tag(slot, number)]
            forget_all.durable, forget_all.finals = None, []
            evidence.arrivals = [a for a in evidence.arrivals if a.tag != forget_all.tag]
    own = evidence.operations[tag(2, EACH)]
    own.durable, own.finals = own.submitted + 5, [Final(own.submitted + 9, (2, 1), "superseded")]
    settle(evidence)


def gap(evidence):
    own = forget(evidence, 4)
    own.durable, own.finals = None, []


def disorder_in_a_process(evidence):
    move(evidence, 6, 3)


def disorder_between_processes(evidence):
    """The last operation of gate 2 overtakes those of the others that were durable before."""
    own = evidence.operations[tag(2, EACH)]
    for number in range(1, EACH):
        mine = evidence.operations[tag(2, number)]
        mine.token, mine.shared = "token7", f"shared{number + 1}"
    settle(evidence)
    at = next(n for n, a in enumerate(evidence.arrivals) if a.tag == own.tag)
    evidence.arrivals.insert(at - 1, evidence.arrivals.pop(at))
    settle(evidence)


def disorder_by_a_late_repeat(evidence):
    """What was settled arrives once more, behind what followed it."""
    evidence.arrivals.append(copy.copy(evidence.arrivals[0]))
    settle(evidence)


def disorder_not_applied(evidence):
    """The service answered 503, but it had been sent before its turn."""
    early = copy.copy(next(a for a in evidence.arrivals if a.tag == tag(2, EACH)))
    early.applied = False
    evidence.arrivals.insert(2, early)


def wrong_end(evidence):
    evidence.tokens["token0"] = [("u1", 0), ("shared0", 1)]


def end_without_a_binding(evidence):
    evidence.tokens.popitem()


def no_report(evidence):
    evidence.operations[tag(1, 3)].finals = []


def no_report_of_what_was_not_durable(evidence):
    own = evidence.operations[tag(1, 3)]
    own.durable, own.finals = None, []


def two_reports_in_a_run(evidence):
    own = evidence.operations[tag(1, 3)]
    own.finals = own.finals * 2


def two_reports_in_living_runs(evidence):
    own = evidence.operations[tag(1, 3)]
    evidence.runs[1, 1] = Run("closed", evidence.runs[1, 1].ended)
    evidence.runs[1, 2] = Run("closed", evidence.runs[1, 1].ended)
    own.finals.append(Final(own.finals[0].us + 9, (1, 2), "accepted", True))


def wrong_report(evidence):
    evidence.operations[tag(1, 3)].finals[0].reason = "not_sent"


def accepted_though_refused(evidence):
    evidence.operations[tag(0, EACH + 1)].finals[0].reason = "accepted"


def report_of_what_was_refused_at_once(evidence):
    own = forget(evidence, EACH)
    own.refused, own.durable = True, None


def stranger(evidence):
    evidence.strangers.append(tag(2, 99))


def two_leaders(evidence):
    late = copy.copy(evidence.arrivals[-1])
    late.sender = "gate0.1"
    evidence.arrivals.append(late)


def guard(evidence):
    evidence.tenures[0].until_ms += 60_000


# Each function names the violation that it plants, up to a variant.
PLANTED = [
    (lost, "lost"),
    (lost_though_superseded, "lost"),
    (gap, "gap"),
    (disorder_in_a_process, "disorder"),
    (disorder_between_processes, "disorder"),
    (disorder_by_a_late_repeat, "disorder"),
    (disorder_not_applied, "disorder"),
    (wrong_end, "wrong end"),
    (end_without_a_binding, "wrong end"),
    (no_report, "no report"),
    (no_report_of_what_was_not_durable, "no report"),
    (two_reports_in_a_run, "two reports"),
    (two_reports_in_living_runs, "two reports"),
    (wrong_report, "wrong report"),
    (accepted_though_refused, "wrong report"),
    (report_of_what_was_refused_at_once, "wrong report"),
    (stranger, "stranger"),
    (two_leaders, "two leaders"),
    (guard, "guard"),
]


def superseded(evidence):
    forget(evidence, 4).finals[0].reason = "superseded"


def concurrent(evidence):
    """Two processes submit on one key, and neither was durable before the other."""
    one, other = evidence.operations[tag(1, 4)], evidence.operations[tag(2, 4)]
    one.durable = other.submitted + 1
    at = [n for n, a in enumerate(evidence.arrivals) if a.tag in (one.tag, other.tag)]
    arrivals = evidence.arrivals
    arrivals[at[0]], arrivals[at[1]] = arrivals[at[1]], arrivals[at[0]]
    settle(evidence)


def not_durable(evidence):
    """What a killed process submitted last is nowhere."""
    own = forget(evidence, EACH)
    own.durable, own.finals = None, []


def taken_again(evidence):
    """A killed process had taken a report and not confirmed it."""
    own = evidence.operations[tag(1, 3)]
    evidence.runs[1, 2] = Run("closed")
    own.finals.append(Final(own.finals[0].us + 9, (1, 2), "accepted", True))


def given_up(evidence):
    evidence.tenures[0].until_ms += 60_000
    evidence.tenures[0].given_up = True


def nothing(_):
    pass


ALLOWED = [nothing, superseded, concurrent, not_durable, taken_again, given_up]


def sent_again(evidence):
    """An engine went back: a tail is sent once more, in its order."""
    tail = [copy.copy(a) for a in evidence.arrivals[-8:]]
    evidence.arrivals += tail
    settle(evidence)


def lost_with_its_process(evidence):
    forget(evidence, EACH).finals = []


def main():
    passed, failed = 0, []

    def expect(name, is_right, verdict):
        nonlocal passed
        if is_right:
            passed += 1
        else:
            failed.append(name)
            print(f"{name}: the referee said {dict(verdict.counts)}", *verdict.lines(), sep="\n  ")

    for plant, violation in PLANTED:
        evidence = clean()
        plant(evidence)
        verdict = judge(evidence)
        expect(f"{plant.__name__} is found", verdict.counts[violation] > 0, verdict)
    for change in ALLOWED:
        evidence = clean()
        change(evidence)
        verdict = judge(evidence)
        expect(f"{change.__name__} is no violation", verdict.is_clean, verdict)

    # What an engine that went back may do, and only where it did.
    evidence = clean()
    sent_again(evidence)
    expect("sent again is disorder", judge(evidence).counts["disorder"] > 0, judge(evidence))
    verdict = judge(evidence, Rules(sends_again=True))
    expect("sent again after a failover", verdict.is_clean, verdict)
    evidence = clean()
    disorder_by_a_late_repeat(evidence)
    verdict = judge(evidence, Rules(sends_again=True))
    expect("a late repeat stays disorder", verdict.counts["disorder"] > 0, verdict)
    evidence = clean()
    lost_with_its_process(evidence)
    ended = evidence.runs[2, 1].ended
    verdict = judge(evidence, Rules(went_back=[ended]))
    expect("a loss with its process is counted", verdict.is_clean, verdict)
    expect("and shown", verdict.figures["lost_with_their_process"] == 1, verdict)
    verdict = judge(evidence, Rules(went_back=[ended - 30_000_000]))
    expect("a process that lived on loses nothing", verdict.counts["lost"] == 1, verdict)

    evidence = clean()
    guard(evidence)
    verdict = judge(evidence, Rules(sends_again=True))
    expect("a renewal that was forgotten is counted", verdict.figures["guards_forgotten"] == 1, verdict)
    # An engine that goes back may get the operations of two processes in another order.
    evidence = clean()
    disorder_between_processes(evidence)
    verdict = judge(evidence, Rules(durable_orders=False))
    expect("swapped between processes", verdict.is_clean, verdict)
    expect("and counted", verdict.figures["swapped_between_processes"] > 0, verdict)
    evidence = clean()
    disorder_in_a_process(evidence)
    verdict = judge(evidence, Rules(durable_orders=False))
    expect("in a process it is ordered", verdict.counts["disorder"] > 0, verdict)

    # Both were through; the engine forgot the second with its process, and the first is sent
    # again.
    evidence = clean()
    again = copy.copy(next(a for a in evidence.arrivals if a.tag == tag(2, EACH - 2)))
    own = evidence.operations[tag(2, EACH)]
    evidence.arrivals.append(again)
    settle(evidence)
    verdict = judge(evidence, Rules(sends_again=True, durable_orders=False, went_back=[own.durable]))
    expect("forgotten with its process", verdict.is_clean, verdict)
    evidence.runs[2, 1] = Run("closed")
    verdict = judge(evidence, Rules(sends_again=True, durable_orders=False, went_back=[own.durable]))
    expect("a process that lives sends it again", verdict.counts["disorder"] > 0, verdict)

    assert {violation for _, violation in PLANTED} == set(VIOLATIONS), "each is planted"
    for name in failed:
        print(f"FAIL {name}")
    print(f"referee: {passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

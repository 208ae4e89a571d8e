"""Judges a run of the fleet by what its processes wrote down and what reached the service.

What is defined, and so is judged:

* Two operations on one key are ordered if one process submitted both, or if one was taken
  as durable before the other was submitted. Others are concurrent: any order is right.
* What was taken as durable is applied, or superseded by a later operation on its token, or
  refused by the service.
* What a process submitted gets into the order without a gap.
* Each operation in the order gets one final report. A process that was killed may have
  taken it and not confirmed it: then its successor gets it once more.
* A leader sends nothing once a later one sent something, and a later one sends nothing while
  the guard of the former one allowed a request.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

VIOLATIONS = (
    "lost",
    "gap",
    "disorder",
    "wrong end",
    "no report",
    "two reports",
    "wrong report",
    "stranger",
    "two leaders",
    "guard",
)


@dataclass
class Rules:
    # Whether the reports of a killed process wait for its successor.
    reports_wait: bool = True
    # Whether what is durable stays in its place. An engine that goes back gets the operations
    # of each process again in their order, and those of two processes in any: this is counted.
    durable_orders: bool = True
    # The engine may go back: operations are sent once more, in their order.
    sends_again: bool = False
    # Microseconds at which an engine lost its tail, and for how long after that a process
    # has to live until it has appended it again. Operations of processes that died by then
    # may be lost, and are counted.
    went_back: list = field(default_factory=list)
    recovery_us: int = 20_000_000
    request_timeout_ms: int = 250
    # How far the harness sees a lease too late.
    sampling_ms: int = 30


@dataclass
class Verdict:
    counts: Counter = field(default_factory=Counter)
    examples: dict = field(default_factory=lambda: defaultdict(list))
    figures: dict = field(default_factory=dict)

    def add(self, violation, text):
        self.counts[violation] += 1
        if len(self.examples[violation]) < 5:
            self.examples[violation].append(text)

    @property
    def is_clean(self):
        return not any(self.counts[violation] for violation in VIOLATIONS)

    def lines(self):
        for violation in VIOLATIONS:
            for example in self.examples[violation]:
                yield f"{violation}: {example}"


def judge(evidence, rules=None):
    rules = rules or Rules()
    verdict = Verdict()
    for operation in evidence.operations.values():
        operation.ordered = operation.durable if rules.durable_orders else None
    first, last = _ends(evidence.arrivals)
    # On a token that the service refuses nothing is applied.
    ended = {tag for tag in first if tag in last or evidence.operations[tag].is_bad}
    behind = _Behind(evidence.operations[tag] for tag in ended)
    excused = _excused(evidence, rules)
    hidden = _hidden(evidence, rules, behind)
    for tag in evidence.strangers:
        verdict.add("stranger", f"operation {tag:x} was never submitted")
    _judge_loss(evidence, verdict, first, last, behind, hidden, excused)
    _judge_gaps(evidence, verdict, first, hidden, excused)
    _judge_order(evidence, rules, verdict, last, excused)
    _judge_end(evidence, verdict, last)
    _judge_reports(evidence, rules, verdict, first, behind, last, excused)
    _judge_leaders(evidence, rules, verdict)
    sent = Counter(arrival.tag for arrival in evidence.arrivals)
    operations = evidence.operations.values()
    verdict.figures.update(
        submitted=sum(not op.refused for op in operations),
        durable=sum(op.durable is not None for op in operations),
        delivered=len(last),
        superseded=sum(any(f.reason == "superseded" for f in op.finals) for op in operations),
        repeats=sum(sent.values()) - len(sent),
        lost_with_their_process=verdict.counts.pop("excused", 0),
        reported_again=verdict.counts.pop("again", 0),
        guards_forgotten=verdict.counts.pop("overlaps", 0),
        swapped_between_processes=verdict.counts.pop("between", 0),
    )
    return verdict


def _show(operation):
    slot, run = operation.run
    return f"gate{slot}.{run} #{operation.number} on {operation.token} and {operation.shared}"


def _ends(arrivals):
    """Where each operation arrived first, and where it was applied last."""
    first, last = {}, {}
    for at, arrival in enumerate(arrivals):
        first.setdefault(arrival.tag, at)
        if arrival.applied:
            last[arrival.tag] = at
    return first, last


def _excused(evidence, rules):
    """Tells whether the loss of an operation is one that the engine's durability allows."""

    def excused(operation):
        run = evidence.runs.get(operation.run)
        if run is None or run.how != "killed":
            return False
        return any(
            operation.submitted <= back and run.ended <= back + rules.recovery_us
            for back in rules.went_back
        )

    return excused


def _is_before(one, other):
    """Whether the order of two operations on one key is defined, and this one is first."""
    if one.run == other.run:
        return one.number < other.number
    return one.ordered is not None and one.ordered < other.submitted


class _Behind:
    """Tells whether something on an operation's token was applied, or refused, that is not
    before it, and so may have made it pointless."""

    def __init__(self, ended):
        self._numbers = {}  # (token, run): the largest
        self._moments = {}  # token: {run: when its last one was in the order}, of two
        for operation in ended:
            place = operation.token, operation.run
            self._numbers[place] = max(self._numbers.get(place, 0), operation.number)
            moment = float("inf") if operation.ordered is None else operation.ordered
            runs = self._moments.setdefault(operation.token, {})
            runs[operation.run] = max(runs.get(operation.run, 0), moment)
            if len(runs) > 2:
                del runs[min(runs, key=runs.get)]

    def has_one(self, operation):
        token, run = operation.token, operation.run
        return self._numbers.get((token, run), 0) > operation.number or any(
            moment >= operation.submitted
            for other, moment in self._moments.get(token, {}).items()
            if other != run
        )


def _hidden(evidence, rules, behind):
    """Tells whether an operation may have been superseded by a report that a killed process
    took with it."""

    def hidden(operation):
        run = evidence.runs.get(operation.run)
        is_dead = run is not None and run.how == "killed"
        return is_dead and not rules.reports_wait and behind.has_one(operation)

    return hidden


def _judge_loss(evidence, verdict, first, last, behind, hidden, excused):
    for operation in evidence.operations.values():
        if operation.durable is None or operation.tag in last:
            continue
        reasons = {final.reason for final in operation.finals}
        if "superseded" in reasons and behind.has_one(operation):
            continue
        if operation.is_bad and operation.tag in first or hidden(operation):
            continue
        if excused(operation):
            verdict.counts["excused"] += 1
        else:
            verdict.add("lost", f"{_show(operation)}, reports {sorted(reasons)}")


def _judge_gaps(evidence, verdict, first, hidden, excused):
    """Before an operation that arrived, everything that its run submitted is in the order."""
    reached = {}
    for tag in first:
        operation = evidence.operations[tag]
        reached[operation.run] = max(reached.get(operation.run, 0), operation.number)
    for operation in evidence.operations.values():
        is_in = operation.tag in first or operation.finals or operation.refused
        is_due = operation.number < reached.get(operation.run, 0) and not is_in
        if is_due and not hidden(operation) and not excused(operation):
            verdict.add("gap", f"{_show(operation)}; #{reached[operation.run]} arrived")


def _judge_order(evidence, rules, verdict, last, excused):
    """On each key nothing arrives after what is behind it; where operations may be sent again,
    only the last arrivals count. What an engine forgot with its process is not sent again,
    and so ends before what is."""
    numbers, moments = defaultdict(dict), {}
    for at, arrival in enumerate(evidence.arrivals):
        operation = evidence.operations[arrival.tag]
        if rules.sends_again and last.get(arrival.tag) != at:
            continue
        for key in operation.keys:
            behind = numbers[key].get(operation.run)
            latest = moments.get(key)
            if behind is not None and operation.number < behind.number:
                if rules.sends_again and excused(behind):
                    verdict.counts["excused"] += 1
                else:
                    verdict.add("disorder", f"{key}: {_show(operation)} after {_show(behind)}")
            elif latest is not None and _is_before(operation, latest):
                verdict.add("disorder", f"{key}: {_show(operation)} after {_show(latest)}")
            elif latest is not None and operation.run != latest.run and not rules.durable_orders:
                was_first = operation.durable is not None and operation.durable < latest.submitted
                verdict.counts["between"] += was_first
            if behind is None or operation.number > behind.number:
                numbers[key][operation.run] = operation
            if latest is None or operation.submitted > latest.submitted:
                moments[key] = operation


def _apply(tokens, operation):
    """What the service does, with `overwrite_clears` at `all_types`."""
    own = {(f"u{operation.tag}", 0), (operation.shared, 1)}
    if operation.operator == "bind":
        tokens[operation.token] = own
    else:
        tokens[operation.token] = tokens.get(operation.token, set()) - own


def _judge_end(evidence, verdict, last):
    """The service ends as if each operation had been applied once, in the order in which they
    were applied last."""
    wanted = {}
    for tag in sorted(last, key=last.get):
        _apply(wanted, evidence.operations[tag])
    wanted = {token: accounts for token, accounts in wanted.items() if accounts}
    has = {
        token: {(account, kind) for account, kind in accounts}
        for token, accounts in evidence.tokens.items()
    }
    for token in sorted(wanted.keys() | has.keys()):
        if wanted.get(token) != has.get(token):
            verdict.add("wrong end", f"{token}: {has.get(token)} in place of {wanted.get(token)}")


def _judge_reports(evidence, rules, verdict, first, behind, last, excused):
    for operation in evidence.operations.values():
        runs = Counter(final.run for final in operation.finals)
        for run, times in runs.items():
            if times > 1:
                verdict.add("two reports", f"{_show(operation)}: {times} in gate{run[0]}.{run[1]}")
        # All takers but the last one were killed before they confirmed it.
        for final in operation.finals[:-1]:
            taker = evidence.runs.get(final.run)
            if final.run == operation.finals[-1].run:
                continue
            if taker is not None and taker.how == "killed":
                verdict.counts["again"] += 1
            else:
                verdict.add("two reports", f"{_show(operation)}: {sorted(runs)}")
        if operation.refused and operation.finals:
            verdict.add("wrong report", f"{_show(operation)} was refused at once")
        if operation.finals:
            _judge_reason(verdict, operation, first, behind, last)
        elif operation.durable is not None or operation.tag in first:
            own = evidence.runs.get(operation.run)
            dead = own is not None and own.how == "killed"
            if not (dead and not rules.reports_wait) and not excused(operation):
                verdict.add("no report", _show(operation))


def _judge_reason(verdict, operation, first, behind, last):
    for reason in {final.reason for final in operation.finals}:
        right = {
            "accepted": operation.tag in last,
            "item_refused": operation.is_bad and operation.tag in first,
            "superseded": behind.has_one(operation),
        }
        if not right.get(reason, False):
            verdict.add("wrong report", f"{_show(operation)}: {reason}")


def _judge_leaders(evidence, rules, verdict):
    tenures = evidence.tenures
    held = defaultdict(list)
    for at, tenure in enumerate(tenures):
        held[tenure.holder.rsplit(".", 1)[0]].append(at)
    newest, began = -1, {}
    for arrival in evidence.arrivals:
        mine = held.get(arrival.sender.rsplit(".", 1)[0])
        if not mine:
            continue
        seen = [
            at for at in mine if tenures[at].first_seen_ms - rules.sampling_ms <= arrival.received_ms
        ]
        if not seen:
            continue  # A lease that ended before it was looked at.
        at = seen[-1]
        if at < newest:
            verdict.add(
                "two leaders",
                f"{arrival.sender} sent {arrival.tag:x} at {arrival.received_ms} as epoch "
                f"{tenures[at].epoch}, after epoch {tenures[newest].epoch} had sent",
            )
        newest = max(newest, at)
        began.setdefault(at, arrival.received_ms)
    for at, received in began.items():
        if at == 0 or tenures[at - 1].given_up:
            continue
        former = tenures[at - 1]
        allowed = former.until_ms - rules.request_timeout_ms
        if former.holder == tenures[at].holder or received >= allowed:
            continue
        if rules.sends_again:
            # The engine that went back forgot a renewal.
            verdict.counts["overlaps"] += 1
        else:
            verdict.add(
                "guard",
                f"epoch {tenures[at].epoch} sent {allowed - received} ms before the guard of "
                f"epoch {former.epoch} forbade it",
            )

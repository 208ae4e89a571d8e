"""What the referee judges: operations, their arrivals at the service, and who led when."""

import json
import re
import time
from dataclasses import dataclass, field


@dataclass
class Final:
    """A final report that a run took."""

    us: int
    run: tuple  # (slot, run)
    reason: str
    recovered: bool = False


@dataclass
class Operation:
    tag: int
    operator: str  # bind or unbind
    token: str
    shared: str  # the account that it shares with others
    submitted: int  # microseconds: it was submitted after this moment
    refused: bool = False
    durable: int = None  # it was durable before this moment
    ordered: int = None  # it was in the order before this moment
    finals: list = field(default_factory=list)

    @property
    def run(self):
        return self.tag >> 48, self.tag >> 32 & 0xFFFF

    @property
    def number(self):
        return self.tag & 0xFFFFFFFF

    @property
    def is_bad(self):
        """The service refuses its token."""
        return self.token.startswith("bad")

    @property
    def keys(self):
        return "token " + self.token, "account " + self.shared


@dataclass
class Run:
    how: str = "closed"  # or killed
    ended: int = None


@dataclass
class Arrival:
    """An operation in a request that reached the service; in the order of the log."""

    tag: int
    applied: bool
    received_ms: int = 0
    sender: str = ""  # GATE.RUN of the process that sent it


@dataclass
class Tenure:
    """Somebody's lease: how far it reached when it was last seen, by the machine's clock."""

    holder: str  # GATE.RANDOM, as the engine has it
    epoch: int
    first_seen_ms: int
    until_ms: int
    given_up: bool = False


@dataclass
class Evidence:
    operations: dict = field(default_factory=dict)  # by tag
    runs: dict = field(default_factory=dict)  # by (slot, run)
    arrivals: list = field(default_factory=list)
    tokens: dict = field(default_factory=dict)  # the service's state at the end
    tenures: list = field(default_factory=list)
    strangers: list = field(default_factory=list)  # tags that nobody submitted
    stats: dict = field(default_factory=dict)  # the last ones of each run
    log_lines: list = field(default_factory=list)  # (microseconds, run, text)


def gather(journals, log, tokens, runs):
    """The evidence of journals ({run: path}), the emulator's log and state, and the runs."""
    evidence = Evidence(runs=runs, tokens=tokens)
    notices, finals = [], []
    for run, path in journals.items():
        _read_journal(path, run, evidence, notices, finals)
    # Whose report it is may be in a journal that is read later.
    for tag, us in notices:
        operation = evidence.operations.get(tag)
        if operation is None:
            evidence.strangers.append(tag)
        elif operation.durable is None or us < operation.durable:
            operation.durable = us
    for tag, final in sorted(finals, key=lambda pair: pair[1].us):
        if tag in evidence.operations:
            evidence.operations[tag].finals.append(final)
        else:
            evidence.strangers.append(tag)
    for entry in log:
        for arrival in _arrivals(entry):
            if arrival.tag in evidence.operations:
                evidence.arrivals.append(arrival)
            else:
                evidence.strangers.append(arrival.tag)
    return evidence


def _read_journal(path, run, evidence, notices, finals):
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if not line.endswith("\n"):
                break  # It was killed in the middle of a line.
            letter, us, *words = line[:-1].split(" ")
            us = int(us)
            if letter == "s":
                tag, operator, token, shared = words
                operation = Operation(int(tag), operator, token, shared, us)
                evidence.operations[operation.tag] = operation
            elif letter == "r":
                evidence.operations[int(words[0])].refused = True
            elif letter == "d":
                notices.append((int(words[0]), us))
            elif letter == "f":
                tag, reason, recovered, _ = words
                finals.append((int(tag), Final(us, run, reason, recovered == "1")))
            elif letter == "n":
                evidence.stats[run] = json.loads(" ".join(words))
            elif letter == "l":
                evidence.log_lines.append((us, run, " ".join(words)))


def _arrivals(entry):
    """The operations of one request in the emulator's log."""
    if entry.get("operator_type") not in (2, 3):
        return
    agent = dict(entry["headers"]).get("user-agent", "")
    for item in json.loads(entry["body"])["token_accounts"]:
        own = item["account_list"][0]["account"]
        applied = entry["applied"] and not item["token"].startswith("bad")
        yield Arrival(int(own[1:]), applied, entry["received_ms"], agent.removeprefix("storm/"))


_TAKEN = re.compile(r"relays now \(epoch (\d+)\)")
_RELEASE = re.compile(r"relays no longer \(epoch (\d+)\): (?!it lost|the fleet's engine)(.*)")


def _said(evidence, pattern):
    """Lines of the logs: (slot, run), milliseconds since 1970, and what was found."""
    offset_us = (time.time_ns() - time.monotonic_ns()) // 1000
    for us, run, text in evidence.log_lines:
        found = pattern.search(text)
        if found:
            yield run, (us + offset_us) // 1000, found


def releases(evidence):
    """Leases that were given up: GATE.RUN, milliseconds since 1970, and why."""
    for (slot, run), at, found in _said(evidence, _RELEASE):
        yield f"gate{slot}.{run}", at, found[2]


def note_what_was_said(evidence):
    """Who looks at the engine sees a lease late, and a short one never: the logs tell."""
    seen = {(t.holder.rsplit(".", 1)[0], t.epoch): t for t in evidence.tenures}
    for (slot, _), at, found in _said(evidence, _TAKEN):
        key = f"gate{slot}", int(found[1])
        if key not in seen:
            seen[key] = Tenure(f"{key[0]}.unseen", key[1], at, 0)
            evidence.tenures.append(seen[key])
        seen[key].first_seen_ms = min(seen[key].first_seen_ms, at)
    for (slot, _), _, found in _said(evidence, _RELEASE):
        key = f"gate{slot}", int(found[1])
        if key in seen:
            seen[key].given_up = True
    evidence.tenures.sort(key=lambda tenure: tenure.first_seen_ms)

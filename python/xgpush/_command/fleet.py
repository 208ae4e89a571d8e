"""``xgpush outbox status``, ``drain`` and ``check``: looking at the engine of a fleet."""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import ExitStack
from typing import Any, Dict, Iterable, List, Tuple

from .. import _native
from .._outbox.outbox import Outbox
from .._runtime import arguments
from . import settings as _settings, signals as _signals

#: How often ``drain`` looks, in seconds.
_POLL = 0.2
#: How many senders ``status`` shows, and how long ago one without anything open may have been
#: seen, in milliseconds; the JSON has all.
_SENDERS, _RECENT = 20, 60_000
#: How often ``drain`` says how many are left, in seconds.
_LINE_INTERVAL = 5.0

_Parsers = Any

STATUS = "show who relays, what waits, and who was seen, in the engine of a fleet"
DRAIN = "wait until no operation waits in the engine of a fleet"
CHECK = "try whether an engine, and what lies between, lets through what a fleet needs"

_STATUS_EPILOG = """\
exit status:
  0    the engine answers
  1    operations wait, and nobody relays
  2    wrong arguments or options, or the engine does not answer
  3    access_id is missing
"""
_DRAIN_EPILOG = """\
exit status:
  0    nothing waits
  1    something still waits after --timeout
  2    wrong arguments or options, or the engine does not answer
  3    credentials are missing: access_id, and with --relay secret_key
  130  ended by Ctrl-C (143: SIGTERM, 129: SIGHUP)
"""
_CHECK_EPILOG = """\
It writes and removes keys that begin with the fleet's prefix and ":check:", and touches
nothing else. Run it from a machine that is to be part of the fleet, with its options.

exit status:
  0    nothing failed; read the warnings
  1    something failed: a fleet does not work over this engine
  2    wrong arguments or options
  3    access_id is missing
"""


def add_parsers(parsers: _Parsers) -> None:
    def parser(name: str, text: str, epilog: str) -> argparse.ArgumentParser:
        sub: argparse.ArgumentParser = parsers.add_parser(
            name,
            help=text,
            description=text,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _settings.add_option_arguments(sub)
        _settings.add_engine_argument(sub)
        return sub

    sub = parser("status", STATUS, _STATUS_EPILOG)
    sub.add_argument("--json", action="store_true", help="print one JSON object")
    sub.set_defaults(command=status)
    sub = parser("drain", DRAIN, _DRAIN_EPILOG)
    sub.add_argument(
        "--timeout", type=float, default=60.0, metavar="S", help="give up after S seconds (default: 60)"
    )
    sub.add_argument(
        "--relay", action="store_true", help="relay meanwhile, if no other process does; needs the secret key"
    )
    sub.set_defaults(command=drain)
    sub = parser("check", CHECK, _CHECK_EPILOG)
    sub.add_argument("--json", action="store_true", help="print one JSON object per line")
    sub.set_defaults(command=check)


def _open(options: argparse.Namespace) -> Tuple[Dict[str, object], _native.FleetAdmin]:
    chosen = _settings.engine_options(options, sends=getattr(options, "relay", False))
    return chosen, _native.FleetAdmin(arguments.options(chosen), True)


def status(options: argparse.Namespace) -> int:
    _, admin = _open(options)
    found: Dict[str, Any] = json.loads(admin.status())
    if options.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        rows = list(_status_rows(found))
        width = max(len(name) for name, _ in rows)
        for name, value in rows:
            print(f"{name:{width}}  {value}")
    if found["backlog"] and found["relay"] is None:
        print("xgpush: operations wait, and nobody relays: start `xgpush relay`", file=sys.stderr)
        return 1
    return 0


def _status_rows(found: Dict[str, Any]) -> Iterable[Tuple[str, str]]:
    yield "engine", f"{found['engine']}, {found['version']}"
    schema = "nothing was written yet" if found["schema"] is None else f"schema {found['schema']}"
    yield "prefix", f"{found['prefix']}, {schema}"
    relay = found["relay"]
    if relay is None:
        yield "relay", f"nobody; epoch {found['epoch']}"
    else:
        yield "relay", f"{relay['holder']}, epoch {found['epoch']}, for another {_time(relay['left_ms'])}"
    oldest = f", the oldest for {_time(found['oldest_ms'])}" if found["backlog"] else ""
    yield "backlog", f"{_count(found['backlog'], 'operation')}{oldest}"
    senders: List[Dict[str, Any]] = found["senders"]
    waiting = sum(one["reports"] for one in senders + found["groups"])
    yield "reports", f"{waiting} waiting"
    limit = f" of {_bytes(found['max_memory_bytes'])}" if found["max_memory_bytes"] else ", without a limit"
    yield "memory", f"{_bytes(found['memory_bytes'])}{limit}; {_bytes(found['backlog_bytes'])} for the backlog"
    quota = found["quota"]
    if quota is not None:
        paused = f"paused for another {_time(quota['paused_ms'])}" if quota["paused_ms"] else "not paused"
        rate = f"{quota['rate']} requests per second for {_count(quota['processes'], 'process', 'es')}"
        yield "quota", f"{rate}, {paused}, reserved {_time(quota['ahead_ms'])} ahead"
    shown = [one for one in senders if one["open"] or one["reports"] or one["seen_ms"] < _RECENT]
    hidden = len(senders) - len(shown[:_SENDERS])
    yield "senders", f"{len(shown)} that are busy or were here in the last minute"
    for one in shown[:_SENDERS]:
        is_open = f", {one['open']} open" if one["open"] else ""
        reports = f", {_count(one['reports'], 'report')} waiting" if one["reports"] else ""
        yield "", f"{one['name']}  seen {_time(one['seen_ms'])} ago{is_open}{reports}"
    if hidden:
        yield "", f"{hidden} more: --json shows all"
    for one in found["groups"]:
        yield "group", f"{one['name']}  {_count(one['reports'], 'report')} waiting"


def drain(options: argparse.Namespace) -> int:
    chosen, admin = _open(options)
    ends = time.monotonic() + options.timeout
    said = time.monotonic()
    with ExitStack() as stack:
        stop = stack.enter_context(_signals.caught())
        left = admin.backlog()
        if left and options.relay:
            outbox = stack.enter_context(Outbox.from_env(**{**chosen, "outbox_role": "relay"}))
            outbox.on_log(_settings.log)
        while left and not stop and time.monotonic() < ends:
            if time.monotonic() >= said + _LINE_INTERVAL:
                said = time.monotonic()
                print(f"{_count(left, 'operation')} left", file=sys.stderr, flush=True)
            time.sleep(_POLL)
            left = admin.backlog()
    if stop:
        return 128 + stop[0]
    print(f"{_count(left, 'operation')} left")
    return 1 if left else 0


def check(options: argparse.Namespace) -> int:
    _, admin = _open(options)
    found: List[Dict[str, str]] = json.loads(admin.check())
    width = max(len(one["name"]) for one in found)
    for one in found:
        if options.json:
            print(json.dumps(one, ensure_ascii=False))
            continue
        advice = f": {one['advice']}" if one["advice"] else ""
        print(f"{one['state']:7}  {one['name']:{width}}  {one['found']}{advice}")
    return 1 if any(one["state"] == "failed" for one in found) else 0


def _count(number: int, what: str, plural: str = "s") -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}{plural}"


def _time(ms: int) -> str:
    if ms < 1000:
        return f"{ms} ms"
    seconds = ms / 1000
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"


def _bytes(number: int) -> str:
    size = float(number)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"

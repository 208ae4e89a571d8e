"""``xgpush outbox``: looking at what outboxes have in a file or in an engine."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from typing import Any, Dict, List

from .. import _native
from . import fleet as _fleet

#: The most operations that are listed.
_LIMIT = 1 << 32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parsers = parser.add_subparsers(required=True, metavar="COMMAND")
    show = parsers.add_parser("show", help=_DESCRIPTION, description=_DESCRIPTION)
    show.add_argument("file", help="the outbox_file")
    show.add_argument("--token", help="only operations of this token")
    show.add_argument("--account", help="only operations of this account, of any type")
    show.add_argument("--json", action="store_true", help="print one JSON object per line")
    show.set_defaults(command=run)
    _fleet.add_parsers(parsers)


_DESCRIPTION = "list, in order, the operations that wait in the file of an outbox that is not open"


def run(options: argparse.Namespace) -> int:
    found: List[Dict[str, Any]] = json.loads(
        _native.list_pending_in_file(options.file, options.token, options.account, _LIMIT)
    )
    for one in found:
        if options.json:
            print(json.dumps(one, ensure_ascii=False))
        else:
            print(*_columns(one), sep="\t")
    if not options.json:
        print(f"{len(found)} waiting", file=sys.stderr)
    return 0


def _columns(one: Dict[str, Any]) -> List[object]:
    accounts = ", ".join(map(_account, one["accounts"]))
    since = datetime.datetime.fromtimestamp(one["submitted_ms"] / 1000, datetime.timezone.utc)
    sent = "may have been sent" if one["maybe_sent"] else "never sent"
    return [
        one["tag"],
        one["operation"],
        one["token"],
        accounts,
        since.isoformat(timespec="seconds"),
        sent,
    ]


def _account(one: Dict[str, Any]) -> str:
    kind = one["account_type"]
    name: str = one["account"]
    return name if kind is None else f"{name} ({kind})"

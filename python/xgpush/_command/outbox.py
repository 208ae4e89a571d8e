"""The command ``xgpush outbox``: what waits in a file that no outbox holds."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from typing import Any, Dict, List

from .. import _native

MOST = 1 << 32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    show = parser.add_subparsers(required=True, metavar="show").add_parser(
        "show", help=WHAT, description=WHAT
    )
    show.add_argument("file", help="what outbox_file names")
    show.add_argument("--token", help="only of this token")
    show.add_argument("--account", help="only of this account, of any type")
    show.add_argument("--json", action="store_true", help="one JSON object a line")
    show.set_defaults(command=run)


WHAT = "what waits in the file of an outbox that is not open, in order; the file is not changed"


def run(options: argparse.Namespace) -> int:
    found: List[Dict[str, Any]] = json.loads(
        _native.list_pending_in_file(options.file, options.token, options.account, MOST)
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

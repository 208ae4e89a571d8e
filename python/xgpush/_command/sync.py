"""``xgpush sync``: compares a file with the service, and sends the differences."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from typing import Iterable, List, Optional

from .._client import sync as _sync
from .._client.items import Account
from .._client.sync import Change, Synced
from . import settings as _settings, signals as _signals
from .progress import Progress

_STATES = ("same", "different", "changed", "confirmed", "unconfirmed", "unread", "failed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        help="the desired state, in a table as for apply: bind rows, one for each account of a "
        "token, and clear_token rows for tokens without accounts",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--dry-run", action="store_true", help="show the differences, change nothing (default)"
    )
    how.add_argument("--apply", action="store_true", help="send the differences")
    add = parser.add_argument
    add(
        "--confirm",
        type=float,
        metavar="S",
        help="then query for up to S seconds until the service shows the changes",
    )
    _settings.add_table_arguments(parser)
    _settings.add_rate_arguments(parser, "tokens")


def run(options: argparse.Namespace) -> int:
    if options.confirm is not None and not options.apply:
        raise ValueError("--confirm needs --apply: without it nothing changes")
    with _signals.caught() as stop:
        desired = _signals.run_interruptibly(
            lambda: _sync.desired_state(
                options.file, options.format, options.encoding, options.check, _settings.warn
            ),
            stop,
        )
    if stop:
        return 128 + stop[0]
    how = _sync.arguments_of(not options.apply, options.confirm, options.platform, None, options.patience)
    with _settings.client(options, **_settings.rate_options(options)) as client:
        with Progress(len(desired), "tokens") as progress:
            synced = _sync.run(client._native, desired, how, progress.reached)
    _print_results(options, synced)
    if any(_settings.is_auth_failure(one) for one in synced):
        return 3
    if not options.apply:
        done = {"same", "different"}
    else:
        done = {"same", "confirmed"} | (set() if options.confirm is not None else {"changed"})
    return 0 if all(one.state in done for one in synced) else 1


def _print_results(options: argparse.Namespace, synced: List[Synced]) -> None:
    for one in synced:
        if options.json:
            print(json.dumps(_document(one)))
        elif one.state != "same":
            parts = [one.token, one.state, *_signs(one.change), one.reason, one.message]
            print(*(part for part in parts if part), sep="\t")
    counts = Counter(one.state for one in synced)
    summary = ", ".join(f"{counts[state]} {state}" for state in _STATES if counts[state])
    print(f"{len(synced)} tokens: {summary or 'nothing to do'}", file=sys.stderr)
    if counts["different"] and not options.apply:
        print("nothing was changed: --apply sends the differences", file=sys.stderr)


def _signs(change: Optional[Change]) -> Iterable[str]:
    if change is None:
        return
    if change.clear:
        yield "- all"
    for account in change.unbind:
        yield f"- {_account_text(account)}"
    for account in change.bind:
        yield f"+ {_account_text(account)}"


def _account_text(account: Account) -> str:
    return account.name if account.type is None else f"{account.name} ({account.type})"


def _document(one: Synced) -> object:
    """Without empty fields, as in the outcomes of the other commands."""
    fields = {name: value for name, value in one._asdict().items() if value not in (None, "")}
    if one.change is not None:
        change = one.change
        lists = {"unbind": change.unbind, "bind": change.bind}
        fields["change"] = {
            "clear": change.clear,
            **{name: [vars(a) for a in accounts] for name, accounts in lists.items()},
        }
    return fields

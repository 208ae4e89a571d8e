"""The command ``xgpush``."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from .. import _native
from .._client.client import Client
from .._native import ItemOutcome, Outcome
from ..errors import Error
from . import (
    apply as _apply,
    outbox as _outbox,
    printing as _printing,
    relay as _relay,
    settings as _settings,
    sync as _sync_file,
)

_EPILOG = """\
exit status:
  0    everything was accepted
  1    something was rejected, unknown, not sent or not confirmed
  2    wrong arguments, or a file that cannot be read or written
  3    credentials are missing, or the service refuses them
  4    apply: the service does not answer; continue later with --resume
  130  ended by Ctrl-C (143: SIGTERM, 129: SIGHUP); apply says how to continue

Options of the client are read from the environment (XGPUSH_ACCESS_ID,
XGPUSH_SECRET_KEY, XGPUSH_ACCESS_POINT and so on), from a file of lines
NAME = VALUE (--config), and from --set NAME=VALUE; the last one wins. A missing
secret key is asked for.
"""

Command = Callable[[argparse.Namespace], int]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the command and returns its exit status."""
    _printing.open_streams()
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["emulator"]:
        return _emulator(given[1:])
    with _printing.ignore_broken_pipe() as output:
        status = _run(given)
        unprinted = output.error()
        if unprinted is None:
            return status
        _fail(f"standard output: {unprinted}", status)
        return max(status, 2)


def _run(given: List[str]) -> int:
    options = _parser().parse_args(given)
    command: Command = options.command
    try:
        return command(options)
    except _settings.MissingCredentials as error:
        return _fail(error, 3)
    except (Error, OSError, ImportError, ValueError) as error:
        return _fail(error, 2)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)


def _fail(error: object, status: int) -> int:
    print(f"xgpush: {error}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="xgpush",
        description="Binds device tokens to accounts at Tencent Push Notification Service (TPNS).",
        epilog=_EPILOG,
        formatter_class=raw,
    )
    parser.add_argument("--version", action="version", version=f"xgpush {_native.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=text, description=text, epilog=_EPILOG, formatter_class=raw
        )
        sub.set_defaults(command=run)
        _settings.add_arguments(sub)
        return sub

    def confirming(sub: argparse.ArgumentParser) -> None:
        what = "query for up to S seconds until the service shows the change"
        sub.add_argument("--confirm", type=float, metavar="S", help=what)

    for name, text in (
        ("bind", "bind a token to an account, replacing what was bound"),
        ("unbind", "remove an account from a token"),
    ):
        sub = command(name, _on_binding, text)
        sub.add_argument("token")
        sub.add_argument("account")
        sub.add_argument("--type", type=int, metavar="N", help="the type of the account")
        sub.set_defaults(method=name)
        confirming(sub)
    sub = command("clear-token", _clear_tokens, "remove all accounts from tokens")
    sub.add_argument("token", nargs="+")
    confirming(sub)
    sub = command("clear-account", _clear_accounts, "remove all tokens from accounts")
    sub.add_argument("account", nargs="+")
    confirming(sub)
    sub.add_argument("--type", type=int, metavar="N", help="the type of the accounts")
    sub = command("query", _query, "look up the tokens of accounts, or the accounts of tokens")
    what = sub.add_mutually_exclusive_group(required=True)
    what.add_argument("--account", nargs="+", help="look up the tokens of these accounts")
    what.add_argument("--token", nargs="+", help="look up the accounts of these tokens")
    sub.add_argument("--type", type=int, metavar="N", help="the type of the accounts")
    _apply.add_arguments(command("apply", _apply.run, "send every row of a table"))
    _sync_file.add_arguments(
        command("sync", _sync_file.run, "compare a table with the service, and send the differences")
    )
    _outbox.add_arguments(
        commands.add_parser("outbox", help="look at what waits in the file of an outbox, or in the engine of a fleet")
    )
    text = "relay the operations of a fleet, and nothing else, until a signal ends it"
    _relay.add_arguments(
        commands.add_parser("relay", help=text, description=text, epilog=_relay.EPILOG, formatter_class=raw)
    )
    # The emulator parses its own arguments.
    commands.add_parser("emulator", help="run a TPNS on localhost (see: xgpush emulator --help)")
    return parser


def _account(name: str, options: argparse.Namespace) -> Any:
    return name if options.type is None else (name, options.type)


def _keywords(options: argparse.Namespace) -> Dict[str, Any]:
    return {"platform": options.platform, "confirm": options.confirm}


def _on_binding(options: argparse.Namespace) -> int:
    item = (options.token, _account(options.account, options))

    def run(client: Client) -> Outcome:
        method = getattr(client, options.method)
        outcome: Outcome = method([item], **_keywords(options))
        return outcome

    return _run_call(options, run, [options.token])


def _clear_tokens(options: argparse.Namespace) -> int:
    tokens: List[str] = options.token
    return _run_call(options, lambda c: c.clear_tokens(tokens, **_keywords(options)), tokens)


def _clear_accounts(options: argparse.Namespace) -> int:
    names: List[str] = options.account
    accounts = [_account(name, options) for name in names]
    return _run_call(options, lambda c: c.clear_accounts(accounts, **_keywords(options)), names)


def _query(options: argparse.Namespace) -> int:
    platform = options.platform
    if options.token:
        tokens: List[str] = options.token
        return _run_call(options, lambda c: c.query_by_token(tokens, platform=platform), tokens)
    names: List[str] = options.account
    accounts = [_account(name, options) for name in names]
    return _run_call(options, lambda c: c.query_by_account(accounts, platform=platform), names)


def _run_call(
    options: argparse.Namespace, run: Callable[[Client], Outcome], names: List[str]
) -> int:
    confirming = getattr(options, "confirm", None) is not None
    with _settings.client(options) as client:
        outcome = run(client)
    if options.json:
        print(_printing.as_json(outcome.to_json()))
    else:
        for name, item in zip(names, outcome):
            found = [*item.tokens, *map(_account_text, item.accounts)]
            tail = "".join(f"\t{text}" for text in (item.reason, item.message) if text)
            state = f"{item.state}\t{_confirmation(item)}" if confirming and item.accepted else item.state
            print(f"{name}\t{state}" + (tail if not item.accepted else ""), *found, sep="\t")
    for warning in outcome.warnings:
        print(f"xgpush: {warning[2]}", file=sys.stderr)
    if any(_settings.is_auth_failure(item) for item in outcome):
        return 3
    seen = not confirming or all(item.confirmed for item in outcome)
    return 0 if outcome.all_accepted and seen else 1


def _confirmation(item: ItemOutcome) -> str:
    if item.confirmed is None:
        return "not known whether it is visible"
    return "confirmed" if item.confirmed else "unconfirmed"


def _account_text(account: Tuple[str, Optional[int]]) -> str:
    name, kind = account
    return name if kind is None else f"{name} ({kind})"


def _emulator(arguments: List[str]) -> int:
    # It waits in native code, where Python would not see Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _native.emulator_program(arguments)

"""Arguments that several commands share, and the client that they describe."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from typing import Any, Dict, Optional, Protocol

from .._client.client import Client
from .._native import refuses_caller
from . import config_file as _config_file

#: For commands that send nothing.
_PLACEHOLDERS = {"access_id": "1", "secret_key": "none"}


class _Result(Protocol):
    """The result of an item, in any command."""

    @property
    def reason(self) -> str: ...
    @property
    def code(self) -> Optional[int]: ...
    @property
    def http_status(self) -> Optional[int]: ...


def is_auth_failure(item: _Result) -> bool:
    """Whether the service refuses the caller and not the item: exit status 3."""
    return refuses_caller(item.reason, item.code, item.http_status)


class MissingCredentials(Exception):
    """Credentials are missing, and there is no terminal to ask for them."""


def add_option_arguments(parser: argparse.ArgumentParser, group: str = "configuration") -> Any:
    """Adds arguments that set options, and returns their group."""
    added = parser.add_argument_group(group)
    added.add_argument("--config", metavar="FILE", help="read options from a file of lines NAME = VALUE")
    added.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="set an option, such as access_point=guangzhou; not the secret key",
    )
    return added


def add_engine_argument(parser: argparse.ArgumentParser) -> None:
    """Adds the argument for the engine of a fleet."""
    parser.add_argument(
        "--url",
        metavar="URL",
        help="the engine, such as redis://10.0.0.5:6379 (the option outbox_url). If it has a "
        "password, set XGPUSH_OUTBOX_URL or use --config: other users of this machine can "
        "read the command line",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = add_option_arguments(parser, "client")
    group.add_argument(
        "--platform", choices=("android", "ios"), help="only for protocols before 2021-07, which require it"
    )
    if not parser.prog.endswith(" apply"):
        group.add_argument("--json", action="store_true", help="print the complete outcome as JSON")


def add_table_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds arguments for reading a table."""
    add = parser.add_argument
    add(
        "--format",
        choices=("csv", "jsonl", "parquet"),
        help="the format, if the file name does not tell it, as for - (standard input)",
    )
    add("--encoding", metavar="NAME", help="the encoding, if it is not UTF-8, such as gb18030 (GBK)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--strict",
        dest="check",
        action="store_const",
        const="strict",
        default="normal",
        help="refuse suspicious rows, such as NULL or 1.38E+10 as an account",
    )
    how.add_argument(
        "--verbatim",
        dest="check",
        action="store_const",
        const="verbatim",
        help="take every value as it is: with blanks around it, NULL and so on",
    )


def log(line: str) -> None:
    """Says what happens while a command runs on."""
    print(f"xgpush: {line}", file=sys.stderr, flush=True)


def warn(notice: str) -> None:
    """Warns of suspicious rows."""
    print(f"xgpush: suspicious: {notice}", file=sys.stderr)


def add_rate_arguments(parser: argparse.ArgumentParser, what: str) -> None:
    """Adds arguments for sending a table of ``what``."""
    add = parser.add_argument
    add("--rate", type=int, metavar="N", help=f"at most N requests per second, each with up to 20 {what}")
    add("--parallel", type=int, metavar="N", default=8, help="requests in flight (default: 8)")
    add(
        "--patience",
        type=float,
        metavar="S",
        default=60.0,
        help="give up the rest after S seconds without any response (default: 60)",
    )


def rate_options(given: argparse.Namespace) -> Dict[str, Any]:
    """Rate and parallelism as options of the client, which checks their range."""
    rate = {} if given.rate is None else {"requests_per_second": given.rate}
    return {"parallel": given.parallel, **rate}


def client(given: argparse.Namespace, sends: bool = True, **more: object) -> Client:
    """A client with the options of the environment, the file and the command line; the last
    one wins. A client that ``sends`` nothing needs no credentials."""
    return Client.from_env(**{**_chosen(given, sends), **more})


def engine_options(given: argparse.Namespace, sends: bool = True) -> Dict[str, object]:
    """The options beside those of the environment, for what uses the engine of a fleet. What
    ``sends`` nothing needs no secret key."""
    chosen = _given(given)
    if given.url is not None:
        chosen["outbox_url"] = given.url
    if not _is_set(chosen, "outbox_url"):
        raise ValueError("outbox_url is missing: set XGPUSH_OUTBOX_URL, or use --url or --config")
    if not _is_set(chosen, "access_id"):
        # It is in the names of the keys.
        raise MissingCredentials("access_id is missing: set XGPUSH_ACCESS_ID, or use --config")
    return _with_credentials(chosen, sends)


def _chosen(given: argparse.Namespace, sends: bool) -> Dict[str, object]:
    return _with_credentials(_given(given), sends)


def _given(given: argparse.Namespace) -> Dict[str, object]:
    chosen: Dict[str, object] = {}
    if given.config is not None:
        chosen.update(_config_file.read(given.config))
    for pair in given.set:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"--set {pair}: '=' is missing")
        if name == "secret_key":
            raise ValueError(
                "other users of this machine can read the command line: give the secret key by "
                "XGPUSH_SECRET_KEY or --config, or at the prompt"
            )
        chosen[name] = value
    return chosen


def _is_set(chosen: Dict[str, object], name: str) -> bool:
    return bool(chosen.get(name) or os.environ.get(f"XGPUSH_{name.upper()}"))


def _with_credentials(chosen: Dict[str, object], sends: bool) -> Dict[str, object]:
    if not sends and not (_is_set(chosen, "access_point") or _is_set(chosen, "base_url")):
        chosen["access_point"] = "guangzhou"
    for name, ask in (("access_id", input), ("secret_key", getpass.getpass)):
        if not _is_set(chosen, name):
            if not sends:
                chosen[name] = _PLACEHOLDERS[name]
                continue
            missing = MissingCredentials(f"{name} is missing: set XGPUSH_{name.upper()}, or use --config")
            if not sys.stdin.isatty():
                raise missing
            try:
                chosen[name] = ask(f"{name}: ").strip()
            except EOFError:
                raise missing from None
    return chosen

"""The options of the command's client: from the environment, a file, or a prompt."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from typing import Any, Dict, Optional, Protocol

from .._client.client import Client
from .._native import refuses_caller
from . import config_file as _config_file

#: Nobody's, for what sends nothing and is given none.
_NOBODY = {"access_id": "1", "secret_key": "none"}


class _Ended(Protocol):
    """What became of an item, in whichever command."""

    @property
    def reason(self) -> str: ...
    @property
    def code(self) -> Optional[int]: ...
    @property
    def http_status(self) -> Optional[int]: ...


def is_refusal(item: _Ended) -> bool:
    """Whether the service refuses the caller and not the item: exit status 3."""
    return refuses_caller(item.reason, item.code, item.http_status)


class Missing(Exception):
    """There are no credentials, and nobody to ask for them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the client")
    group.add_argument("--config", metavar="FILE", help="options as lines NAME = VALUE (or export XGPUSH_NAME='VALUE')")
    group.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="an option by name, such as access_point=guangzhou; not the secret key",
    )
    group.add_argument(
        "--platform", choices=("android", "ios"), help="what older protocol versions require"
    )
    if not parser.prog.endswith(" apply"):
        group.add_argument("--json", action="store_true", help="print the whole outcome as JSON")


def add_reading(parser: argparse.ArgumentParser) -> None:
    """For commands that read a table."""
    add = parser.add_argument
    add(
        "--format",
        choices=("csv", "jsonl", "parquet"),
        help="the format of a file whose name does not say it, as of - (standard input)",
    )
    add("--encoding", metavar="NAME", help="of a file that is not UTF-8, such as gb18030 (GBK)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--strict",
        dest="check",
        action="store_const",
        const="strict",
        default="normal",
        help="refuse what is suspicious, such as NULL or 1.38E+10 for an account",
    )
    how.add_argument(
        "--verbatim",
        dest="check",
        action="store_const",
        const="verbatim",
        help="take every value as it stands: blanks around it, NULL, and so on",
    )


def warn(notice: str) -> None:
    """Of what is suspicious in a table."""
    print(f"xgpush: suspicious: {notice}", file=sys.stderr)


def add_pace(parser: argparse.ArgumentParser, what: str) -> None:
    """For commands that send a whole table of ``what``."""
    add = parser.add_argument
    add("--rate", type=int, metavar="N", help=f"at most N requests a second, each of up to 20 {what}")
    add("--parallel", type=int, metavar="N", default=8, help="requests that travel at once (8)")
    add(
        "--patience",
        type=float,
        metavar="S",
        default=60.0,
        help="seconds without any answer after which the rest is given up (60)",
    )


def pace(given: argparse.Namespace) -> Dict[str, Any]:
    """The same as options of the client, which checks their range."""
    rate = {} if given.rate is None else {"requests_per_second": given.rate}
    return {"parallel": given.parallel, **rate}


def client(given: argparse.Namespace, sends: bool = True, **more: object) -> Client:
    """A client with the options of the environment, of the file and of the command
    line, of which the last wins. One that ``sends`` nothing needs no credentials."""
    chosen: Dict[str, object] = {}
    if given.config is not None:
        chosen.update(_config_file.read(given.config))
    for pair in given.set:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"--set {pair}: there is no '='")
        if name == "secret_key":
            raise ValueError(
                "the secret key does not belong on a command line, which every user of this "
                "machine can read: use XGPUSH_SECRET_KEY, --config, or wait to be asked"
            )
        chosen[name] = value

    def is_there(name: str) -> bool:
        return bool(chosen.get(name) or os.environ.get(f"XGPUSH_{name.upper()}"))

    if not sends and not (is_there("access_point") or is_there("base_url")):
        chosen["access_point"] = "guangzhou"
    for name, ask in (("access_id", input), ("secret_key", getpass.getpass)):
        if not is_there(name):
            if not sends:
                chosen[name] = _NOBODY[name]
                continue
            missing = Missing(f"{name} is missing: set XGPUSH_{name.upper()}, or use --config")
            if not sys.stdin.isatty():
                raise missing
            try:
                chosen[name] = ask(f"{name}: ").strip()
            except EOFError:
                raise missing from None
    return Client.from_env(**{**chosen, **more})

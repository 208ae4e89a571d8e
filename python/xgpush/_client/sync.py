"""The arguments and results of ``sync``."""

import logging
from typing import Any, Callable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from .. import _native
from .._bulk import rows as _rows
from .._runtime.arguments import Deadline, Seconds, optional_seconds, seconds
from .items import Account, AccountLike

_Accounts = List[Tuple[str, Optional[int]]]
_Change = Tuple[bool, _Accounts, _Accounts]
_Failure = Tuple[str, Optional[int], Optional[int], str]
#: The accounts of each token; or rows, as :meth:`Client.bulk` takes them.
DesiredStateLike = Union[
    Mapping[str, Union[AccountLike, Sequence[AccountLike], None]], _rows.Rows
]


class Change(NamedTuple):
    """The operations that a token needs, in this order."""

    #: Remove every account.
    clear: bool
    #: Remove these accounts.
    unbind: Tuple[Account, ...]
    #: Bind these accounts, replacing what was bound.
    bind: Tuple[Account, ...]


class Synced(NamedTuple):
    """The result for one token."""

    token: str
    #: * ``same``: nothing to do.
    #: * ``different``: it differs, and nothing was changed (``dry_run``).
    #: * ``changed``: the operations were accepted.
    #: * ``confirmed``, ``unconfirmed``: and the service shows them, or did not in time.
    #: * ``unread``: its state could not be read.
    #: * ``failed``: an operation was not accepted; those after it were not sent.
    state: str
    #: What must be, or had to be, done; ``None`` for nothing, or if that is unknown.
    change: Optional[Change]
    #: For ``unread`` and ``failed``: as in :class:`ItemOutcome`.
    reason: str = ""
    code: Optional[int] = None
    http_status: Optional[int] = None
    message: str = ""


def desired_state(
    given: DesiredStateLike,
    file_format: Optional[str] = None,
    encoding: Optional[str] = None,
    check: str = "normal",
    warn: Callable[[str], object] = logging.getLogger("xgpush").warning,
) -> _native.DesiredState:
    """Reads and checks a desired state. ``warn`` gets what is suspicious in it."""
    if isinstance(given, Mapping) and not _rows.are_columns(given):
        _rows.refuse_row(given)
        rows = _rows_of_mapping(given)
    else:
        _rows.check_encoding(given, file_format, encoding)
        rows = _rows.source(given, file_format)
    state = _native.DesiredState(rows, file_format, encoding, check)
    for notice in state.notices:
        warn(notice)
    return state


def _rows_of_mapping(given: Mapping[str, Any]) -> Iterator[Any]:
    for token, value in given.items():
        accounts = _native.accounts_of(value)
        if not accounts:
            yield token, None, None, "clear_token"
        for account in accounts:
            yield (token, *account)


#: Apply, confirm, platform, deadline, patience: for the native module.
SyncArguments = Tuple[bool, Optional[float], Optional[str], Optional[float], float]


def arguments_of(
    dry_run: bool, confirm: Deadline, platform: Optional[str], deadline: Deadline, patience: Seconds
) -> SyncArguments:
    longest = seconds(patience)
    return not dry_run, optional_seconds(confirm), platform, optional_seconds(deadline), longest


def run(
    client: _native.Client,
    state: _native.DesiredState,
    how: SyncArguments,
    progress: Optional[Callable[[int], object]] = None,
    cancel: Optional[_native.CancelFlag] = None,
) -> List[Synced]:
    """Compares, and changes what differs unless it is a dry run."""
    return [_synced(*one) for one in state.sync(client, *how, progress, cancel)]


def _synced(
    token: str, state: str, change: Optional[_Change], failure: Optional[_Failure]
) -> Synced:
    changes = None if change is None else _change(change)
    if failure is None:
        return Synced(token, state, changes)
    return Synced(token, state, changes, *failure)


def _change(found: _Change) -> Change:
    clear, unbind, bind = found
    return Change(clear, tuple(Account(*a) for a in unbind), tuple(Account(*a) for a in bind))


__all__ = ["Change", "Synced"]

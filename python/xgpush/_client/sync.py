"""What ``sync`` takes, and what it tells."""

import logging
from typing import Any, Callable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from .. import _native
from .._bulk import rows as _bulk
from . import items as _requests
from .items import Account, AccountLike, Seconds
from .operations import Deadline, seconds

_Accounts = List[Tuple[str, Optional[int]]]
_Change = Tuple[bool, _Accounts, _Accounts]
_Failure = Tuple[str, Optional[int], Optional[int], str]
#: The accounts of each token; or rows, as :meth:`Client.bulk` takes them.
WantedLike = Union[Mapping[str, Union[AccountLike, Sequence[AccountLike], None]], _bulk.Rows]


class Change(NamedTuple):
    """What must be done with a token, in this order."""

    #: Every account is removed.
    clear: bool
    #: These are removed.
    unbind: Tuple[Account, ...]
    #: These are bound in place of what is there.
    bind: Tuple[Account, ...]


class Synced(NamedTuple):
    """What became of one token."""

    token: str
    #: ``same``, ``different`` (and nothing was done), ``changed``, ``confirmed``
    #: (the service shows it), ``unconfirmed`` (it did not in time), ``unread`` (its
    #: state could not be read) or ``failed`` (an operation was not accepted; those
    #: after it were not sent).
    state: str
    #: What must be, or had to be, done; ``None`` when nothing, or if nobody knows.
    change: Optional[Change]
    #: Of what is unread or failed, as in :class:`ItemOutcome`.
    reason: str = ""
    code: Optional[int] = None
    http_status: Optional[int] = None
    message: str = ""


def wanted(
    given: WantedLike,
    file_format: Optional[str] = None,
    encoding: Optional[str] = None,
    check: str = "normal",
    tell: Callable[[str], object] = logging.getLogger("xgpush").warning,
) -> _native.WantedState:
    """Reads it, refuses what cannot be wanted, and tells what is suspicious."""
    if isinstance(given, Mapping) and not _bulk.are_columns(given):
        _bulk.refuse_row(given)
        rows = _rows(given)
    else:
        _bulk.check_encoding(given, file_format, encoding)
        rows = _bulk.source(given, file_format)
    state = _native.WantedState(rows, file_format, encoding, check)
    for notice in state.notices:
        tell(notice)
    return state


def _rows(given: Mapping[str, Any]) -> Iterator[Any]:
    for token, value in given.items():
        listed = _requests.several_of(value)
        if not listed:
            yield token, None, None, "clear_token"
            continue
        for account in listed:
            yield (token, *_requests.pair(account))


#: Apply, confirm, platform, deadline, patience.
_How = Tuple[bool, Optional[float], Optional[str], Optional[float], float]


def how(
    dry_run: bool, confirm: Deadline, platform: Optional[str], deadline: Deadline, patience: Seconds
) -> _How:
    """What callers say, as the native module wants it."""
    longest = _requests.seconds(patience)
    return not dry_run, seconds(confirm), platform, seconds(deadline), longest


def run(
    client: _native.Client,
    state: _native.WantedState,
    how: _How,
    progress: Optional[Callable[[int], object]] = None,
    cancel: Optional[_native.CancelFlag] = None,
) -> List[Synced]:
    """Compares and changes, and tells it as people read it."""
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

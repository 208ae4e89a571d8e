"""What ``sync`` takes, and what it tells."""

from typing import Any, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from . import _bulk, _native, _requests
from ._requests import Account, AccountLike

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


def wanted(given: WantedLike) -> _native.WantedState:
    """Reads it, and refuses what cannot be wanted."""
    rows = _rows(given) if isinstance(given, Mapping) else _bulk.source(given)
    return _native.WantedState(rows)


def _rows(given: Mapping[str, Any]) -> Iterator[Any]:
    for token, value in given.items():
        several = isinstance(value, (list, tuple)) and not _is_typed(value)
        listed: Sequence[Any] = value if several else [value]
        if not listed or value is None:
            yield token, None, None, "clear_token"
            continue
        for account in listed:
            yield (token, *_requests.pair(account))


def _is_typed(value: Sequence[Any]) -> bool:
    return len(value) == 2 and (value[1] is None or isinstance(value[1], int))


def told(found: List[Tuple[str, str, Optional[_Change], Optional[_Failure]]]) -> List[Synced]:
    """As people read it."""
    return [_synced(*one) for one in found]


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

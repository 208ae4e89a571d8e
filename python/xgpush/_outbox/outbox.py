"""Background delivery: the face of the native outbox."""

from __future__ import annotations

import atexit
import json
import logging
import os
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Type, TypeVar

from .. import _native
from .._client import items as _requests
from .._client.items import AccountLike, Json, Seconds
from .._native import Report
from .._runtime.closing import Closing

if hasattr(os, "register_at_fork"):
    # A child has none of the outbox's threads: its methods raise Closed there.
    os.register_at_fork(after_in_child=_native.mark_forked)


#: Where the outboxes tell what fails in the background; silent until the program
#: configures logging.
LOGGER = logging.getLogger("xgpush")
LOGGER.addHandler(logging.NullHandler())
atexit.register(_native.end_log)

_Self = TypeVar("_Self", bound="OutboxBase")


class OutboxBase:
    """What the blocking outbox and the one for asyncio have in common."""

    def __init__(self, **options: Any) -> None:
        self._open(_native.Outbox(_requests.options(options), False))

    @classmethod
    def from_env(cls: Type[_Self], **options: Any) -> _Self:
        """With the options that the variables ``XGPUSH_…`` name, and these."""
        outbox = cls.__new__(cls)
        outbox._open(_native.Outbox(_requests.options(options), True))
        return outbox

    def _open(self, native: _native.Outbox) -> None:
        self._native = native
        self._native.set_log(LOGGER.log)

    def submit(self, request: Json, *, first_tag: int = 0) -> None:
        """Hands in every item of the documented JSON of ``batchoperate``; the n-th
        has the tag ``first_tag`` + n. When it raises :class:`Full`, the items
        before ``error.item`` were taken."""
        self._native.submit(_requests.encode(request), first_tag)

    def fileno(self) -> int:
        """A descriptor that is readable while reports wait, for ``selectors`` and
        event loops. It belongs to the outbox."""
        return self._native.fileno()

    def set_secret_key(self, key: str) -> None:
        """Signs with this secret key from the next attempt on, without closing."""
        self._native.set_secret_key(key)

    @property
    def stats(self) -> Dict[str, int]:
        """The numbers."""
        stats: Dict[str, int] = json.loads(self._native.stats_json())
        return stats

    @property
    def trouble(self) -> str:
        """What fails in the background just now, as the logger ``xgpush`` was told: why
        sending is paused, that the file cannot be written, that there is no thread. Empty
        while all is well."""
        return self._native.trouble

    def prometheus(self, *others: OutboxBase) -> str:
        """The numbers in the text format that Prometheus reads, with the label ``outbox``:
        the option ``outbox_name``, or the access id. ``others`` are outboxes whose numbers
        are on the same page: two pages one after the other are no valid page."""
        return self._native.prometheus([other._native for other in others])

    def on_log(self, function: Optional[Callable[[str], None]]) -> None:
        """Has lines for a log brought to a function in place of the logger
        ``xgpush``: what fails in the background, and when it is over. Called on the
        outbox's own thread: it must not wait. ``None`` for no log at all."""
        self._native.set_log(None if function is None else lambda _, line: function(line))

    def __reduce__(self) -> str:
        raise TypeError("an outbox has threads and a secret: open one in each process")

    def _hand_in(
        self,
        operator: int,
        token: str,
        accounts: Tuple[AccountLike, ...],
        platform: Optional[str],
        tag: int,
        wait: Seconds,
    ) -> None:
        pairs = [_requests.pair(account) for account in accounts]
        self._native.hand_in(operator, token, pairs, platform, tag, _requests.seconds(wait))


class Outbox(OutboxBase, Closing):
    """Delivers operations in the background, in the order of each token and
    account, and reports each of them once, with the caller's own ``tag``.

    The keyword arguments are the options of :class:`Client` and those that begin
    with ``outbox_``. With ``outbox_file`` operations outlive the process, from
    about 2 ms (``outbox_commit_ms``) after the hand-in: see :meth:`sync`; and a tag must
    mean the same after a restart, where the next run reports what this one left
    (``report.is_recovered``): the number of a row or a player, not ``id(…)``. Handing
    in never waits: a full outbox raises :class:`Full`, unless ``wait`` (seconds)
    is given.

    >>> with xgpush.Outbox.from_env() as outbox:  # doctest: +SKIP
    ...     outbox.bind("token-of-phone-1", "alice", tag=7)
    ...     outbox.flush(10)
    ...     for report in outbox.reports():
    ...         print(report.tag, report.state, report.message)
    """

    def bind(
        self,
        token: str,
        *accounts: AccountLike,
        tag: int = 0,
        platform: Optional[str] = None,
        wait: Seconds = 0.0,
    ) -> None:
        """Binds a token to accounts in place of those that it has."""
        self._hand_in(2, token, accounts, platform, tag, wait)

    def append(
        self,
        token: str,
        *accounts: AccountLike,
        tag: int = 0,
        platform: Optional[str] = None,
        wait: Seconds = 0.0,
    ) -> None:
        """Operator 1, which today's service treats as :meth:`bind`."""
        self._hand_in(1, token, accounts, platform, tag, wait)

    def unbind(
        self,
        token: str,
        *accounts: AccountLike,
        tag: int = 0,
        platform: Optional[str] = None,
        wait: Seconds = 0.0,
    ) -> None:
        """Removes accounts from a token."""
        self._hand_in(3, token, accounts, platform, tag, wait)

    def clear_token(
        self, token: str, *, tag: int = 0, platform: Optional[str] = None, wait: Seconds = 0.0
    ) -> None:
        """Removes every account from a token."""
        self._hand_in(4, token, (), platform, tag, wait)

    def clear_account(
        self,
        account: AccountLike,
        *,
        tag: int = 0,
        platform: Optional[str] = None,
        wait: Seconds = 0.0,
    ) -> None:
        """Removes every token from an account."""
        self._hand_in(5, "", (account,), platform, tag, wait)

    def reports(self, max: int = 1000, timeout: Seconds = 0.0) -> List[Report]:
        """Up to ``max`` reports; waits up to ``timeout`` seconds for the first."""
        return self._native.reports(max, _requests.seconds(timeout))

    def __iter__(self) -> Iterator[Report]:
        """Reports as they come, until the outbox is closed and all were taken."""
        while not self._native.is_drained:
            yield from self._native.reports(1000, 3600.0)

    def flush(self, timeout: Seconds) -> int:
        """Delivers without lingering; how many are not settled in time."""
        return self._native.flush(_requests.seconds(timeout))

    def look(
        self,
        token: Optional[str] = None,
        account: Optional[str] = None,
        *,
        max: int = 1000,
        timeout: Seconds = 1.0,
    ) -> List[Dict[str, Any]]:
        """What waits, in the order of the hand-ins: of a token, of an account, of both, or
        all. Each is a dictionary with ``tag``, ``operation``, ``token``, ``accounts``,
        ``handed_in_ms``, ``state`` (``behind``: an earlier one on its token or accounts
        comes first; ``ready``, ``sending``, ``settling``), ``durable``, ``maybe_sent``,
        ``attempts``, and of the last attempt ``reason`` and ``message``. For a file that no
        outbox holds there is the command ``xgpush outbox show``."""
        found: List[Dict[str, Any]] = json.loads(
            self._native.look(token, account, max, _requests.seconds(timeout))
        )
        return found

    def sync(self, timeout: Seconds) -> None:
        """Waits until everything that was handed in so far is durable (in the file) or
        settled. Raises :class:`Storage` when it is not: there is no ``outbox_file``, the
        file failed, or ``timeout`` was over."""
        self._native.sync(_requests.seconds(timeout))

    def close(self, timeout: Seconds = 2.0) -> int:
        """Takes nothing any more, delivers what is there for up to ``timeout``
        seconds, and ends; how many operations were left. They stay in the file,
        or, without one, are reported with what is known of them."""
        return self._native.close(_requests.seconds(timeout))


__all__ = ["Outbox", "Report"]

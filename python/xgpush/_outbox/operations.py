"""What both outboxes have: the five operations, and everything that does not wait."""

from __future__ import annotations

import atexit
import json
import logging
import os
from typing import Any, Callable, Dict, Optional, Tuple, Type, TypeVar

from .. import _native
from .._runtime import arguments
from .._runtime.arguments import Json, Seconds, json_bytes, seconds
from .._client.items import AccountLike

if hasattr(os, "register_at_fork"):
    # A child has none of the outbox's threads: its methods raise Closed there.
    os.register_at_fork(after_in_child=_native.mark_forked)

#: Where outboxes log failures in the background; silent until the program configures
#: logging.
LOGGER = logging.getLogger("xgpush")
LOGGER.addHandler(logging.NullHandler())
atexit.register(_native.stop_logging)

_Self = TypeVar("_Self", bound="OutboxOperations")


class OutboxOperations:
    """The operations of :class:`Outbox` and :class:`AsyncOutbox`.

    Each one is queued and returns at once. Keyword arguments that they share:

    * ``tag``: any number of yours, which its reports carry.
    * ``platform``: ``"android"`` or ``"ios"``, which the protocols before 2021-07 require
      and the current one refuses.
    * ``wait``: how long to wait for space while the outbox is full, in seconds; then, and
      by default at once, :class:`Full` is raised. Only an :class:`Outbox` waits.
    """

    def __init__(self, **options: Any) -> None:
        self._open(_native.Outbox(arguments.options(options), False))

    @classmethod
    def from_env(cls: Type[_Self], **options: Any) -> _Self:
        """Reads options from the environment (``XGPUSH_…``); keyword arguments win."""
        outbox = cls.__new__(cls)
        outbox._open(_native.Outbox(arguments.options(options), True))
        return outbox

    def _open(self, native: _native.Outbox) -> None:
        self._native = native
        self._native.set_log(LOGGER.log)

    def _submit(
        self,
        operation: str,
        token: str,
        accounts: Tuple[AccountLike, ...],
        platform: Optional[str],
        tag: int,
        wait: Seconds,
    ) -> None:
        self._native.submit(operation, token, accounts, platform, tag, seconds(wait))

    def bind(
        self,
        token: str,
        *accounts: AccountLike,
        tag: int = 0,
        platform: Optional[str] = None,
        wait: Seconds = 0.0,
    ) -> None:
        """Binds a token to accounts, replacing what was bound."""
        self._submit("bind", token, accounts, platform, tag, wait)

    def append(
        self,
        token: str,
        *accounts: AccountLike,
        tag: int = 0,
        platform: Optional[str] = None,
        wait: Seconds = 0.0,
    ) -> None:
        """Operator 1, which today's service treats as :meth:`bind`. Refused unless
        ``allow_append`` is set."""
        self._submit("append", token, accounts, platform, tag, wait)

    def unbind(
        self,
        token: str,
        *accounts: AccountLike,
        tag: int = 0,
        platform: Optional[str] = None,
        wait: Seconds = 0.0,
    ) -> None:
        """Removes accounts from a token."""
        self._submit("unbind", token, accounts, platform, tag, wait)

    def clear_token(
        self, token: str, *, tag: int = 0, platform: Optional[str] = None, wait: Seconds = 0.0
    ) -> None:
        """Removes all accounts from a token."""
        self._submit("clear_token", token, (), platform, tag, wait)

    def clear_account(
        self,
        account: AccountLike,
        *,
        tag: int = 0,
        platform: Optional[str] = None,
        wait: Seconds = 0.0,
    ) -> None:
        """Removes all tokens from an account."""
        self._submit("clear_account", "", (account,), platform, tag, wait)

    def submit(self, request: Json, *, first_tag: int = 0) -> None:
        """Queues every item of the documented JSON of ``batchoperate``. The n-th item has
        the tag ``first_tag`` + n. When it raises :class:`Full`, the items before
        ``error.item`` were queued."""
        body = _native.Request.from_json(json_bytes(request), False)
        self._native.submit_all(body, first_tag)

    def fileno(self) -> int:
        """A descriptor that is readable while reports wait, for ``selectors`` and event
        loops. The outbox owns it."""
        return self._native.fileno()

    def set_secret_key(self, key: str) -> None:
        """Signs with this secret key from the next attempt on."""
        self._native.set_secret_key(key)

    @property
    def stats(self) -> Dict[str, int]:
        """Counters and gauges by name."""
        stats: Dict[str, int] = json.loads(self._native.stats_json())
        return stats

    @property
    def trouble(self) -> str:
        """What fails in the background at present, as logged to ``xgpush``: why sending is
        paused, that the file cannot be written, that there is no thread. Empty if nothing
        does."""
        return self._native.trouble

    def prometheus(self, *others: OutboxOperations) -> str:
        """The stats in the text format of Prometheus, labelled ``outbox`` with the option
        ``outbox_name`` or the access id. ``others`` go on the same page: two pages one after
        the other are not valid."""
        return self._native.prometheus([other._native for other in others])

    def on_log(self, function: Optional[Callable[[str], None]]) -> None:
        """Passes log lines to ``function`` instead of the logger ``xgpush``: what fails in
        the background, and when it is over. It is called on the outbox's own thread and must
        return quickly. ``None`` disables logging."""
        self._native.set_log(None if function is None else lambda _, line: function(line))

    def __reduce__(self) -> str:
        raise TypeError("an outbox has threads and a secret: open one in each process")

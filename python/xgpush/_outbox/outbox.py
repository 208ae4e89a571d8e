"""The outbox."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, List, Optional

from .._runtime.arguments import Seconds, seconds
from .._native import Report
from .._runtime.context import CloseOnExit
from .operations import OutboxOperations


class Outbox(OutboxOperations, CloseOnExit):
    """Delivers operations in the background, in order for each token and account, and
    reports each one exactly once with your ``tag``.

    Keyword arguments are the options of :class:`Client` and those named ``outbox_…``.

    Submitting never blocks: a full outbox raises :class:`Full`, unless you pass ``wait``.

    With ``outbox_file`` operations survive the process, from about 2 ms
    (``outbox_commit_ms``) after they were submitted: see :meth:`sync`. The next run reports
    what this one left (``report.is_recovered``), so a tag must mean the same after a
    restart: the number of a row or a player, not ``id(…)``.

    With ``outbox_url`` the operations of all processes of the application are in one order,
    in an engine (Redis), and one process at a time sends them: docs/fleet.md. An engine
    that is away raises nothing: operations wait, in memory or in ``outbox_file``.

    >>> with xgpush.Outbox.from_env() as outbox:  # doctest: +SKIP
    ...     outbox.bind("token-of-phone-1", "alice", tag=7)
    ...     outbox.flush(10)
    ...     for report in outbox.reports():
    ...         print(report.tag, report.state, report.message)
    """

    def reports(self, max: int = 1000, timeout: Seconds = 0.0) -> List[Report]:
        """Up to ``max`` reports. Waits up to ``timeout`` for the first one."""
        return self._native.reports(max, seconds(timeout))

    def __iter__(self) -> Iterator[Report]:
        """Yields reports as they come, until the outbox is closed and all were read."""
        while not self._native.is_drained:
            yield from self._native.reports(1000, 3600.0)

    def flush(self, timeout: Seconds) -> int:
        """Sends everything now, without waiting to fill requests. Returns how many
        operations are not completed after ``timeout``."""
        return self._native.flush(seconds(timeout))

    def list_pending(
        self,
        token: Optional[str] = None,
        account: Optional[str] = None,
        *,
        max: int = 1000,
        timeout: Seconds = 1.0,
    ) -> List[Dict[str, Any]]:
        """Lists up to ``max`` waiting operations in the order they were submitted: all, or
        those of a token, of an account, or of both.

        Each is a dict with ``tag``, ``operation``, ``token``, ``accounts``,
        ``submitted_ms``, ``state``, ``durable``, ``maybe_sent`` and ``attempts``, and
        ``reason`` and ``message`` of the last attempt. ``state`` is ``behind`` (an earlier
        operation on its token or accounts comes first), ``ready``, ``sending`` or
        ``settling``; with ``outbox_url`` ``waiting`` (not in the engine yet) or
        ``appended``. For the file of an outbox that is not open there is the command
        ``xgpush outbox show``.
        """
        found: List[Dict[str, Any]] = json.loads(
            self._native.list_pending(token, account, max, seconds(timeout))
        )
        return found

    def sync(self, timeout: Seconds) -> None:
        """Waits until everything submitted so far is durable (in the file; with
        ``outbox_url`` in the engine, as ``outbox_engine_durability`` says) or completed.
        Raises :class:`Storage` if it is not: without a file and an engine, when the file
        fails, or after ``timeout``."""
        self._native.sync(seconds(timeout))

    def close(self, timeout: Seconds = 2.0) -> int:
        """Accepts no more operations, delivers the queued ones for up to ``timeout``, and
        ends. Returns how many are left: they stay in the file or in the engine, or without
        either are reported with what is known of them."""
        return self._native.close(seconds(timeout))

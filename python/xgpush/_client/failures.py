"""Outcomes as exceptions, for programs that want all or an error."""

from __future__ import annotations

from .._native import Outcome
from ..errors import NotAllAccepted


def raise_for_failures(outcome: Outcome) -> Outcome:
    """Raises :class:`NotAllAccepted` unless every item was accepted."""
    if outcome.all_accepted:
        return outcome
    first = next(item for item in outcome if not item.accepted)
    failed = len(outcome) - outcome.count("accepted")
    error = NotAllAccepted(
        f"{failed} of {len(outcome)} items were not accepted; the first is item {first.index}: "
        f"{first.state}, {first.reason}: {first.message}",
        item=first.index,
        code=first.code,
        http_status=first.http_status,
        is_retryable=first.retryable,
        retry_after=first.retry_after,
    )
    error.outcome = outcome
    raise error

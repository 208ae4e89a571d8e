"""The protocol without I/O."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from .. import _native
from .._native import HttpRequest, Outcome
from .._runtime.arguments import Json, json_bytes, options as option_texts


class Exchange:
    """One call without I/O, for programs with an HTTP client of their own.

    A call has several parts, one HTTP request each. Send the parts of one wave in any
    order, and begin the next wave when every part of the one before has its answer. An
    item that waits for an earlier one on the same token or account is held back: until
    then :meth:`http_request` returns ``None``.
    """

    def __init__(self, api: str, request: Json, **options: Any) -> None:
        if api not in ("batch", "query"):
            raise ValueError(f"api is 'batch' or 'query', not {api!r}")
        body = _native.Request.from_json(json_bytes(request), api == "query")
        self._native = _native.Exchange(option_texts(options), body)

    @property
    def parts(self) -> int:
        """The number of HTTP requests, retries not counted."""
        return self._native.parts

    def wave(self, part: int) -> int:
        """The wave of a part, counted from 0."""
        return self._native.wave(part)

    def http_request(self, part: int, unix_seconds: int) -> Optional[HttpRequest]:
        """The HTTP request of a part, signed for this time; ``None`` when there is nothing
        (more) to send."""
        return self._native.http_request(part, unix_seconds)

    def answer(self, part: int, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Reads the response to the last HTTP request of a part."""
        self._native.answer(part, status, list(headers.items()), body)

    def failed(self, part: int, kind: str, sent: bool, message: str) -> None:
        """Notes that no complete response came. ``kind`` is ``connect``, ``timeout``,
        ``lost``, ``body_too_large`` or ``cancelled``; ``sent`` is whether any byte may have
        left."""
        self._native.failed(part, kind, sent, message)

    def finish(self) -> Outcome:
        """The outcome of every item."""
        return self._native.finish()

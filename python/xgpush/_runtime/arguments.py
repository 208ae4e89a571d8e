"""Arguments as callers give them, as the values that native code takes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, List, Mapping, Optional, Tuple, Union

#: A time to wait, in seconds or as a ``timedelta``.
Seconds = Union[float, timedelta]
#: How long a call may take; ``None`` leaves it to the client's options.
Deadline = Optional[Seconds]
#: The documented JSON, as a value or as text.
Json = Union[Mapping[str, Any], str, bytes]


def seconds(given: Seconds) -> float:
    """A time in seconds."""
    return given.total_seconds() if isinstance(given, timedelta) else float(given)


def optional_seconds(given: Deadline) -> Optional[float]:
    """A time in seconds, if there is one."""
    return None if given is None else seconds(given)


def json_bytes(given: Json) -> bytes:
    """The JSON as bytes. Text and bytes are passed on unchanged."""
    if isinstance(given, bytes):
        return given
    if isinstance(given, str):
        return given.encode("utf-8", "surrogatepass")
    return json.dumps(given, separators=(",", ":")).encode("ascii")


def call_body(given: Json, content_type: Optional[str]) -> bytes:
    """The body of a call: JSON, or with another content type the bytes as they are."""
    if content_type is not None and not isinstance(given, (str, bytes)):
        raise TypeError(f"with content_type the body is text or bytes, not {type(given).__name__}")
    return json_bytes(given)


def options(given: Mapping[str, Any]) -> List[Tuple[str, str]]:
    """Options as texts. ``None`` leaves an option at its default."""
    return [(name, _option(value)) for name, value in given.items() if value is not None]


def _option(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)

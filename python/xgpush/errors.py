"""The exceptions: one class for each kind of error, all below :class:`Error`.

An item that the service refuses raises nothing: see its outcome.
"""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple, Type

__all__ = [
    "AbiMismatch",
    "Closed",
    "Error",
    "Full",
    "Internal",
    "InvalidArgument",
    "InvalidJson",
    "InvalidOption",
    "InvalidRequest",
    "InvalidValue",
    "NotAllAccepted",
    "NotSent",
    "Rejected",
    "Resources",
    "Storage",
    "Unknown",
]


class Error(Exception):
    """An error before anything was sent, or from :meth:`Client.call`."""

    #: The stable name of the kind.
    kind: str = "internal"

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        item: Optional[int] = None,
        code: Optional[int] = None,
        http_status: Optional[int] = None,
        is_retryable: bool = False,
        retry_after: Optional[int] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        #: The stable number of the kind, as in C.
        self.status = status
        #: The index of the wrong item, from 0.
        self.item = item
        #: The return code of the service.
        self.code = code
        self.http_status = http_status
        #: Whether the same call may succeed later.
        self.is_retryable = is_retryable
        #: How many seconds to wait, if the service says so (``Retry-After``).
        self.retry_after = retry_after

    def __reduce__(self) -> Tuple[Any, ...]:
        return (_remake, (type(self), self.message, self.__dict__.copy()))


def _remake(cls: Type[Error], message: str, attributes: Dict[str, Any]) -> Error:
    error = cls.__new__(cls, message)
    error.__dict__.update(attributes)
    return error


class InvalidArgument(Error, ValueError):
    """An argument that is never valid."""

    kind = "invalid_argument"


class InvalidJson(Error, ValueError):
    """JSON that is not as documented."""

    kind = "invalid_json"


class InvalidValue(Error, ValueError):
    """A token, an account or another value breaks a rule of the service."""

    kind = "invalid_value"


class InvalidRequest(Error, ValueError):
    """A request breaks a rule of the protocol version."""

    kind = "invalid_request"


class InvalidOption(Error, ValueError):
    """An unknown option, or a value outside its range."""

    kind = "invalid_option"


class Closed(Error):
    """The client is closed, or belongs to another process."""

    kind = "closed"


class NotSent(Error):
    """From :meth:`Client.call`: nothing was sent."""

    kind = "not_sent"


class Unknown(Error):
    """From :meth:`Client.call`: it was sent, and no valid response came."""

    kind = "unknown"


class Rejected(Error):
    """From :meth:`Client.call`: the service refused it, with :attr:`code`."""

    kind = "rejected"


class Internal(Error):
    """A defect in xgpush itself."""

    kind = "internal"


class AbiMismatch(Error):
    """Never raised in Python, where module and library are one."""

    kind = "abi_mismatch"


class Full(Error):
    """The outbox is full: the operation was not queued."""

    kind = "full"


class Storage(Error):
    """The outbox's file cannot be used; nothing in it was deleted."""

    kind = "storage"


class Resources(Error):
    """Out of threads, descriptors or memory. The same call may succeed later."""

    kind = "resources"


class NotAllAccepted(Error):
    """From :func:`xgpush.raise_for_failures`; the outcome is in :attr:`outcome`."""

    kind = "not_all_accepted"
    outcome: Any = None


_KINDS: Dict[str, Type[Error]] = {
    cls.kind: cls
    for cls in (
        InvalidArgument,
        InvalidJson,
        InvalidValue,
        InvalidRequest,
        InvalidOption,
        Closed,
        NotSent,
        Unknown,
        Rejected,
        Internal,
        AbiMismatch,
        Full,
        Storage,
        Resources,
    )
}


def make(
    kind: str,
    status: int,
    message: str,
    item: Optional[int],
    code: Optional[int],
    http_status: Optional[int],
    is_retryable: bool,
    retry_after: Optional[int] = None,
) -> Error:
    """Creates the exception for an error of the core. Called by native code."""
    cls = _KINDS.get(kind, Internal)
    return cls(
        message,
        status=status,
        item=item,
        code=code,
        http_status=http_status,
        is_retryable=is_retryable,
        retry_after=retry_after,
    )

"""Tencent Push Notification Service (TPNS, formerly XG): binds device tokens to
accounts, unbinds them and looks them up, and tells what became of every item."""

from typing import TYPE_CHECKING, Any, NamedTuple, Tuple

# First: it refuses a sub-interpreter before anything native is loaded.
from ._runtime import interpreter as _interpreter  # isort: skip
from . import errors
from ._client.client import (
    Client,
    Exchange,
    HttpRequest,
    ItemOutcome,
    Outcome,
    Reply,
    raise_for_failures,
)
from ._client.items import Account, Binding
from ._client.operations import Operations
from ._client.sync import Change, Synced
from ._native import Bulk, BulkResult, __version__, codes, options
from ._outbox.outbox import Outbox, Report
from .errors import (
    AbiMismatch,
    Closed,
    Error,
    Full,
    Internal,
    InvalidArgument,
    InvalidJson,
    InvalidOption,
    InvalidRequest,
    InvalidValue,
    NotAllAccepted,
    NotSent,
    Rejected,
    Resources,
    Storage,
    Unknown,
)

if TYPE_CHECKING:
    from ._bulk.async_bulk import AsyncBulk
    from ._client.async_client import AsyncClient
    from ._outbox.async_outbox import AsyncOutbox
else:

    def __getattr__(name: str) -> Any:
        """Loads asyncio for those who use it."""
        if name == "AsyncBulk":
            from ._bulk.async_bulk import AsyncBulk as found
        elif name == "AsyncClient":
            from ._client.async_client import AsyncClient as found
        elif name == "AsyncOutbox":
            from ._outbox.async_outbox import AsyncOutbox as found
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = found
        return found


class Option(NamedTuple):
    """One row of :data:`OPTIONS`."""

    name: str
    type: str
    default: str
    range: str
    text: str


class Code(NamedTuple):
    """One row of :data:`CODES`."""

    code: int
    meaning: str
    fault: str
    retry: str
    advice: str
    meaning_zh: str
    advice_zh: str


#: Every keyword argument of :class:`Client`.
OPTIONS: Tuple[Option, ...] = tuple(Option(*row) for row in options())
#: Every documented return code.
CODES: Tuple[Code, ...] = tuple(Code(*row) for row in codes())

__all__ = [
    "CODES",
    "OPTIONS",
    "AbiMismatch",
    "Account",
    "AsyncBulk",
    "AsyncClient",
    "AsyncOutbox",
    "Binding",
    "Bulk",
    "BulkResult",
    "Change",
    "Client",
    "Closed",
    "Code",
    "Error",
    "Exchange",
    "Full",
    "HttpRequest",
    "Internal",
    "InvalidArgument",
    "InvalidJson",
    "InvalidOption",
    "InvalidRequest",
    "InvalidValue",
    "ItemOutcome",
    "NotAllAccepted",
    "NotSent",
    "Operations",
    "Option",
    "Outbox",
    "Outcome",
    "Rejected",
    "Resources",
    "Reply",
    "Report",
    "Storage",
    "Synced",
    "Unknown",
    "__version__",
    "errors",
    "raise_for_failures",
]

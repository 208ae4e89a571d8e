"""Client for the account APIs of Tencent Push Notification Service (TPNS, formerly XG):
binds device tokens to accounts, unbinds and queries them, with one result per item.

* :class:`Client`: blocking calls. :class:`AsyncClient`: the same for asyncio.
* :class:`Outbox`, :class:`AsyncOutbox`: background delivery, in order, with one report per
  operation.
* :meth:`Client.bulk`, :meth:`Client.sync`: tables of any length.
* :class:`xgpush.testing.Emulator`: the service on localhost, for tests."""

from typing import TYPE_CHECKING, Any, NamedTuple, Tuple

# First: it refuses a sub-interpreter before anything native is loaded.
from ._runtime import interpreter as _interpreter  # isort: skip
from . import errors
from ._client.client import Client
from ._client.exchange import Exchange
from ._client.failures import raise_for_failures
from ._client.items import Account, Binding
from ._client.operations import Operations
from ._client.sync import Change, Synced
from ._native import (
    Bulk,
    BulkResult,
    HttpRequest,
    ItemOutcome,
    Outcome,
    Reply,
    Report,
    __version__,
    codes,
    options,
)
from ._outbox.operations import OutboxOperations
from ._outbox.outbox import Outbox
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
        """Imports asyncio on first use only."""
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
    """An option: one row of :data:`OPTIONS`."""

    name: str
    type: str
    default: str
    range: str
    text: str


class Code(NamedTuple):
    """A return code: one row of :data:`CODES`."""

    code: int
    meaning: str
    fault: str
    retry: str
    advice: str
    meaning_zh: str
    advice_zh: str


#: Every option: the keyword arguments of clients and outboxes.
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
    "OutboxOperations",
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

"""The blocking client and the sans-I/O exchange."""

from __future__ import annotations

from typing import Any, Callable, List, Mapping, Optional

from .. import _native
from .._bulk import rows as _bulk
from .._bulk.rows import Rows
from .._native import Bulk, HttpRequest, ItemOutcome, Outcome, Reply
from .._runtime.closing import Closing
from .._runtime.fork import PerProcess
from ..errors import Error, NotAllAccepted
from . import items as _requests, sync as _sync
from .items import Json, Seconds
from .operations import Deadline, Operations, seconds
from .sync import Synced, WantedLike


class Client(Operations[Outcome], Closing):
    """A client of one application: make one, keep it, share it between threads.

    Keyword arguments are the options of :data:`xgpush.OPTIONS`, such as
    ``access_id``, ``secret_key`` and ``access_point``. Every call blocks until
    each item has its outcome or the deadline (seconds, or a ``timedelta``)
    passes; it releases the interpreter meanwhile and ends on Ctrl-C.

    In a child after ``fork`` it makes itself anew, with connections and numbers of its
    own, unless it was closed before; so it may be made before workers are.
    """

    def __init__(self, **options: Any) -> None:
        self._open(_native.Client(_requests.options(options), False))

    @classmethod
    def from_env(cls, **options: Any) -> Client:
        """Takes ``XGPUSH_…`` from the environment; keyword arguments win."""
        client = cls.__new__(cls)
        client._open(_native.Client(_requests.options(options), True))
        return client

    def _open(self, native: _native.Client) -> None:
        self._key: Optional[str] = None
        self._here = PerProcess(native, lambda former: former.anew(self._key))

    @property
    def _native(self) -> _native.Client:
        return self._here.get()

    def _run(
        self, api: str, body: bytes, deadline: Optional[float], confirm: Optional[float]
    ) -> Outcome:
        return self._native.run(api, body, deadline, confirm)

    def bulk(
        self,
        rows: Rows,
        *,
        operation: str = "bind",
        platform: Optional[str] = None,
        parallel: int = 0,
        patience: Seconds = 60.0,
        format: Optional[str] = None,
        encoding: Optional[str] = None,
        check: str = "normal",
    ) -> Bulk:
        """Sends rows of any number and gives one result per row, in their order,
        with as much memory for a million rows as for a thousand.

        A row is ``(token, account)``, with the account's type and the operation
        behind if you like, or a dict of ``token``, ``account``, ``account_type``
        and ``operation``; ``rows`` is any iterable of these, a DataFrame or an
        Arrow table with these columns, or the path of a ``.csv``, ``.jsonl`` or
        ``.parquet`` file. A row that breaks a rule is ``not_sent``, ``invalid``.
        For a file, ``format`` (``csv``, ``jsonl``, ``parquet``) is for a name that does
        not say it, and ``encoding`` for one that is not UTF-8, such as ``gb18030``. A
        file that cannot be read as a whole is refused before anything is sent.

        Rows are looked at as those of tables are: what cannot be meant (blanks around a
        value, characters that nobody sees, a second header) is ``invalid``, and what is
        suspicious (``NULL``, ``1.38E+10``, one account in very many rows …) is counted in
        ``stream.notices`` and logged to ``xgpush`` at the end. ``check="strict"`` refuses
        that as well, and ``check="verbatim"`` takes every value as it stands.

        ``parallel`` requests travel at once (0: the client's option); when the
        service has not answered for ``patience`` seconds, what is left is given up.

        Requests are sent and results given while the loop asks for the next result,
        which reads the source. A request waits 20 ms for rows to fill it and is sent
        with the next row that is read, or at the end; while the source itself waits,
        as for a queue, nothing more is sent and no result is given. What trickles in
        is for an :class:`Outbox`.

        Leave the loop early with ``close()``, which signal handlers and other threads
        may call as well, or use it in a ``with`` block. It is for one thread at a
        time: a second one gets a ``RuntimeError``. In a child after ``fork`` it is
        closed (:class:`Closed`).
        """
        return _bulk.stream(
            self._native,
            rows,
            operation,
            platform,
            parallel,
            patience,
            format,
            encoding,
            check,
        )

    def sync(
        self,
        wanted: WantedLike,
        *,
        dry_run: bool = True,
        confirm: Deadline = None,
        platform: Optional[str] = None,
        deadline: Deadline = None,
        patience: Seconds = 60.0,
        progress: Optional[Callable[[int], object]] = None,
        format: Optional[str] = None,
        encoding: Optional[str] = None,
        check: str = "normal",
    ) -> List[Synced]:
        """Makes the service know for each token the wanted accounts and no others:
        asks what it knows, and sends operations for the tokens that differ only.
        With ``dry_run``, the default, it tells what differs and changes nothing.

        ``wanted`` maps tokens to an account or a list of accounts, where ``[]`` is
        none; or it is what :meth:`bulk` takes: rows of ``bind``, one for each
        account, and rows of ``clear_token`` for tokens without.

        With ``confirm`` the call goes on asking for so long, until the service shows
        every change. ``deadline`` is that of each of the calls it takes; when the
        service refuses the caller, or has not answered for ``patience`` seconds, what is
        left is ``unread``. ``progress`` is called with the number of tokens that are
        done; what it raises ends the work. To do it again does no harm, whenever it
        ended: what is right already is not sent.
        """
        how = _sync.how(dry_run, confirm, platform, deadline, patience)
        return _sync.run(self._native, _sync.wanted(wanted, format, encoding, check), how, progress)

    def call(
        self,
        path: str,
        json: Json,
        *,
        deadline: Deadline = None,
        repeatable: bool = False,
        content_type: Optional[str] = None,
        auth: Optional[str] = None,
    ) -> Reply:
        """Posts to any other v3 path, such as ``/v3/push/app``. Raises what became of it
        unless the service answered with code 0.

        ``json`` is a value, or text or bytes; with another ``content_type`` (such as
        ``multipart/form-data; boundary=…``) text or bytes are sent as
        they are. What is sent and not
        answered is not sent again, unless it is ``repeatable``: done twice is as good as
        once (what only reads; tags and attributes, which are set; no push). ``auth`` is
        ``"sign"`` or ``"basic"`` in place of the client's; without it
        ``/v3/push/package/upload`` takes Basic, as all of its samples."""
        sent = _requests.body(json, content_type)
        return self._native.call(path, sent, seconds(deadline), content_type, auth, repeatable)

    def set_secret_key(self, key: str) -> None:
        """Signs with this secret key from the next request on."""
        former, self._key = self._key, key
        try:
            self._native.set_secret_key(key)
        except Error:
            self._key = former
            raise

    def close(self) -> None:
        """Closes idle connections, ends running calls soon, refuses later ones."""
        self._native.close()


class Exchange:
    """The same protocol without I/O, for people who bring their own HTTP client.

    Send the parts of one wave in any order; begin with the next wave when every
    part of the wave before has its answer. An item whose forerunner on the same
    token or account has not settled is held back: there is nothing to send yet.
    """

    def __init__(self, api: str, request: Json, **options: Any) -> None:
        if api not in ("batch", "query"):
            raise ValueError(f"api is 'batch' or 'query', not {api!r}")
        body = _requests.encode(request)
        self._native = _native.Exchange(_requests.options(options), api, body)

    @property
    def parts(self) -> int:
        """How many HTTP requests it takes, retries not counted."""
        return self._native.parts

    def wave(self, part: int) -> int:
        """Which wave a part belongs to, from 0 on."""
        return self._native.wave(part)

    def http_request(self, part: int, unix_seconds: int) -> Optional[HttpRequest]:
        """The HTTP request of a part, signed for this time; ``None`` when there
        is nothing (more) to send."""
        return self._native.http_request(part, unix_seconds)

    def answer(self, part: int, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Reads the response to the last HTTP request of a part."""
        self._native.answer(part, status, list(headers.items()), body)

    def failed(self, part: int, kind: str, sent: bool, message: str) -> None:
        """No whole response came: ``connect``, ``timeout``, ``lost``,
        ``body_too_large`` or ``cancelled``; ``sent`` if any byte may have left."""
        self._native.failed(part, kind, sent, message)

    def finish(self) -> Outcome:
        """What became of every item."""
        return self._native.finish()


def raise_for_failures(outcome: Outcome) -> Outcome:
    """Raises :class:`NotAllAccepted` unless every item was accepted."""
    if outcome.all_accepted:
        return outcome
    worst = next(item for item in outcome if not item.accepted)
    failed = len(outcome) - outcome.count("accepted")
    error = NotAllAccepted(
        f"{failed} of {len(outcome)} items were not accepted; the first is item {worst.index}: "
        f"{worst.state}, {worst.reason}: {worst.message}",
        item=worst.index,
        code=worst.code,
        http_status=worst.http_status,
        is_retryable=worst.retryable,
        retry_after=worst.retry_after,
    )
    error.outcome = outcome
    raise error


__all__ = [
    "Client",
    "Exchange",
    "HttpRequest",
    "ItemOutcome",
    "Outcome",
    "Reply",
    "raise_for_failures",
]

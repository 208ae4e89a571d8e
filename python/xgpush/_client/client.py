"""The blocking client."""

from __future__ import annotations

from typing import Any, Callable, List, Optional

from .. import _native
from .._bulk import rows as _rows
from .._bulk.rows import Rows
from .._native import Bulk, Outcome, Reply, Request
from .._runtime.context import CloseOnExit
from .._runtime.fork import PerProcess
from ..errors import Error
from .._runtime import arguments
from . import sync as _sync
from .._runtime.arguments import Deadline, Json, Seconds, optional_seconds
from .operations import Operations
from .sync import DesiredStateLike, Synced


class Client(Operations[Outcome], CloseOnExit):
    """A client of one application. Create one, keep it, and share it between threads.

    Keyword arguments are the options of :data:`xgpush.OPTIONS`, such as ``access_id``,
    ``secret_key`` and ``access_point``. A call blocks until every item has its outcome or
    the deadline passes. It releases the interpreter while it waits, and Ctrl-C ends it.

    After ``fork`` the child gets a client of its own, with new connections, unless the
    client was closed before. So it may be created before the workers are forked.
    """

    def __init__(self, **options: Any) -> None:
        self._open(_native.Client(arguments.options(options), False))

    @classmethod
    def from_env(cls, **options: Any) -> Client:
        """Reads options from the environment (``XGPUSH_…``); keyword arguments win."""
        client = cls.__new__(cls)
        client._open(_native.Client(arguments.options(options), True))
        return client

    def _open(self, native: _native.Client) -> None:
        self._key: Optional[str] = None
        self._per_process = PerProcess(native, lambda parent: parent.copy(self._key))

    @property
    def _native(self) -> _native.Client:
        return self._per_process.get()

    def _run(
        self, request: Request, deadline: Optional[float], confirm: Optional[float]
    ) -> Outcome:
        return self._native.run(request, deadline, confirm)

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
        """Sends any number of rows and yields one result per row, in their order. Memory
        does not grow with the number of rows.

        ``rows`` is one of

        * an iterable of rows: ``(token, account)``, then the account's type and the
          operation if needed; or anything with the fields ``token``, ``account``,
          ``account_type`` and ``operation``,
        * a DataFrame, an Arrow table or a database cursor with these columns,
        * the path of a ``.csv``, ``.jsonl`` or ``.parquet`` file.

        ``operation`` is for rows that name none. ``parallel`` is how many requests are in
        flight (0: the client's option). After ``patience`` seconds without an answer from
        the service the remaining rows are given up. ``format`` names the format of a file
        whose name does not, and ``encoding`` the encoding of one that is not UTF-8, such as
        ``gb18030``.

        A row that breaks a rule is ``not_sent``, ``invalid``, and so is one with an obvious
        mistake: blanks around a value, invisible characters, a repeated header. What is
        merely suspicious (``NULL``, ``1.38E+10``, one account in very many rows) is counted
        in ``stream.notices`` and logged to ``xgpush`` at the end. ``check="strict"`` refuses
        suspicious rows as well; ``check="verbatim"`` takes every value as it is. A file that
        cannot be read as a whole is refused before anything is sent.

        The stream does its work while you ask for the next result: that reads the source,
        sends requests and takes answers. A request waits 20 ms for more rows, and leaves
        with the next row or at the end. While the source itself blocks, nothing is sent; for
        rows that arrive slowly, as from a queue, use an :class:`Outbox`.

        To stop early call ``close()``, also from a signal handler or another thread, or use
        the stream in a ``with`` block. Only one thread at a time may iterate; a second one
        gets a ``RuntimeError``. In a child after ``fork`` the stream is closed
        (:class:`Closed`).
        """
        return _rows.stream(
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
        desired: DesiredStateLike,
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
        """Makes each token have exactly the desired accounts: queries the service and
        sends only the differences. With ``dry_run``, the default, it only reports them.

        ``desired`` maps a token to an account or a list of accounts (``[]`` for none). Or it
        is what :meth:`bulk` takes: ``bind`` rows, one for each account, and ``clear_token``
        rows for tokens without accounts.

        With ``confirm`` the call queries the service again for that long, until it shows
        every change. ``deadline`` applies to each request to the service. If the service
        refuses the credentials, or does not answer for ``patience`` seconds, the remaining
        tokens are ``unread``. ``progress`` is called with the number of finished tokens; an
        exception from it ends the work. Repeating a call is safe at any point: what is
        right already is not sent.
        """
        how = _sync.arguments_of(dry_run, confirm, platform, deadline, patience)
        state = _sync.desired_state(desired, format, encoding, check)
        return _sync.run(self._native, state, how, progress)

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
        """Posts to any other v3 path, such as ``/v3/push/app``. Raises an :class:`Error`
        unless the service answers with code 0.

        ``json`` is a value, or JSON as text or bytes. With another ``content_type``, such as
        ``multipart/form-data; boundary=…``, it is text or bytes, sent unchanged.

        A request that was sent and not answered is not sent again, unless it is
        ``repeatable``: doing it twice must be the same as doing it once. That holds for
        reading, and for setting tags and attributes; not for a push. ``auth`` is ``"sign"``
        or ``"basic"`` in place of the client's option; ``/v3/push/package/upload`` uses
        Basic by default, as in all of the documents' samples.
        """
        body = arguments.call_body(json, content_type)
        limit = optional_seconds(deadline)
        return self._native.call(path, body, limit, content_type, auth, repeatable)

    def set_secret_key(self, key: str) -> None:
        """Signs with this secret key from the next request on."""
        former, self._key = self._key, key
        try:
            self._native.set_secret_key(key)
        except Error:
            self._key = former
            raise

    def close(self) -> None:
        """Closes idle connections, ends running calls soon, and refuses later ones."""
        self._native.close()

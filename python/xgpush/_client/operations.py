"""The operations and queries, for every client that can send them."""

from __future__ import annotations

from typing import Any, Generic, Iterable, Optional, TypeVar

from .. import _native
from .._bulk.cursor import dicts
from .._runtime.arguments import Deadline, Json, json_bytes, optional_seconds
from .items import AccountLike, BindingsLike

#: What a method returns: an outcome, or a coroutine for one.
ResultT = TypeVar("ResultT")


class Operations(Generic[ResultT]):
    """The operations and queries. They return an :class:`Outcome` from a
    :class:`Client`, and an awaitable one from an :class:`AsyncClient`.

    Keyword arguments that these methods share:

    * ``deadline``: how long the call may take, retries included, in seconds or as a
      ``timedelta``. Default: the option ``deadline_ms``.
    * ``confirm``: how long to query the service until it shows the change. The API is
      asynchronous: *accepted* means queued, not applied. See
      :attr:`ItemOutcome.confirmed`.
    * ``platform``: ``"android"`` or ``"ios"``, which the protocols before 2021-07
      require and the current one refuses.

    The remaining fields of legacy XG, ``op_type`` and ``op_id``, are taken by
    :meth:`batch_operate` and :meth:`query`.
    """

    def _run(
        self, request: _native.Request, deadline: Optional[float], confirm: Optional[float]
    ) -> ResultT:
        raise NotImplementedError

    def _send(
        self,
        method: str,
        items: Any,
        platform: Optional[str],
        deadline: Deadline,
        confirm: Deadline = None,
    ) -> ResultT:
        request = _native.Request(method, dicts(items), platform)
        return self._run(request, optional_seconds(deadline), optional_seconds(confirm))

    def batch_operate(
        self, request: Json, *, deadline: Deadline = None, confirm: Deadline = None
    ) -> ResultT:
        """``POST /v3/device/account/batchoperate`` with the documented JSON. The list may
        have any length: it is sent in parts of 20."""
        body = _native.Request.from_json(json_bytes(request), False)
        return self._run(body, optional_seconds(deadline), optional_seconds(confirm))

    def query(self, request: Json, *, deadline: Deadline = None) -> ResultT:
        """``POST /v3/device/account/query`` with the documented JSON."""
        body = _native.Request.from_json(json_bytes(request), True)
        return self._run(body, optional_seconds(deadline), None)

    def bind(
        self,
        items: BindingsLike,
        *,
        platform: Optional[str] = None,
        deadline: Deadline = None,
        confirm: Deadline = None,
    ) -> ResultT:
        """Binds tokens to accounts, replacing what was bound (operator 2).

        An item is one of

        * ``(token, account)``, ``(token, account, type)`` or ``(token, [account, …])``,
        * a :class:`Binding`,
        * anything with the fields ``token``, ``account`` and ``account_type``: a dict, a
          named tuple, a database row, a data class.

        A mapping from token to account, or to a list of accounts, is taken as well. An
        account is a text, ``(account, type)``, an :class:`Account`, or anything with the
        fields ``account`` and ``account_type``. A type is a number: a text of few digits
        in third place is refused, because it may be a type or a second account.
        """
        return self._send("bind", items, platform, deadline, confirm)

    def append(
        self,
        items: BindingsLike,
        *,
        platform: Optional[str] = None,
        deadline: Deadline = None,
        confirm: Deadline = None,
    ) -> ResultT:
        """Adds accounts to tokens (operator 1); items as for :meth:`bind`. TPNS no longer
        does so and replaces what was bound. Refused unless ``allow_append`` is set."""
        return self._send("append", items, platform, deadline, confirm)

    def unbind(
        self,
        items: BindingsLike,
        *,
        platform: Optional[str] = None,
        deadline: Deadline = None,
        confirm: Deadline = None,
    ) -> ResultT:
        """Removes accounts from tokens (operator 3); items as for :meth:`bind`."""
        return self._send("unbind", items, platform, deadline, confirm)

    def clear_tokens(
        self,
        tokens: Iterable[str],
        *,
        platform: Optional[str] = None,
        deadline: Deadline = None,
        confirm: Deadline = None,
    ) -> ResultT:
        """Removes all accounts from tokens (operator 4)."""
        return self._send("clear_tokens", tokens, platform, deadline, confirm)

    def clear_accounts(
        self,
        accounts: Iterable[AccountLike],
        *,
        platform: Optional[str] = None,
        deadline: Deadline = None,
        confirm: Deadline = None,
    ) -> ResultT:
        """Removes all tokens from accounts (operator 5)."""
        return self._send("clear_accounts", accounts, platform, deadline, confirm)

    def query_by_account(
        self,
        accounts: Iterable[AccountLike],
        *,
        platform: Optional[str] = None,
        deadline: Deadline = None,
    ) -> ResultT:
        """Looks up the tokens of accounts: see :attr:`ItemOutcome.tokens`."""
        return self._send("query_by_account", accounts, platform, deadline)

    def query_by_token(
        self,
        tokens: Iterable[str],
        *,
        platform: Optional[str] = None,
        deadline: Deadline = None,
    ) -> ResultT:
        """Looks up the accounts of tokens: see :attr:`ItemOutcome.accounts`."""
        return self._send("query_by_token", tokens, platform, deadline)

    def __reduce__(self) -> str:
        raise TypeError("a client has connections and a secret: create one in each process")

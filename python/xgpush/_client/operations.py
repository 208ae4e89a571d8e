"""The operations and queries, for any client that can send them."""

from __future__ import annotations

from typing import Generic, Iterable, Optional, TypeVar

from . import items as _requests
from .items import AccountLike, BindingsLike, Json, Seconds

#: What a call answers: an outcome, or a coroutine that has it.
Answer = TypeVar("Answer")
Deadline = Optional[Seconds]


class Operations(Generic[Answer]):
    """The operations and queries of :class:`Client`, whose answer is an
    :class:`Outcome`, and of :class:`AsyncClient`, whose answer is to be awaited."""

    def _run(
        self, api: str, body: bytes, deadline: Optional[float], confirm: Optional[float]
    ) -> Answer:
        raise NotImplementedError

    def batch_operate(
        self, request: Json, *, deadline: Deadline = None, confirm: Deadline = None
    ) -> Answer:
        """``POST /v3/device/account/batchoperate`` with the documented JSON. Its
        list may have any length: it is split at 20.

        The API is asynchronous: accepted means that the service took the task. With
        ``confirm`` the call goes on asking the service for so long, until it shows
        what it accepted: see :attr:`ItemOutcome.confirmed`. The operations below take
        it as well.
        """
        body = _requests.encode(request)
        return self._run("batch", body, seconds(deadline), seconds(confirm))

    def query(self, request: Json, *, deadline: Deadline = None) -> Answer:
        """``POST /v3/device/account/query`` with the documented JSON."""
        return self._run("query", _requests.encode(request), seconds(deadline), None)

    def bind(
        self,
        items: BindingsLike,
        *,
        platform: Optional[str] = None,
        op_type: Optional[str] = None,
        op_id: Optional[str] = None,
        deadline: Deadline = None,
        confirm: Deadline = None,
    ) -> Answer:
        """Operator 2: binds tokens to accounts, overwriting.

        An item is ``(token, account)``, ``(token, account, type)``,
        ``(token, [account, …])`` or a :class:`Binding`; a mapping from token to
        account, or to a list of accounts, does as well. What has names (a dict, a named
        tuple, a row of a database, a data class) is read by them: ``token``, ``account``,
        ``account_type``. A text of digits that may be a type is none in third place:
        it is refused.
        """
        listed = _requests.bindings(items)
        body = _requests.documented(2, "token_accounts", listed, platform, op_type, op_id)
        return self.batch_operate(body, deadline=deadline, confirm=confirm)

    def append(
        self,
        items: BindingsLike,
        *,
        platform: Optional[str] = None,
        op_type: Optional[str] = None,
        op_id: Optional[str] = None,
        deadline: Deadline = None,
        confirm: Deadline = None,
    ) -> Answer:
        """Operator 1: adds accounts to tokens. Disused at TPNS, which overwrites:
        refused unless the option ``allow_append`` is set."""
        listed = _requests.bindings(items)
        body = _requests.documented(1, "token_accounts", listed, platform, op_type, op_id)
        return self.batch_operate(body, deadline=deadline, confirm=confirm)

    def unbind(
        self,
        items: BindingsLike,
        *,
        platform: Optional[str] = None,
        op_type: Optional[str] = None,
        op_id: Optional[str] = None,
        deadline: Deadline = None,
        confirm: Deadline = None,
    ) -> Answer:
        """Operator 3: removes accounts from tokens; items as for :meth:`bind`."""
        listed = _requests.bindings(items)
        body = _requests.documented(3, "token_accounts", listed, platform, op_type, op_id)
        return self.batch_operate(body, deadline=deadline, confirm=confirm)

    def clear_tokens(
        self,
        tokens: Iterable[str],
        *,
        platform: Optional[str] = None,
        op_type: Optional[str] = None,
        op_id: Optional[str] = None,
        deadline: Deadline = None,
        confirm: Deadline = None,
    ) -> Answer:
        """Operator 4: removes all accounts from tokens."""
        listed = _requests.tokens(tokens)
        body = _requests.documented(4, "token_list", listed, platform, op_type, op_id)
        return self.batch_operate(body, deadline=deadline, confirm=confirm)

    def clear_accounts(
        self,
        accounts: Iterable[AccountLike],
        *,
        platform: Optional[str] = None,
        op_type: Optional[str] = None,
        op_id: Optional[str] = None,
        deadline: Deadline = None,
        confirm: Deadline = None,
    ) -> Answer:
        """Operator 5: removes all tokens from accounts."""
        listed = _requests.accounts(accounts)
        body = _requests.documented(5, "account_list", listed, platform, op_type, op_id)
        return self.batch_operate(body, deadline=deadline, confirm=confirm)

    def query_by_account(
        self,
        accounts: Iterable[AccountLike],
        *,
        platform: Optional[str] = None,
        op_type: Optional[str] = None,
        op_id: Optional[str] = None,
        deadline: Deadline = None,
    ) -> Answer:
        """The tokens of accounts: see :attr:`ItemOutcome.tokens`."""
        listed = _requests.accounts(accounts)
        body = _requests.documented(1, "account_list", listed, platform, op_type, op_id)
        return self.query(body, deadline=deadline)

    def query_by_token(
        self,
        tokens: Iterable[str],
        *,
        platform: Optional[str] = None,
        op_type: Optional[str] = None,
        op_id: Optional[str] = None,
        deadline: Deadline = None,
    ) -> Answer:
        """The accounts of tokens: see :attr:`ItemOutcome.accounts`."""
        listed = _requests.tokens(tokens)
        body = _requests.documented(2, "token_list", listed, platform, op_type, op_id)
        return self.query(body, deadline=deadline)

    def __reduce__(self) -> str:
        raise TypeError("a client has connections and a secret: make one in each process")


def seconds(given: Deadline) -> Optional[float]:
    return None if given is None else _requests.seconds(given)

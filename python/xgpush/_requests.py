"""From what a Python program has to the documented JSON. No rule is checked
here: the core reads the JSON and checks it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union


@dataclass(frozen=True)
class Account:
    """An account, with its type where one is given (the service takes 0)."""

    name: str
    type: Optional[int] = None


@dataclass(frozen=True)
class Binding:
    """A token with the accounts to bind to it or to remove from it."""

    token: str
    accounts: Tuple[AccountLike, ...]

    def __init__(self, token: str, *accounts: AccountLike) -> None:
        object.__setattr__(self, "token", token)
        object.__setattr__(self, "accounts", accounts)


AccountLike = Union[str, Tuple[str, int], Account]
BindingLike = Union[
    Binding,
    Tuple[str, AccountLike],
    Tuple[str, str, int],
    Tuple[str, Sequence[AccountLike]],
]
#: The documented JSON, as a value or as text.
Json = Union[Mapping[str, Any], str, bytes]


def account(given: AccountLike) -> Dict[str, Any]:
    if isinstance(given, str):
        return {"account": given}
    if isinstance(given, Account):
        name, kind = given.name, given.type
    else:
        name, kind = given
    return {"account": name} if kind is None else {"account": name, "account_type": kind}


def accounts(given: Iterable[AccountLike]) -> List[Dict[str, Any]]:
    if isinstance(given, str):
        raise TypeError("a list of accounts is wanted, not one string")
    return [_named(account, index, item) for index, item in enumerate(given)]


def tokens(given: Iterable[str]) -> List[str]:
    if isinstance(given, str):
        raise TypeError("a list of tokens is wanted, not one string")
    return list(given)


def _binding(given: BindingLike) -> Dict[str, Any]:
    if isinstance(given, Binding):
        return {"token": given.token, "account_list": [account(a) for a in given.accounts]}
    token, *rest = given
    # (token, account, type), (token, account) or (token, [account, …])
    if len(rest) == 2:
        listed: List[Any] = [tuple(rest)]
    elif len(rest) == 1 and isinstance(rest[0], list):
        listed = rest[0]
    else:
        listed = rest
    return {"token": token, "account_list": [account(a) for a in listed]}


def bindings(
    given: Union[Iterable[BindingLike], Mapping[str, AccountLike]],
) -> List[Dict[str, Any]]:
    items: Iterable[Any] = given.items() if isinstance(given, Mapping) else given
    return [_named(_binding, index, item) for index, item in enumerate(items)]


def _named(convert: Any, index: int, item: Any) -> Any:
    try:
        return convert(item)
    except (TypeError, ValueError) as error:
        raise TypeError(f"item {index}: {item!r:.80} cannot be read: {error}") from None


def encode(request: Json) -> bytes:
    """The JSON as bytes; text and bytes are handed on as they are."""
    if isinstance(request, bytes):
        return request
    if isinstance(request, str):
        return request.encode("utf-8", "surrogatepass")
    # Escaped, so that a lone surrogate reaches the core, which names its item.
    return json.dumps(request, separators=(",", ":")).encode("ascii")


def documented(
    operator_type: int,
    field: str,
    items: Sequence[Any],
    platform: Optional[str],
    op_type: Optional[str],
    op_id: Optional[str],
) -> bytes:
    request: Dict[str, Any] = {"operator_type": operator_type, field: items}
    for name, value in (("platform", platform), ("op_type", op_type), ("op_id", op_id)):
        if value is not None:
            request[name] = value
    return encode(request)


def options(given: Mapping[str, Any]) -> List[Tuple[str, str]]:
    """Option values as the text that the core reads."""
    return [(name, _option(value)) for name, value in given.items() if value is not None]


def _option(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)

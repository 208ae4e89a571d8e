"""From what a Python program has to the documented JSON. No rule is checked
here: the core reads the JSON and checks it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterable,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Union,
    cast,
)

from .._bulk import named as _named


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


if TYPE_CHECKING:
    from typing_extensions import Unpack

    # Of any length, as mypy takes a tuple of three for a likely meaning of one of two,
    # and then reads ("t", ["alice", ("bob", 3)]) without knowing what is wanted.
    _More = Tuple[str, str, Unpack[Tuple[Union[str, int, None], ...]]]
else:
    _More = Union[Tuple[str, str, Optional[int]], Tuple[str, str, str]]

#: What has names is read by them, such as a named tuple or a row of a database.
AccountLike = Union[str, Tuple[str, Optional[int]], Account, Mapping[str, Any]]
BindingLike = Union[
    Binding,
    Mapping[str, Any],
    Tuple[str, Union[AccountLike, Sequence[AccountLike]]],
    _More,
]
#: Bindings one by one, or a mapping from token to account or accounts.
BindingsLike = Union[
    Mapping[str, Union[AccountLike, Sequence[AccountLike]]], Iterable[BindingLike]
]
#: A time to wait, in seconds or as a ``timedelta``.
Seconds = Union[float, timedelta]
#: The documented JSON, as a value or as text.
Json = Union[Mapping[str, Any], str, bytes]


def pair(given: AccountLike) -> Tuple[str, Optional[int]]:
    """An account's name and type."""
    if isinstance(given, str):
        return given, None
    if isinstance(given, Account):
        return given.name, given.type
    named = _named.fields(given)
    if named is not None:
        _only(named, ("account", "account_type"), "account")
        return named["account"], _kind(named.get("account_type"))
    name, kind = cast("Tuple[str, Optional[int]]", given)
    return name, kind


def _only(named: Mapping[str, Any], known: Tuple[str, ...], needed: str) -> None:
    unknown = [name for name in named if name not in known]
    if unknown:
        raise ValueError(f"unknown fields {unknown}: choose those of {list(known)}")
    if needed not in named:
        raise ValueError(f"there is no field {needed}")


def _kind(given: Any) -> Any:
    """An account's type as tables have it: NaN and an empty text are none, and ``3.0`` is
    3, also as a text."""
    if given is None or given == "" or given != given:
        return None
    number = float(given) if isinstance(given, str) else given
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _account(given: AccountLike) -> Dict[str, Any]:
    name, kind = pair(given)
    return {"account": name} if kind is None else {"account": name, "account_type": kind}


def _may_be_type(given: Any) -> bool:
    """Of 32 bits: a phone number has more."""
    return isinstance(given, str) and given.isdecimal() and int(given) < 1 << 31


def _is_type(given: Any) -> bool:
    return given is None or isinstance(given, int)


def is_typed(given: Any) -> bool:
    return isinstance(given, tuple) and len(given) == 2 and _is_type(given[1])


def is_account(given: Any) -> bool:
    return is_typed(given) or _named.fields(given) is not None


def several_of(given: Any) -> Sequence[Any]:
    """The accounts that stand in the place of one."""
    if given is None:
        return []
    return given if isinstance(given, (list, tuple)) and not is_account(given) else [given]


def _binding(given: BindingLike) -> Dict[str, Any]:
    if isinstance(given, Binding):
        return {"token": given.token, "account_list": [_account(a) for a in given.accounts]}
    if isinstance(given, (str, bytes)):
        raise TypeError("a text is no binding: one has a token and an account")
    named = _named.fields(given)
    if named is not None:
        _only(named, ("token", "account", "account_type"), "token")
        name, kind = named.get("account"), _kind(named.get("account_type"))
        found = [_account(account) for account in several_of(name)]
        if kind is not None:
            found = [{**account, "account_type": kind} for account in found]
        return {"token": named["token"], "account_list": found}
    token, *rest = cast("Sequence[Any]", given)
    if len(rest) == 2 and _may_be_type(rest[1]):
        raise TypeError(
            f"{rest[1]!r} may be a type or a second account: say a type as a number, and several "
            "accounts in a list"
        )
    # (token, account, type), (token, account) or (token, [account, …])
    listed: Sequence[Any] = rest
    if len(rest) == 2 and _is_type(rest[1]):
        listed = [tuple(rest)]
    elif len(rest) == 1 and isinstance(rest[0], (list, tuple)) and not is_account(rest[0]):
        listed = rest[0]
    return {"token": token, "account_list": [_account(a) for a in listed]}


def accounts(given: Iterable[AccountLike]) -> List[str]:
    return _each("accounts", given, _account)


def tokens(given: Iterable[str]) -> List[str]:
    return _each("tokens", given, _token)


def _token(given: Any) -> Any:
    named = None if isinstance(given, str) else _named.fields(given)
    if named is None:
        return given
    _only(named, ("token",), "token")
    return named["token"]


def bindings(given: BindingsLike) -> List[str]:
    items: Iterable[Any] = given
    if isinstance(given, Mapping):
        if given and all(name in _named.NAMES for name in given):
            raise TypeError("the mapping has fields: put a row into a list, and columns into rows")
        items = given.items()
    return _each("bindings", items, _binding)


def _each(what: str, given: Iterable[Any], convert: Callable[[Any], Any]) -> List[str]:
    """The JSON of each item: a hundred thousand texts take less memory than as
    many dictionaries."""
    if isinstance(given, (str, bytes)):
        raise TypeError(f"a list of {what} is wanted, not one text")
    result = _named.cursor(given)
    if result is not None:
        names, rows = result
        given = (dict(zip(names, row)) if type(row) in (tuple, list) else row for row in rows)
    listed = []
    for index, item in enumerate(given):
        try:
            # Escaped, so that a lone surrogate reaches the core, which names its item.
            listed.append(json.dumps(convert(item), separators=(",", ":")))
        except (TypeError, ValueError) as error:
            raise TypeError(f"item {index}: {item!r:.80} cannot be read: {error}") from None
    return listed


def seconds(given: Seconds) -> float:
    return given.total_seconds() if isinstance(given, timedelta) else float(given)


def encode(request: Json) -> bytes:
    """The JSON as bytes; text and bytes are handed on as they are."""
    if isinstance(request, bytes):
        return request
    if isinstance(request, str):
        return request.encode("utf-8", "surrogatepass")
    return json.dumps(request, separators=(",", ":")).encode("ascii")


def body(given: Json, content_type: Optional[str]) -> bytes:
    """The body of a call: JSON, or with another content type what is given."""
    if content_type is not None and not isinstance(given, (str, bytes)):
        raise TypeError(f"with content_type the body is text or bytes, not {type(given).__name__}")
    return encode(given)


def documented(
    operator_type: int,
    field: str,
    items: List[str],
    platform: Optional[str],
    op_type: Optional[str],
    op_id: Optional[str],
) -> bytes:
    rest = {"platform": platform, "op_type": op_type, "op_id": op_id}
    tail = "".join(f',"{name}":{json.dumps(v)}' for name, v in rest.items() if v is not None)
    return f'{{"operator_type":{operator_type},"{field}":[{",".join(items)}]{tail}}}'.encode()


def options(given: Mapping[str, Any]) -> List[Tuple[str, str]]:
    """Option values as the text that the core reads."""
    return [(name, _option(value)) for name, value in given.items() if value is not None]


def _option(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)

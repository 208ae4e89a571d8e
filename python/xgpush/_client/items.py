"""The items of a call. Native code reads and checks them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Optional, Sequence, Tuple, Union


@dataclass(frozen=True)
class Account:
    """An account and its type. Without a type the service assumes 0."""

    name: str
    type: Optional[int] = None


@dataclass(frozen=True)
class Binding:
    """A token and the accounts to bind to it or to remove from it."""

    token: str
    accounts: Tuple[AccountLike, ...]

    def __init__(self, token: str, *accounts: AccountLike) -> None:
        object.__setattr__(self, "token", token)
        object.__setattr__(self, "accounts", accounts)


if TYPE_CHECKING:
    from typing_extensions import Unpack

    # Of any length: for a tuple of three, mypy would infer the wrong type for
    # ("t", ["alice", ("bob", 3)]).
    _More = Tuple[str, str, Unpack[Tuple[Union[str, int, None], ...]]]
else:
    _More = Union[Tuple[str, str, Optional[int]], Tuple[str, str, str]]

#: Named tuples, database rows and data classes are read by their field names.
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

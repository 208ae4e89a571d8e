"""Rows that name their fields: by name, whatever the order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple, cast

NAMES = ("token", "account", "account_type", "operation")

#: How many rows of a cursor are fetched at once.
_MANY = 1000


def fields(given: Any) -> Optional[Dict[str, Any]]:
    """The fields of a mapping, a named tuple, a row of a database or a data class;
    ``None`` for what has no names. The index of a frame is none of them."""
    if isinstance(given, (str, bytes, type)):
        return None
    if isinstance(given, Mapping):
        return dict(given)
    for attribute in ("_fields", "__fields__"):
        names = getattr(given, attribute, None)
        if isinstance(names, (tuple, list)):
            pairs = list(zip(names, given))
            return dict(pairs[1:] if names[:1] == ("Index",) else pairs)
    keys = getattr(given, "keys", None)
    if callable(keys) and hasattr(given, "__getitem__"):
        return {name: given[name] for name in cast(Iterable[str], keys())}
    kind = type(given)
    for attribute in ("__dataclass_fields__", "__attrs_attrs__", "model_fields"):
        found = getattr(kind, attribute, None)
        if found is not None:
            names = [getattr(field, "name", field) for field in found]
            return {name: getattr(given, name) for name in names}
    return None


def cursor(given: Any) -> Optional[Tuple[List[str], Iterator[Any]]]:
    """The names of the columns of a DB-API cursor with a result, and its rows."""
    description = getattr(given, "description", None)
    if not isinstance(description, (list, tuple)) or not hasattr(given, "fetchmany"):
        return None
    return [str(column[0]) for column in description], _fetched(given)


def _fetched(given: Any) -> Iterator[Any]:
    while rows := given.fetchmany(_MANY):
        yield from rows

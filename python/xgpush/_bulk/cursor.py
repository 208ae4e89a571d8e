"""Cursors of databases (DB-API, DuckDB), whose rows are read by the names of their columns."""

from __future__ import annotations

from typing import Any, Iterator, List, Optional, Tuple

#: How many rows are fetched at once.
_ROWS_PER_FETCH = 1000


def cursor(given: Any) -> Optional[Tuple[List[str], Iterator[Any]]]:
    """The column names and the rows of a cursor; ``None`` for anything else."""
    description = getattr(given, "description", None)
    if not isinstance(description, (list, tuple)) or not hasattr(given, "fetchmany"):
        return None
    return [str(column[0]) for column in description], _fetch(given)


def dicts(given: Any) -> Any:
    """The rows of a cursor as dicts; anything else unchanged."""
    found = cursor(given)
    if found is None:
        return given
    names, rows = found
    # Other rows have names of their own.
    return (dict(zip(names, row)) if type(row) in (tuple, list) else row for row in rows)


def _fetch(given: Any) -> Iterator[Any]:
    while rows := given.fetchmany(_ROWS_PER_FETCH):
        yield from rows

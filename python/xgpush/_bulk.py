"""From what a Python program has to rows, one by one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from itertools import repeat
from typing import Any, Iterable, Iterator, List, Optional, Protocol, Union

from . import _native, _requests
from ._requests import Seconds


class Frame(Protocol):
    """A DataFrame of pandas or polars."""

    @property
    def columns(self) -> Any: ...


class Arrow(Protocol):
    """A table or a data set of Arrow."""

    def to_batches(self) -> Any: ...


#: What :meth:`Client.bulk` takes: rows, a table with these columns, or a file.
Rows = Union[Iterable[Any], Mapping[str, str], Frame, Arrow, "os.PathLike[str]", str]

NAMES = ("token", "account", "account_type", "operation")

#: How the Arrow types begin that are text, or nothing at all.
_TEXTS = tuple(
    nested + text for nested in ("", "dictionary<values=") for text in ("string", "large_string", "null")
)


def stream(
    client: _native.Client,
    rows: Rows,
    operation: str,
    platform: Optional[str],
    parallel: int,
    patience: Seconds,
    file_format: Optional[str],
    encoding: Optional[str],
) -> _native.Bulk:
    """What :meth:`Client.bulk` gives."""
    longest = _requests.seconds(patience)
    taken = source(rows, file_format)
    return _native.Bulk(
        client, taken, operation, platform, parallel, longest, file_format, encoding
    )


def source(rows: Any, file_format: Optional[str] = None) -> Any:
    """An iterable of rows, or the path of a file that the core reads."""
    if isinstance(rows, (str, os.PathLike)):
        path = os.fspath(rows)
        return _parquet(path) if is_parquet(path, file_format) else path
    if isinstance(rows, Mapping):
        return rows.items()
    if hasattr(rows, "to_batches"):  # an Arrow table or data set
        return _arrow(rows.schema, rows.to_batches())
    if hasattr(rows, "itertuples"):  # pandas
        return _columns(list(rows.columns), lambda name: rows[name])
    if hasattr(rows, "iter_rows"):  # polars
        return _columns(list(rows.columns), rows.get_column)
    return rows


def _known(columns: Iterable[str]) -> List[str]:
    """The columns, checked: one that is misspelled must not be left out in silence."""
    listed = list(columns)
    unknown = [name for name in listed if name not in NAMES]
    if unknown:
        raise ValueError(f"unknown columns {unknown}: choose those of {list(NAMES)}")
    twice = sorted(name for name in set(listed) if listed.count(name) > 1)
    if twice:
        raise ValueError(f"the columns {twice} are there twice")
    if "token" not in listed and "account" not in listed:
        raise ValueError("there is neither a column token nor a column account")
    return listed


def _columns(names: Iterable[str], column: Any) -> Iterator[Any]:
    known = _known(names)
    return zip(*(column(name) if name in known else repeat(None) for name in NAMES))


def known(schema: Any) -> List[str]:
    """The columns of an Arrow schema, checked. A number is no identifier: 7 may have
    been 7.0 or 007 where the table comes from."""
    names = _known(schema.names)
    for field in schema:
        kind = str(field.type)
        if field.name != "account_type" and not kind.startswith(_TEXTS):
            raise ValueError(f"the column {field.name} is {kind}, not text")
    return names


def _arrow(schema: Any, batches: Iterable[Any]) -> Iterator[Any]:
    names = known(schema)

    def rows() -> Iterator[Any]:
        for batch in batches:
            lists = {name: batch.column(name).to_pylist() for name in names}
            yield from zip(*(lists.get(name, repeat(None)) for name in NAMES))

    return rows()


def is_parquet(path: Any, file_format: Optional[str] = None) -> bool:
    """By the end of its name, in any case, as the other formats."""
    if file_format is not None:
        return file_format == "parquet"
    return os.fsdecode(path).lower().endswith(".parquet")


def parquet_file(path: str) -> Any:
    """The file, for those who have pyarrow."""
    try:
        parquet = import_module("pyarrow.parquet")
    except ImportError:
        raise ImportError("Parquet needs pyarrow: pip install 'xgpush[parquet]'") from None
    return parquet.ParquetFile(path)


def _parquet(path: str) -> Iterator[Any]:
    file = parquet_file(path)
    return _arrow(file.schema_arrow, file.iter_batches(batch_size=10_000))

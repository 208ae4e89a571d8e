"""Rows from what Python programs have: iterables, frames, Arrow tables, cursors, files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from itertools import repeat
from typing import Any, Iterable, Iterator, List, Optional, Protocol, Union

from .. import _native
from .._runtime.arguments import Seconds, seconds
from .cursor import cursor


class Frame(Protocol):
    """A DataFrame of pandas or polars."""

    @property
    def columns(self) -> Any: ...


class Arrow(Protocol):
    """A table or a data set of Arrow."""

    def to_batches(self) -> Any: ...


#: What :meth:`Client.bulk` takes: rows, a table with these columns, or a file.
Rows = Union[Iterable[Any], Mapping[str, str], Frame, Arrow, "os.PathLike[str]", str]

FIELDS = _native.ROW_FIELDS

#: Prefixes of the Arrow types that are text or null.
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
    check: str,
) -> _native.Bulk:
    """The stream that :meth:`Client.bulk` returns."""
    longest = seconds(patience)
    check_encoding(rows, file_format, encoding)
    found = source(rows, file_format)
    return _native.Bulk(
        client, found, operation, platform, parallel, longest, file_format, encoding, check
    )


def check_encoding(rows: Any, file_format: Optional[str], encoding: Optional[str]) -> None:
    """Refuses an encoding for what is not a text file."""
    if encoding is None or not isinstance(rows, (str, os.PathLike)):
        return
    if is_parquet(os.fspath(rows), file_format):
        raise ValueError("Parquet files have no text encoding: omit encoding (--encoding)")


def is_slow_to_open(rows: Any) -> bool:
    """Whether :func:`stream` does real work: it surveys a file, and computes a lazy
    frame."""
    return isinstance(rows, (str, os.PathLike)) or hasattr(rows, "collect_schema")


def source(rows: Any, file_format: Optional[str] = None) -> Any:
    """An iterable of rows, or the path of a file that the core reads."""
    if isinstance(rows, (str, os.PathLike)):
        path = os.fspath(rows)
        return _parquet(path) if is_parquet(path, file_format) else path
    if isinstance(rows, Mapping):
        if are_columns(rows):
            return _columns(list(rows), lambda name: rows[name])
        refuse_row(rows)
        return rows.items()
    if hasattr(rows, "readline"):
        raise TypeError("a file object has lines, not rows: pass its path, or csv.DictReader(file)")
    if hasattr(rows, "to_batches"):  # an Arrow table or data set
        return _arrow(rows.schema, rows.to_batches())
    if hasattr(rows, "itertuples"):  # pandas
        return _columns(list(rows.columns), lambda name: rows[name])
    if hasattr(rows, "iter_rows"):  # polars
        return _columns(list(rows.columns), rows.get_column)
    if hasattr(rows, "collect_schema"):  # polars, lazy
        return source(rows.collect())
    if hasattr(rows, "read_next_batch"):  # a RecordBatchReader
        return _arrow(rows.schema, rows)
    if hasattr(rows, "schema") and hasattr(rows, "to_pylist"):  # a RecordBatch
        return _arrow(rows.schema, [rows])
    found = cursor(rows)
    if found is not None:
        return _cursor_rows(*found)
    if hasattr(rows, "__arrow_c_stream__"):
        reader = _pyarrow("pyarrow").RecordBatchReader.from_stream(rows)
        return _arrow(reader.schema, reader)
    return rows


def are_columns(given: Mapping[Any, Any]) -> bool:
    """Whether a mapping has columns: ``{"token": [...], "account": [...]}``."""
    texts = (str, bytes)
    return (
        bool(given)
        and all(name in FIELDS for name in given)
        and all(hasattr(column, "__len__") and not isinstance(column, texts) for column in given.values())
    )


def refuse_row(given: Mapping[Any, Any]) -> None:
    """Refuses one row in place of a mapping from token to account: it would be read as two
    of these."""
    if given and all(name in FIELDS for name in given):
        raise TypeError("the mapping is one row: put it into a list")


def _cursor_rows(names: List[str], rows: Iterator[Any]) -> Iterator[Any]:
    """The rows of a cursor, in the order of ``FIELDS``."""
    checked = check_columns(names)
    places = [checked.index(name) if name in checked else None for name in FIELDS]

    def ordered() -> Iterator[Any]:
        for row in rows:
            if type(row) in (tuple, list):
                yield tuple(None if place is None else row[place] for place in places)
            else:
                yield row

    return ordered()


def check_columns(columns: Iterable[str]) -> List[str]:
    """Refuses unknown columns: a misspelled one must not be ignored."""
    names = list(columns)
    unknown = [name for name in names if name not in FIELDS]
    if unknown:
        raise ValueError(f"unknown columns {unknown}: the columns are {list(FIELDS)}")
    twice = sorted(name for name in set(names) if names.count(name) > 1)
    if twice:
        raise ValueError(f"the columns {twice} occur twice")
    if "token" not in names and "account" not in names:
        raise ValueError("there is neither a column token nor a column account")
    return names


def check_schema(schema: Any) -> List[str]:
    """Checks the columns of an Arrow schema. Identifiers must be text: a number 7 may have
    been 7.0 or 007 where the table comes from."""
    names = check_columns(schema.names)
    for field in schema:
        kind = str(field.type)
        if field.name != "account_type" and not kind.startswith(_TEXTS):
            raise ValueError(f"the column {field.name} is {kind}, not text")
    return names


def _columns(names: Iterable[str], column: Any) -> Iterator[Any]:
    columns = {name: column(name) for name in check_columns(names)}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"the columns have different lengths: {lengths}")
    return zip(*(columns.get(name, repeat(None)) for name in FIELDS))


def _arrow(schema: Any, batches: Iterable[Any]) -> Iterator[Any]:
    names = check_schema(schema)

    def rows() -> Iterator[Any]:
        for batch in batches:
            lists = {name: batch.column(name).to_pylist() for name in names}
            yield from zip(*(lists.get(name, repeat(None)) for name in FIELDS))

    return rows()


def is_parquet(path: Any, file_format: Optional[str] = None) -> bool:
    """Judged by the end of the name, in any case, as for the other formats."""
    if file_format is not None:
        return file_format == "parquet"
    return os.fsdecode(path).lower().endswith(".parquet")


def parquet_file(path: str) -> Any:
    """Opens a Parquet file; needs pyarrow."""
    parquet = _pyarrow("pyarrow.parquet", "Parquet")
    if path != "-" and (os.path.isfile(path) or not os.path.exists(path)):
        return parquet.ParquetFile(path)
    # The end is read first, so a pipe is read into memory.
    with open(0 if path == "-" else path, "rb", closefd=path != "-") as pipe:
        return parquet.ParquetFile(import_module("pyarrow").BufferReader(pipe.read()))


def _pyarrow(module: str, what: str = "a stream of Arrow") -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise ImportError(f"{what} needs pyarrow: pip install 'xgpush[parquet]'") from None


def _parquet(path: str) -> Iterator[Any]:
    file = parquet_file(path)
    return _arrow(file.schema_arrow, file.iter_batches(batch_size=10_000))

"""From what a Python program has to rows, one by one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from itertools import repeat
from typing import Any, Iterable, Iterator, List, Optional, Protocol, Union

from .. import _native
from .._client import items as _requests
from .._client.items import Seconds
from . import named as _named


class Frame(Protocol):
    """A DataFrame of pandas or polars."""

    @property
    def columns(self) -> Any: ...


class Arrow(Protocol):
    """A table or a data set of Arrow."""

    def to_batches(self) -> Any: ...


#: What :meth:`Client.bulk` takes: rows, a table with these columns, or a file.
Rows = Union[Iterable[Any], Mapping[str, str], Frame, Arrow, "os.PathLike[str]", str]

NAMES = _named.NAMES

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
    check: str,
) -> _native.Bulk:
    """What :meth:`Client.bulk` gives."""
    longest = _requests.seconds(patience)
    check_encoding(rows, file_format, encoding)
    taken = source(rows, file_format)
    return _native.Bulk(
        client, taken, operation, platform, parallel, longest, file_format, encoding, check
    )


def check_encoding(rows: Any, file_format: Optional[str], encoding: Optional[str]) -> None:
    """Refuses an encoding for what is no text in one."""
    if encoding is None or not isinstance(rows, (str, os.PathLike)):
        return
    if is_parquet(os.fspath(rows), file_format):
        raise ValueError("an encoding (--encoding) is for text, and a Parquet file is none: leave it out")


def takes_long(rows: Any) -> bool:
    """Whether :func:`stream` reads more of it than its columns: a file is surveyed, and
    what polars has not computed yet is."""
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
        raise TypeError("a file object has lines, no rows: hand over its path, or csv.DictReader(file)")
    if hasattr(rows, "to_batches"):  # an Arrow table or data set
        return _arrow(rows.schema, rows.to_batches())
    if hasattr(rows, "itertuples"):  # pandas
        return _columns(list(rows.columns), lambda name: rows[name])
    if hasattr(rows, "iter_rows"):  # polars
        return _columns(list(rows.columns), rows.get_column)
    if hasattr(rows, "collect_schema"):  # what polars has not computed yet
        return source(rows.collect())
    if hasattr(rows, "read_next_batch"):  # a RecordBatchReader
        return _arrow(rows.schema, rows)
    if hasattr(rows, "schema") and hasattr(rows, "to_pylist"):  # a RecordBatch
        return _arrow(rows.schema, [rows])
    result = _named.cursor(rows)
    if result is not None:
        return _results(*result)
    if hasattr(rows, "__arrow_c_stream__"):
        reader = _pyarrow("pyarrow").RecordBatchReader.from_stream(rows)
        return _arrow(reader.schema, reader)
    return rows


def are_columns(given: Mapping[Any, Any]) -> bool:
    """Whether a mapping has columns, ``{"token": [...], "account": [...]}``."""
    texts = (str, bytes)
    return (
        bool(given)
        and all(name in NAMES for name in given)
        and all(hasattr(column, "__len__") and not isinstance(column, texts) for column in given.values())
    )


def refuse_row(given: Mapping[Any, Any]) -> None:
    """One row in the place of a mapping from token to account would be two of these."""
    if given and all(name in NAMES for name in given):
        raise TypeError("the mapping is one row: put it into a list")


def _results(names: List[str], rows: Iterator[Any]) -> Iterator[Any]:
    """The rows of a cursor, by the names of its columns, not by their order."""
    known = _known(names)
    places = [known.index(name) if name in known else None for name in NAMES]

    def named() -> Iterator[Any]:
        for row in rows:
            if type(row) in (tuple, list):
                yield tuple(None if place is None else row[place] for place in places)
            else:
                yield row

    return named()


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
    columns = {name: column(name) for name in known}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"the columns have different lengths: {lengths}")
    return zip(*(columns.get(name, repeat(None)) for name in NAMES))


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
    parquet = _pyarrow("pyarrow.parquet", "Parquet")
    if path != "-" and (os.path.isfile(path) or not os.path.exists(path)):
        return parquet.ParquetFile(path)
    # Its end is read first, so what comes once is held in memory.
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

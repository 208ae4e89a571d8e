"""Rows that name their fields are read by name, whatever their order, wherever Python takes rows."""

import collections
import collections.abc
import csv
import dataclasses
import io
import json
import sqlite3
from types import SimpleNamespace
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional

import pytest
import xgpush
from xgpush.testing import Emulator


@pytest.fixture
def service() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


class Turned(NamedTuple):
    account_type: int
    account: str
    token: str


class FrameRow(NamedTuple):
    """As itertuples() makes them."""

    Index: int
    account: str
    token: str
    account_type: int


class Misnamed(NamedTuple):
    tok: str
    acc: str


@dataclasses.dataclass
class Record:
    account: str
    token: str
    account_type: Optional[int] = None


class Model:
    """As pydantic has them."""

    model_fields: Dict[str, Any] = {"account": None, "token": None, "account_type": None}

    def __init__(self, account: str, token: str, account_type: int) -> None:
        self.account, self.token, self.account_type = account, token, account_type


class DatabaseRow(collections.abc.Sequence):  # type: ignore[type-arg]
    """As SQLAlchemy has them: a sequence with names."""

    _fields = ("account", "account_type", "token")

    def __init__(self, *values: Any) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, at: Any) -> Any:
        return self._values[at]


class Keyed:
    """As asyncpg has them: neither a tuple nor a mapping."""

    def __init__(self, **values: Any) -> None:
        self._values = values

    def keys(self) -> Any:
        return self._values.keys()

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, name: Any) -> Any:
        return self._values[name] if isinstance(name, str) else list(self._values.values())[name]


SHAPES: Dict[str, Any] = {
    "named tuple": Turned(3, "alice", "token1"),
    "frame row": FrameRow(0, "alice", "token1", 3),
    "data class": Record("alice", "token1", 3),
    "model": Model("alice", "token1", 3),
    "database row": DatabaseRow("alice", 3, "token1"),
    "keyed": Keyed(account="alice", token="token1", account_type=3),
    "mapping": collections.ChainMap[str, Any](
        {"account": "alice"}, {"token": "token1", "account_type": 3}
    ),
    "ordered": collections.OrderedDict(account_type=3, account="alice", token="token1"),
    "dict": {"account": "alice", "account_type": 3, "token": "token1"},
}


def shaped(test: Any) -> Any:
    return pytest.mark.parametrize("shape", list(SHAPES))(test)


@shaped
def test_bulk_sync_and_bind_read_them_by_name(service: Emulator, shape: str) -> None:
    row = SHAPES[shape]
    expected = {"token1": [["alice", 3]]}
    with service.client() as client:
        result = next(client.bulk([row]))
        assert result.accepted and result.row is row, result.message
        assert service.state["tokens"] == expected
        assert [one.state for one in client.sync([row])] == ["same"]
        assert client.unbind([row]).all_accepted
        assert service.state["tokens"] == {}
        assert client.bind([row]).all_accepted
        assert service.state["tokens"] == expected


class Name(NamedTuple):
    account_type: int
    account: str


class Phone(NamedTuple):
    token: str


def test_accounts_and_tokens_by_name(service: Emulator) -> None:
    name: Any = Name(3, "alice")
    phone: Any = Phone("token1")
    with service.client() as client:
        assert client.bind([("token1", name)]).all_accepted
        assert client.query_by_account([name])[0].tokens == ["token1"]
        assert client.query_by_token([phone])[0].accounts == [("alice", 3)]
        assert client.clear_accounts([{"account": "alice", "account_type": 3}]).all_accepted
        assert client.clear_tokens([phone]).all_accepted
        with pytest.raises(TypeError, match="acount"):
            client.query_by_account([{"acount": "alice"}])


@pytest.mark.parametrize(
    "row", [Misnamed("token1", "alice"), {"token": "t", "acount": "alice"}]
)
def test_names_that_are_unknown_are_refused(service: Emulator, row: Any) -> None:
    with service.client() as client:
        (result,) = client.bulk([row])
        assert result.reason == "invalid" and "none of token" in result.message
        with pytest.raises(TypeError, match="unknown fields"):
            client.bind([row])
        with pytest.raises(xgpush.InvalidValue, match="none of token"):
            client.sync([row])
    assert service.log == []


@pytest.mark.parametrize("items", ["ab", ["令牌"], [b"ab"]])
def test_a_text_is_no_binding(service: Emulator, items: Any) -> None:
    with service.client() as client, pytest.raises(TypeError, match="text"):
        client.bind(items)
    assert service.log == []


def connection() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.execute("create table phones (token, account, account_type)")
    database.executemany(
        "insert into phones values (?, ?, ?)", [("token1", "alice", None), ("token2", "bob", 3)]
    )
    return database


EXPECTED = {"token1": [["alice", 0]], "token2": [["bob", 3]]}
QUERY = "select account_type, account, token from phones"


@pytest.mark.parametrize("factory", [None, sqlite3.Row])
def test_a_cursor_is_read_by_the_names_of_its_columns(service: Emulator, factory: Any) -> None:
    database = connection()
    database.row_factory = factory
    with service.client() as client:
        assert all(result.accepted for result in client.bulk(database.execute(QUERY)))
        assert service.state["tokens"] == EXPECTED
        assert [one.state for one in client.sync(database.execute(QUERY))] == ["same"] * 2
        assert client.bind(database.execute(QUERY)).all_accepted
        assert service.state["tokens"] == EXPECTED
        with pytest.raises(ValueError, match="name"):
            client.bulk(database.execute("select token, account as name from phones"))
        with pytest.raises(ValueError, match="twice"):
            client.bulk(database.execute("select token, token from phones"))


def test_rows_of_csv_readers(service: Emulator) -> None:
    text = "account,account_type,token,\nalice,,token1,\nbob,3,token2,\n"
    with service.client() as client:
        rows = csv.DictReader(io.StringIO(text))
        results = list(client.bulk(rows))
        assert all(result.accepted for result in results), results[0].message
        assert service.state["tokens"] == EXPECTED
        with pytest.raises(ValueError, match="DictReader"):
            list(client.bulk(csv.reader(io.StringIO(text.replace(",\n", "\n")))))
        with pytest.raises(TypeError, match="DictReader"):
            client.bulk(io.StringIO(text))
        # In the order of rows without names only the header is none.
        rows_of = csv.reader(io.StringIO("token,account\ntoken3,carol\n"))
        assert [result.reason for result in client.bulk(rows_of)] == ["invalid", "accepted"]


class Schema:
    def __init__(self, names: List[str]) -> None:
        self.names = names

    def __iter__(self) -> Iterator[Any]:
        return iter([SimpleNamespace(name=name, type="string") for name in self.names])


class Reader:
    """As an Arrow reader of batches."""

    def __init__(self, names: List[str], columns: Dict[str, List[Any]]) -> None:
        self.schema = Schema(names)
        batch = SimpleNamespace(column=lambda n: SimpleNamespace(to_pylist=lambda: columns[n]))
        self._batches = iter([batch])

    def read_next_batch(self) -> Any:
        return next(self._batches)

    def __iter__(self) -> Any:
        return self._batches


class Lazy:
    """As a frame of polars that is not computed."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def collect_schema(self) -> Any:
        raise AssertionError("it is computed once")

    def collect(self) -> Any:
        return self._frame


COLUMNS: Dict[str, List[Any]] = {
    "account": ["alice", "bob"],
    "token": ["token1", "token2"],
    "account_type": [None, 3],
}


def arrow(make: Callable[[Any, Any], Any]) -> Callable[[], Any]:
    def made() -> Any:
        pyarrow = pytest.importorskip("pyarrow")
        return make(pyarrow, pyarrow.table(COLUMNS))

    return made


class Stream:
    """All that it has is the stream of Arrow."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


class Relation:
    """As DuckDB has it: columns and fetchmany, and no way to iterate."""

    description = [("account", None), ("token", None), ("account_type", None)]

    def __init__(self) -> None:
        self._rows = list(zip(*COLUMNS.values()))

    def fetchmany(self, size: int = 1) -> Any:
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken


def frame(turn: Callable[[Any], Any]) -> Callable[[], Any]:
    def made() -> Any:
        pandas = pytest.importorskip("pandas")
        return turn(pandas.DataFrame(COLUMNS))

    return made


TABLES: Dict[str, Callable[[], Any]] = {
    "columns": lambda: COLUMNS,
    "reader": lambda: Reader(list(COLUMNS), COLUMNS),
    "lazy": lambda: Lazy(COLUMNS),
    "relation": Relation,
    "arrow reader": arrow(lambda pyarrow, table: table.to_reader()),
    "record batch": arrow(lambda pyarrow, table: table.to_batches()[0]),
    "stream": arrow(lambda pyarrow, table: Stream(table)),
    "itertuples": frame(lambda f: f.itertuples()),
    "itertuples without index": frame(lambda f: f.itertuples(index=False)),
    "records": frame(lambda f: f.to_records(index=False)),
    "dicts": frame(lambda f: f.to_dict("records")),
    "lists": frame(lambda f: f.to_dict("list")),
    "series": frame(lambda f: (row for _, row in f.iterrows())),
    "arrays": frame(lambda f: f[["token", "account", "account_type"]].to_numpy()),
}


@pytest.mark.parametrize("name", list(TABLES))
def test_tables_of_other_libraries(service: Emulator, name: str) -> None:
    with service.client() as client:
        results = list(client.bulk(TABLES[name]()))
        assert [result.message for result in results] == ["", ""]
        assert service.state["tokens"] == EXPECTED
        assert [one.state for one in client.sync(TABLES[name]())] == ["same"] * 2


@pytest.mark.parametrize("kind", ["", None, "3", 3, 3.0, "3.0"])
def test_a_type_means_the_same_through_every_door(
    service: Emulator, kind: Any, tmp_path: Any
) -> None:
    read = 3 if kind not in ("", None) else 0
    (tmp_path / "in.csv").write_text(f"token,account,account_type\ntoken1,alice,{kind or ''}\n")
    (tmp_path / "in.jsonl").write_text(
        json.dumps({"token": "token1", "account": "alice", "account_type": kind})
    )
    row = {"token": "token1", "account": "alice", "account_type": kind}
    sources = [[row], [tuple(row.values())], tmp_path / "in.csv", tmp_path / "in.jsonl"]
    with service.client() as client:
        for source in sources:
            service.configure()
            (result,) = client.bulk(source)
            assert result.accepted, (source, result.message)
            assert service.state["tokens"] == {"token1": [["alice", read]]}, source
        service.configure()
        assert client.bind([row]).all_accepted
        assert service.state["tokens"] == {"token1": [["alice", read]]}


def test_a_truth_value_is_no_type(service: Emulator) -> None:
    with service.client() as client:
        (result,) = client.bulk([("token1", "alice", True)])
    assert result.reason == "invalid" and "bool" in result.message


@pytest.mark.parametrize("one", [{"token": "t1", "account": "alice"}, {"account": "alice"}])
def test_one_row_is_no_mapping_from_token_to_account(service: Emulator, one: Any) -> None:
    with service.client() as client:
        for take in (client.bulk, client.sync, client.bind):
            with pytest.raises(TypeError, match="list"):
                take(one)
        with pytest.raises(TypeError, match="rows"):
            client.bind(COLUMNS)
    assert service.log == []


def test_a_number_as_text_is_not_taken_for_a_second_account(service: Emulator) -> None:
    with service.client() as client:
        with pytest.raises(TypeError, match="type or a second account"):
            client.bind([("t1", "alice", "12")])
        assert client.unbind([("t1", "alice", "13800138000")]).all_accepted

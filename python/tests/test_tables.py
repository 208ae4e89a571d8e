"""Tables mean the same in bulk and apply: each format, each kind of missing value."""

import json
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from test_command import report_of, run
from xgpush.testing import Emulator


@pytest.fixture
def service() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


class NAType:
    """As in pandas: it compares to nothing."""

    def __ne__(self, other: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")


class NaTType:
    def __ne__(self, other: object) -> bool:
        return True


@pytest.mark.parametrize("gap", [None, float("nan"), NAType(), NaTType()])
def test_gaps_are_missing_values(gap: Any, service: Emulator) -> None:
    rows = [("t1", "alice", gap, gap), (gap, "nobody", gap, "clear_account")]
    with service.client() as client:
        assert [result.state for result in client.bulk(rows)] == ["accepted"] * 2
    assert service.state["tokens"] == {"t1": [["alice", 0]]}


def test_a_frame_of_pandas_with_gaps(service: Emulator) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"token": ["t1", "t2"], "account": ["alice", "bob"]}, dtype="string")
    frame["account_type"] = pandas.array([3, None], dtype="Int64")
    frame["operation"] = pandas.array(["bind", None], dtype="string")
    with service.client() as client:
        assert [result.state for result in client.bulk(frame)] == ["accepted"] * 2
        twice = pandas.concat([frame, frame[["token"]]], axis=1)
        with pytest.raises(ValueError, match=r"\['token'\] occur twice"):
            client.bulk(twice)
    assert service.state["tokens"] == {"t1": [["alice", 3]], "t2": [["bob", 0]]}


TYPES: List[Any] = [3, 3.0, 2.5, 2**40, None, float("nan")]
READ = [3, 3, "invalid", "invalid", 0, 0]


def found(service: Emulator, reasons: List[str]) -> List[Any]:
    tokens: Dict[str, Any] = service.state["tokens"]
    read = [
        tokens[f"t{n}"][0][1] if reason == "accepted" else reason
        for n, reason in enumerate(reasons)
    ]
    service.configure()
    return read


def test_an_account_type_is_the_same_everywhere(service: Emulator, tmp_path: Path) -> None:
    rows = [(f"t{n}", "alice", kind) for n, kind in enumerate(TYPES)]
    header = "token,account,account_type\n"
    lines = [f"{t},{a},{'' if k is None or k != k else k}\n" for t, a, k in rows]
    (tmp_path / "in.csv").write_text(header + "".join(lines))
    (tmp_path / "in.jsonl").write_text(
        "".join(
            json.dumps({"token": t, "account": a, "account_type": None if k != k else k}) + "\n"
            for t, a, k in rows
        )
    )
    with service.client() as client:
        sources = (rows, tmp_path / "in.csv", tmp_path / "in.jsonl")
        for source in sources:
            assert found(service, [r.reason for r in client.bulk(source)]) == READ, source
    for name in ("in.csv", "in.jsonl"):
        report = tmp_path / "out.csv"
        assert run(service, "apply", tmp_path / name, "--report", report).returncode == 1
        assert found(service, [row["reason"] for row in report_of(report)]) == READ, name


def test_parquet_is_judged_row_by_row(service: Emulator, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    types = [None if kind is None else float(kind) for kind in TYPES]
    tokens = pyarrow.array([f"t{n}" for n in range(len(types))])
    columns = {"token": tokens, "account": tokens.dictionary_encode(), "account_type": types}
    table, report = tmp_path / "IN.PARQUET", tmp_path / "out.csv"
    parquet.write_table(pyarrow.table(columns), table)
    with service.client() as client:
        assert found(service, [result.reason for result in client.bulk(table)]) == READ
    done = run(service, "apply", table, "--report", report)
    assert done.returncode == 1 and "6 rows: 4 accepted" in done.stdout, done
    assert found(service, [row["reason"] for row in report_of(report)]) == READ
    # Numbers are no identifiers, in either.
    parquet.write_table(pyarrow.table({"token": ["t1"], "account": [7]}), table)
    with service.client() as client:
        with pytest.raises(ValueError, match="account is int64, not text"):
            client.bulk(table)
    done = run(service, "apply", table)
    assert done.returncode == 2 and "account is int64, not text" in done.stderr
    assert service.log == []


class Twice:
    """A frame that has a column two times."""

    columns = ["token", "account", "token"]

    def __getitem__(self, name: str) -> List[str]:
        return ["token", "token"]

    def itertuples(self) -> None: ...


def test_a_column_that_is_there_twice_is_refused(service: Emulator) -> None:
    with service.client() as client:
        with pytest.raises(ValueError, match=r"\['token'\] occur twice"):
            client.bulk(Twice())

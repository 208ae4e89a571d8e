"""What spreadsheets and databases leave in tables: refused where it cannot be meant, counted
where it is suspicious, from every source."""

import csv
import json
import logging
from importlib import import_module
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest
import xgpush
from test_command import report_of, run
from xgpush.testing import Emulator


@pytest.fixture
def service() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


#: What is in a table, and in which words it is refused.
UNMEANT = [
    (" alice", "begins with a blank"),
    ("alice ", "ends with a blank"),
    ("alice\u00a0", "ends with a blank"),
    ("\u3000alice", "begins with a blank"),
    ("ali\u200bce", "U+200B"),
    ("\ufeffalice", "U+FEFF"),
    ("alice\u200e", "U+200E"),
    ("ali\ufffdce", "U+FFFD"),
    ("ali\u0007ce", "U+0007"),
]

#: The same that is suspicious.
SUSPICIOUS = [
    ("1.38E+10", "a spreadsheet has shortened"),
    ("NULL", "word for nothing"),
    ("None", "word for nothing"),
    ("\\N", "word for nothing"),
    ("#N/A", "word for nothing"),
    ("=\"007\"", "formula"),
    ("'007", "quotation marks"),
    ("13800138000.0", "number with decimals"),
    ("13,800,138,000", "separators between its thousands"),
    ("123456789012345000", "15 digits"),
    ("1-Mar", "date"),
    ("[\"alice\"]", "list or an object"),
    ("alice_x000D_", "escaped"),
    ("Сǿ", "wrong encoding"),
    ("token0", "token of its row as well"),
]

Rows = List[Tuple[str, str]]


def numbered(values: Any) -> Rows:
    return [(f"token{n}", value[0]) for n, value in enumerate(values)]


def sources(folder: Path, rows: Rows) -> Dict[str, Any]:
    """The same rows in every shape."""
    with open(folder / "in.csv", "w", newline="") as file:
        csv.writer(file).writerows([("token", "account"), *rows])
    objects = [json.dumps({"token": token, "account": account}) + "\n" for token, account in rows]
    (folder / "in.jsonl").write_text("".join(objects))
    found: Dict[str, Any] = {"csv": folder / "in.csv", "jsonl": folder / "in.jsonl", "rows": rows}
    try:
        pyarrow = import_module("pyarrow")
        parquet = import_module("pyarrow.parquet")
    except ImportError:
        return found
    columns = {"token": [token for token, _ in rows], "account": [account for _, account in rows]}
    parquet.write_table(pyarrow.table(columns), folder / "in.parquet")
    return {**found, "parquet": folder / "in.parquet"}


def test_what_cannot_be_meant_is_refused(service: Emulator, tmp_path: Path) -> None:
    rows = [*numbered(UNMEANT), ("token", "account"), ("tokenX", "alice")]
    said = [text for _, text in UNMEANT] + ["the header again"]
    with service.client() as client:
        for name, source in sources(tmp_path, rows).items():
            results = list(client.bulk(source))
            assert [r.reason for r in results] == ["invalid"] * len(said) + ["accepted"], name
            for result, text in zip(results, said):
                assert text in result.message, (name, result.message)
            with pytest.raises(xgpush.InvalidValue, match="begins with a blank"):
                client.sync(source)
            if name == "rows":
                continue
            done = run(service, "apply", source, "--report", tmp_path / "out.csv")
            assert done.returncode == 1 and " 1 accepted" in done.stdout, done
            for line, text in zip(report_of(tmp_path / "out.csv"), said):
                assert text in line["message"], (name, line)
            done = run(service, "apply", source, "--dry-run")
            assert f"{len(rows)} rows, {len(said)} invalid" in done.stdout
    assert service.state["tokens"] == {"tokenX": [["alice", 0]]}


def test_what_is_suspicious_is_told_and_sent(service: Emulator, tmp_path: Path) -> None:
    rows = numbered(SUSPICIOUS)
    rows[-1] = ("token0", "token0")
    kinds = {text for _, text in SUSPICIOUS}
    with service.client() as client:
        for name, source in sources(tmp_path, rows).items():
            stream = client.bulk(source)
            assert all(result.accepted for result in stream)
            assert len(stream.notices) == len(kinds), stream.notices
            for text in kinds:
                assert any(text in notice for notice in stream.notices), (name, text)
            if name == "rows":
                continue
            for how in (["apply"], ["apply", "--dry-run"]):
                done = run(service, *how, source)
                assert done.returncode == 0, done
                assert done.stderr.count("xgpush: suspicious: ") == len(kinds), done
                assert all(text in done.stderr for text in kinds), done
        for name, source in sources(tmp_path, rows[:-1]).items():
            if name != "rows":
                done = run(service, "sync", source)
                assert done.stderr.count("xgpush: suspicious: ") == len(kinds) - 1, done


def test_strict_refuses_it_and_verbatim_says_nothing(service: Emulator, tmp_path: Path) -> None:
    rows = [*numbered(SUSPICIOUS[:-1]), ("tokenX", "alice")]
    with service.client() as client:
        for name, source in sources(tmp_path, rows).items():
            results = list(client.bulk(source, check="strict"))
            assert [r.reason for r in results] == ["invalid"] * (len(rows) - 1) + ["accepted"]
            stream = client.bulk(source, check="verbatim")
            assert all(result.accepted for result in stream) and stream.notices == []
            with pytest.raises(xgpush.InvalidValue, match="shortened"):
                client.sync(source, check="strict")
            assert all(one.state == "same" for one in client.sync(source, check="verbatim"))
            if name == "rows":
                continue
            done = run(service, "apply", source, "--strict", "--dry-run")
            assert done.returncode == 1 and f"{len(rows) - 1} invalid" in done.stdout, done
            done = run(service, "sync", source, "--strict")
            assert done.returncode == 2 and "shortened" in done.stderr, done
            done = run(service, "apply", source, "--verbatim")
            assert (done.returncode, done.stderr) == (0, ""), done
        with pytest.raises(xgpush.InvalidArgument, match="strict"):
            client.bulk(rows, check="loose")


def test_verbatim_takes_what_the_service_takes(service: Emulator, tmp_path: Path) -> None:
    rows = [(f"token{n}", value) for n, (value, _) in enumerate(UNMEANT[:-1])]
    with service.client() as client:
        for source in sources(tmp_path, rows).values():
            service.configure()
            assert all(result.accepted for result in client.bulk(source, check="verbatim"))
            found = {token: accounts[0][0] for token, accounts in service.state["tokens"].items()}
            assert found == dict(rows)


def test_a_program_may_bind_any_name(service: Emulator) -> None:
    with service.client() as client:
        assert client.bind([("token1", "NULL"), ("token2", " alice")]).all_accepted
    assert len(service.state["tokens"]) == 2


def test_it_is_counted_and_names_the_line(service: Emulator, tmp_path: Path) -> None:
    lines = ["t1,alice", "", ",", "t2,NULL", "t3,null", "t4,nan"]
    (tmp_path / "in.csv").write_text("\n".join(["token,account", *lines]))
    done = run(service, "apply", tmp_path / "in.csv", "--dry-run")
    assert "3 rows, the first is row 2 (line 5): the account \"NULL\" is a word" in done.stderr
    assert "1 empty rows were skipped" in done.stderr and "4 rows, 0 invalid" in done.stdout
    assert done.returncode == 0
    done = run(service, "apply", tmp_path / "in.csv", "--strict")
    assert "row 2 (line 5): not_sent, invalid: the account \"NULL\" is a word" in done.stderr


def test_one_account_on_very_many_phones_is_told_to_be_slow(
    service: Emulator, tmp_path: Path
) -> None:
    rows = [(f"token{n}", "guest") for n in range(130)]
    rows += [("shared-token", f"player{n}") for n in range(120)]
    with service.client() as client:
        for name, source in sources(tmp_path, rows).items():
            if name == "rows":
                stream = client.bulk(source)
                assert all(result.accepted for result in stream)
                texts = "\n".join(stream.notices)
            else:
                done = run(service, "apply", source, "--dry-run")
                texts = done.stderr
                assert "250 rows, 0 invalid; about 130 requests" in done.stdout
            assert "30 rows" in texts and "the account \"guest\" is in more than 100 rows" in texts
            assert "20 rows" in texts and "the token \"shared-token\" is in more than" in texts
            assert "slow" in texts and "one after the other" in texts


def test_who_does_not_look_reads_it_in_the_log(
    service: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [("token1", "NULL")]
    with service.client() as client, caplog.at_level(logging.WARNING, "xgpush"):
        list(client.bulk(rows))
        client.sync(rows)
    texts = [record.getMessage() for record in caplog.records]
    assert len(texts) == 2 and all("word for nothing" in text for text in texts), texts

"""Runs of ``apply`` that end before their table does: by a signal, by the service, or by
a file that gives out."""

import array
import fcntl
import os
import resource
import signal
import subprocess
import termios
import time
from pathlib import Path
from typing import Callable, Iterator, List, Tuple

import pytest
from test_command import command, environment, report_of
from xgpush.testing import Emulator

#: Several at once: what goes wrong at the end of a process does so now and then.
AT_ONCE = 4


@pytest.fixture
def service() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def heard() -> None:
    """What starts the tests may have told its children to ignore them."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(
    service: Emulator, *arguments: object, before: Callable[[], None] = heard
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command(*arguments),
        env=environment(service),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before,
    )


def write_parquet(path: Path, rows: int, **how: object) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "token": [f"token{n}" for n in range(rows)],
        "account": [f"player{n}" for n in range(rows)],
    }
    parquet.write_table(pyarrow.table(columns), path, **how)


ENDS = {
    "SIGINT": (signal.SIGINT, 130),
    "SIGTERM": (signal.SIGTERM, 143),
    "SIGHUP": (signal.SIGHUP, 129),
    "no service": (None, 4),
}


@pytest.mark.parametrize("how", ENDS)
def test_the_thread_that_feeds_is_ended(how: str, service: Emulator, tmp_path: Path) -> None:
    table = tmp_path / "in.parquet"
    write_parquet(table, 50_000)
    number, status = ENDS[how]
    options: Tuple[object, ...] = ("--parallel", 1)
    if number is None:
        service.fault({"kind": "status", "status": 503, "times": 0})
        options += ("--patience", 0.1, "--set", "deadline_ms=400")
    else:
        service.configure(latency_ms=20)
    runs: List["subprocess.Popen[str]"] = []
    for n in range(AT_ONCE):
        files = ("--report", tmp_path / f"{n}.csv", "--resume", tmp_path / f"{n}.state")
        runs.append(start(service, "apply", table, *files, *options))
    for n, run in enumerate(runs):
        report, state = tmp_path / f"{n}.csv", tmp_path / f"{n}.state"
        # From then on rows are sent.
        while not (state.exists() and state.stat().st_size) and run.poll() is None:
            time.sleep(0.005)
        if number is not None:
            run.send_signal(number)
        output, errors = run.communicate(timeout=60)
        assert run.returncode == status, (run.returncode, errors)
        assert "Fatal" not in errors and "to continue" in errors, errors
        assert f"{len(report_of(report))} rows: " in output


def test_a_terminal_that_is_closed_says_so_twice(service: Emulator, tmp_path: Path) -> None:
    table, report = tmp_path / "in.csv", tmp_path / "out.csv"
    table.write_text("token,account\n" + "".join(f"token{n},player{n}\n" for n in range(2000)))
    service.configure(latency_ms=1500)
    run = start(service, "apply", table, "--report", report, "--parallel", 4)
    assert service.wait_received(4, 60)
    run.send_signal(signal.SIGHUP)
    assert run.stderr is not None and run.stderr.readline().startswith("stopping: ")
    run.send_signal(signal.SIGHUP)
    output, errors = run.communicate(timeout=60)
    assert run.returncode == 129, errors
    # What was in flight was waited for: whatever is there is reported.
    done = len(report_of(report))
    assert done == len(service.state["tokens"]) > 0 and f"{done} accepted" in output, errors


@pytest.mark.parametrize("name", ["apply", "sync"])
@pytest.mark.parametrize("kind, head", [("csv", b"tok"), ("csv", b"token,account\nt"), ("parquet", b"PAR1")])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pipe_that_stops(
    name: str, kind: str, head: bytes, number: int, service: Emulator
) -> None:
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    read, write = os.pipe()
    os.write(write, head)
    run = subprocess.Popen(
        command(name, "-", "--format", kind),
        env=environment(service),
        stdin=read,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heard,
    )
    os.close(read)
    # It has taken what there is, and waits for more.
    while unread(write):
        time.sleep(0.005)
    run.send_signal(number)
    _, errors = run.communicate(timeout=60)
    os.close(write)
    assert run.returncode == 128 + number and "Traceback" not in errors, errors


def test_an_encoding_is_for_text(service: Emulator, tmp_path: Path) -> None:
    table = tmp_path / "in.parquet"
    write_parquet(table, 3)
    for name in ("apply", "sync"):
        run = start(service, name, table, "--encoding", "gb18030")
        _, errors = run.communicate(timeout=60)
        assert run.returncode == 2 and "no text encoding" in errors, errors
    with service.client() as client, pytest.raises(ValueError, match="no text encoding"):
        client.bulk(table, encoding="gb18030")
    assert service.counters["received"] == 0


def unread(pipe: int) -> int:
    """How many bytes nobody has read yet."""
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


def test_what_was_ignored_stays_ignored(service: Emulator, tmp_path: Path) -> None:
    table, report = tmp_path / "in.csv", tmp_path / "out.csv"
    table.write_text("token,account\n" + "".join(f"token{n},player{n}\n" for n in range(200)))
    service.configure(latency_ms=50)

    def ignored() -> None:
        heard()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    run = start(service, "apply", table, "--report", report, "--parallel", 1, before=ignored)
    assert service.wait_received(2, 60)
    run.send_signal(signal.SIGHUP)
    output, errors = run.communicate(timeout=60)
    assert run.returncode == 0 and "200 accepted" in output, errors


def numbers(report: Path) -> List[int]:
    return [int(row["row"]) for row in report_of(report)]


def test_a_disk_that_is_full(service: Emulator, tmp_path: Path) -> None:
    table, report, state = tmp_path / "in.csv", tmp_path / "out.csv", tmp_path / "state"
    table.write_text("token,account\n" + "".join(f"token{n},player{n}\n" for n in range(9000)))
    options = ("apply", table, "--report", report, "--resume", state)

    def small() -> None:
        heard()
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    run = start(service, *options, before=small)
    output, errors = run.communicate(timeout=60)
    assert run.returncode == 2 and "Traceback" not in errors, errors
    listed, _, counts = output.partition(" rows: ")
    assert f"{listed} accepted" in counts and int(listed) < 9000
    assert f"xgpush: {report}: File too large" in errors and f"--resume {state}" in errors
    # What stands there is whole, and everything that was sent was waited for.
    assert report.read_bytes().endswith(b"\n")
    assert numbers(report) == list(range(1, len(numbers(report)) + 1))
    assert len(service.state["tokens"]) == int(listed)
    run = start(service, *options)
    output, errors = run.communicate(timeout=60)
    assert run.returncode == 0 and "9000 accepted" in output, errors
    assert numbers(report) == list(range(1, 9001))


def test_a_second_run_is_told_who_has_the_files(service: Emulator, tmp_path: Path) -> None:
    table, report, state = tmp_path / "in.csv", tmp_path / "out.csv", tmp_path / "state"
    table.write_text("token,account\n" + "".join(f"token{n},player{n}\n" for n in range(400)))
    service.fault({"kind": "hang", "times": 1})
    first = start(service, "apply", table, "--report", report, "--resume", state)
    assert service.wait_received(20, 60)
    for files in (("--report", report, "--resume", state), ("--report", report), ("--rejects", report)):
        second = start(service, "apply", table, *files)
        _, errors = second.communicate(timeout=60)
        assert second.returncode == 2 and f"process {first.pid}" in errors, errors
    assert first.poll() is None
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=60)
    # What is gone holds nothing.
    third = start(service, "apply", table, "--report", report, "--resume", state)
    output, errors = third.communicate(timeout=60)
    assert third.returncode == 0 and "400 accepted" in output, errors
    assert numbers(report) == list(range(1, 401))


def test_a_parquet_file_that_is_damaged_behind_its_first_rows(
    service: Emulator, tmp_path: Path
) -> None:
    table, report, state = tmp_path / "in.parquet", tmp_path / "out.csv", tmp_path / "state"
    write_parquet(table, 20_000, row_group_size=10_000, compression="zstd")
    whole = table.read_bytes()
    middle = len(whole) // 2
    table.write_bytes(whole[:middle] + bytes(4000) + whole[middle + 4000 :])
    options = ("apply", table, "--report", report, "--resume", state)
    run = start(service, *options)
    output, errors = run.communicate(timeout=60)
    assert run.returncode == 2 and "10000 rows: 10000 accepted" in output, (output, errors)
    assert str(table) in errors and "after row 10000; to continue" in errors, errors
    table.write_bytes(whole)
    run = start(service, *options)
    output, errors = run.communicate(timeout=60)
    assert run.returncode == 0 and "20000 accepted" in output, errors
    assert numbers(report) == list(range(1, 20_001))


def test_a_report_for_a_spreadsheet(service: Emulator, tmp_path: Path) -> None:
    table, report = tmp_path / "in.csv", tmp_path / "out.csv"
    table.write_text('token,account\ntoken1,"=HYPERLINK(""http://a"")"\n')
    for more, account in (((), '=HYPERLINK("http://a")'), (("--escape-formulas",), "'=HYPERLINK(\"http://a\")")):
        run = start(service, "apply", table, "--report", report, *more)
        _, errors = run.communicate(timeout=60)
        assert run.returncode == 0 and report_of(report)[0]["account"] == account, errors
    run = start(service, "apply", table, "--escape-formulas")
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 2 and "a report in CSV" in errors, errors

"""Runs of ``apply`` that end before their table does: by a signal, by the service, or by
a file that gives out."""

import signal
import subprocess
import time
from pathlib import Path
from typing import Callable, Iterator, List

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


def write_parquet(path: Path, rows: int) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "token": [f"token{n}" for n in range(rows)],
        "account": [f"player{n}" for n in range(rows)],
    }
    parquet.write_table(pyarrow.table(columns), path)


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
    if number is None:
        service.fault({"kind": "status", "status": 503, "times": 0})
    else:
        service.configure(latency_ms=20)
    runs: List["subprocess.Popen[str]"] = []
    for n in range(AT_ONCE):
        files = ("--report", tmp_path / f"{n}.csv", "--resume", tmp_path / f"{n}.state")
        options = ("--patience", 0.1, "--set", "deadline_ms=400", "--parallel", 1)
        runs.append(start(service, "apply", table, *files, *options))
    for n, run in enumerate(runs):
        report = tmp_path / f"{n}.csv"
        # From then on it hears.
        while not report.exists() and run.poll() is None:
            time.sleep(0.005)
        if number is not None:
            run.send_signal(number)
        output, errors = run.communicate(timeout=60)
        assert run.returncode == status, (run.returncode, errors)
        assert "Fatal" not in errors and "to go on" in errors, errors
        assert f"{len(report_of(report))} rows: " in output


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

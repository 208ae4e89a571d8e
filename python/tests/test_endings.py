"""How commands end: their exit status, whatever becomes of what they print."""

import json
import os
import subprocess
from pathlib import Path
from typing import Dict, Iterator

import pytest
from test_command import command, environment, report_of, run, write_table
from xgpush.testing import Emulator


@pytest.fixture
def service() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def into_a_closed_pipe(service: Emulator, *arguments: object) -> int:
    """The exit status of a command of which nobody reads a word."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            command(*arguments),
            env=environment(service),
            stdin=subprocess.DEVNULL,
            stdout=write,
            stderr=write,
            timeout=300,
        )
    finally:
        os.close(write)
    return done.returncode


def test_a_closed_pipe_changes_nothing(service: Emulator, tmp_path: Path) -> None:
    table, report = tmp_path / "in.csv", tmp_path / "out.csv"
    table.write_text("token,account\n" + "".join(f"token{n},player{n}\n" for n in range(3000)))
    assert into_a_closed_pipe(service, "apply", table, "--report", report) == 0
    assert len(report_of(report)) == len(service.state["tokens"]) == 3000
    assert into_a_closed_pipe(service, "sync", table, "--apply", "--json") == 0
    assert into_a_closed_pipe(service, "bind", "token1", "alice") == 0
    assert into_a_closed_pipe(service, "bind", "bad-1", "alice") == 1
    assert into_a_closed_pipe(service, "query", "--token", "token1") == 0
    assert into_a_closed_pipe(service, "bind", "token1") == 2
    assert into_a_closed_pipe(service, "--help") == 0
    write_table(table, 3000)
    assert into_a_closed_pipe(service, "apply", table, "--report", report) == 1
    assert len(report_of(report)) == 3000


def test_a_full_disk_and_no_output_at_all(service: Emulator) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command("bind", "token1", "alice"),
            env=environment(service),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert done.returncode == 2 and "No space left" in done.stderr, done
    assert "Traceback" not in done.stderr and "ignored" not in done.stderr
    # Where lines of progress and of what failed cannot be printed, a run goes on.
    with open("/dev/full", "w") as full:
        unheard = subprocess.run(
            command("bind", "bad-1", "token1", "--set", "no_such=1"),
            env=environment(service),
            stdout=subprocess.PIPE,
            stderr=full,
            timeout=60,
        )
    assert unheard.returncode == 2, unheard


CLOSED = ("<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-")


def with_closed(
    streams: str, *arguments: object, env: Dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    """A command whose caller has closed some of its standard streams."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {streams}', "sh", *command(*arguments)],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("streams", CLOSED)
def test_closed_streams(streams: str, service: Emulator, tmp_path: Path) -> None:
    table, report = tmp_path / "in.csv", tmp_path / "out.csv"
    write_table(table, 100)
    env = environment(service)
    done = with_closed(streams, "apply", table, "--report", report, "--set", "no_such=1", env=env)
    assert done.returncode == 2 and not report.exists(), done
    done = with_closed(streams, "apply", table, "--report", report, env=env)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done
    # What is printed to a closed stream is in no file that got its number, nor in the
    # other stream.
    assert [int(row["row"]) for row in report_of(report)] == list(range(1, 101))
    assert ("100 rows: " in done.stdout) == (">&-" not in streams.replace("2>&-", ""))
    assert ("row 8 (line 9): rejected" in done.stderr) == ("2>&-" not in streams)
    assert "row 8" not in done.stdout
    done = with_closed(streams, "sync", table, env=env)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done
    bare = {name: value for name, value in env.items() if name != "XGPUSH_SECRET_KEY"}
    assert with_closed(streams, "bind", "token1", "alice", env=bare).returncode == 3


@pytest.mark.parametrize("encoding", ["gbk", "ascii", "utf-8"])
def test_names_that_cannot_be_encoded(encoding: str, service: Emulator, tmp_path: Path) -> None:
    env = {**environment(service), "PYTHONIOENCODING": f"{encoding}:strict", "PYTHONUTF8": "0"}
    name = "小强\U0001f600"

    def printed(*arguments: object) -> str:
        done = subprocess.run(command(*arguments), env=env, capture_output=True, timeout=60)
        assert done.returncode == 0, done
        return done.stdout.decode(encoding)

    assert printed("bind", "token1", name) == "token1\taccepted\n"
    shown = name.encode(encoding, "backslashreplace").decode(encoding)
    assert shown in printed("query", "--token", "token1")
    found = json.loads(printed("query", "--token", "token1", "--json"))
    assert name in json.dumps(found, ensure_ascii=False)
    table = tmp_path / "in.csv"
    table.write_text(f"token,account\ntoken1,{name}\ntoken2,{name}\n", encoding="utf-8")
    assert f"token2\tdifferent\t+ {shown}" in printed("sync", table)
    assert name in json.dumps(json.loads(printed("sync", table, "--json").splitlines()[1]), ensure_ascii=False)
    bad = subprocess.run(command("bind", f"bad-{name}", "alice"), env=env, capture_output=True, timeout=60)
    assert bad.returncode == 1 and f"bad-{shown}" in bad.stdout.decode(encoding), bad


@pytest.mark.parametrize("name, value", [("parallel", -1), ("parallel", 0), ("parallel", 5000)])
@pytest.mark.parametrize("run_by", ["apply", "sync"])
def test_ranges(run_by: str, name: str, value: int, service: Emulator, tmp_path: Path) -> None:
    out_of_range(service, tmp_path, run_by, f"--{name}", value)


def out_of_range(service: Emulator, folder: Path, *arguments: object) -> None:
    table = folder / "in.csv"
    write_table(table, 3)
    done = run(service, *arguments[:1], table, *arguments[1:])
    assert done.returncode == 2 and "range" in done.stderr, done
    assert "Traceback" not in done.stderr and service.log == []


@pytest.mark.parametrize("option", ["--parallel", "--rate"])
@pytest.mark.parametrize("value", [-1, 1 << 40, 1 << 70])
def test_numbers_of_any_size(option: str, value: int, service: Emulator, tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    write_table(table, 3)
    done = run(service, "apply", table, option, value)
    assert done.returncode == 2 and done.stderr.startswith("xgpush: "), done


def test_one_rule_for_a_refused_caller(service: Emulator, tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    write_table(table, 100)
    for status, ends in ((403, 3), (401, 3), (404, 1)):
        service.configure()
        service.fault({"kind": "status", "status": status, "times": 0})
        assert run(service, "bind", "token1", "alice").returncode == ends, status
        assert run(service, "apply", table).returncode == ends, status


def test_a_dry_run_needs_no_credentials(service: Emulator, tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    write_table(table, 40)
    bare = {name: v for name, v in os.environ.items() if not name.startswith("XGPUSH_")}
    done = run(service, "apply", table, "--dry-run", env=bare)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert "40 rows, 0 invalid; about 2 requests" in done.stdout
    assert run(service, "apply", table, env=bare).returncode == 3


def test_a_run_that_got_no_answer_goes_on_and_tells_all_of_it(
    service: Emulator, tmp_path: Path
) -> None:
    table = tmp_path / "in.csv"
    good = [f"token{n},player{n}" for n in range(40)]
    table.write_text("\n".join(["token,account", *good, *(f"bad-{n},player" for n in range(40))]))
    files = ["--report", tmp_path / "out.csv", "--resume", tmp_path / "state"]
    apply = ["apply", table, "--parallel", 1, *files]
    service.fault({"kind": "status", "status": 503, "times": 0, "skip": 2})
    done = run(service, *apply, "--patience", 0.1, "--set", "deadline_ms=400")
    assert done.returncode == 4 and "to continue" in done.stderr, done
    assert " rows: 40 accepted, 0 rejected" in done.stdout, done
    service.clear_faults()
    done = run(service, *apply)
    assert done.returncode == 1 and "80 rows: 40 accepted" in done.stdout, done
    # Those of the run before were accepted: the rest is more than is shown.
    assert f"all of them are in {tmp_path / 'out.csv'}" in done.stderr, done

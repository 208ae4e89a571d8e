"""The command: single operations, files, and runs that end in the middle."""

import csv
import json
import os
import pty
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from xgpush.testing import CREDENTIALS, Emulator

Done = subprocess.CompletedProcess


@pytest.fixture
def service() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def environment(service: Emulator, **more: str) -> Dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XGPUSH_")}
    options = {**CREDENTIALS, "base_url": service.base_url, **more}
    return {**kept, **{f"XGPUSH_{name.upper()}": value for name, value in options.items()}}


def command(*arguments: object) -> List[str]:
    return [sys.executable, "-m", "xgpush", *map(str, arguments)]


def run(service: Emulator, *arguments: object, **more: Any) -> "Done[str]":
    return subprocess.run(
        command(*arguments),
        env=more.pop("env", environment(service)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        **more,
    )


def test_single_operations(service: Emulator) -> None:
    def printed(*arguments: object) -> str:
        done = run(service, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    assert printed("bind", "token1", "alice") == "token1\taccepted\n"
    assert printed("bind", "token2", "bob", "--type", 3) == "token2\taccepted\n"
    assert printed("query", "--token", "token1", "token2").splitlines() == [
        "token1\taccepted\talice (0)",
        "token2\taccepted\tbob (3)",
    ]
    assert printed("query", "--account", "bob", "--type", 3) == "bob\taccepted\ttoken2\n"
    assert printed("unbind", "token1", "alice") == "token1\taccepted\n"
    assert json.loads(printed("clear-account", "--json", "bob", "--type", "3"))["requests"] == 1
    assert printed("clear-token", "token1", "token2").count("accepted") == 2
    assert service.state["tokens"] == {}


def test_exit_codes(service: Emulator, tmp_path: Path) -> None:
    refused = run(service, "bind", "bad-1", "alice")
    assert refused.returncode == 1 and "1008006" in refused.stdout
    for wrong in (
        ("bind", "token1"),
        ("apply", tmp_path / "none.csv"),
        ("bind", "token1", "a"),
        ("bind", "token1", "alice", "--set", "no_such=1"),
        ("bind", "token1", "alice", "--set", "secret_key=x"),
    ):
        done = run(service, *wrong)
        assert done.returncode == 2 and done.stderr and "Traceback" not in done.stderr, done
    other = environment(service, secret_key="0123456789abcdef0123456789abcdef")
    assert run(service, "bind", "token1", "alice", env=other).returncode == 3
    nothing = {name: v for name, v in environment(service).items() if name != "XGPUSH_SECRET_KEY"}
    done = run(service, "bind", "token1", "alice", env=nothing)
    assert done.returncode == 3 and "XGPUSH_SECRET_KEY" in done.stderr


def test_options_from_a_file(service: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "options"
    lines = {**CREDENTIALS, "base_url": service.base_url}
    file.write_text("# ours\n\n" + "".join(f"{n} = {v}\n" for n, v in lines.items()))
    file.chmod(0o600)
    bare = {name: v for name, v in os.environ.items() if not name.startswith("XGPUSH_")}
    done = run(service, "bind", "token1", "alice", "--config", file, env=bare)
    assert (done.returncode, done.stderr) == (0, "")
    file.chmod(0o644)
    done = run(service, "bind", "token1", "alice", "--config", file, env=bare)
    assert done.returncode == 0 and "chmod 600" in done.stderr
    file.write_text("secret = x\n")
    done = run(service, "bind", "token1", "alice", "--config", file, env=bare)
    assert done.returncode == 2 and "line 1" in done.stderr


def test_help_names_the_exit_codes(service: Emulator) -> None:
    for arguments in (("--help",), ("apply", "--help")):
        done = run(service, *arguments)
        assert done.returncode == 0 and "130  ended by Ctrl-C" in done.stdout
    assert "xgpush " in run(service, "--version").stdout


def write_table(path: Path, rows: int, tokens: int = 1 << 30) -> None:
    """One row in a hundred has a token that is refused."""
    with path.open("w") as file:
        file.write("token,account\n")
        for n in range(rows):
            kind = "bad-" if n % 100 == 7 else "token"
            file.write(f"{kind}{n % tokens},player{n}\n")


def report_of(path: Path) -> List[Dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_apply(service: Emulator, tmp_path: Path) -> None:
    table, report, rejects = (tmp_path / name for name in ("in.csv", "out.csv", "rejects.csv"))
    write_table(table, 2000)
    options = ("--report", report, "--rejects", rejects, "--parallel", 4)
    done = run(service, "apply", table, *options)
    assert done.returncode == 1, done.stderr
    assert "2000 rows: 1980 accepted, 20 rejected, 0 unknown, 0 not_sent" in done.stdout
    assert "row 8 (line 9): rejected, item_refused: 1008006" in done.stderr
    rows = report_of(report)
    assert [int(row["row"]) for row in rows] == list(range(1, 2001))
    assert rows[7]["state"] == "rejected" and rows[7]["code"] == "1008006"
    assert len(service.state["tokens"]) == 1980
    # The rejects are a table again.
    service.configure(bad_token_prefix="")
    assert run(service, "apply", rejects).returncode == 0
    assert len(service.state["tokens"]) == 20


def test_a_dry_run_sends_nothing(service: Emulator, tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    table.write_text("token,account,operation\n" + "t,alice,bind\n" * 3 + ",x,bind\n")
    done = run(service, "apply", table, "--dry-run")
    assert done.returncode == 1 and "4 rows, 1 invalid; about 3 requests" in done.stdout
    assert "row 4 (line 5): not_sent, invalid" in done.stderr
    assert service.counters["received"] == 0
    done = run(service, "apply", table, "--dry-run", "--report", tmp_path / "out.csv")
    assert done.returncode == 2 and not (tmp_path / "out.csv").exists()


def test_a_rate_is_kept(service: Emulator, tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    write_table(table, 400)
    assert run(service, "apply", table, "--rate", 50).returncode == 1
    times = [entry["received_ms"] for entry in service.log]
    # Evenly spaced: 20 requests cannot be nearer than 19 intervals of 20 ms.
    assert len(times) == 20 and times[-1] - times[0] >= 19 * 20 - 20


def test_parquet(service: Emulator, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "token": [f"token{n}" for n in range(300)],
        "account": [f"player, the {n}th" for n in range(300)],
        "account_type": [None if n % 2 else 3.0 for n in range(300)],
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "in.parquet")
    done = run(service, "apply", tmp_path / "in.parquet", "--report", tmp_path / "out.csv")
    assert done.returncode == 0, done.stderr
    assert len(report_of(tmp_path / "out.csv")) == 300
    tokens = service.state["tokens"]
    assert (tokens["token2"], tokens["token3"]) == ([["player, the 2th", 3]], [["player, the 3th", 0]])
    parquet.write_table(pyarrow.table({"token": ["t"], "acount": ["a"]}), tmp_path / "in.parquet")
    done = run(service, "apply", tmp_path / "in.parquet")
    assert done.returncode == 2 and "acount" in done.stderr


def test_a_terminal_gets_a_bar_and_others_get_lines(service: Emulator, tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    write_table(table, 600)
    terminal, stderr = pty.openpty()
    program = subprocess.Popen(
        command("apply", table),
        env={**environment(service), "TERM": "xterm", "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
    )
    os.close(stderr)
    shown = b""
    while block := read_terminal(terminal):
        shown += block
    os.close(terminal)
    assert program.wait(60) == 1 and b"600/600" in shown and b"rows/s" in shown
    assert "rows/s" not in run(service, "apply", table).stderr


def test_a_terminal_that_is_dumb_or_gone(service: Emulator, tmp_path: Path) -> None:
    table, report = tmp_path / "in.csv", tmp_path / "out.csv"
    write_table(table, 600)
    for kind in ("dumb", "gone"):
        terminal, stderr = pty.openpty()
        program = subprocess.Popen(
            command("apply", table, "--report", report),
            env={**environment(service), "TERM": "dumb" if kind == "dumb" else "xterm"},
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
        )
        os.close(stderr)
        shown = b""
        while kind == "dumb" and (block := read_terminal(terminal)):
            shown += block
        os.close(terminal)
        assert program.wait(60) == 1 and len(report_of(report)) == 600
        assert kind == "gone" or (b"600 rows: " in shown and b"\x1b" not in shown), shown


def read_terminal(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # how Linux says that the other side is closed
        return b""


def start(service: Emulator, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command(*arguments),
        env=environment(service),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What starts the tests may have told its children to ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def test_ctrl_c_ends_cleanly_and_says_how_to_go_on(service: Emulator, tmp_path: Path) -> None:
    table, report, state = (tmp_path / name for name in ("in.csv", "out.csv", "state"))
    write_table(table, 5000)
    options = ("apply", table, "--report", report, "--resume", state)
    service.configure(latency_ms=20)
    program = start(service, *options)
    assert service.wait_received(10, 60)
    program.send_signal(signal.SIGINT)
    output, errors = program.communicate(timeout=60)
    assert program.returncode == 130, errors
    assert f"--resume {state}" in errors and "Traceback" not in errors
    done = len(report_of(report))
    assert 0 < done < 5000 and f"{done} rows: " in output
    # Whatever was accepted is in the report: nothing was in flight any more.
    assert len(service.state["tokens"]) <= done
    finished = run(service, *options)
    assert finished.returncode == 1 and "5000 rows: 4950 accepted" in finished.stdout
    assert [int(row["row"]) for row in report_of(report)] == list(range(1, 5001))


def test_killed_runs_go_on(service: Emulator, tmp_path: Path) -> None:
    rows, tokens = 20_000, 3000
    table, report, rejects, state = (
        tmp_path / name for name in ("in.csv", "out.jsonl", "rejects.csv", "state")
    )
    write_table(table, rows, tokens)
    options = ("apply", table, "--report", report, "--rejects", rejects, "--resume", state)
    errors = {"seed": 3, "per_mille": 10, "kinds": [{"kind": "status", "status": 500}]}
    service.configure(latency_ms=5, random_faults=errors)
    dice = random.Random(11)
    received = 0
    for _ in range(3):
        program = start(service, *options)
        received += dice.randrange(50, 250)
        assert service.wait_received(received, 120)
        program.kill()
        program.communicate(timeout=60)
        received = service.counters["received"]
    done = run(service, *options)
    assert done.returncode == 1 and "0 unknown, 0 not_sent" in done.stdout, done
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert [line["row"] for line in lines] == list(range(1, rows + 1))
    assert sum(line["state"] == "rejected" for line in lines) == rows // 100
    assert len(rejects.read_text().splitlines()) == 1 + rows // 100
    last = {}
    for n in range(rows):
        if n % 100 != 7:
            last[f"token{n % tokens}"] = f"player{n}"
    assert service.state["tokens"] == {token: [[name, 0]] for token, name in last.items()}


def test_the_emulator_serves(service: Emulator) -> None:
    program = subprocess.Popen(
        command("emulator", "--exit-with-parent"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    line = program.stdout.readline()
    assert line.startswith("listening on http://127.0.0.1:")
    env = {**environment(service), "XGPUSH_BASE_URL": line.split()[-1]}
    assert run(service, "bind", "token1", "alice", env=env).returncode == 0
    assert service.counters["received"] == 0
    program.communicate(timeout=60)
    assert program.returncode == 0

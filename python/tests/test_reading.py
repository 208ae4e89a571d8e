"""What a table may come from, and in which encoding: all of it is read, or nothing is sent."""

import base64
import gzip
import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest
import xgpush
from test_command import command as command_line
from test_command import environment, report_of, run
from xgpush.testing import Emulator

#: Two frames with one to be skipped between them: two rows.
ZSTD = base64.b64decode(b"KLUv/SAXuQAAdG9rZW4sYWNjb3VudAp0MSxhbGljZQpQKk0YAgAAAHh4KLUv/SAHOQAAdDIsYm9iCg==")


@pytest.fixture
def service() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def bound(service: Emulator) -> Dict[str, str]:
    return {token: accounts[0][0] for token, accounts in service.state["tokens"].items()}


def table(rows: int) -> bytes:
    lines = (f"token{n},player-number-{n}\n" for n in range(rows))
    return ("token,account\n" + "".join(lines)).encode()


def feed(path: Path, content: bytes) -> threading.Thread:
    def write() -> None:
        with open(path, "wb", buffering=0) as pipe:
            view = memoryview(content)
            while view:
                view = view[pipe.write(view[:5000]) :]

    writer = threading.Thread(target=write)
    writer.start()
    return writer


#: More than a pipe holds.
ROWS = 4_000


@pytest.mark.parametrize("dry", [False, True])
def test_a_named_pipe_brings_every_row(service: Emulator, tmp_path: Path, dry: bool) -> None:
    pipe = tmp_path / "in.csv"
    os.mkfifo(pipe)
    writer = feed(pipe, table(ROWS))
    done = run(service, "apply", pipe, *(["--dry-run"] if dry else []))
    writer.join()
    assert done.returncode == 0 and f"{ROWS} rows" in done.stdout, done
    expected = {} if dry else {f"token{n}": f"player-number-{n}" for n in range(ROWS)}
    assert bound(service) == expected


@pytest.mark.parametrize("rows", [0, 3])
def test_a_named_pipe_that_was_written_at_once(
    service: Emulator, tmp_path: Path, rows: int
) -> None:
    """Its writer is gone before the table is opened."""
    pipe = tmp_path / "in.csv"
    os.mkfifo(pipe)
    program = standard_input(service, None, "apply", pipe)
    with open(pipe, "wb") as writer:
        writer.write(table(rows) if rows else b"")
    printed, errors = program.communicate(timeout=60)
    if rows:
        assert program.returncode == 0 and b"3 rows: 3 accepted" in printed, errors
    else:
        assert program.returncode == 2 and b"the file is empty" in errors


def standard_input(service: Emulator, stdin: Any, *arguments: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command_line(*arguments),
        env=environment(service),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # What starts the tests may have told its children to ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize("name", ["-", "/dev/stdin", "link"])
def test_standard_input_brings_every_row(service: Emulator, tmp_path: Path, name: str) -> None:
    if name == "link":
        (tmp_path / name).symlink_to("/dev/stdin")
        name = str(tmp_path / name)
    program = standard_input(service, subprocess.PIPE, "apply", name, "--format", "csv")
    printed, errors = program.communicate(table(ROWS), timeout=300)
    assert program.returncode == 0 and f"{ROWS} rows: {ROWS} accepted".encode() in printed, errors
    assert len(bound(service)) == ROWS


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
@pytest.mark.parametrize("command, options", [("sync", ["--apply"]), ("apply", [])])
def test_standard_input_may_be_a_socket_or_a_file(
    service: Emulator, tmp_path: Path, name: str, command: str, options: List[str]
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        program = standard_input(service, theirs, command, name, "--format", "csv", *options)
        ours.sendall(b"token,account\nt1,alice\n")
        ours.shutdown(socket.SHUT_WR)
        _, errors = program.communicate(timeout=300)
        assert program.returncode == 0 and bound(service) == {"t1": "alice"}, errors
    (tmp_path / "in").write_bytes(b"token,account\nt2,bob\n")
    with open(tmp_path / "in", "rb") as file:
        program = standard_input(service, file, "apply", "-", "--format", "csv")
        printed, errors = program.communicate(timeout=300)
    assert program.returncode == 0 and b"1 rows: 1 accepted" in printed, errors


def test_a_run_over_a_pipe_can_be_resumed(service: Emulator, tmp_path: Path) -> None:
    """When the same rows come again, from the first one on."""
    files = ("--report", tmp_path / "out.csv", "--resume", tmp_path / "state")
    arguments = ("apply", "-", "--format", "csv", *files)
    for rows in (1, 3):
        program = standard_input(service, subprocess.PIPE, *arguments)
        printed, errors = program.communicate(table(rows), timeout=300)
        assert program.returncode == 0 and f"{rows} rows: {rows} accepted".encode() in printed, errors
    assert len(bound(service)) == 3 and service.counters["received"] == 2
    program = standard_input(service, subprocess.PIPE, *arguments)
    _, errors = program.communicate(table(3).replace(b"token1", b"tokenX"), timeout=300)
    assert program.returncode == 2, errors


def test_rows_go_out_while_a_pipe_is_slow_and_ctrl_c_is_heard(service: Emulator) -> None:
    program = standard_input(service, subprocess.PIPE, "apply", "-", "--format", "csv")
    assert program.stdin is not None
    # It ends in the middle of a row.
    program.stdin.write(b"token,account\nt1,alice\nt2,bo")
    program.stdin.flush()
    assert service.wait_received(1, 60)
    assert bound(service) == {"t1": "alice"}
    program.send_signal(signal.SIGINT)
    program.send_signal(signal.SIGINT)
    assert program.wait(60) == 130
    program.communicate()
    assert bound(service) == {"t1": "alice"}


def test_ctrl_c_is_heard_before_a_pipe_has_brought_anything(
    service: Emulator, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "in.csv")
    program = standard_input(service, None, "apply", tmp_path / "in.csv", "--dry-run")
    with open(tmp_path / "in.csv", "wb"):  # it has opened its end
        program.send_signal(signal.SIGINT)
        assert program.wait(60) == 130
    program.communicate()


@pytest.mark.parametrize("name", ["in.csv.gz", "in.csv"])
def test_gzip_is_unpacked(service: Emulator, tmp_path: Path, name: str) -> None:
    # Two members, as `cat a.gz b.gz` makes them.
    packed = gzip.compress(b"token,account\nt1,alice\n") + gzip.compress(b"t2,bob\n")
    (tmp_path / name).write_bytes(packed)
    done = run(service, "apply", tmp_path / name)
    assert done.returncode == 0 and bound(service) == {"t1": "alice", "t2": "bob"}
    # What was not copied whole is not applied in part.
    (tmp_path / name).write_bytes(gzip.compress(table(ROWS))[:-100])
    done = run(service, "apply", tmp_path / name)
    assert done.returncode == 2 and "ends in the middle" in done.stderr
    assert len(bound(service)) == 2


@pytest.mark.parametrize("name", ["in.csv.zst", "in.CSV"])
def test_zstandard_is_unpacked(service: Emulator, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(ZSTD)
    with service.client() as client:
        assert [result.state for result in client.bulk(tmp_path / name)] == ["accepted"] * 2
        assert bound(service) == {"t1": "alice", "t2": "bob"}
        (tmp_path / name).write_bytes(ZSTD[:-4])
        with pytest.raises(xgpush.Error, match="Zstandard"):
            client.bulk(tmp_path / name)


def raw_zstd(data: bytes) -> bytes:
    """A frame that packs nothing (RFC 8878, section 3.1.1)."""
    blocks = [data[at : at + 100_000] for at in range(0, len(data), 100_000)]
    last = len(blocks) - 1
    packed = [(len(b) << 3 | (n == last)).to_bytes(3, "little") + b for n, b in enumerate(blocks)]
    return b"\x28\xb5\x2f\xfd\xa0" + len(data).to_bytes(4, "little") + b"".join(packed)


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress, raw_zstd], ids=["csv", "gz", "zst"])
def test_a_table_that_grows_is_not_called_damaged(
    pack: Callable[[bytes], bytes], service: Emulator, tmp_path: Path
) -> None:
    path = tmp_path / "in.csv"
    # More than is read at once, packed as well.
    digests = [hashlib.sha256(b"%d" % n).hexdigest() for n in range(6000)]
    rows = "".join(f"{digest[:30]},player-{digest[30:]}\n" for digest in digests)
    path.write_bytes(pack(b"token,account\n" + rows.encode()))
    service.fault({"kind": "hang", "times": 1})
    arguments = command_line("apply", path, "--set", "request_timeout_ms=500")
    with subprocess.Popen(
        arguments, env=environment(service), stderr=subprocess.PIPE, text=True
    ) as running:
        assert service.wait_received(1, 60)
        with path.open("ab") as file:
            file.write(pack(b"more,alice\n"))
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 2 and "the table has grown now" in errors, errors
    assert "damaged" not in errors and "more" not in service.state["tokens"]


NAMES = ["小强", "player one", "玩家甲"]


def text(encoding: str, mark: bytes = b"") -> bytes:
    lines = [f"token{n},{name}\r\n" for n, name in enumerate(NAMES)]
    return mark + ("token,account\r\n" + "".join(lines)).encode(encoding)


@pytest.mark.parametrize(
    "content, encoding",
    [
        (text("gb18030"), "gb18030"),
        (text("gbk"), "GBK"),
        (text("gb2312"), "gb2312"),
        (text("utf-8", b"\xef\xbb\xbf"), None),
        (text("utf-8", b"\xef\xbb\xbf"), "gb18030"),
        (text("utf-16-le", b"\xff\xfe"), None),
        (text("utf-16-be", b"\xfe\xff"), None),
        (text("utf-16-le"), "utf-16le"),
        (text("utf-8").replace(b"\r\n", b"\r"), None),
        (text("utf-8").replace(b",", b";"), None),
        (text("utf-8").replace(b",", b"\t"), None),
        (b"sep=;\n" + text("utf-8").replace(b",", b";"), None),
    ],
)
def test_encodings_and_separators(
    service: Emulator, tmp_path: Path, content: bytes, encoding: Any
) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    options = () if encoding is None else ("--encoding", encoding)
    expected = {f"token{n}": name for n, name in enumerate(NAMES)}
    done = run(service, "apply", tmp_path / "in.csv", *options)
    assert done.returncode == 0 and bound(service) == expected, done
    done = run(service, "sync", tmp_path / "in.csv", *options)
    assert done.returncode == 0 and "3 same" in done.stderr, done
    with service.client() as client:
        results = list(client.bulk(tmp_path / "in.csv", encoding=encoding))
    assert [result.row[1] for result in results] == NAMES


@pytest.mark.parametrize("how", ["apply", "--dry-run", "sync", "bulk"])
def test_one_byte_of_another_encoding_and_nothing_is_sent(
    service: Emulator, tmp_path: Path, how: str
) -> None:
    content = table(ROWS) + "token,玩家小强\n".encode("gbk")
    (tmp_path / "in.csv").write_bytes(content)
    if how == "bulk":
        with service.client() as client, pytest.raises(xgpush.InvalidArgument) as raised:
            client.bulk(tmp_path / "in.csv")
        printed = str(raised.value)
    else:
        command_of = {"apply": ("apply",), "--dry-run": ("apply", how), "sync": ("sync", "--apply")}
        done = run(service, *command_of[how], tmp_path / "in.csv")
        assert done.returncode == 2 and done.stdout == "", done
        printed = done.stderr
    assert f"line {ROWS + 2} is no UTF-8" in printed
    assert "--encoding gb18030" in printed and "玩家小强" in printed
    assert service.log == []


def test_utf_8_is_not_read_as_something_else(service: Emulator, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("token,account\nt1,小明\n", encoding="utf-8")
    for name in ("gb18030", "windows-1252"):
        done = run(service, "apply", tmp_path / "in.csv", "--encoding", name)
        assert done.returncode == 2 and "leave --encoding out" in done.stderr, done
    for name, encoding in (("小明", "gb18030"), ("Иван", "windows-1251")):
        content = f"token,account\nt1,{name}\n".encode()
        arguments = ("apply", "-", "--format", "csv", "--encoding", encoding)
        program = standard_input(service, subprocess.PIPE, *arguments)
        _, errors = program.communicate(content, timeout=300)
        assert program.returncode == 2 and b"leave --encoding out" in errors, errors
    assert service.log == []
    (tmp_path / "gbk.csv").write_bytes("token,account\nt1,小强\n".encode("gbk"))
    done = run(service, "apply", tmp_path / "gbk.csv", "--encoding", "gb18030")
    assert done.returncode == 0 and bound(service) == {"t1": "小强"}


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_rejects_are_read_with_the_same_options(
    service: Emulator, tmp_path: Path, suffix: str
) -> None:
    lines = {"csv": "token,account\nt1, 小明\n", "jsonl": '{"token": "t1", "account": " 小明"}\n'}
    table, rejects = tmp_path / f"in.{suffix}", tmp_path / f"rejects.{suffix}"
    table.write_bytes(lines[suffix].encode("gbk"))
    options = ("--encoding", "gb18030")
    assert run(service, "apply", table, *options, "--rejects", rejects).returncode == 1
    rejects.write_bytes(rejects.read_bytes().replace(b" \xe5", b"\xe5"))
    done = run(service, "apply", rejects, *options)
    assert done.returncode == 0 and bound(service) == {"t1": "小明"}, done


def test_every_row_of_parquet_is_a_row(service: Emulator, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path, report = tmp_path / "in.parquet", tmp_path / "out.csv"
    odd = ["token1", None, "a\nb,c", "account", "token5"]
    for columns in (
        {"token": odd},
        {"account": [*odd[:3], "token", "token5"], "token": [*odd[:3], "account", "token5"]},
    ):
        parquet.write_table(pyarrow.table(columns), path)
        operation = "clear_token" if len(columns) == 1 else "bind"
        done = run(service, "apply", path, "--operation", operation, "--report", report)
        found = [row["state"] for row in report_of(report)]
        with service.client() as client:
            expected = [r.state for r in client.bulk(path, operation=operation)]
        assert found == expected and len(found) == 5, done
        assert found[1:3] == ["not_sent"] * 2
    path.write_bytes(b"no parquet")
    with open(path, "wb") as file:
        parquet.write_table(pyarrow.table({"token": ["t9"], "account": ["alice"]}), file)
    program = standard_input(service, subprocess.PIPE, "apply", "-", "--format", "parquet")
    printed, errors = program.communicate(path.read_bytes(), timeout=300)
    assert program.returncode == 0 and b"1 rows: 1 accepted" in printed, errors


WAITS = """
import signal, sys, xgpush
signal.signal(signal.SIGINT, signal.default_int_handler)
client = xgpush.Client(access_id="1", secret_key="x", base_url="http://127.0.0.1:9")
open(sys.argv[2], "w").close()
getattr(client, sys.argv[1])(sys.argv[3])
"""


@pytest.mark.parametrize("how", ["bulk", "sync"])
def test_ctrl_c_is_heard_while_a_pipe_is_opened(tmp_path: Path, how: str) -> None:
    pipe, waits = tmp_path / "in.csv", tmp_path / "waits"
    os.mkfifo(pipe)
    arguments = [sys.executable, "-c", WAITS, how, str(waits), str(pipe)]
    program = subprocess.Popen(arguments, stderr=subprocess.PIPE)
    with open(pipe, "wb") as writer:  # the other end is open, and the header is not whole
        writer.write(b"tok")
        writer.flush()
        assert waits.exists()
        program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=60)
    assert b"KeyboardInterrupt" in errors

"""The outbox: what it takes, what it reports, and how it ends."""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
import xgpush
from xgpush import Account, Outbox, Report
from xgpush.testing import CREDENTIALS, Emulator


@pytest.fixture
def service() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def opened(service: Emulator, **options: Any) -> Outbox:
    return Outbox(**{**CREDENTIALS, "base_url": service.base_url, **options})


def by_tag(reports: List[Report]) -> Dict[int, Report]:
    assert len({report.tag for report in reports}) == len(reports)
    return {report.tag: report for report in reports}


def test_operation_is_reported_once(service: Emulator) -> None:
    with opened(service) as outbox:
        for n in range(45):
            outbox.bind("bad-" if n == 7 else f"t{n}", f"player{n}", tag=n)
        outbox.unbind("t1", ("player1", 3), Account("player1"), tag=100)
        outbox.clear_token("t2x", tag=101)
        outbox.clear_account("player3", tag=102)
        outbox.submit({"operator_type": 4, "token_list": ["x1", "x2"]}, first_tag=103)
        assert outbox.flush(30) == 0
        reports = by_tag(outbox.reports())
        assert sorted(reports) == [*range(45), *range(100, 105)]
        assert reports[7].state == "rejected" and reports[7].code == 1008006
        assert all(reports[n].accepted for n in reports if n != 7)
        assert reports[0].is_final and reports[0].attempts == 1
        assert 0 < reports[0].submitted_ms <= reports[0].timestamp_ms
        assert outbox.stats["submitted"] == 50
        line = 'xgpush_outbox_submitted_total{outbox="1500001048"} 50\n'
        assert line in outbox.prometheus()
        with opened(service, outbox_name="ios") as other:
            page = other.prometheus(outbox)
            assert line in page and page.count("# TYPE xgpush_outbox_open ") == 1


def test_iteration_ends_after_close(service: Emulator) -> None:
    outbox = opened(service)
    seen: List[int] = []
    reader = threading.Thread(target=lambda: seen.extend(report.tag for report in outbox))
    reader.start()
    for n in range(100):
        outbox.bind(f"t{n}", "player", tag=n)
    assert outbox.close(30) == 0
    reader.join(30)
    assert sorted(seen) == list(range(100))
    with pytest.raises(xgpush.Closed):
        outbox.bind("t1", "alice")


def test_wrong_operation_raises(service: Emulator) -> None:
    with opened(service, outbox_max_operations=2) as outbox:
        with pytest.raises(xgpush.InvalidValue):
            outbox.bind("", "alice")
        # Half a character, as JSON of a stranger may bring it.
        for operation in (("t\ud83d", "alice"), ("t1", "al\ud83d")):
            with pytest.raises(xgpush.InvalidValue, match="lone surrogate"):
                outbox.bind(*operation)
        with pytest.raises(xgpush.InvalidRequest, match="at least one account"):
            outbox.bind("t1")
        with pytest.raises(xgpush.InvalidRequest):
            outbox.append("t1", "alice")
        with pytest.raises(xgpush.InvalidRequest):
            outbox.submit({"operator_type": 4, "token_list": []})
        with pytest.raises(xgpush.Full) as full:
            outbox.submit({"operator_type": 4, "token_list": ["t1", "t2", "t3"]})
        assert full.value.item == 2
        with pytest.raises(xgpush.Full):
            outbox.bind("t4", "alice", wait=0.05)
        with pytest.raises(ValueError):
            outbox.flush(-1)
    with pytest.raises(xgpush.InvalidOption):
        opened(service, outbox_linger_ms="soon")
    with pytest.raises(xgpush.Storage, match="cannot be opened"):
        opened(service, outbox_file="/no/such/folder/file")


def test_file_outlives_outbox(service: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "outbox"
    service.fault({"kind": "status", "status": 503, "times": 0})
    outbox = opened(service, outbox_file=file, outbox_durable_notices=True)
    for n in range(10):
        outbox.bind(f"t{n}", "player", tag=n)
    notices: List[Report] = []
    while len(notices) < 10:
        notices += outbox.reports(timeout=30)
    assert not any(notice.is_final or notice.state for notice in notices)
    with pytest.raises(xgpush.Storage, match="held by"):
        opened(service, outbox_file=file)
    outbox.sync(30)
    assert outbox.stats["durable"] == 10
    assert outbox.close(0) == 10
    service.clear_faults()
    with opened(service, outbox_file=file) as outbox:
        outbox.bind("t10", "player", tag=10)
        assert outbox.flush(30) == 0
        reports = by_tag(outbox.reports())
        assert sorted(reports) == list(range(11))
        assert all(report.is_recovered == (tag < 10) for tag, report in reports.items())


class Library:
    """The little of the C library that is needed to open an outbox."""

    def __init__(self, path: str) -> None:
        self._c = ctypes.CDLL(path)
        self._c.xg_config_new.restype = ctypes.c_void_p
        self._c.xg_error_message.restype = ctypes.c_char_p
        self._c.xg_outbox_close.restype = ctypes.c_size_t

    def why_not(self, base_url: str, file: Path) -> str:
        """Opens and closes an outbox over the file; what was wrong."""
        config = ctypes.c_void_p(self._c.xg_config_new())
        options = {**CREDENTIALS, "base_url": base_url, "outbox_file": str(file)}
        for name, value in options.items():
            assert self._c.xg_config_set(config, name.encode(), value.encode(), None) == 0
        outbox, error = ctypes.c_void_p(), ctypes.c_void_p()
        self._c.xg_outbox_open(config, ctypes.byref(outbox), ctypes.byref(error))
        message: bytes = self._c.xg_error_message(error)
        self._c.xg_outbox_close(outbox, ctypes.c_uint64(10000))
        self._c.xg_outbox_free(outbox)
        self._c.xg_error_free(error)
        self._c.xg_config_free(config)
        return message.decode()


def test_file_in_use_is_refused_to_other_program(service: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "outbox"
    service.fault({"kind": "status", "status": 503, "times": 0})
    with opened(service, outbox_file=file) as outbox:
        outbox.bind("t1", "alice", tag=1)
        outbox.sync(30)
        # Closing a file drops the process's locks on it.
        for beside in tmp_path.iterdir():
            beside.read_bytes()
        look = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0)"
        look += ".execute('SELECT count(*) FROM operation')"
        foreign = subprocess.run([sys.executable, "-c", look, file], stderr=subprocess.PIPE)
        assert b"database is locked" in foreign.stderr
        outbox.bind("t2", "alice", tag=2)
        outbox.sync(30)
        assert outbox.close(0) == 2
    with opened(service, outbox_file=file) as outbox:
        assert outbox.stats["recovered"] == 2
        outbox.close(0)


@pytest.mark.skipif("XG_TEST_LIBRARY" not in os.environ, reason="python/tests/run.sh has it")
def test_file_in_use_is_refused_to_c_library_in_process(
    service: Emulator, tmp_path: Path
) -> None:
    library = Library(os.environ["XG_TEST_LIBRARY"])
    file = tmp_path / "outbox"
    held = "is held by another outbox of this process"
    with opened(service, outbox_file=file):
        for _ in range(2):
            assert held in library.why_not(service.base_url, file)
            # Closing a file drops the process's locks on it.
            for beside in tmp_path.iterdir():
                beside.read_bytes()
    assert library.why_not(service.base_url, file) == ""


def test_sync_without_file_raises(service: Emulator) -> None:
    with opened(service) as outbox:
        with pytest.raises(xgpush.Storage, match="outbox_file"):
            outbox.sync(1)


def test_descriptor_is_readable_while_reports_wait(service: Emulator) -> None:
    with opened(service) as outbox:
        assert select.select([outbox], [], [], 0)[0] == []
        outbox.bind("t1", "alice")
        assert select.select([outbox], [], [], 30)[0] == [outbox]
        outbox.reports()
        assert select.select([outbox], [], [], 0)[0] == []


def test_log(service: Emulator) -> None:
    lines: List[str] = []
    service.fault({"kind": "status", "status": 503, "times": 6})
    with opened(service, throttle_base_ms=1) as outbox:
        outbox.on_log(lines.append)
        outbox.bind("t1", "alice")
        assert outbox.flush(30) == 0
    assert any("paused" in line for line in lines) and lines[-1] == "the service answers again"


def test_outbox_in_forked_child_raises_closed(service: Emulator) -> None:
    with opened(service) as outbox:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                outbox.bind("t1", "alice")
            except xgpush.Closed:
                code = 0 if outbox.close() == 0 and outbox.reports(timeout=9) == [] else 2
            os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        outbox.bind("t1", "alice")
        assert outbox.flush(30) == 0


PROGRAM = """
import signal, sys, xgpush
# What starts the tests may have told its children to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
outbox = xgpush.Outbox(access_id="1500001048",
                       secret_key="1452fcebae9f3115ba794fb0fff2fd73", base_url=sys.argv[1])
for n in range(200):
    outbox.bind(f"t{n}", "player")
if sys.argv[2] == "flush":
    print("waiting", flush=True)
    outbox.flush(60)
"""


def test_program_ends_while_sending(service: Emulator) -> None:
    for _ in range(5):
        subprocess.run([sys.executable, "-c", PROGRAM, service.base_url, "end"], check=True, timeout=60)


def test_ctrl_c_ends_wait(service: Emulator) -> None:
    service.fault({"kind": "hang", "times": 0})
    command = [sys.executable, "-c", PROGRAM, service.base_url, "flush"]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert program.stdout is not None and program.stdout.readline() == b"waiting\n"
    began = time.monotonic()
    program.send_signal(signal.SIGINT)
    _, errors = program.communicate(timeout=30)
    assert b"KeyboardInterrupt" in errors and time.monotonic() - began < 20


def test_look_lists_waiting_operations(service: Emulator, tmp_path: Path) -> None:
    service.fault({"kind": "status", "status": 503, "times": 0})
    file = str(tmp_path / "outbox")
    outbox = opened(service, outbox_file=file)
    outbox.bind("phone1", "alice", tag=1)
    outbox.unbind("phone1", ("alice", 3), tag=2)
    outbox.bind("phone2", "bob", tag=3)
    assert [one["tag"] for one in outbox.list_pending("phone1")] == [1, 2]
    assert outbox.list_pending(account="bob")[0]["state"] in ("ready", "sending")
    show = [sys.executable, "-m", "xgpush", "outbox", "show", file]
    held = subprocess.run(show, capture_output=True, text=True)
    assert held.returncode == 2 and "is held" in held.stderr
    assert outbox.close(0) == 3
    with pytest.raises(xgpush.Closed):
        outbox.list_pending()
    shown = subprocess.run([*show, "--account", "alice"], capture_output=True, text=True)
    lines = [line.split("\t") for line in shown.stdout.splitlines()]
    assert [line[:4] for line in lines] == [
        ["1", "bind", "phone1", "alice"],
        ["2", "unbind", "phone1", "alice (3)"],
    ]
    shown = subprocess.run([*show, "--token", "phone2", "--json"], capture_output=True, text=True)
    assert json.loads(shown.stdout)["token"] == "phone2"

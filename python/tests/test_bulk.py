"""client.bulk: what it takes, in which order it answers, and how it ends."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator, List, Tuple

import pytest
import xgpush
from xgpush.testing import Emulator


@pytest.fixture
def service() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def states(results: Any) -> List[str]:
    return [result.state for result in results]


def test_rows_give_one_result_each_in_order(service: Emulator) -> None:
    rows = [("bad-" if n % 7 == 3 else f"token{n}", f"player{n}") for n in range(1000)]
    n = -1
    with service.client(parallel=4) as client:
        for n, result in enumerate(client.bulk(iter(rows))):
            assert result.index == n and result.row is rows[n]
            assert result.state == ("rejected" if n % 7 == 3 else "accepted")
            assert result.accepted == (n % 7 != 3) and result.attempts >= 1
            assert result.code == (1008006 if n % 7 == 3 else 0)
    assert n == 999


def test_row_of_each_shape_is_sent(service: Emulator) -> None:
    rows: List[Any] = [
        ("t1", "alice"),
        ["t2", "bob", 3],
        ("t3", "carol", None, "bind"),
        {"token": "t4", "account": "dave", "account_type": 2.0},
        ("t3", None, float("nan"), "clear_token"),
        {"account": "bob", "account_type": 3, "operation": "clear_account"},
        ("t4", "dave", 2, "unbind"),
    ]
    with service.client() as client:
        assert states(client.bulk(rows)) == ["accepted"] * len(rows)
        assert states(client.bulk({"t5": "erin", "t6": "frank"})) == ["accepted"] * 2
        assert states(client.bulk(["t5", "t6"][:0], operation="clear_token")) == []
        assert states(client.bulk([("t5",)], operation="clear_token")) == ["accepted"]
    tokens = service.state["tokens"]
    assert tokens == {"t1": [["alice", 0]], "t6": [["frank", 0]]}


def test_bad_row_does_not_end_stream(service: Emulator) -> None:
    rows: List[Any] = [
        ("t1", 7),
        "token",
        ("t1", "alice", "many"),
        ("t1", "alice", 2.5),
        ("t1", "alice", 1 << 40),
        {"token": "t1", "acount": "alice"},
        ("t1", "alice", None, "forget"),
        (),
        ("", "alice"),
        ("t1", "alice"),
    ]
    with service.client() as client:
        results = list(client.bulk(rows))
    assert states(results) == ["not_sent"] * 9 + ["accepted"]
    assert {result.reason for result in results[:9]} == {"invalid"}
    texts = ["int, not str", "not str", "no integer", "no integer", "no integer", "acount"]
    for result, text in zip(results, texts):
        assert text in result.message and not result.retryable
    assert results[8].row == ("", "alice")


def test_source_is_read_no_further_than_window(service: Emulator) -> None:
    read = taken = 0

    def source() -> Iterator[Tuple[str, str]]:
        nonlocal read
        for read in range(1, 5001):
            yield f"token{read}", "player"

    with service.client() as client, client.bulk(source(), parallel=2) as stream:
        window = stream.window
        assert 40 <= window < 2000
        for taken, result in enumerate(stream, 1):
            assert result.accepted and read <= taken + window
    assert taken == read == 5000


def test_error_in_source_is_raised_after_results(service: Emulator) -> None:
    def source() -> Iterator[Tuple[str, str]]:
        for n in range(50):
            yield f"token{n}", "player"
        raise RuntimeError("the source broke")

    seen = 0
    with service.client() as client:
        with pytest.raises(RuntimeError, match="the source broke"):
            for result in client.bulk(source()):
                seen += result.accepted
    assert seen == 50 and len(service.state["tokens"]) == 50


def test_interrupt_in_source_loses_no_outcome(service: Emulator) -> None:
    rows = iter([(f"bad-{n}" if n % 7 == 3 else f"token{n}", f"player{n}") for n in range(2000)])
    interrupts = iter(range(5))

    class Source:
        read = 0

        def __iter__(self) -> "Source":
            return self

        def __next__(self) -> Tuple[str, str]:
            self.read += 1
            # Far enough for outcomes to be there.
            if self.read > 1200 and self.read % 50 == 0 and next(interrupts, None) is not None:
                raise KeyboardInterrupt
            return next(rows)

    results: List[xgpush.BulkResult] = []
    interrupted = 0
    with service.client(parallel=1) as client, client.bulk(Source()) as stream:
        assert stream.window < 1200
        while True:
            try:
                results.extend(stream)
                break
            except KeyboardInterrupt:
                interrupted += 1
    assert interrupted == 5
    assert [result.index for result in results] == list(range(2000))
    for n, result in enumerate(results):
        assert result.row[0].startswith("bad-" if n % 7 == 3 else "token")
        assert result.state == ("rejected" if n % 7 == 3 else "accepted")


def test_counters_remain_after_end(service: Emulator) -> None:
    with service.client(parallel=2) as client:
        stream = client.bulk((f"token{n}", f"player{n}") for n in range(2000))
        window = stream.window
        assert states(stream) == ["accepted"] * 2000
        assert stream.requests == service.counters["received"] >= 100
        assert stream.window == window > 0
        # What was under way when it was closed counts as well.
        with client.bulk((f"token{n}", f"player{n}") for n in range(2000)) as stream:
            before = service.counters["received"]
            next(stream)
        assert stream.requests >= service.counters["received"] - before > 0


def test_parallel_requests_overlap(service: Emulator) -> None:
    def source() -> Iterator[Tuple[str, str]]:
        for n in range(500):
            yield f"token{n}", f"player{n}"
        raise RuntimeError("the source broke")

    with service.client() as client:
        stream = client.bulk(source())
        indices: List[int] = []
        while len(indices) < 500:
            some = stream.take(64)
            assert 1 <= len(some) <= 64
            indices += [result.index for result in some]
        assert indices == list(range(500))
        with pytest.raises(RuntimeError, match="the source broke"):
            stream.take(1)
        assert stream.take(1) == []


def test_close_in_signal_handler_ends_stream(service: Emulator) -> None:
    service.fault({"kind": "hang", "times": 0})
    with service.client(deadline_ms=600000, request_timeout_ms=600000) as client:
        stream = client.bulk([("t1", "alice")])
        before = signal.signal(signal.SIGALRM, lambda *_: stream.close())
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            assert list(stream) == []
        finally:
            signal.signal(signal.SIGALRM, before)


def test_stream_read_by_its_own_source_raises(service: Emulator) -> None:
    def source() -> Iterator[Tuple[str, str]]:
        with pytest.raises(RuntimeError, match="one thread at a time"):
            next(stream)
        yield "t1", "alice"
        stream.close()
        yield "t2", "alice"

    with service.client() as client:
        stream = client.bulk(source())
        assert list(stream) == []


def test_early_close_closes_source(service: Emulator) -> None:
    closed = []

    def source() -> Iterator[Tuple[str, str]]:
        n = 0
        try:
            while True:
                yield f"token{n}", "player"
                n += 1
        finally:
            closed.append(n)

    with service.client() as client:
        rows = source()
        with client.bulk(rows) as stream:
            assert next(stream).accepted
        assert list(stream) == []
        del rows, stream
        assert closed
        assert client.bind([("after", "alice")]).all_accepted


def test_files_and_tables_are_sent(service: Emulator, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("token,account,account_type\nt1,alice,\nt2,bob,x\n")
    (tmp_path / "rows.jsonl").write_text('{"token":"t3","account":"carol"}\n')
    with service.client() as client:
        results = list(client.bulk(tmp_path / "rows.csv"))
        assert states(results) == ["accepted", "not_sent"]
        assert results[0].row == ("t1", "alice", None, "bind")
        assert states(client.bulk(str(tmp_path / "rows.jsonl"))) == ["accepted"]
        with pytest.raises(xgpush.InvalidArgument, match="named neither"):
            client.bulk("rows.txt")
        with pytest.raises(xgpush.Storage):
            client.bulk("/no/such/rows.csv")


class Frame:
    """What the code uses of a DataFrame."""

    def __init__(self, **columns: List[Any]) -> None:
        self.columns = list(columns)
        self._columns = columns

    def __getitem__(self, name: str) -> List[Any]:
        return self._columns[name]

    def itertuples(self) -> None:
        raise AssertionError("rows are taken by column")


def test_frames_are_sent(service: Emulator) -> None:
    nan = float("nan")
    with service.client() as client:
        frame = Frame(account=["alice", "bob"], account_type=[nan, 3.0], token=["t1", "t2"])
        assert states(client.bulk(frame)) == ["accepted"] * 2
        with pytest.raises(ValueError, match="acount"):
            client.bulk(Frame(token=["t1"], acount=["alice"]))
        with pytest.raises(ValueError, match="neither"):
            client.bulk(Frame(operation=["bind"]))
    assert service.state["tokens"] == {"t1": [["alice", 0]], "t2": [["bob", 3]]}


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_tables_of_real_libraries_are_sent(service: Emulator, library: str) -> None:
    module = pytest.importorskip(library)
    columns = {"token": ["t1", "t2"], "account": ["alice", "bob"], "account_type": [None, 3]}
    table = module.table(columns) if library == "pyarrow" else module.DataFrame(columns)
    with service.client() as client:
        assert states(client.bulk(table)) == ["accepted"] * 2


def test_wrong_arguments_raise(service: Emulator) -> None:
    with service.client() as client:
        with pytest.raises(xgpush.InvalidValue, match="forget"):
            client.bulk([], operation="forget")
        with pytest.raises(TypeError):
            client.bulk(7)  # type: ignore[arg-type]
        with pytest.raises(ValueError):
            client.bulk([], patience=-1)
    with pytest.raises(xgpush.Closed):
        client.bulk([("t", "alice")])


PROGRAM = """
import signal, sys, xgpush
# What starts the tests may have told its children to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
client = xgpush.Client(access_id="1500001048", secret_key="1452fcebae9f3115ba794fb0fff2fd73",
                       base_url=sys.argv[1], request_timeout_ms=600000, deadline_ms=600000)
print("waiting", flush=True)
for result in client.bulk((f"token{n}", "player") for n in range(100)):
    print(result)
"""


def test_ctrl_c_ends_stream(service: Emulator) -> None:
    service.fault({"kind": "hang", "times": 0})
    command = [sys.executable, "-c", PROGRAM, service.base_url]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert service.wait_received(1, 60)
    program.send_signal(signal.SIGINT)
    _, errors = program.communicate(timeout=60)
    assert b"KeyboardInterrupt" in errors and program.returncode != 0

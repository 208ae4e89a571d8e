"""What threads may share, they share. In an interpreter without its lock they are
inside at once; in one with it they take turns as often as it can."""

import faulthandler
import itertools
import json
import pickle
import sys
import sysconfig
import threading
from collections import Counter
from typing import Any, Callable, Dict, Iterator, List

import pytest
import xgpush
from xgpush.testing import CREDENTIALS, Emulator

THREADS = 8


@pytest.fixture(autouse=True)
def take_turns_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(*work: Callable[[], object]) -> List[Any]:
    """Runs each on a thread of its own; what they returned, or the first error."""
    barrier = threading.Barrier(len(work))
    results: Dict[int, Any] = {}
    errors: List[BaseException] = []

    def run(n: int) -> None:
        try:
            barrier.wait(60)
            results[n] = work[n]()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(work))]
    # Threads that wait for each other may keep the interpreter: then nothing that is
    # written in Python ends it.
    faulthandler.dump_traceback_later(300, exit=True)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    faulthandler.cancel_dump_traceback_later()
    if errors:
        raise errors[0]
    return [results[n] for n in range(len(work))]


def test_the_module_leaves_the_lock_off() -> None:
    is_enabled: Callable[[], bool] = getattr(sys, "_is_gil_enabled", lambda: True)
    assert is_enabled() is not bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def test_a_client(xgpush_emulator: Emulator, xgpush_client: xgpush.Client) -> None:
    def calls(n: int) -> int:
        accepted = 0
        for k in range(20):
            token = f"token-{n}-{k}"
            accepted += xgpush_client.bind([(token, f"account-{n}")]).count("accepted")
            (item,) = xgpush_client.query_by_token([token])
            assert item.accounts == [(f"account-{n}", 0)]
        return accepted

    assert together(*(lambda n=n: calls(n) for n in range(THREADS))) == [20] * THREADS
    assert len(xgpush_emulator.state["tokens"]) == 20 * THREADS


def test_an_outcome(xgpush_client: xgpush.Client) -> None:
    outcome = xgpush_client.bind([(f"token-{n}", f"account-{n}") for n in range(1000)])
    shared = iter(outcome)

    def look() -> List[int]:
        taken: List[int] = []
        for item in shared:
            assert item.accepted and item == outcome[item.index]
            taken.append(item.index)
        assert outcome.counts["accepted"] == len(outcome) == 1000
        assert pickle.loads(pickle.dumps(outcome)) == outcome
        return taken

    taken = together(*[look] * THREADS)
    assert sorted(sum(taken, [])) == list(range(1000)), "each item once"


def test_an_outbox(xgpush_emulator: Emulator) -> None:
    each = 200
    outbox = xgpush_emulator.outbox()
    lines: List[str] = []

    def hand_in(n: int) -> None:
        for k in range(each):
            outbox.bind(f"token-{n}-{k}", f"account-{n}", tag=n * each + k, wait=60)

    def take() -> List[int]:
        return [report.tag for report in outbox]

    def look() -> None:
        for _ in range(each):
            outbox.on_log(lines.append)
            assert outbox.stats["accepted"] >= 0
            assert "xgpush" in outbox.prometheus()

    def hand_in_and_close() -> None:
        together(*(lambda n=n: hand_in(n) for n in range(THREADS)), look, look)
        assert outbox.close(60) == 0

    xgpush_emulator.fault({"kind": "status", "status": 503, "times": 3})
    _, *taken = together(hand_in_and_close, take, take)
    assert Counter(sum(taken, [])) == Counter(range(THREADS * each)), "each report once"


def test_a_stream_is_for_one_thread_at_a_time(xgpush_client: xgpush.Client) -> None:
    stream = xgpush_client.bulk((f"token-{n}", "alice") for n in range(500))

    def take() -> List[int]:
        taken: List[int] = []
        while True:
            try:
                result = next(stream)
            except StopIteration:
                return taken
            except RuntimeError as error:
                assert "one thread at a time" in str(error), error
            else:
                assert result.row == (f"token-{result.index}", "alice")
                taken.append(result.index)

    taken = together(*[take] * THREADS)
    assert sorted(sum(taken, [])) == list(range(500)), "each row once"


def test_a_stream_is_watched_and_closed_from_other_threads(
    xgpush_emulator: Emulator, xgpush_client: xgpush.Client
) -> None:
    rows = ((f"token-{n}", f"player-{n}") for n in itertools.count())
    stream = xgpush_client.bulk(rows)

    def take() -> int:
        taken = 0
        for taken, result in enumerate(stream, 1):
            assert result.index == taken - 1 and result.accepted
        return taken

    def watch_and_close() -> int:
        seen = 0
        while seen < 20:
            assert stream.requests >= seen and stream.window > 0
            seen = stream.requests
        stream.close()
        return seen

    taken, seen = together(take, watch_and_close)
    assert taken > 0 and list(stream) == []
    # One that was ended may not have got there.
    assert stream.requests >= max(seen, xgpush_emulator.counters["received"])


def test_an_exchange_and_its_errors() -> None:
    parts = 40
    tokens = [f"token-{n}" for n in range(parts * 20)]
    request = {"operator_type": 4, "token_list": tokens}
    exchange = xgpush.Exchange("batch", request, **CREDENTIALS, base_url="http://127.0.0.1:9")
    assert exchange.parts == parts
    answer = json.dumps({"ret_code": 0, "err_msg": "NO_ERROR", "result": ["0"] * 20}).encode()

    def work(n: int) -> int:
        refused = 0
        for part in range(n, parts, THREADS):
            assert exchange.http_request(part, 1565314789) is not None
            exchange.answer(part, 200, {}, answer)
            for _ in range(20):
                # An exception is made while others are inside.
                with pytest.raises(xgpush.Error):
                    exchange.wave(parts + part)
                refused += 1
        return refused

    refused = together(*(lambda n=n: work(n) for n in range(THREADS)))
    assert sum(refused) == parts * 20
    assert exchange.finish().all_accepted


def test_closing_while_others_call(xgpush_emulator: Emulator) -> None:
    client = xgpush_emulator.client()

    def calls(n: int) -> str:
        k = 0
        while True:
            k += 1
            try:
                outcome = client.bind([(f"token-{n}-{k}", "alice")])
            except xgpush.Closed:
                return "closed"
            assert outcome[0].state in ("accepted", "not_sent", "unknown"), outcome

    def close() -> str:
        xgpush_emulator.wait_received(2 * THREADS)
        client.close()
        return "closed"

    assert set(together(*(lambda n=n: calls(n) for n in range(THREADS)), close)) == {"closed"}

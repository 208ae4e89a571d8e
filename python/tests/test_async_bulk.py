"""AsyncClient.bulk: the loop goes on, and who leaves ends it."""

import asyncio
import itertools
import threading
import time
from pathlib import Path
from typing import Any, AsyncIterator, Callable, Coroutine, Dict, Iterator, List, Tuple

import pytest
import xgpush
from xgpush._bulk import rows as bulk_rows
from xgpush.testing import Emulator

#: Longer than any test is willing to wait.
SLOW: Dict[str, Any] = {"deadline_ms": 600000, "request_timeout_ms": 600000}


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(main(), 30))


def endless() -> Iterator[Tuple[str, str]]:
    return ((f"token{n}", f"player{n}") for n in itertools.count())


def test_rows_give_one_result_each_in_order(xgpush_emulator: Emulator) -> None:
    rows = [("bad-" if n % 7 == 3 else f"token{n}", f"player{n}") for n in range(2000)]

    async def main() -> None:
        async with xgpush_emulator.async_client(parallel=2) as client:
            n = -1
            stream = client.bulk(iter(rows))
            async for result in stream:
                n += 1
                assert result.index == n and result.row is rows[n]
                assert result.accepted == (n % 7 != 3)
            assert n == 1999 and stream.window > 0
            assert stream.requests == xgpush_emulator.counters["received"]
            assert [result async for result in stream] == []

    run(main)


def test_many_rows_take_few_calls_in_threads(xgpush_emulator: Emulator) -> None:
    async def main() -> None:
        async with xgpush_emulator.async_client(parallel=4) as client:
            stream = client.bulk(itertools.islice(endless(), 5000))
            results = hops = 0
            async for _ in stream:
                results += 1
                hops += not stream._ready
            assert results == 5000 and hops < 500, hops

    run(main)


def test_source_is_read_in_a_thread(xgpush_emulator: Emulator) -> None:
    goes_on = threading.Event()
    names: List[str] = []

    def source() -> Iterator[Tuple[str, str]]:
        names.append(threading.current_thread().name)
        yield "t1", "alice"
        assert goes_on.wait(30)
        yield "t2", "bobby"
        raise RuntimeError("the source broke")

    async def main() -> None:
        async with xgpush_emulator.async_client() as client:
            states: List[str] = []
            asyncio.get_running_loop().call_later(0.05, goes_on.set)
            with pytest.raises(RuntimeError, match="the source broke"):
                async for result in client.bulk(source()):
                    states.append(result.state)
            assert states == ["accepted"] * 2

    run(main)
    assert names != [threading.current_thread().name]


def test_cancelled_reader_ends_stream(xgpush_emulator: Emulator) -> None:
    xgpush_emulator.fault({"kind": "hang", "times": 0})

    async def main() -> None:
        async with xgpush_emulator.async_client(**SLOW) as client:
            stream = client.bulk(endless())
            waiting = asyncio.ensure_future(stream.__anext__())
            while not xgpush_emulator.counters["received"]:
                await asyncio.sleep(0.01)
            began = time.monotonic()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert time.monotonic() - began < 20
            xgpush_emulator.clear_faults()
            assert [result async for result in stream] == []
            assert (await client.bind([("t1", "alice")])).all_accepted

    run(main)


def test_leaving_the_block_ends_stream(xgpush_emulator: Emulator) -> None:
    async def main() -> None:
        async with xgpush_emulator.async_client(max_concurrent=1) as client:
            async with client.bulk(endless()) as stream:
                async for result in stream:
                    if result.index == 700:
                        break
            assert [result async for result in stream] == []
            await stream.aclose()
            # Another task may close it under its reader's hands.
            xgpush_emulator.fault({"kind": "hang", "times": 0})
            stream = client.bulk([("t1", "alice")])
            waiting = asyncio.ensure_future(stream.__anext__())
            await asyncio.sleep(0.1)
            await stream.aclose()
            with pytest.raises(StopAsyncIteration):
                await waiting

    run(main)


def test_closed_client_ends_streams(xgpush_emulator: Emulator) -> None:
    async def main() -> None:
        client = xgpush_emulator.async_client()
        stream = client.bulk(itertools.islice(endless(), 3000))
        assert (await stream.__anext__()).accepted
        await client.aclose()
        began = time.monotonic()
        rest = [result async for result in stream]
        # It would be the stream's patience otherwise, and the loop would stand still.
        assert time.monotonic() - began < 30
        assert len(rest) == 2999 and rest[-1].reason == "closed"

    run(main)


def test_wrong_argument_raises_at_call(xgpush_emulator: Emulator) -> None:
    async def rows() -> AsyncIterator[Tuple[str, str]]:
        yield "t1", "alice"

    async def main() -> None:
        async with xgpush_emulator.async_client() as client:
            with pytest.raises(TypeError, match="not iterable"):
                asynchronous: Any = rows()
                client.bulk(asynchronous)
            with pytest.raises(xgpush.InvalidValue, match="forget"):
                client.bulk([], operation="forget")
        with pytest.raises(xgpush.Closed):
            client.bulk([("t1", "alice")])

    run(main)


def test_file_is_opened_in_a_thread(
    xgpush_emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    stream = bulk_rows.stream

    def opens(*how: Any) -> Any:
        threads.append(threading.get_ident())
        return stream(*how)

    monkeypatch.setattr(bulk_rows, "stream", opens)
    table = tmp_path / "in.csv"
    table.write_text("token,account\nt1,alice\n")

    async def main() -> None:
        async with xgpush_emulator.async_client() as client:
            async with client.bulk(table) as stream:
                assert (threads, stream.window, stream.requests) == ([], 0, 0)
                assert [result.accepted async for result in stream] == [True]
                assert len(threads) == 1 and threads[0] != threading.get_ident()
                assert stream.window > 0 and stream.requests == 1
            missing = client.bulk(tmp_path / "none.csv")
            with pytest.raises(xgpush.Storage, match="none.csv"):
                await missing.__anext__()
            closed = client.bulk(table)
            await closed.aclose()
            assert [result async for result in closed] == [] and len(threads) == 2

    run(main)


def test_items_are_read_at_call_and_checked_at_await(xgpush_emulator: Emulator) -> None:
    async def main() -> None:
        async with xgpush_emulator.async_client() as client:
            with pytest.raises(TypeError):
                await client.clear_tokens("t1")
            tokens = ["t1"]
            call = client.clear_tokens(tokens)
            tokens.append("")
            assert len(await call) == 1
            call = client.clear_tokens(tokens)
            with pytest.raises(xgpush.InvalidValue):
                await call

    run(main)
    assert xgpush_emulator.counters["received"] == 1

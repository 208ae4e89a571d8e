"""AsyncClient: the loop goes on, and a cancelled call is over."""

import asyncio
import sys
import time
from typing import Any, Callable, Coroutine, Dict, List, TypeVar

import pytest
import xgpush
from xgpush import AsyncClient, Outcome
from xgpush.testing import CREDENTIALS, Emulator

T = TypeVar("T")
#: Longer than any test is willing to wait.
SLOW: Dict[str, Any] = {"deadline_ms": 600000, "request_timeout_ms": 600000}
PUSH = {
    "audience_type": "account",
    "account_list": ["player0"],
    "message_type": "notify",
    "message": {"title": "Raid", "content": "It starts now"},
}


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs it, with half a minute; what asyncio complains of is an error."""
    complaints: List[Dict[str, Any]] = []

    async def bounded() -> T:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
        return await asyncio.wait_for(main(), 30)

    result = asyncio.run(bounded())
    assert complaints == []
    return result


async def until(condition: Callable[[], bool]) -> None:
    """Lets the loop run until it is so."""
    while not condition():
        await asyncio.sleep(0)


def test_each_method_returns_what_the_blocking_one_does(xgpush_emulator: Emulator) -> None:
    async def main() -> None:
        async with xgpush_emulator.async_client() as client:
            outcome = await client.bind({"t1": "alice", "bad-": "bobby"})
            assert [item.state for item in outcome] == ["accepted", "rejected"]
            assert (await client.bind([(f"p{n}", f"player{n}") for n in range(45)])).requests == 3
            assert (await client.bind([(f"t{n}", "carol", 3) for n in range(3)])).all_accepted
            assert (await client.query_by_token(["t1"]))[0].accounts == [("alice", 0), ("carol", 3)]
            assert (await client.unbind([("t1", "carol", 3)])).all_accepted
            assert (await client.query_by_account([("carol", 3)]))[0].tokens[:2] == ["t0", "t2"]
            assert (await client.clear_tokens(["t2"])).all_accepted
            assert (await client.clear_accounts([("carol", 3)])).all_accepted
            body = {"operator_type": 4, "token_list": ["t1"]}
            assert (await client.batch_operate(body)).all_accepted
            assert (await client.query({"operator_type": 2, "token_list": ["t1"]}))[0].accounts == []
            assert (await client.call("/v3/push/app", PUSH)).json()["ret_code"] == 0
        assert set(xgpush_emulator.state["tokens"]) == {f"p{n}" for n in range(45)}

    run(main)


def test_wrong_call_raises(xgpush_emulator: Emulator) -> None:
    async def main() -> None:
        async with xgpush_emulator.async_client() as client:
            with pytest.raises(xgpush.InvalidValue) as caught:
                await client.clear_tokens(["t1", ""])
            assert caught.value.item == 1
            with pytest.raises(TypeError):
                await client.clear_tokens("t1")
            with pytest.raises(xgpush.InvalidRequest, match="overwrites"):
                await client.append([("t1", "alice")])
        async with xgpush_emulator.async_client(secret_key="wrong") as stranger:
            with pytest.raises(xgpush.Rejected) as rejected:
                await stranger.call("/v3/push/app", {})
            assert rejected.value.code == 1008003

    run(main)
    assert [entry["path"] for entry in xgpush_emulator.log] == ["/v3/push/app"]
    with pytest.raises(xgpush.InvalidOption):
        xgpush_emulator.async_client(timeout=3)
    with pytest.raises(ValueError):
        xgpush_emulator.async_client(max_concurrent=0)


def test_waiting_calls_do_not_block_loop(xgpush_emulator: Emulator) -> None:
    xgpush_emulator.fault({"kind": "hang", "times": 0})

    async def main() -> List[Outcome]:
        async with xgpush_emulator.async_client(**SLOW) as client:
            calls = [asyncio.create_task(client.clear_tokens(["t1"])) for _ in range(8)]
            await until(lambda: xgpush_emulator.counters["received"] == 8)
            for _ in range(1000):
                await asyncio.sleep(0)
            assert not any(call.done() for call in calls)
            assert xgpush_emulator.counters["answered"] == 0
        # Closing has ended them.
        return [await call for call in calls]

    assert {outcome[0].reason for outcome in run(main)} == {"interrupted"}


def test_calls_beyond_max_concurrent_queue(xgpush_emulator: Emulator) -> None:
    xgpush_emulator.fault({"kind": "hang", "times": 0})

    async def main() -> None:
        async with xgpush_emulator.async_client(max_concurrent=2, **SLOW) as client:
            calls = [asyncio.create_task(client.clear_tokens([f"t{n}"])) for n in range(3)]
            await until(lambda: xgpush_emulator.counters["received"] == 2)
            xgpush_emulator.clear_faults()
            # It has not begun: its request is never seen.
            calls[2].cancel()
            with pytest.raises(asyncio.CancelledError):
                await calls[2]
            calls[0].cancel()
            # There is a thread for it only if the cancelled call is really over.
            assert (await client.clear_tokens(["t3"])).all_accepted

    run(main)
    assert sum('"t2"' in entry["body"] for entry in xgpush_emulator.log) == 0
    assert xgpush_emulator.counters["received"] == 3


async def cancelled(call: "asyncio.Task[Any]") -> None:
    began = time.monotonic()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    print(f"a cancelled call was over after {(time.monotonic() - began) * 1000:.0f} ms")


@pytest.mark.parametrize("what", ["batch", "call", "retry"])
def test_cancelled_call_sends_nothing_more(what: str, xgpush_emulator: Emulator) -> None:
    fault: Dict[str, Any] = {"kind": "hang", "times": 0}
    if what == "retry":
        fault = {"kind": "status", "status": 503, "retry_after": "600", "times": 0}
    xgpush_emulator.fault(fault)

    async def main() -> None:
        options = {"max_backoff_ms": 600000, "max_concurrent": 1}
        async with xgpush_emulator.async_client(**SLOW, **options) as client:
            sent: Coroutine[Any, Any, Any] = client.clear_tokens(["t1"])
            if what == "call":
                sent.close()
                sent = client.call("/v3/push/app", {})
            call = asyncio.create_task(sent)
            await until(lambda: xgpush_emulator.counters["received"] == 1)
            await cancelled(call)
            xgpush_emulator.clear_faults()
            assert (await client.clear_tokens(["t2"])).all_accepted

    run(main)
    assert xgpush_emulator.counters["received"] == 2


def test_asyncio_timeout_ends_call(xgpush_emulator: Emulator) -> None:
    xgpush_emulator.fault({"kind": "hang", "times": 0})

    async def main() -> None:
        async with xgpush_emulator.async_client(**SLOW) as client:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.clear_tokens(["t1"]), 0.05)
            if sys.version_info >= (3, 11):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await client.clear_tokens(["t1"])
            outcome = await client.clear_tokens(["t1"], deadline=0.05)
            assert outcome[0].state in ("unknown", "not_sent")

    run(main)


def test_call_after_aclose_raises_closed(xgpush_emulator: Emulator) -> None:
    async def main() -> None:
        client = xgpush_emulator.async_client()
        assert (await client.clear_tokens(["t1"])).all_accepted
        await client.aclose()
        await client.aclose()
        with pytest.raises(xgpush.Closed):
            await client.clear_tokens(["t1"])
        with pytest.raises(TypeError, match="each process"):
            client.__reduce__()

    run(main)


def test_client_serves_several_loops(
    xgpush_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**CREDENTIALS, "base_url": xgpush_emulator.base_url}.items():
        monkeypatch.setenv(f"XGPUSH_{name.upper()}", value)
    client = AsyncClient.from_env(max_concurrent=1)
    for _ in range(3):
        assert run(lambda: client.clear_tokens(["t1"])).all_accepted
    run(client.aclose)

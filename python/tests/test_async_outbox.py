"""AsyncOutbox: hands in without waiting, and loses no report."""

import asyncio
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest
import xgpush
from xgpush import Account, AsyncOutbox
from xgpush.testing import CREDENTIALS, Emulator

from test_async_client import run, until

HANG = {"kind": "hang", "times": 0}
DOWN = {"kind": "status", "status": 503, "times": 0}


async def read(outbox: AsyncOutbox, to: List[int]) -> None:
    async for report in outbox:
        to.append(report.tag)


def test_report_goes_to_one_reader_and_none_is_lost(xgpush_emulator: Emulator) -> None:
    async def main() -> List[int]:
        seen: List[int] = []
        outbox = xgpush_emulator.async_outbox()
        readers = [asyncio.create_task(read(outbox, seen)) for _ in range(3)]
        for n in range(3000):
            outbox.bind(f"t{n}", f"player{n}", tag=n)
            if n % 100 == 0:
                # A reader ends, wherever it is, and another one begins.
                await asyncio.sleep(0)
                readers[0].cancel()
                readers = [*readers[1:], asyncio.create_task(read(outbox, seen))]
        assert await outbox.flush(30) == 0
        assert await outbox.close() == 0
        await asyncio.gather(*readers)
        return seen

    assert sorted(run(main)) == list(range(3000))


def test_wait_raises_type_error(xgpush_emulator: Emulator) -> None:
    async def main() -> None:
        async with xgpush_emulator.async_outbox() as outbox:
            with pytest.raises(TypeError, match="event loop"):
                outbox.bind("t1", "alice", wait=1)

    run(main)
    assert xgpush_emulator.log == []


def test_each_operation_is_sent(xgpush_emulator: Emulator) -> None:
    async def main() -> None:
        async with xgpush_emulator.async_outbox(allow_append=True) as outbox:
            outbox.bind("t1", "alice", ("bobby", 3), tag=1)
            outbox.unbind("t2", Account("alice", 4), tag=2)
            outbox.clear_token("t3", tag=3)
            outbox.clear_account("carol", tag=4)
            outbox.append("t4", "dave", tag=5)
            outbox.submit({"operator_type": 4, "token_list": ["t5", "t6"]}, first_tag=6)
            seen = [await outbox.__anext__() for _ in range(7)]
            assert sorted(report.tag for report in seen) == list(range(1, 8))
            assert all(report.accepted for report in seen)
            assert outbox.stats["accepted"] == 7
            assert await outbox.list_pending() == []
            assert 'xgpush_outbox_submitted_total{outbox="1500001048"} 7\n' in outbox.prometheus()
        with pytest.raises(xgpush.Closed):
            outbox.clear_token("t1")
        assert [report async for report in outbox] == []

    run(main)


def test_waiting_reader_does_not_block_loop(xgpush_emulator: Emulator) -> None:
    xgpush_emulator.fault(HANG)

    async def main() -> None:
        options = {"outbox_max_operations": 1, "request_timeout_ms": 600000}
        async with xgpush_emulator.async_outbox(**options) as outbox:
            seen: List[int] = []
            reader = asyncio.create_task(read(outbox, seen))
            outbox.bind("t1", "alice", tag=1)
            with pytest.raises(xgpush.Full):
                outbox.bind("t2", "alice")
            flush = asyncio.create_task(outbox.flush(600))
            await until(lambda: xgpush_emulator.counters["received"] == 1)
            for _ in range(1000):
                await asyncio.sleep(0)
            assert not reader.done() and not flush.done() and seen == []
            flush.cancel()
            with pytest.raises(asyncio.CancelledError):
                await flush
            assert await outbox.flush(0.05) == 1
            assert await outbox.close(0.05) == 1
            await reader
            assert seen == [1]

    run(main)


def test_sync_waits_for_the_file(xgpush_emulator: Emulator, tmp_path: Path) -> None:
    async def main() -> None:
        async with xgpush_emulator.async_outbox(outbox_file=tmp_path / "outbox") as outbox:
            for n in range(10):
                outbox.bind(f"t{n}", "alice", tag=n)
            await outbox.sync(30)
            assert outbox.stats["durable"] == 10
        async with xgpush_emulator.async_outbox() as outbox:
            with pytest.raises(xgpush.Storage, match="outbox_file"):
                await outbox.sync(30)

    run(main)


def test_cancelled_close_accepts_nothing_and_goes_on_delivering(xgpush_emulator: Emulator) -> None:
    xgpush_emulator.fault(DOWN)

    async def main() -> None:
        outbox = xgpush_emulator.async_outbox()
        outbox.bind("t1", "alice", tag=1)
        close = asyncio.create_task(outbox.close(600))
        await until(lambda: xgpush_emulator.counters["received"] > 0)
        close.cancel()
        with pytest.raises(asyncio.CancelledError):
            await close
        with pytest.raises(xgpush.Closed):
            outbox.bind("t2", "alice")
        xgpush_emulator.clear_faults()
        assert [report.accepted async for report in outbox] == [True]
        assert await outbox.close(30) == 0

    run(main)


def test_loop_without_add_reader_gets_reports(xgpush_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any) -> None:
        raise NotImplementedError

    async def main() -> None:
        seen: List[int] = []
        outbox = xgpush_emulator.async_outbox()
        monkeypatch.setattr(asyncio.get_running_loop(), "add_reader", none)
        readers = [asyncio.create_task(read(outbox, seen)) for _ in range(2)]
        await asyncio.sleep(0)
        for n in range(100):
            outbox.bind(f"t{n}", "player", tag=n)
        await until(lambda: len(seen) > 0)
        readers[0].cancel()
        assert await outbox.close(30) == 0
        await readers[1]
        assert sorted(seen) == list(range(100))

    run(main)


def test_log_goes_to_logging_by_level(
    xgpush_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="xgpush")
    xgpush_emulator.fault({**DOWN, "times": 6})

    async def main() -> None:
        async with xgpush_emulator.async_outbox(throttle_base_ms=1) as outbox:
            outbox.bind("t1", "alice")
            assert await outbox.flush(30) == 0

    run(main)
    records = [(record.name, record.levelname, record.getMessage()) for record in caplog.records]
    assert all(CREDENTIALS["secret_key"] not in line for _, _, line in records)
    assert [(name, level) for name, level, _ in records if name == "xgpush"] == [
        ("xgpush", "WARNING"),
        ("xgpush", "INFO"),
    ]
    assert "paused" in records[0][2]


OUTAGE = """
import logging
import xgpush.testing
with xgpush.testing.Emulator() as emulator:
    emulator.fault({"kind": "status", "status": 503, "times": 6})
    with emulator.outbox(throttle_base_ms=1) as outbox:
        SETTING
        outbox.bind("t1", "alice")
        assert outbox.flush(30) == 0
"""


@pytest.mark.parametrize("setting, logged", [("pass", False), ("logging.basicConfig()", True)])
def test_nothing_is_logged_unless_logging_is_configured(setting: str, logged: bool) -> None:
    program = [sys.executable, "-c", OUTAGE.replace("SETTING", setting)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert ("paused" in done.stderr) is logged and (logged or done.stderr == "")

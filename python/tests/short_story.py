"""Each part of the package once, against an emulator: for interpreters in which
nothing but the wheel is installed."""

import asyncio
import sys
import threading
from importlib import import_module
from typing import Tuple

import xgpush
from xgpush.testing import Emulator


async def in_a_loop(service: Emulator) -> Tuple[str, ...]:
    async with service.async_client() as client:
        outcome = await client.query_by_account(["alice", "bob"])
        return tuple(token for item in outcome for token in item.tokens)


def tell(service: Emulator) -> None:
    service.configure(bad_token_prefix="bad-")
    with service.client() as client:
        outcome = client.bind({"token1": "alice", "bad-1": "bob"})
        assert [item.state for item in outcome] == ["accepted", "rejected"], outcome
        assert outcome[1].code == 1008006, outcome
        (item,) = client.query_by_token(["token1"])
        assert item.accounts == [("alice", 0)], item
        rows = list(client.bulk((f"phone{n}", "carol") for n in range(50)))
        assert all(row.accepted for row in rows) and len(rows) == 50, rows
    with service.outbox() as outbox:
        outbox.bind("token2", "bob", tag=7)
        assert outbox.flush(30) == 0
        (report,) = outbox.reports()
        assert (report.tag, report.state) == (7, "accepted"), report
    assert asyncio.run(in_a_loop(service)) == ("token1", "token2")
    try:
        xgpush.Client(access_id="1", base_url="http://127.0.0.1:9")
    except xgpush.InvalidOption as error:
        assert "secret_key" in str(error), error
    else:
        raise AssertionError("a client without a secret")


def leave_calls(service: Emulator) -> None:
    """The interpreter ends threads in the middle of native code, which takes the same
    unwinder on both sides."""
    service.fault({"kind": "hang", "times": 0})
    before = service.counters["received"]
    client = service.client(deadline_ms=600_000, request_timeout_ms=600_000)
    for n in range(8):
        threading.Thread(target=client.clear_tokens, args=([f"t{n}"],), daemon=True).start()
    assert service.wait_received(before + 1)


IMPORT = """
import sys
sys.path[:] = PATH
try:
    import xgpush
except ImportError as error:
    assert "single-interpreter = true" in str(error), error
else:
    raise AssertionError("it was imported")
"""


def leave_other_interpreters_alone() -> None:
    """Isolated ones, and those that a host makes which embeds Python."""
    try:
        interpreters = import_module("_interpreters")
        made = [interpreters.create(), interpreters.create("legacy")]
    except ImportError:
        interpreters = import_module("_xxsubinterpreters")
        made = [interpreters.create(), interpreters.create(isolated=False)]
    for other in made:
        assert interpreters.run_string(other, IMPORT.replace("PATH", repr(sys.path))) is None
        interpreters.destroy(other)


if __name__ == "__main__":
    emulator = Emulator()
    tell(emulator)
    leave_other_interpreters_alone()
    leave_calls(emulator)
    print(f"xgpush {xgpush.__version__} in {sys.implementation.name} {sys.version.split()[0]}")

"""The recipe of docs/web-services.md for gevent."""

import subprocess
import sys

import pytest
from test_docs import blocks, page

SCRIPT = """
from gevent import monkey
monkey.patch_all()
import gevent
import xgpush
from xgpush.testing import Emulator

service = Emulator(latency_ms=200)
client = service.client()
ticks = 0

def tick():
    global ticks
    while True:
        ticks += 1
        gevent.sleep(0.001)

RECIPE
gevent.spawn(tick)
gevent.sleep(0)
before = ticks
assert client.bind({"t1": "alice"}).all_accepted
assert ticks == before, "a call blocks the hub"
handlers = [gevent.spawn(login, f"t{n}", "alice") for n in range(5)]
gevent.joinall(handlers, raise_error=True)
assert all(handler.value.all_accepted for handler in handlers)
assert ticks > before + 5, "in a thread of the hub's it does not"
with service.outbox() as outbox:
    outbox.bind("t1", "alice", tag=7)
    assert get_hub().threadpool.apply(outbox.flush, (30,)) == 0
    assert [report.tag for report in outbox.reports(10, 0)] == [7]
"""


def test_a_call_in_a_thread_of_the_hub() -> None:
    pytest.importorskip("gevent")
    (recipe,) = blocks(page("web-services.md"), "py")
    script = SCRIPT.replace("RECIPE", recipe)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done

"""How it ends: fork, Ctrl-C, and the end of the interpreter while calls run."""

import subprocess
import sys
from typing import List

import pytest
from xgpush.testing import Emulator

#: The deadlines are longer than any test waits: who waits for one, hangs.
HEAD = """
import asyncio, itertools, multiprocessing, os, signal, sys, threading, time, warnings
# What starts the tests may have told its children to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
import xgpush
from xgpush.testing import Emulator

# Loops that nobody closes are the point here.
warnings.simplefilter("ignore", ResourceWarning)
service = Emulator()
HANG = {"kind": "hang", "times": 0}
SLOW = {"deadline_ms": 600000, "request_timeout_ms": 600000}

async def until_received(count):
    while service.counters["received"] < count:
        await asyncio.sleep(0)

async def awake(waiting):
    # A signal that comes just before a loop falls asleep is seen when it wakes: a gap
    # of asyncio's own, which shows only in a loop that has nothing else to do.
    async def tick():
        while True:
            await asyncio.sleep(0.01)
    ticker = asyncio.create_task(tick())
    await waiting

async def calls(client, count):
    service.fault(HANG)
    running = [asyncio.create_task(client.clear_tokens([f"t{n}"])) for n in range(count)]
    await until_received(count)
    return running
"""

ENDS = {
    "a loop that nobody ends, with calls": """
loop = asyncio.new_event_loop()
client = service.async_client(max_concurrent=4, **SLOW)
running = loop.run_until_complete(calls(client, 4))
running += [loop.create_task(client.clear_tokens([f"w{n}"])) for n in range(6)]
loop.run_until_complete(asyncio.sleep(0))
for call in running:
    call._log_destroy_pending = False
sys.exit(42)
""",
    "asyncio.run, with calls": """
async def main():
    client = service.async_client(**SLOW)
    global running
    running = await calls(client, 4)
    sys.exit(42)
asyncio.run(main())
""",
    "an outbox of asyncio that waits, sends and logs": """
import logging
logging.basicConfig(stream=open(os.devnull, "w"))
async def main():
    global outbox, rest
    service.fault({"kind": "status", "status": 503, "times": 0})
    outbox = service.async_outbox(throttle_base_ms=0)
    for n in range(200):
        outbox.bind(f"t{n}", "player")
    rest = [asyncio.ensure_future(outbox.flush(600)), asyncio.ensure_future(outbox.__anext__())]
    await until_received(1)
    sys.exit(42)
asyncio.run(main())
""",
    "an outbox that closes": """
service.fault(HANG)
outbox = service.async_outbox(**SLOW)
outbox.bind("t1", "alice")
loop = asyncio.new_event_loop()
close = loop.create_task(outbox.close(600))
loop.run_until_complete(until_received(1))
close._log_destroy_pending = False
sys.exit(42)
""",
    "outboxes that log": """
service.fault({"kind": "status", "status": 503, "times": 0})
lines = []
outboxes = []
for n in range(2):
    outbox = service.outbox(throttle_base_ms=0, retry_base_ms=0, outbox_linger_ms=0)
    outbox.on_log(lines.append)
    outbox.bind("t1", "alice")
    outboxes.append(outbox)
while not lines:
    time.sleep(0)
sys.exit(42)
""",
    "an outbox whose log hangs": """
service.fault({"kind": "status", "status": 503, "times": 0})
outbox = service.outbox(throttle_base_ms=0, retry_base_ms=0, outbox_linger_ms=0)
hanging = threading.Event()
def log(line):
    hanging.set()
    threading.Event().wait()
outbox.on_log(log)
outbox.bind("t1", "alice")
reader = threading.Thread(target=list, args=(outbox,))
reader.start()
hanging.wait()
assert outbox.close(0) == 1
reader.join()
assert outbox.stats["reports_waiting"] == 0
del outbox
sys.exit(42)
""",
    "calls of atexit and of what is deleted last": """
import atexit
client = service.client(parallel=2)
class Last:
    # What it needs is its own by then: modules are being cleared.
    def __init__(self, client, leave):
        self.client, self.leave = client, leave
    def __del__(self):
        if not self.client.bind({f"t{n}": "alice" for n in range(50)}).all_accepted:
            self.leave(1)
last = Last(client, os._exit)
def late():
    assert client.bind({"t1": "alice"}).all_accepted
    assert service.client().query_by_token(["t1"]).all_accepted
    with service.outbox() as outbox:
        outbox.bind("t2", "alice")
        assert outbox.flush(10) == 0
atexit.register(late)
sys.exit(42)
""",
    "a thread that nobody joins, in a call": """
service.fault(HANG)
client = service.client(**SLOW)
threading.Thread(target=client.clear_tokens, args=(["t1"],), daemon=True).start()
assert service.wait_received(1)
sys.exit(42)
""",
}

ROUNDS = 20
AT_ONCE = 10


def start(script: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-W", "error", "-c", HEAD + script]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(program: "subprocess.Popen[str]") -> "subprocess.CompletedProcess[str]":
    try:
        out, errors = program.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        program.kill()
        program.communicate()
        raise
    return subprocess.CompletedProcess(program.args, program.returncode, out, errors)


@pytest.mark.parametrize("how", ENDS)
def test_the_interpreter_ends(how: str) -> None:
    # Several at once, as an open outbox has 2 s to deliver the rest.
    for _ in range(ROUNDS // AT_ONCE):
        programs = [start(ENDS[how]) for _ in range(AT_ONCE)]
        for done in [end(program) for program in programs]:
            assert (done.returncode, done.stderr) == (42, "")


FORKS = {
    "Outbox": """
outbox = service.outbox()
use = lambda: (outbox.clear_token('t1'), outbox.flush(30))
close = lambda: (outbox.close(30), list(outbox))""",
    "AsyncOutbox": """
outbox = service.async_outbox()
async def both():
    outbox.clear_token('t1')
    assert await outbox.flush(30) == 0
use = lambda: asyncio.run(both())
async def end():
    try:
        await outbox.flush(30)
    except xgpush.Closed:
        pass
    assert await outbox.close(30) == 0 and [report async for report in outbox] == []
close = lambda: asyncio.run(end())""",
}

FORKS["Client.bulk"] = """
client = service.client()
stream = client.bulk((f't{n}', f'a{n}') for n in itertools.count())
use = lambda: next(stream)
def close():
    try:
        stream.take(1)
    except xgpush.Closed:
        stream.close()
    assert list(stream) == []"""
FORKS["AsyncClient.bulk"] = """
client = service.async_client()
stream = client.bulk((f't{n}', f'a{n}') for n in itertools.count())
# More than what one hop brings.
async def some():
    for _ in range(1000):
        await stream.__anext__()
use = lambda: asyncio.run(some())
close = lambda: asyncio.run(stream.aclose())"""

FORK = """
def child():
    try:
        use()
    except xgpush.Closed as error:
        print(error, flush=True)
        if "close" in globals():
            close()
        sys.exit(42)

# Newer interpreters warn of any fork beside threads.
warnings.simplefilter("ignore", DeprecationWarning)
use()
process = multiprocessing.get_context("fork").Process(target=child)
process.start()
process.join(30)
assert process.exitcode == 42, process.exitcode
use()
sys.exit(42)
"""


@pytest.mark.parametrize("what", FORKS)
def test_a_forked_child_is_told(what: str) -> None:
    done = end(start(FORKS[what] + FORK))
    assert (done.returncode, done.stderr) == (42, "")
    assert "in another process" in done.stdout and "the child" in done.stdout


LEFT_BEHIND = """
warnings.simplefilter("ignore", DeprecationWarning)
client = service.client(parallel=4)
for result in client.bulk((f't{n}', f'a{n}') for n in range(5000)):
    if result.index == 1000:
        child = os.fork()
        if child == 0:
            # Its threads are not here: what ends the child does not wait for them.
            sys.exit(42)
_, status = os.waitpid(child, 0)
assert os.WEXITSTATUS(status) == 42, status
assert result.index == 4999
sys.exit(42)
"""


def test_a_forked_child_ends_inside_a_stream() -> None:
    done = end(start(LEFT_BEHIND))
    assert (done.returncode, done.stderr) == (42, "")


CTRL_C = {
    "Client.sync": "service.client(**SLOW).sync({'t1': 'alice'})",
    "Client.bulk": "list(service.client(**SLOW).bulk([('t1', 'alice')]))",
    "AsyncClient.bulk": """
async def main():
    async for result in service.async_client(**SLOW).bulk([('t1', 'alice')]):
        pass
asyncio.run(awake(main()))""",
    "Client": "service.client(**SLOW).clear_tokens(['t1'])",
    "Client in parts": "service.client(parallel=4, **SLOW).clear_tokens([f't{n}' for n in range(99)])",
    "Client.call": "service.client(**SLOW).call('/v3/push/app', {})",
    "AsyncClient": "asyncio.run(awake(service.async_client(**SLOW).clear_tokens(['t1'])))",
    "Outbox": "outbox = service.outbox(**SLOW); outbox.clear_token('t1'); outbox.flush(600)",
    "AsyncOutbox": """
async def main():
    outbox = service.async_outbox(**SLOW)
    outbox.clear_token('t1')
    async for report in outbox:
        pass
asyncio.run(awake(main()))""",
}

PRESS = """
service.fault(HANG)
pressed = []
def press():
    assert service.wait_received(1)
    pressed.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=press).start()
try:
    WAIT
except KeyboardInterrupt:
    print(time.monotonic() - pressed[0], flush=True)
    os._exit(42)
"""


@pytest.mark.parametrize("what", CTRL_C)
def test_ctrl_c_ends_what_waits(what: str) -> None:
    wait = CTRL_C[what].replace("\n", "\n    ")
    took: List[float] = []
    for _ in range(3):
        done = end(start(PRESS.replace("WAIT", wait)))
        assert done.returncode == 42, done.stderr
        took.append(float(done.stdout))
    print(f"Ctrl-C ended {what} after {', '.join(f'{t * 1000:.0f}' for t in took)} ms")
    # Without it, it would have been minutes: `end` does not wait so long.

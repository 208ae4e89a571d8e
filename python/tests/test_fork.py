"""Clients that were made before a fork: each process has one of its own."""

import subprocess
import sys

import pytest
from test_exit import HEAD, end

#: Children are ended without a word if they hang; their parent says that they did.
FORK = HEAD + """
# Newer interpreters warn of any fork beside threads.
warnings.simplefilter("ignore", DeprecationWarning)

def forked(work):
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        try:
            work()
            os._exit(42)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    return child

def ended(child):
    _, status = os.waitpid(child, 0)
    assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 42, status

def sockets():
    '''Those of clients of the service, by their numbers in the system.'''
    port = format(int(service.base_url.rsplit(":", 1)[1]), "04X")
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    ours = {f"socket:[{row[9]}]" for row in rows if row[2].endswith(":" + port)}
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink("/proc/self/fd/" + name))
        except OSError:
            pass
    return found & ours
"""


def run(script: str) -> None:
    command = [sys.executable, "-W", "error", "-c", FORK + script + "\nsys.exit(42)"]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    done = end(program)
    assert (done.returncode, done.stderr) == (42, "")


USES = {
    "Client": "client = service.client(); use = lambda: client.clear_tokens(['t1'])",
    "Client.call": "client = service.client(); use = lambda: client.call('/v3/device/tag', {'operator_type': 5, 'token_list': ['t1']})",
    "Client.sync": "client = service.client(); use = lambda: client.sync({'t1': 'alice'}, dry_run=False)",
    "Client.bulk": """
client = service.client()
def use():
    assert all(result.accepted for result in client.bulk([('t1', 'alice')] * 50))""",
    "Client.from_env": """
for name, value in service.options.items():
    os.environ[f"XGPUSH_{name.upper()}"] = value
client = xgpush.Client.from_env()
for name in service.options:
    del os.environ[f"XGPUSH_{name.upper()}"]
use = lambda: client.clear_tokens(['t1'])""",
    "AsyncClient": """
client = service.async_client()
async def all():
    await asyncio.gather(*(client.clear_tokens([f"t{n}"]) for n in range(5)))
    assert [result.accepted async for result in client.bulk([('t1', 'alice')] * 50)] == [True] * 50
use = lambda: asyncio.run(all())""",
}

SHARES_NOTHING = """
use()
parents = sockets()
assert parents
def child():
    use()
    assert sockets() - parents, (sockets(), parents)
    # A thread of the parent's pool may hold on to its client: nobody here uses it.
    assert "AsyncClient" in type(client).__name__ or not sockets() & parents, sockets()
    ended(forked(use))
    use()
for n in range(3):
    ended(forked(child))
    use()
"""


@pytest.mark.parametrize("what", USES)
def test_forked_child_shares_nothing(what: str) -> None:
    run(USES[what] + SHARES_NOTHING)


def test_closed_client_stays_closed_in_forked_child() -> None:
    run("""
client = service.client()
client.bind({"t1": "alice"})

def closes():
    client.close()
    try:
        client.clear_tokens(["t1"])
    except xgpush.Closed:
        return
    raise AssertionError("it was closed")

ended(forked(closes))
client.bind({"t1": "bob"})
client.close()
ended(forked(closes))

aclient = service.async_client()
async def acloses():
    await aclient.aclose()
    try:
        await aclient.clear_tokens(["t1"])
    except xgpush.Closed:
        return
    raise AssertionError("it was closed")
ended(forked(lambda: asyncio.run(acloses())))
asyncio.run(aclient.bind({"t1": "carol"}))
asyncio.run(aclient.aclose())
ended(forked(lambda: asyncio.run(acloses())))
""")


def test_forked_child_signs_with_current_key() -> None:
    run("""
right = service.options["secret_key"]
client = service.client(secret_key="0" * 32)
assert not client.bind({"t1": "alice"}).all_accepted
client.set_secret_key(right)

def work():
    assert client.bind({"t1": "alice"}).all_accepted
    client.set_secret_key("0" * 32)
    ended(forked(lambda: client.bind({"t1": "alice"}).all_accepted and os._exit(1)))
ended(forked(work))
assert client.bind({"t1": "alice"}).all_accepted
""")


def test_fork_during_calls_works() -> None:
    """Threads of the parent are inside calls, and hold what they hold."""
    run("""
client = service.client(parallel=2)
over = threading.Event()
def busy(n):
    while not over.is_set():
        assert client.bind({f"t{n}-{m}": "alice" for m in range(30)}).all_accepted
threads = [threading.Thread(target=busy, args=(n,)) for n in range(4)]
for thread in threads:
    thread.start()

def child():
    # Several of them at once want a client of this process.
    failed = []
    def use(n):
        try:
            assert client.bind({f"c{n}": "bob"}).all_accepted
        except BaseException as error:
            failed.append(error)
    users = [threading.Thread(target=use, args=(n,)) for n in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert not failed, failed

for n in range(20):
    ended(forked(child))
over.set()
for thread in threads:
    thread.join()
assert client.bind({"t1": "alice"}).all_accepted
""")


def test_multiprocessing_workers_work() -> None:
    run("""
client = service.client()
client.bind({"t1": "alice"})
def work(n):
    return client.bind({f"t{n}": "bob"}).all_accepted
with multiprocessing.get_context("fork").Pool(3) as pool:
    assert all(pool.map(work, range(50)))
assert client.bind({"t1": "alice"}).all_accepted
""")

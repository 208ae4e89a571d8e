"""fleet.py FLEET OUTBOX EMULATOR [WHAT…]: figures of an outbox over Redis.

FLEET and EMULATOR are programs of this project, OUTBOX is `benches/c/outbox.c`. WHAT: submit,
calls, delivered, redis, idle, minute; by default all. A redis-server is started on loopback.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../scripts/fleet"))

from children import Child, free_port
from servers import Emulator, RedisServer

FLEET, OUTBOX, EMULATOR, *WHAT = sys.argv[1:]
ROUNDS = int(os.environ.get("ROUNDS", 3))
IDLE, MINUTE = 200, 1000


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.service = Emulator([EMULATOR], max_log=0, max_tokens_per_account=1_000_000)
        self.engines = 0

    def engine(self):
        self.engines += 1
        return RedisServer(os.path.join(self.folder, f"redis{self.engines}")).wait()

    def env(self, port, **options):
        options = {
            "outbox_url": f"redis://127.0.0.1:{port}" if port else "",
            "outbox_prefix": f"xg:bench{self.engines}" if port else "",
            **options,
        }
        return {f"XGPUSH_{k.upper()}": str(v) for k, v in options.items() if v != ""}

    def output(self, words, env):
        done = subprocess.run(
            words, env={**os.environ, **env}, stdout=subprocess.PIPE, text=True, timeout=600
        )
        if done.returncode != 0:
            raise OSError(f"{words} ended with {done.returncode}")
        return done.stdout

    def slow(self, milliseconds):
        self.service.admin("config", {"latency_ms": milliseconds})


def submit(bench):
    """Percentiles of a call, with the engine well, stopped, and gone, and without one."""
    print("Submitting 46 bytes from C, ns a call (32 at a time at 60 Hz; 90,000 flat out):")
    print(f"{'':<34}{'p50':>10}{'p99':>10}{'p99.9':>10}")
    bench.slow(50)
    dead = free_port()
    for pattern in ("burst", "flat"):
        for how in ("no engine", "Redis well", "Redis hangs", "Redis is dead"):
            rounds = []
            for _ in range(ROUNDS):
                engine = bench.engine() if how in ("Redis well", "Redis hangs") else None
                if how == "Redis hangs":
                    engine.child.pause()
                port = engine.port if engine else dead if how == "Redis is dead" else None
                words = [OUTBOX, pattern, bench.service.url]
                rounds.append([int(n) for n in bench.output(words, bench.env(port)).split()])
                if engine:
                    engine.kill()
            figures = (f"{statistics.median(p):>10.0f}" for p in zip(*rounds))
            print(f"{how + ', ' + pattern:<34}" + "".join(figures), flush=True)


def calls(bench):
    """System calls of the submitting thread between the two marks of `fleet marked`."""
    if not shutil.which("strace"):
        print("system calls on the caller's thread: not counted, strace is missing")
        return
    engine = bench.engine()
    trace = os.path.join(bench.folder, "trace")
    for how, port in (("no engine", None), ("Redis well", engine.port)):
        words = ["strace", "-f", "-o", trace, FLEET, "marked", bench.service.url]
        bench.output(words, bench.env(port))
        with open(trace, encoding="utf-8", errors="replace") as lines:
            rows = [line.split(None, 1) for line in lines]
        marks = [at for at, (_, text) in enumerate(rows) if text.startswith("getppid(")]
        thread = rows[marks[0]][0]
        made = Counter(
            text.split("(")[0]
            for who, text in rows[marks[-2] + 1 : marks[-1]]
            if who == thread and not text.startswith(("<...", "clock_nanosleep("))
        )
        names = ", ".join(f"{count} {name}" for name, count in made.items())
        print(
            f"system calls of the caller's thread in 9,600 submissions, 32 at a time at 60 Hz, "
            f"{how}: {sum(made.values())} {names and f'({names})'}"
        )
    engine.kill()


def delivered(bench):
    """From submission to the settled report, through one relay, 64 requests at once."""
    bench.slow(0)
    count = 300_000
    for how in ("no engine", "Redis well"):
        rates, redis = [], []
        for _ in range(ROUNDS):
            engine = bench.engine() if how == "Redis well" else None
            env = bench.env(engine.port if engine else None, outbox_parallel=64)
            before = used(engine) if engine else 0
            words = [FLEET, "delivered", bench.service.url, str(count)]
            rates.append(int(bench.output(words, env)))
            if engine:
                redis.append((used(engine) - before) / count * 1e6)
                engine.kill()
        print(f"delivered operations/s, one process, {how}: {statistics.median(rates):,.0f}")
    print(f"Redis' processor time, us an operation over its life: {statistics.median(redis):.1f}")
    # The same from four processes that only submit.
    engine = bench.engine()
    env = bench.env(engine.port, outbox_parallel=64)
    each = count // 4
    feeds = [
        Child(
            [FLEET, "feed", bench.service.url, str(each)],
            env={**env, "XGPUSH_OUTBOX_ROLE": "submit", "XGPUSH_OUTBOX_REPORTS_TO": "none"},
        )
        for _ in range(4)
    ]
    for feed in feeds:
        feed.process.wait(300)
    before, began = used(engine), time.monotonic()
    relay = Child([FLEET, "relay", bench.service.url], env=env, stdin=subprocess.PIPE)
    ops = f"{{xg:bench{bench.engines}}}:ops"
    while engine.call("XLEN", ops) > 0:
        time.sleep(0.02)
    rate = 4 * each / (time.monotonic() - began)
    print(f"operations/s that one relay takes from the engine and delivers: {rate:,.0f}")
    relay.kill()
    engine.kill()


def used(engine):
    """Seconds of processor time."""
    rows = engine.call("INFO", "cpu").split()
    values = dict(row.split(":") for row in rows if ":" in row)
    return float(values["used_cpu_sys"]) + float(values["used_cpu_user"])


def redis(bench):
    """Memory of an operation that waits."""
    engine = bench.engine()

    def memory():
        rows = engine.call("INFO", "memory").split()
        return int(dict(row.split(":") for row in rows if ":" in row)["used_memory"])

    env = bench.env(engine.port, outbox_role="submit")
    words = [FLEET, "feed", bench.service.url]
    bench.output([*words, "100"], env)
    before, count = memory(), 100_000
    bench.output([*words, str(count)], env)
    print(f"Redis' memory, bytes an operation of 46: {(memory() - before) / count:.1f}")
    engine.kill()


def idle(bench):
    """Processes that rest let their connections go."""
    bench.slow(0)
    engine = bench.engine()
    env = bench.env(engine.port)
    # After its first report each waits for its next moment, which does not come here.
    words = [FLEET, "minute", bench.service.url, "600", "2", "5"]
    children = [Child(words, env=env, stdout=subprocess.PIPE) for _ in range(IDLE)]
    for child in children:
        child.process.stdout.readline()
    at_once = connections(engine)
    began = time.monotonic()
    while connections(engine) > 0 and time.monotonic() < began + 90:
        time.sleep(0.5)
    print(
        f"{IDLE} processes after their reports: {at_once} connections to Redis; "
        f"{time.monotonic() - began:.0f} s later: {connections(engine)}"
    )
    for child in children:
        child.kill()
    engine.kill()


def connections(engine):
    """Clients beside the one that asks."""
    return len(engine.call("CLIENT", "LIST").splitlines()) - 1


def minute(bench):
    """Many processes that submit once a minute each."""
    engine = bench.engine()
    env = bench.env(engine.port)
    words = [FLEET, "minute", bench.service.url, "60", "2", "60"]
    children = [Child(words, env=env, stdout=subprocess.PIPE) for _ in range(MINUTE)]
    took, bad, most = [], 0, 0
    for child in children:
        out, _ = child.process.communicate(timeout=400)
        lines = [line.split() for line in out.decode().splitlines()]
        bad += sum(state != "1" for state, _ in lines) + 2 - len(lines)
        took += [int(ms) for _, ms in lines]
        most = max(most, connections(engine))
    took.sort()
    print(
        f"{MINUTE} processes, an operation a minute each, two minutes: {len(took)} reports, "
        f"{bad} missing or not accepted; ms until the report: p50 {took[len(took) // 2]}, "
        f"p99 {took[len(took) * 99 // 100]}, longest {took[-1]}; "
        f"connections to Redis at the end of one: up to {most}"
    )
    engine.kill()


def main():
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    folder = tempfile.mkdtemp(prefix="xgpush-bench.", dir=base)
    bench = Bench(folder)
    try:
        for what in WHAT or ["submit", "calls", "delivered", "redis", "idle", "minute"]:
            globals()[what](bench)
            sys.stdout.flush()
    finally:
        bench.service.kill()
        shutil.rmtree(folder, ignore_errors=True)


main()

"""The commands for a fleet: ``relay``, and ``outbox status``, ``drain`` and ``check``."""

import json
import re
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
import xgpush
from redis_server import Redis, end_with_parent, needs_redis
from test_command import Done, command, environment, run
from xgpush.testing import Emulator

pytestmark = needs_redis

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def service() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis() as redis:
        yield redis


def submitted(service: Emulator, redis: Redis, count: int, **more: Any) -> xgpush.Outbox:
    """An outbox that only submits, with operations that wait in the engine."""
    outbox = service.outbox(outbox_url=redis.url, outbox_role="submit", outbox_name="gate1", **more)
    for n in range(count):
        outbox.bind(f"token{n}", f"player{n}", tag=n)
    outbox.sync(30)
    return outbox


def status(service: Emulator, redis: Redis) -> Dict[str, Any]:
    done = run(service, "outbox", "status", "--url", redis.url, "--json")
    found: Dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def relay_of(
    service: Emulator, redis: Redis, *arguments: object, **more: str
) -> Iterator["subprocess.Popen[str]"]:
    def prepare() -> None:
        end_with_parent()
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(
        command("relay", "--url", redis.url, *arguments),
        env=environment(service, **more),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=prepare,
    ) as program:
        try:
            assert program.stderr is not None
            said = [program.stderr.readline()]
            while said[-1] and "the relay is ready" not in said[-1]:
                said.append(program.stderr.readline())
            assert said[-1], said
            yield program
        finally:
            program.kill()


def taken(outbox: xgpush.Outbox, count: int) -> List[xgpush.Report]:
    reports: List[xgpush.Report] = []
    while len(reports) < count:
        some = outbox.reports(count, 60)
        assert some, f"{len(reports)} of {count} reports, {outbox.trouble}"
        reports += some
    return reports


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_relay_sends_what_others_submit(
    number: int, service: Emulator, redis: Redis, tmp_path: Path
) -> None:
    page = tmp_path / "xgpush.prom"
    with submitted(service, redis, 50) as outbox, relay_of(
        service, redis, "--prometheus", page, outbox_name="relay1"
    ) as relay:
        assert page.read_text().startswith("# HELP xgpush_outbox_")
        reports = taken(outbox, 50)
        assert sorted(report.tag for report in reports) == list(range(50))
        assert all(report.accepted and not report.is_recovered for report in reports)
        holder = status(service, redis)["relay"]["holder"]
        assert holder.startswith("relay1.")
        relay.send_signal(number)
        _, said = relay.communicate(timeout=60)
    assert relay.returncode == 0 and "ending" in said and "Traceback" not in said, said
    assert re.search(r'^xgpush_outbox_takeovers_total\{outbox="relay1"\} 1$', page.read_text(), re.M)
    assert oct(page.stat().st_mode & 0o777) == "0o644"
    after = status(service, redis)
    assert after["relay"] is None and after["backlog"] == 0 and after["epoch"] >= 1


def test_status_tells_what_waits_and_that_nobody_relays(service: Emulator, redis: Redis) -> None:
    done = run(service, "outbox", "status", "--url", redis.url)
    assert done.returncode == 0 and "0 operations" in done.stdout, done
    assert "nobody" in done.stdout and "nothing was written yet" in done.stdout
    with submitted(service, redis, 7) as outbox:
        done = run(service, "outbox", "status", "--url", redis.url)
        assert done.returncode == 1 and "start `xgpush relay`" in done.stderr, done
        assert re.search(r"^backlog +7 operations, the oldest for ", done.stdout, re.M), done.stdout
        found = status(service, redis)
        assert found["backlog"] == 7 and found["schema"] == 1 and found["backlog_bytes"] > 0
        assert [one["name"].rpartition(".")[0] for one in found["senders"]] == ["gate1"]
        assert found["prefix"] == "{xg:1500001048}"
        outbox.close(0)


def test_drain_waits_and_relays_if_asked(service: Emulator, redis: Redis) -> None:
    done = run(service, "outbox", "drain", "--url", redis.url)
    assert (done.returncode, done.stdout) == (0, "0 operations left\n"), done
    with submitted(service, redis, 30) as outbox:
        done = run(service, "outbox", "drain", "--url", redis.url, "--timeout", 0.5)
        assert (done.returncode, done.stdout) == (1, "30 operations left\n"), done
        done = run(service, "outbox", "drain", "--url", redis.url, "--relay")
        assert (done.returncode, done.stdout) == (0, "0 operations left\n"), done
        assert len(taken(outbox, 30)) == 30
    bare = {name: v for name, v in environment(service).items() if name != "XGPUSH_SECRET_KEY"}
    done = run(service, "outbox", "drain", "--url", redis.url, "--relay", env=bare)
    assert done.returncode == 3 and "XGPUSH_SECRET_KEY" in done.stderr
    done = run(service, "outbox", "drain", "--url", redis.url, env=bare)
    assert done.returncode == 0
    del bare["XGPUSH_ACCESS_ID"]
    done = run(service, "outbox", "drain", "--url", redis.url, env=bare)
    assert done.returncode == 3 and "XGPUSH_ACCESS_ID" in done.stderr


def checked(service: Emulator, redis: Redis, **options: str) -> "Done[str]":
    return run(service, "outbox", "check", "--url", redis.url, env=environment(service, **options))


def test_check_of_an_engine_that_will_do(service: Emulator) -> None:
    with Redis(appendonly="yes", maxmemory="100mb") as redis:
        done = checked(service, redis)
        assert done.returncode == 0 and done.stderr == "", done
        lines = done.stdout.splitlines()
        assert 15 <= len(lines) <= 25, done.stdout
        odd = [line for line in lines if not line.startswith("ok ")]
        # It has no replica.
        assert len(odd) == 1 and re.match(r"warning +replicas +none: ", odd[0]), done.stdout
        assert re.search(r"^ok +opening +(Redis|Valkey) ", done.stdout, re.M), done.stdout
        for name in ("append", "lease", "load", "settle", "reports", "fence"):
            assert re.search(rf"^ok +{name} ", done.stdout, re.M), name
        # It leaves nothing behind.
        assert redis.command("KEYS", "*") == []
        asked = run(service, "outbox", "check", "--url", redis.url, "--json").stdout.splitlines()
        assert len(asked) == len(lines)
        assert {tuple(json.loads(line)) for line in asked} == {("name", "state", "found", "advice")}


def test_check_of_engines_that_will_not_do(service: Emulator) -> None:
    with Redis(maxmemory_policy="allkeys-lru", maxmemory="100mb") as redis:
        done = checked(service, redis)
        assert done.returncode == 1, done
        assert re.search(r"^failed +opening .*allkeys-lru.*noeviction", done.stdout, re.M), done
        assert not re.search(r"^\w+ +append ", done.stdout, re.M), done
    with Redis() as redis:
        done = checked(service, redis, outbox_engine_durability="replica")
        assert done.returncode == 1 and re.search(r"^failed +durable ", done.stdout, re.M), done
        redis.command("HSET", "{xg:1500001048}:meta", "schema", "99", "application", "1500001048")
        done = checked(service, redis)
        assert done.returncode == 1 and re.search(r"^failed +opening .*99", done.stdout, re.M), done
        redis.command("REPLICAOF", "127.0.0.1", "9")
        done = checked(service, redis)
        assert done.returncode == 1 and re.search(r"^failed +opening .*replica", done.stdout, re.M), done
    with Redis(requirepass="geheim") as redis:
        done = checked(service, redis)
        assert done.returncode == 1 and re.search(r"^failed +connection .*password", done.stdout, re.M), done


def test_an_engine_that_is_away(service: Emulator) -> None:
    with Redis() as redis:
        url = redis.url
    for what in (("status",), ("drain",)):
        done = run(service, "outbox", *what, "--url", url)
        assert done.returncode == 2 and "no connection" in done.stderr, done
        assert "Traceback" not in done.stderr
    done = run(service, "outbox", "check", "--url", url)
    assert done.returncode == 1 and done.stdout.startswith("failed "), done


def test_wrong_arguments(service: Emulator, redis: Redis, tmp_path: Path) -> None:
    for wrong, said in (
        (("outbox", "status"), "outbox_url is missing"),
        (("relay",), "outbox_url is missing"),
        (("outbox", "status", "--url", "http://127.0.0.1"), "outbox_url"),
        (("outbox", "check", "--url", "redis://"), "outbox_url"),
        (("relay", "--url", redis.url, "--grace", "-1"), "--grace"),
        (("relay", "--url", redis.url, "--prometheus", tmp_path / "no" / "file"), "no/file"),
        (("relay", "--url", redis.url, "--set", "outbox_lease_ms=1000"), "outbox_lease_ms"),
        (("outbox", "status", "--url", redis.url, "--set", "outbox_rol=x"), "outbox_rol"),
    ):
        done = run(service, *wrong)
        assert done.returncode == 2 and said in done.stderr, done
        assert "Traceback" not in done.stderr, done


def test_help_is_there(service: Emulator) -> None:
    for words in (("relay",), ("outbox", "status"), ("outbox", "drain"), ("outbox", "check")):
        done = run(service, *words, "--help")
        assert done.returncode == 0 and "exit status:" in done.stdout and "--url" in done.stdout
    listed = run(service, "outbox", "--help").stdout
    assert all(word in listed for word in ("show", "status", "drain", "check"))


def test_the_user_of_the_manual_may_do_what_a_fleet_needs_and_nothing_else(service: Emulator) -> None:
    (line,) = re.findall(r"^ACL SETUSER .*$", (DOCS / "fleet.md").read_text("utf-8"), re.M)
    with Redis(appendonly="yes") as redis:
        redis.command(*line.replace(">PASSWORD", ">geheim").split())
        redis.command("ACL", "SETUSER", "default", "off")
        url = f"{redis.url}?user=xgpush&password=geheim"
        options = environment(service, outbox_url=url)
        done = run(service, "outbox", "check", env=options)
        assert done.returncode == 0, done.stdout
        odd = [one for one in done.stdout.splitlines() if not one.startswith("ok ")]
        assert len(odd) == 1 and "replicas" in odd[0], done.stdout
        with service.outbox(outbox_url=url, outbox_name="gate1") as outbox:
            for n in range(50):
                outbox.bind(f"token{n}", f"player{n}", tag=n)
            assert all(report.accepted for report in taken(outbox, 50))
            assert run(service, "outbox", "status", env=options).returncode == 0
        for beyond in ("KEYS *", "GET other", "CONFIG GET *", "FLUSHALL", "XADD other * a b"):
            with pytest.raises(RuntimeError, match="NOPERM"):
                redis.command(*beyond.split(), password="xgpush geheim")

"""One rate for processes that share a Redis: ``quota_url``."""

import subprocess
import sys
from typing import Iterator, List

import pytest
import xgpush
from redis_server import Redis, end_with_parent, needs_redis
from xgpush.testing import Emulator


@pytest.fixture(scope="module")
def service() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def test_what_cannot_be_used_is_refused_without_its_password(service: Emulator) -> None:
    with pytest.raises(xgpush.InvalidOption) as refused:
        service.client(quota_url="redis://:hunter2@127.0.0.1:1/x", requests_per_second=5)
    assert "quota_url" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    with pytest.raises(xgpush.InvalidOption, match="requests_per_second"):
        service.client(quota_url="redis://127.0.0.1:1")


def test_redis_that_is_away_is_a_warning(service: Emulator) -> None:
    url = "unix:/nonexistent/redis.sock"
    with service.client(quota_url=url, requests_per_second=5000) as client:
        outcome = client.bind([("token", "player")])
        assert outcome.all_accepted
        assert [name for name, _, _ in outcome.warnings] == ["shared_rate"]
        assert not client.bind([("token", "player")]).warnings


@needs_redis
def test_password_that_is_refused_is_an_error(service: Emulator) -> None:
    with Redis(requirepass="geheim") as redis:
        with pytest.raises(xgpush.InvalidOption, match="password"):
            service.client(quota_url=redis.url, requests_per_second=5)
        with pytest.raises(xgpush.InvalidOption) as refused:
            service.client(quota_url=f"{redis.url}?password=falsch", requests_per_second=5)
        assert "falsch" not in str(refused.value)
        service.client(quota_url=f"{redis.url}?password=geheim", requests_per_second=5).close()


@needs_redis
def test_user_who_may_do_no_more_than_needed(service: Emulator) -> None:
    may = "+evalsha +eval +script|load +persist +time +hmget +hset +zadd +zremrangebyscore"
    more = "+zrangebyscore +zcard +expire +select +ping"
    with Redis() as redis:
        user = ["quota", "on", ">geheim", "~{xg:*}:quota*", *may.split(), *more.split()]
        redis.command("ACL", "SETUSER", *user)
        url = f"{redis.url}?user=quota&password=geheim"
        with service.client(quota_url=url, requests_per_second=50) as client:
            outcome = client.bind([("token", "player")])
            assert outcome.all_accepted and not outcome.warnings
        redis.command("ACL", "SETUSER", "quota", "-zadd")
        with pytest.raises(xgpush.InvalidOption, match="may not"):
            service.client(quota_url=url, requests_per_second=50)


CHILD = """
import sys, xgpush
client = xgpush.Client(**eval(sys.argv[1]))
while True:
    client.bind([("token", "player")])
"""


@needs_redis
def test_processes_share_the_rate() -> None:
    rate, requests = 50, 100
    with Emulator() as service, Redis() as redis:
        options = {**service.options, "quota_url": redis.url, "requests_per_second": rate}
        children: List["subprocess.Popen[bytes]"] = [
            subprocess.Popen(
                [sys.executable, "-c", CHILD, repr(options)], preexec_fn=end_with_parent
            )
            for _ in range(3)
        ]
        try:
            assert service.wait_received(requests, timeout=60)
        finally:
            for child in children:
                child.kill()
                child.wait()
        times = [entry["received_ms"] for entry in service.log]
    seconds = [sum(begin <= time < begin + 1000 for time in times) for begin in times]
    # Three times the rate without a common clock; a machine that stands still bunches some.
    assert max(seconds) <= rate * 2

"""Synchronising and confirming: the method, the coroutine and the command."""

import asyncio
import json
import os
import pty
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set

import pytest
import xgpush
from test_command import command, environment, run
from xgpush.testing import Emulator

OPERATE = "/v3/device/account/batchoperate"


@pytest.fixture
def service() -> Iterator[Emulator]:
    with Emulator(max_log=100_000) as emulator:
        yield emulator


def operations(service: Emulator) -> List[str]:
    return [entry["body"] for entry in service.log if entry["path"] == OPERATE]


def states(synced: List[xgpush.Synced]) -> Dict[str, int]:
    found = [one.state for one in synced]
    return {state: found.count(state) for state in set(found)}


def test_only_what_differs_is_sent(service: Emulator) -> None:
    """10,000 tokens of which 500 differ."""
    with service.client(parallel=4) as client:
        assert client.bind((f"token{n}", f"player{n}") for n in range(10_000)).all_accepted
        sent = len(operations(service))
        differ = {f"token{n}" for n in range(7, 10_000, 20)}
        wanted: Dict[str, Any] = {f"token{n}": f"player{n}" for n in range(10_000)}
        wanted.update((token, f"other-{token}") for token in differ)
        assert states(client.sync(wanted)) == {"same": 9_500, "different": 500}
        assert len(operations(service)) == sent, "a dry run sends nothing"
        done: List[int] = []
        assert states(client.sync(wanted, dry_run=False, progress=done.append)) == {
            "same": 9_500,
            "changed": 500,
        }
        assert done == sorted(done) and done[-1] == 10_000 and len(done) > 10
        named: Set[str] = set()
        for body in operations(service)[sent:]:
            named |= {item["token"] for item in json.loads(body)["token_accounts"]}
        assert named == differ
        sent = len(operations(service))
        assert states(client.sync(wanted, dry_run=False)) == {"same": 10_000}
        assert len(operations(service)) == sent


def test_every_way_to_say_what_is_wanted(service: Emulator, tmp_path: Path) -> None:
    rows = [("token1", "alice"), ("token1", "wechat-alice", 2), ("token2", None, None, "clear_token")]
    path = tmp_path / "wanted.csv"
    path.write_text(
        "token,account,account_type,operation\n"
        "token1,alice,,\ntoken1,wechat-alice,2,\ntoken2,,,clear_token\n"
    )
    mapping = {"token1": ["alice", ("wechat-alice", 2)], "token2": []}
    account = xgpush.Account
    with service.client() as client:
        tuples = {"token1": ("alice", ("wechat-alice", 2)), "token2": ()}
        for wanted in (rows, path, str(path), mapping, tuples, iter(rows)):
            client.clear_tokens(["token1"])
            client.bind([("token2", "somebody")])
            first, second = client.sync(wanted, dry_run=False, confirm=5)
            assert (first.state, second.state) == ("confirmed", "confirmed")
            both = (account("alice"), account("wechat-alice", 2))
            assert first.change == xgpush.Change(False, (), both)
            assert second.change == xgpush.Change(True, (), ())
            found = client.query_by_token(["token1"])[0].accounts
            assert sorted(found) == [("alice", 0), ("wechat-alice", 2)]


def test_what_cannot_be_wanted(service: Emulator, tmp_path: Path) -> None:
    path = tmp_path / "wanted.csv"
    path.write_text("token,account,operation\ntoken1,alice,\ntoken2,bob,unbind\n")
    wrong: List[Any] = [
        [("token1", "alice"), ("token2", "bob", 0, "unbind")],
        [("token1", "alice"), ("token1", "bob")],
        [("token1", "alice"), ("token1", None, None, "clear_token")],
        [("token1", "alice"), ("token2", "")],
        [("token1", "alice"), 7],
        {"token1": "alice", "token2": ["bob", ("carol", 0)]},
        path,
    ]
    with service.client() as client:
        for wanted in wrong:
            with pytest.raises(xgpush.Error) as caught:
                client.sync(wanted, dry_run=False)
            assert caught.value.item in (1, 2), caught.value
        with pytest.raises(ZeroDivisionError):
            client.sync((str(1 // n), "alice") for n in (1, 0))
    assert service.log == []


def test_a_refusal_is_told(service: Emulator) -> None:
    with service.client() as client:
        good, bad = client.sync({"token1": "alice", "bad-1": "bob"}, dry_run=False)
        assert (good.state, bad.state, bad.code) == ("changed", "unread", 1008006)
        assert bad.message and bad.reason == "item_refused", bad
        service.fault({"kind": "element", "code": "1008006", "operator_type": 4})
        (failed,) = client.sync({"token1": []}, dry_run=False)
        assert (failed.state, failed.code) == ("failed", 1008006)
        assert failed.change == xgpush.Change(True, (), ())
        service.fault({"kind": "status", "status": 500, "times": 1000})
        (unread,) = client.sync({"token1": "alice"}, deadline=0.2)
        assert (unread.state, unread.change) == ("unread", None) and unread.reason


def test_what_progress_raises_ends_it(service: Emulator) -> None:
    wanted = {f"token{n}": f"player{n}" for n in range(5_000)}

    def fails(done: int) -> None:
        raise ZeroDivisionError(done)

    def interrupted(done: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    # Whatever runs in the background of a shell ignores it.
    kept = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with service.client(parallel=2) as client:
            for progress, expected in (
                (fails, ZeroDivisionError),
                (interrupted, KeyboardInterrupt),
            ):
                before = len(service.log)
                with pytest.raises(expected):
                    client.sync(wanted, dry_run=False, progress=progress)
                assert len(service.log) - before < 50
    finally:
        signal.signal(signal.SIGINT, kept)


def test_confirm(service: Emulator) -> None:
    slow = {"apply_delay_ms": 300}
    with Emulator(**slow) as delayed, delayed.client() as client:
        outcome = client.bind([("token1", "alice"), ("bad-1", "bob")], confirm=timedelta(seconds=10))
        assert [item.confirmed for item in outcome] == [True, None]
        assert client.query_by_token(["token1"])[0].accounts == [("alice", 0)]
        outcome = client.unbind([("token1", "alice")], confirm=0.05)
        assert outcome[0].accepted and outcome[0].confirmed is False
        assert client.bind([("token1", "alice")])[0].confirmed is None

    async def both() -> None:
        async with service.async_client() as client:
            outcome = await client.bind([("token1", "alice")], confirm=5)
            assert outcome[0].confirmed
            (one,) = await client.sync({"token1": "bob"}, dry_run=False, confirm=5)
            assert one.state == "confirmed"
            assert await client.sync({"token1": "bob"}) == [xgpush.Synced("token1", "same", None)]

    asyncio.run(both())


def test_the_command(service: Emulator, tmp_path: Path) -> None:
    path = tmp_path / "wanted.csv"
    path.write_text(
        "token,account,account_type,operation\n"
        "token1,alice,,\ntoken2,bob,3,\ntoken2,robert,,\ntoken3,,,clear_token\ntoken4,dora,,\n"
    )
    with service.client() as client:
        client.bind([("token3", "carol"), ("token4", "dora")])
    lines = [
        "token1\tdifferent\t+ alice",
        "token2\tdifferent\t+ bob (3)\t+ robert",
        "token3\tdifferent\t- all",
    ]
    for arguments in ((), ("--dry-run",)):
        done = run(service, "sync", path, *arguments)
        assert (done.returncode, done.stdout.splitlines()) == (0, lines)
        assert "4 tokens: 1 same, 3 different" in done.stderr and "--apply" in done.stderr
    done = run(service, "sync", path, "--apply", "--confirm", "10")
    assert done.returncode == 0 and "1 same, 3 confirmed" in done.stderr, done
    done = run(service, "sync", path, "--apply", "--json")
    assert [json.loads(line)["state"] for line in done.stdout.splitlines()] == ["same"] * 4
    path.write_text("token,account\nbad-1,alice\n")
    done = run(service, "sync", path, "--apply")
    assert done.returncode == 1 and "1008006" in done.stdout
    other = environment(service, secret_key="0123456789abcdef0123456789abcdef")
    assert run(service, "sync", path, env=other).returncode == 3
    path.write_text("token,account,operation\ntoken1,alice,unbind\n")
    done = run(service, "sync", path)
    assert done.returncode == 2 and "unbind" in done.stderr and "Traceback" not in done.stderr


def test_single_operations_are_confirmed(service: Emulator) -> None:
    done = run(service, "bind", "token1", "alice", "--confirm", "10")
    assert (done.returncode, done.stdout) == (0, "token1\taccepted\tconfirmed\n")
    fault = {"kind": "status", "status": 500, "times": 0, "path": "/query"}
    service.fault(fault)
    done = run(service, "bind", "token1", "bob", "--confirm", "0.2")
    assert done.returncode == 1 and "not known" in done.stdout, done
    with Emulator(apply_delay_ms=60_000) as slow:
        done = run(slow, "bind", "token1", "alice", "--confirm", "0.1")
        assert (done.returncode, done.stdout) == (1, "token1\taccepted\tunconfirmed\n")


def test_the_bar_on_a_terminal(service: Emulator, tmp_path: Path) -> None:
    path = tmp_path / "wanted.csv"
    rows = "".join(f"token{n},player{n}\n" for n in range(3000))
    path.write_text("token,account\n" + rows)
    ours, theirs = pty.openpty()
    pid = os.fork()
    if pid == 0:
        os.dup2(theirs, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        arguments = command("sync", path, "--apply")
        os.execve(arguments[0], arguments, {**environment(service), "TERM": "xterm"})
    os.close(theirs)
    shown = b""
    try:
        while block := os.read(ours, 65536):
            shown += block
    except OSError:
        pass  # the other side is gone
    assert os.waitpid(pid, 0)[1] == 0
    assert b"3000/3000" in shown and b"tokens/s" in shown, shown

"""What a call answers or raises survives pickle and copy."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
import xgpush
from xgpush import Account, Binding, Report
from xgpush.testing import Emulator


def pickled(protocol: int) -> Callable[[Any], Any]:
    return lambda value: pickle.loads(pickle.dumps(value, protocol))


COPIES: Dict[str, Callable[[Any], Any]] = {
    **{f"protocol {protocol}": pickled(protocol) for protocol in range(2, 6)},
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


def results(service: Emulator) -> List[Any]:
    """One of everything: what was found, refused, never sent and warned of."""
    with service.client() as client:
        bound = client.bind([Binding("t1", "alice", ("alex", 0)), ("bad-", "bobby"), ("t2", "bobby", 3)])
        by_token = client.query_by_token(["t2", "nobody"])
        by_account = client.query_by_account([("bobby", 3), "nobody"])
        reply = client.call("/v3/device/tag", {"operator_type": 1, "tag_list": ["\u7206"], "token_list": ["t1"]})
        service.fault({"kind": "body", "body": '{"ret_code":0,"result":["0"],"extra":{"b": [1.50]}}'})
        odd = client.clear_tokens(["t1"])
        service.fault({"kind": "status", "status": 503, "times": 0})
        held_back = client.bind([("t1", "alice"), ("t1", "bobby")])
        service.clear_faults()
        rows = list(client.bulk([("t1", "alice"), {"token": "bad-", "account": "bobby"}, 7]))
        confirmed = client.bind([("t1", "alice")], confirm=10)
        synced = client.sync({"t1": "bobby", "bad-": "alice"})
    assert bound.warnings and odd.extra == {"extra": '{"b": [1.50]}'}
    assert by_token[0].accounts and by_account[0].tokens and not held_back.all_accepted
    outcomes = [bound, by_token, by_account, odd, held_back, confirmed]
    items = [item for outcome in outcomes for item in outcome]
    return [*outcomes, *items, reply, *rows, *synced]


def reports(service: Emulator, path: Path) -> List[Report]:
    outbox = service.outbox(outbox_file=path, outbox_durable_notices=True)
    outbox.bind("t1", "alice", tag=2**64 - 1)
    outbox.bind("bad-", "bobby", tag=1)
    outbox.close(30)
    return list(outbox)


def public(value: Any) -> Dict[str, Any]:
    names = [name for name in dir(value) if not name.startswith("_")]
    return {name: getattr(value, name) for name in names if not callable(getattr(value, name))}


@pytest.mark.parametrize("how", COPIES)
def test_results_come_back_equal(how: str, xgpush_emulator: Emulator, tmp_path: Path) -> None:
    delivered = reports(xgpush_emulator, tmp_path / "outbox")
    assert [report.is_final for report in delivered].count(False) == 2
    values = [*results(xgpush_emulator), *delivered, Account("alice", 3), Binding("t1", ("alice", 3))]
    values += [xgpush.OPTIONS[0], xgpush.CODES[0]]
    for value in values:
        again = COPIES[how](value)
        assert type(again) is type(value) and again == value
        assert repr(again) == repr(value) and public(again) == public(value)
    assert delivered[0] != delivered[1] and values[0] != values[1]


def test_an_item_takes_only_itself_along(xgpush_emulator: Emulator) -> None:
    with xgpush_emulator.client() as client:
        outcome = client.clear_tokens([f"t{n}" for n in range(1000)])
    assert len(pickle.dumps(outcome[999])) < 300
    assert pickle.loads(pickle.dumps(outcome[999])).index == 999


def family() -> List[xgpush.Error]:
    classes = [xgpush.Error]
    for cls in classes:
        classes += cls.__subclasses__()
    return [
        cls(f"what {n}", status=n, item=n, code=10 + n, http_status=400 + n, is_retryable=n % 2 == 0)
        for n, cls in enumerate(classes)
    ]


@pytest.mark.parametrize("how", COPIES)
def test_errors_come_back_with_what_they_tell(how: str, xgpush_emulator: Emulator) -> None:
    errors = family()
    assert len(errors) == 16
    with xgpush_emulator.client() as client:
        for call in (lambda: client.clear_tokens([""]), lambda: client.call("v3", {})):
            with pytest.raises(xgpush.Error) as caught:
                call()
            errors.append(caught.value)
        with pytest.raises(xgpush.NotAllAccepted) as failed:
            xgpush.raise_for_failures(client.bind([("bad-", "alice")]))
    errors.append(failed.value)
    for error in errors:
        error.caller_s_own = "note"  # type: ignore[attr-defined]
        again = COPIES[how](error)
        assert type(again) is type(error) and str(again) == str(error)
        assert again.args == error.args and again.kind == error.kind
        assert vars(again) == vars(error)
    assert COPIES[how](failed.value).outcome == failed.value.outcome


def test_another_process_reads_it(xgpush_emulator: Emulator) -> None:
    values = [*results(xgpush_emulator), *family()]
    script = (
        "import pickle, sys\n"
        "values = pickle.load(sys.stdin.buffer)\n"
        "sys.stdout.buffer.write(pickle.dumps((values, [repr(value) for value in values])))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, input=pickle.dumps(values), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    again, delivered = pickle.loads(done.stdout)
    assert delivered == [repr(value) for value in values]
    assert [repr(value) for value in again] == delivered


@pytest.mark.parametrize("broken", ["", "{}", '{"items":[{}]}', '{"items":[]}'])
def test_a_broken_pickle_is_an_error(broken: str) -> None:
    with pytest.raises((xgpush.InvalidJson, IndexError)):
        xgpush._native.make_item(broken, 0)
    with pytest.raises(xgpush.InvalidJson):
        xgpush._native.make_report(broken)

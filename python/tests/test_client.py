"""The blocking client: items, results, errors, waiting, threads."""

import pickle
import subprocess
import sys
import threading
from datetime import timedelta
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

import pytest
import xgpush
from xgpush import Account, Binding, Client
from xgpush.testing import CREDENTIALS, Emulator


@pytest.fixture
def service() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def client(service: Emulator) -> Iterator[Client]:
    with service.client() as made:
        yield made


# The texts of what the core refuses are those of conformance/invalid.json.
BAD: Dict[str, Any] = {
    "empty list": (lambda c: c.bind([]), xgpush.InvalidRequest, None, ""),
    "empty token": (lambda c: c.clear_tokens(["t1", ""]), xgpush.InvalidValue, 1, ""),
    "long token": (lambda c: c.clear_tokens(["t" * 65]), xgpush.InvalidValue, 0, ""),
    "short account": (
        lambda c: c.bind([("t1", "alice"), ("t2", "b")]),
        xgpush.InvalidValue,
        1,
        "",
    ),
    "no account": (lambda c: c.bind([("t1", [])]), xgpush.InvalidValue, 0, "account_list"),
    "append": (lambda c: c.append([("t1", "alice")]), xgpush.InvalidRequest, None, ""),
    "platform": (
        lambda c: c.bind([("t1", "alice")], platform="ios"),
        xgpush.InvalidRequest,
        None,
        "",
    ),
    "nul": (lambda c: c.clear_tokens(["t\0"]), xgpush.InvalidValue, 0, ""),
    "surrogate": (lambda c: c.clear_tokens(["t1", "\ud800"]), xgpush.InvalidValue, 1, "surrogate"),
    "number": (lambda c: c.clear_tokens(["t1", 5]), xgpush.InvalidValue, 1, "token is int, not str"),
    "unknown field": (
        lambda c: c.batch_operate({"operator_type": 4, "token_list": ["t1"], "x": 1}),
        xgpush.InvalidJson,
        None,
        "unknown field",
    ),
    "no json": (lambda c: c.query("{"), xgpush.InvalidJson, None, "documented JSON"),
    "wrong api": (lambda c: c.query({"operator_type": 5}), xgpush.InvalidValue, None, "[1, 2]"),
    "path": (lambda c: c.call("v3", {}), xgpush.InvalidArgument, None, "API path"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_names_item_and_rule(name: str, service: Emulator, client: Client) -> None:
    run, kind, item, rule = BAD[name]
    with pytest.raises(kind) as caught:
        run(client)
    assert caught.value.item == item and rule in str(caught.value)
    assert isinstance(caught.value, xgpush.Error)
    assert service.log == []


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"base_url": "api.tpns.tencent.com"}, "no scheme"),
        ({"timeout": 3}, "unknown option"),
        ({"deadline_ms": 0}, "range"),
        ({"secret_key": "1452fceb\n"}, "line break"),
        ({"base_url": "", "access_point": ""}, "neither access_point nor base_url"),
    ],
)
def test_bad_option_raises_and_hides_the_secret(options: Dict[str, Any], rule: str) -> None:
    given = {**CREDENTIALS, "base_url": "http://127.0.0.1:9", **options}
    with pytest.raises(xgpush.InvalidOption, match=rule) as caught:
        Client(**given)
    assert "1452fceb" not in str(caught.value)


@pytest.mark.parametrize("items", [[("t1",), 7], [("t1", "alice"), ("t2", 7)], "text"])
def test_unreadable_items_raise_type_error(items: Any, service: Emulator, client: Client) -> None:
    with pytest.raises((TypeError, xgpush.Error)):
        client.bind(items)
    assert service.log == []


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([("t1", "alice"), ()], r"item 1: \(\) cannot be read: a binding has a token and an account"),
        ([("t1", 5)], "item 0: .* not int"),
        ([("t1", ("alice", 3, 4))], "item 0: .* not int"),
        ([("t1", [("alice", "3")])], "the type of an account is a number, not '3'"),
        ([{"account": "alice"}], "there is no field token"),
    ],
)
def test_item_of_unknown_shape_raises_type_error(client: Client, items: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        client.bind(items)


def test_error_in_source_is_raised_unchanged(client: Client) -> None:
    def source() -> Iterator[Tuple[str, str]]:
        yield "t1", "alice"
        raise ValueError("the database is gone")

    with pytest.raises(ValueError, match="^the database is gone$"):
        client.bind(source())

    def account() -> Iterator[str]:
        raise LookupError("no such player")
        yield

    account_list: Any = [account()]
    with pytest.raises(LookupError, match="^no such player$"):
        client.bind([("t1", account_list)])


@pytest.mark.parametrize(
    ("given", "bound"),
    [
        ([["t1", "alice"]], [["alice", 0]]),
        ([iter(("t1", "alice"))], [["alice", 0]]),
        ([("t1", ("alice", None))], [["alice", 0]]),
        ([("t1", ("alice", "bobby"))], [["bobby", 0]]),
        ([("t1", "alice", "bobby", "carol")], [["carol", 0]]),
        ({"t1": ["alice", {"account": "bobby", "account_type": "3.0"}]}, [["alice", 0], ["bobby", 3]]),
        ([{"token": "t1", "account": ["alice", "bobby"], "account_type": 3}], [["bobby", 3]]),
        ([{"token": "t1", "account": "alice", "account_type": float("nan")}], [["alice", 0]]),
        ([{"token": "t1", "account": ("alice", 3), "account_type": ""}], [["alice", 3]]),
        ([{"token": "t1", "account": ("alice", 3), "account_type": None}], [["alice", 3]]),
    ],
)
def test_item_of_rare_shape_is_bound(
    service: Emulator, client: Client, given: Any, bound: List[Any]
) -> None:
    assert client.bind(given).all_accepted
    assert service.state["tokens"] == {"t1": bound}


class Boastful(list):  # type: ignore[type-arg]
    """Says that it is longer than any memory."""

    def __len__(self) -> int:
        return 10**15


def test_length_that_a_list_claims_takes_no_memory(service: Emulator, client: Client) -> None:
    assert client.bind([("t1", "alice")]).all_accepted
    assert client.clear_tokens(Boastful(["t1"])).all_accepted
    assert service.state["tokens"] == {}
    with pytest.raises(xgpush.errors.InvalidValue, match="^item 0: token is int, not str$"):
        client.clear_tokens(range(10**15))  # type: ignore[arg-type]
    [result] = client.bulk([Boastful(["t1", "alice"])])
    assert result.reason == "invalid"


def test_item_of_each_form_is_bound(service: Emulator, client: Client) -> None:
    outcome = client.bind(
        [
            ("t1", "alice"),
            ("t2", "bobby", 3),
            ("t3", ["carol", ("dave", 4), Account("erin", 5)]),
            Binding("t4", "frank", Account("grace", 6)),
            ("t5", Account("heidi")),
        ]
    )
    assert outcome.all_accepted and len(outcome) == 5
    mapping: Dict[str, Union[str, Tuple[str, int]]] = {"t6": "ivan", "t7": ("judy", 7)}
    assert client.bind(mapping).all_accepted
    lists: Dict[str, List[str]] = {"t8": ["leo"]}
    assert client.bind(lists).all_accepted
    table: List[Tuple[str, str, Optional[int]]] = [("t9", "mia", None), ("t10", "noah", 8)]
    assert client.bind(table).all_accepted
    pairs: List[Tuple[str, str]] = [("t11", "olivia")]
    typed: Dict[str, Tuple[str, int]] = {"t12": ("peggy", 9)}
    assert client.bind(pairs).all_accepted and client.bind(typed).all_accepted
    assert service.state["tokens"] == {
        "t1": [["alice", 0]],
        "t2": [["bobby", 3]],
        "t3": [["carol", 0], ["dave", 4], ["erin", 5]],
        "t4": [["frank", 0], ["grace", 6]],
        "t5": [["heidi", 0]],
        "t6": [["ivan", 0]],
        "t7": [["judy", 7]],
        "t8": [["leo", 0]],
        "t9": [["mia", 0]],
        "t10": [["noah", 8]],
        "t11": [["olivia", 0]],
        "t12": [["peggy", 9]],
    }
    found = client.query_by_token(["t3", "nobody"])
    assert found[0].accounts == [("carol", 0), ("dave", 4), ("erin", 5)]
    assert found[-1].code == 10110008
    assert client.query_by_account(["alice", ("bobby", 3)])[1].tokens == ["t2"]
    assert client.unbind([("t3", "dave", 4)]).all_accepted
    assert client.clear_tokens(["t4"]).all_accepted
    assert client.clear_accounts([("judy", 7)]).all_accepted
    left = {"t1", "t2", "t3", "t5", "t6", *(f"t{n}" for n in range(8, 13))}
    assert set(service.state["tokens"]) == left


def test_outcome_is_frozen_sequence(client: Client) -> None:
    outcome = client.bind([("t1", "alice"), ("bad-", "bobby")])
    assert [item.state for item in outcome] == ["accepted", "rejected"]
    assert outcome.counts == {"accepted": 1, "rejected": 1, "unknown": 0, "not_sent": 0}
    assert outcome[-1].code == 1008006 and not outcome[-1].retryable
    with pytest.raises(IndexError):
        outcome[2]
    with pytest.raises(AttributeError):
        outcome[0].state = "accepted"  # type: ignore[misc]
    with pytest.raises(xgpush.NotAllAccepted, match="item 1") as caught:
        xgpush.raise_for_failures(outcome)
    assert caught.value.outcome is outcome


def test_duplicate_account_type_gives_warning(client: Client) -> None:
    outcome = client.bind([("t1", ["alice", "bobby"])])
    assert [(name, item) for name, item, _ in outcome.warnings] == [("duplicate_account_type", 0)]


def test_errors_pickle_and_clients_do_not(client: Client) -> None:
    with pytest.raises(xgpush.InvalidValue) as caught:
        client.clear_tokens([""])
    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is xgpush.InvalidValue and copy.item == 0
    assert str(copy) == str(caught.value)
    with pytest.raises(TypeError, match="each process"):
        pickle.dumps(client)


def test_call_after_close_raises_closed(service: Emulator) -> None:
    client = service.client()
    message = {"title": "Raid", "content": "It starts now"}
    push = {"audience_type": "all", "message_type": "notify", "message": message}
    reply = client.call("/v3/push/app", push)
    assert reply.http_status == 200 and reply.json()["ret_code"] == 0
    with service.client(secret_key="wrong") as stranger, pytest.raises(xgpush.Rejected) as caught:
        stranger.call("/v3/push/app", {})
    assert caught.value.code == 1008003
    client.close()
    client.close()
    with pytest.raises(xgpush.Closed):
        client.clear_tokens(["t1"])


def test_call_with_content_type_sends_body_unchanged(service: Emulator, client: Client) -> None:
    body = b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nalice\r\n--x--\r\n"
    upload = ("/v3/push/package/upload", body)
    client.call(*upload, content_type="multipart/form-data; boundary=x")
    client.call(*upload, content_type="multipart/form-data; boundary=x", auth="sign")
    clear = {"operator_type": 5, "token_list": ["t1"]}
    client.call("/v3/device/tag", clear, auth="basic", repeatable=True)
    client.call("/v3/device/tag", clear)
    log = service.log
    assert [entry["auth"] for entry in log] == ["basic", "sign", "basic", "sign"]
    assert log[0]["body"].encode() == body
    with pytest.raises(xgpush.InvalidArgument, match="neither sign nor basic"):
        client.call("/v3/device/tag", {}, auth="digest")
    with pytest.raises(xgpush.InvalidArgument, match="content type"):
        client.call("/v3/device/tag", b"x", content_type="text\r\nX: y")
    with pytest.raises(TypeError, match="text or bytes"):
        client.call("/v3/device/tag", {}, content_type="text/plain")


def test_from_env_reads_options(service: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XGPUSH_BASE_URL", service.base_url)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(f"XGPUSH_{name.upper()}", value)
    with Client.from_env(max_attempts=1) as client:
        assert client.clear_tokens(["t1"]).all_accepted


@pytest.mark.parametrize("deadline", [0.2, timedelta(milliseconds=200)])
def test_hanging_service_ends_call_at_deadline(deadline: Any, service: Emulator, client: Client) -> None:
    service.fault({"kind": "hang", "times": 0})
    outcome = client.clear_tokens(["t1"], deadline=deadline)
    assert outcome[0].state == "unknown" and outcome[0].reason == "timed_out"


def test_calls_in_threads_run_concurrently(service: Emulator) -> None:
    service.fault({"kind": "hang", "times": 0})
    with service.client(deadline_ms=60000, request_timeout_ms=60000) as client:
        threads = [threading.Thread(target=client.clear_tokens, args=(["t1"],)) for _ in range(8)]
        for thread in threads:
            thread.start()
        # All eight wait for an answer that never comes; so do they at once.
        assert service.wait_received(8) and service.counters["answered"] == 0
    for thread in threads:
        thread.join()


def run_script(script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


# Not by getrusage, whose peak begins with that of the process that started it.
MEMORY = """
import sys
import xgpush

client = xgpush.Client(base_url=sys.argv[1], access_id=sys.argv[2], secret_key=sys.argv[3],
                       parallel=8, deadline_ms=300000)
items = [(("bad-" if n % 97 == 5 else "tok") + f"{n:033}", f"player{n:08}") for n in range(100000)]
outcome = client.bind(items)
assert len(outcome) == 100000
for n, item in enumerate(outcome):
    assert item.state == ("rejected" if n % 97 == 5 else "accepted"), item
(peak,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(int(peak) // 1024)
"""


def test_100_000_bindings_stay_under_150_megabytes() -> None:
    with Emulator(max_log=0) as service:
        done = run_script(MEMORY, service.base_url, *CREDENTIALS.values())
    assert done.returncode == 0, done.stderr
    print(f"peak memory of 100,000 bindings: {done.stdout.strip()} MB")
    assert int(done.stdout) < 150


def test_options_and_codes_are_those_of_core() -> None:
    assert {"access_id", "deadline_ms", "parallel"} <= {option.name for option in xgpush.OPTIONS}
    assert xgpush.CODES[3].code == 1008003
    assert xgpush.CODES[5] == xgpush.Code(
        1008006, "the token is invalid", "item", "never", "drop the token",
        meaning_zh="Token 无效", advice_zh="弃用该 Token",
    )

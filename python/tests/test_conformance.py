"""Every case of conformance/ through Python. conformance/README.md says
what the cases mean."""

import base64
import json
import os
import socket
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import pytest
import xgpush
from xgpush.testing import CREDENTIALS, Emulator

Case = Dict[str, Any]

DIRECTORY = Path(os.environ.get("XG_CONFORMANCE", Path(__file__).parents[2] / "conformance"))
FILES = ["answers", "codes", "invalid", "live", "samples", "signing", "splitting"]
SAMPLE_TIME = 1565314789

HEAD = {"name", "kind", "source", "options", "api", "input", "input_text", "expect"}
FIELDS = {
    "request": HEAD | {"at"},
    "answer": HEAD | {"answer"},
    "invalid": HEAD,
    "call": {"name", "kind", "source", "options", "path", "json_text", "expect"},
    "live": HEAD
    | {"path", "json_text", "content_type", "auth", "repeatable", "emulator", "calls", "tls", "trust"},
}
ITEM_FIELDS = {
    "state",
    "reason",
    "code",
    "http_status",
    "attempts",
    "retryable",
    "retry_after_ms",
    "tokens",
    "accounts",
}


def load() -> List[Case]:
    missing = [name for name in FILES if not (DIRECTORY / f"{name}.json").exists()]
    assert not missing, f"missing in {DIRECTORY}: {missing}"
    cases = []
    for file in sorted(DIRECTORY.glob("*.json")):
        cases += json.loads(file.read_text(encoding="utf-8"))
    return cases


def only(given: Dict[str, Any], known: "set[str]") -> None:
    assert set(given) <= known, f"unknown: {set(given) - known}"


class Secrets:
    """What must be in no text of a case."""

    def __init__(self, case: Case) -> None:
        options = {**CREDENTIALS, **case.get("options", {})}
        key = options["secret_key"].strip()
        pair = f"{options['access_id']}:{key}".encode("utf-8", "surrogatepass")
        self.secrets = [key, base64.b64encode(pair).decode()] if key else []

    def silent(self, *texts: str) -> None:
        for text in texts:
            assert not any(secret in text for secret in self.secrets), "the secret is shown"

    def error(self, error: xgpush.Error) -> None:
        self.silent(str(error), repr(error))
        assert str(error).isprintable() or not any(ord(c) < 32 for c in str(error))

    def outcome(self, outcome: xgpush.Outcome) -> None:
        self.silent(outcome.to_json(), repr(outcome), *(repr(item) for item in outcome))
        for item in outcome:
            assert not any(ord(c) < 32 or ord(c) == 127 for c in item.message), item.message


def body_of(case: Case) -> bytes:
    if "input_text" in case:
        return str(case["input_text"]).encode("utf-8", "surrogatepass")
    return json.dumps(case["input"], ensure_ascii=False).encode("utf-8", "surrogatepass")


def options_of(case: Case, base_url: str) -> Dict[str, Any]:
    options = dict(case.get("options", {}))
    if not {"base_url", "access_point"} & set(options):
        options["base_url"] = base_url
    return {**CREDENTIALS, **options}


def exchange_of(case: Case) -> xgpush.Exchange:
    options = options_of(case, "https://tpns.test")
    return xgpush.Exchange(case["api"], body_of(case), **options)


def contains(text: str, wanted: List[str]) -> None:
    for part in wanted:
        assert part in text, f"{part!r} is not in {text!r}"


def check_item(item: xgpush.ItemOutcome, shown: Dict[str, Any], expect: Dict[str, Any]) -> None:
    expect = dict(expect)
    contains(item.message, expect.pop("message_contains", []))
    only(expect, ITEM_FIELDS)
    for name, wanted in expect.items():
        assert shown.get(name) == wanted, f"item {item.index}: {name}: {shown}, not {wanted}"
    # The attributes say what the JSON says.
    assert item.state == shown["state"] and item.reason == shown["reason"]
    assert item.code == shown.get("code") and item.http_status == shown.get("http_status")
    assert item.attempts == shown["attempts"] and item.message == shown.get("message", "")
    assert item.retryable == shown.get("retryable", False)
    wait = shown.get("retry_after_ms")
    assert item.retry_after == (None if wait is None else wait // 1000)
    assert item.tokens == shown.get("tokens", [])
    accounts = [(a["account"], a.get("account_type")) for a in shown.get("accounts", [])]
    assert item.accounts == accounts


def check_outcome(case: Case, outcome: xgpush.Outcome, expect: Dict[str, Any]) -> None:
    Secrets(case).outcome(outcome)
    shown = json.loads(outcome.to_json())
    assert len(outcome) == len(shown["items"]) == len(expect["items"])
    for item, fields, wanted in zip(outcome, shown["items"], expect["items"]):
        check_item(item, fields, wanted)
    assert [name for name, _, _ in outcome.warnings] == expect.get("warnings", [])
    extra = {name: json.loads(raw) for name, raw in outcome.extra.items()}
    assert extra == shown["extra"] == expect.get("extra", {})


def check_error(case: Case, error: xgpush.Error, expect: Dict[str, Any]) -> None:
    only(expect, {"error", "item", "contains"})
    assert error.kind == expect["error"], error
    assert error.item == expect.get("item"), error
    contains(str(error), expect.get("contains", []))
    Secrets(case).error(error)


def run_request(case: Case) -> None:
    exchange = exchange_of(case)
    only(case["expect"], {"parts", "warnings"})
    parts = case["expect"]["parts"]
    assert exchange.parts == len(parts)
    for number, expect in enumerate(parts):
        only(expect, {"wave", "url", "headers", "absent_headers", "body", "body_text"})
        http = exchange.http_request(number, case.get("at", SAMPLE_TIME))
        assert http is not None and http.method == "POST"
        Secrets(case).silent(repr(http))
        assert exchange.wave(number) == expect.get("wave", exchange.wave(number))
        assert http.url == expect.get("url", http.url)
        headers = {name.lower(): value for name, value in http.headers.items()}
        for name, value in expect.get("headers", {}).items():
            assert headers.get(name.lower()) == value
        for name in expect.get("absent_headers", []):
            assert name.lower() not in headers
        assert json.loads(http.body) == expect.get("body", json.loads(http.body))
        assert http.body.decode() == expect.get("body_text", http.body.decode())
        # Settled: later waves are held back until then.
        exchange.answer(number, 200, {}, b'{"ret_code":1008001}')
    outcome = exchange.finish()
    assert [name for name, _, _ in outcome.warnings] == case["expect"].get("warnings", [])


def hand_in(exchange: xgpush.Exchange, answer: Dict[str, Any]) -> None:
    only(answer, {"status", "headers", "body", "body_text", "body_hex", "error"})
    if "error" in answer:
        only(answer["error"], {"kind", "sent"})
        exchange.failed(0, answer["error"]["kind"], answer["error"]["sent"], "told by the case")
        return
    if "body_hex" in answer:
        body = bytes.fromhex(answer["body_hex"])
    elif "body_text" in answer:
        body = answer["body_text"].encode()
    else:
        body = json.dumps(answer["body"], separators=(",", ":"), ensure_ascii=False).encode()
    exchange.answer(0, answer.get("status", 200), answer.get("headers", {}), body)


def items_of(http: Optional[xgpush.HttpRequest]) -> List[Any]:
    if http is None:
        return []
    body = json.loads(http.body)
    lists = [body[name] for name in ("token_accounts", "token_list", "account_list") if name in body]
    assert len(lists) == 1
    return list(lists[0])


def run_answer(case: Case) -> None:
    only(case["expect"], {"items", "warnings", "extra", "again"})

    def answered() -> Tuple[xgpush.Exchange, List[Any]]:
        exchange = exchange_of(case)
        assert exchange.parts == 1
        first = items_of(exchange.http_request(0, SAMPLE_TIME))
        hand_in(exchange, case["answer"])
        return exchange, first

    check_outcome(case, answered()[0].finish(), case["expect"])
    # On a second exchange: what is asked for and never answered counts as lost.
    exchange, first = answered()
    again = items_of(exchange.http_request(0, SAMPLE_TIME + 1))
    assert again == [first[n] for n in case["expect"].get("again", [])]


def run_invalid(case: Case) -> None:
    with pytest.raises(xgpush.Error) as caught:
        exchange_of(case)
    check_error(case, caught.value, case["expect"])


def run_call(case: Case) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        options = options_of(case, f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(xgpush.Error) as caught:
            xgpush.Client(**options).call(case["path"], case["json_text"])
    check_error(case, caught.value, case["expect"])


class Servers:
    """One emulator without and one with TLS."""

    def __init__(self, directory: Path) -> None:
        self.plain = Emulator()
        self.tls = Emulator(tls=True)
        self.ca_file = directory / "ca.pem"
        self.ca_file.write_text(self.tls.ca_pem or "")

    def get(self, case: Case) -> Emulator:
        service = self.tls if case.get("tls") else self.plain
        service.configure(**{**case.get("emulator", {}), "tls": bool(case.get("tls"))})
        return service

    def close(self) -> None:
        self.plain.close()
        self.tls.close()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    both = Servers(tmp_path_factory.mktemp("ca"))
    yield both
    both.close()


def run_live(case: Case, servers: Servers) -> None:
    expect = case["expect"]
    only(
        expect,
        {"items", "warnings", "extra", "reply", "error", "log", "at_most_ms", "at_least_ms"},
    )
    service = servers.get(case)
    options = options_of(case, service.base_url)
    if case.get("trust"):
        options["ca_file"] = servers.ca_file
    end: Any = None
    took = 0.0
    with xgpush.Client(**options) as client:
        Secrets(case).silent(repr(client))
        before = service.counters
        for _ in range(case.get("calls", 1)):
            began = time.monotonic()
            end = call(client, case)
            took = (time.monotonic() - began) * 1000
        after = service.counters
    check_end(case, end, expect)
    only(expect.get("log", {}), {"requests", "connections", "applied"})
    names = {"requests": "received"}
    for name, bounds in expect.get("log", {}).items():
        counter = str(names.get(name, name))
        number = after[counter] - before[counter]
        least, most = bounds if isinstance(bounds, list) else (bounds, bounds)
        assert least <= number <= most, f"log: {number} {name}"
    assert expect.get("at_least_ms", 0) <= took <= expect.get("at_most_ms", took)


def call(client: xgpush.Client, case: Case) -> Any:
    try:
        if "path" in case:
            how = {name: case[name] for name in ("content_type", "auth", "repeatable") if name in case}
            return client.call(case["path"], case["json_text"], **how)
        operate = client.query if case["api"] == "query" else client.batch_operate
        return operate(body_of(case))
    except xgpush.Error as error:
        return error


def check_end(case: Case, end: Any, expect: Dict[str, Any]) -> None:
    if "items" in expect:
        assert isinstance(end, xgpush.Outcome), end
        check_outcome(case, end, expect)
    elif "reply" in expect:
        assert isinstance(end, xgpush.Reply), end
        only(expect["reply"], {"http_status", "body"})
        assert end.http_status == expect["reply"]["http_status"]
        assert end.json() == expect["reply"]["body"]
    else:
        wanted = expect["error"]
        only(wanted, {"error", "contains", "code", "http_status", "retryable", "retry_after_ms"})
        assert isinstance(end, xgpush.Error) and end.kind == wanted["error"], end
        assert end.code == wanted.get("code") and end.http_status == wanted.get("http_status")
        if "retry_after_ms" in wanted:
            assert end.retry_after == wanted["retry_after_ms"] // 1000
        assert end.is_retryable == wanted.get("retryable", end.is_retryable)
        contains(str(end), wanted.get("contains", []))
        Secrets(case).error(end)


CASES = load()


def test_names_are_unique() -> None:
    names = [case["name"] for case in CASES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("case", CASES, ids=[str(case["name"]) for case in CASES])
def test_case(case: Case, servers: Servers) -> None:
    only(case, FIELDS[case["kind"]])
    assert isinstance(case["source"], str)
    if case["kind"] == "live":
        run_live(case, servers)
    else:
        {
            "request": run_request,
            "answer": run_answer,
            "invalid": run_invalid,
            "call": run_call,
        }[case["kind"]](case)

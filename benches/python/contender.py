"""The contender through the wheel: contender.py calls|parallel BASE_URL …."""

import json
import sys
import time

import xgpush


def request(count: int) -> str:
    bindings = [
        {"token": f"{n:036}", "account_list": [{"account": f"player{n:08}"}]} for n in range(count)
    ]
    return json.dumps({"operator_type": 2, "token_accounts": bindings})


def client(base_url: str, at_once: int) -> xgpush.Client:
    return xgpush.Client(
        access_id="1500001048",
        secret_key="1452fcebae9f3115ba794fb0fff2fd73",
        base_url=base_url,
        deadline_ms=600000,
        request_timeout_ms=30000,
        parallel=at_once,
    )


def calls_in_a_row(base_url: str, calls: int) -> None:
    with client(base_url, 1) as service:
        body = request(20)
        assert service.batch_operate(body).all_accepted
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(calls):
            assert service.batch_operate(body).all_accepted
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{cpu * 1e6 / calls:.2f} {wall * 1e6 / calls:.2f}")


def parallel(base_url: str, at_once: int, rounds: int) -> None:
    items = at_once * rounds * 20
    with client(base_url, at_once) as service:
        assert service.batch_operate(request(at_once * 20)).all_accepted
        body = request(items)
        began = time.perf_counter()
        assert service.batch_operate(body).all_accepted
        print(f"{items / (time.perf_counter() - began):.0f}")


if sys.argv[1] == "calls":
    calls_in_a_row(sys.argv[2], int(sys.argv[3]))
else:
    parallel(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))

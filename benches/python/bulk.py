"""A table through each contender: bulk.py CONTENDER BASE_URL TABLE ROWS AT_ONCE.

Prints rows a second, and processor milliseconds per 10,000 rows, of everything:
reading the table, signing, sending, reading the outcome of each row. The
hand-written ones do the least that can be called right: no retries, no order, no
report.
"""

import asyncio
import base64
import csv
import hashlib
import hmac
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Callable, Dict, Iterator, List, Tuple

ID, SECRET = "1500001048", "1452fcebae9f3115ba794fb0fff2fd73"
PATH = "/v3/device/account/batchoperate"
Row = List[str]


def rows_of(table: str) -> Iterator[Row]:
    with open(table, newline="") as file:
        rows = csv.reader(file)
        next(rows)
        yield from rows


def batches(table: str) -> Iterator[List[Row]]:
    rows = rows_of(table)
    while batch := list(islice(rows, 20)):
        yield batch


def signed(batch: List[Row]) -> Tuple[bytes, Dict[str, str]]:
    bindings = [{"token": t, "account_list": [{"account": a}]} for t, a in batch]
    body = json.dumps({"operator_type": 2, "token_accounts": bindings}).encode()
    now = str(int(time.time()))
    digest = hmac.new(SECRET.encode(), now.encode() + ID.encode() + body, hashlib.sha256)
    sign = base64.b64encode(digest.hexdigest().encode()).decode()
    headers = {"Content-Type": "application/json", "AccessId": ID, "TimeStamp": now, "Sign": sign}
    return body, headers


def accepted(answer: Dict[str, Any]) -> int:
    return sum(code in ("0", 0) for code in answer["result"])


def with_requests(url: str, table: str, at_once: int) -> int:
    import requests

    session = requests.Session()
    adapter = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=at_once)
    session.mount("http://", adapter)

    def send(batch: List[Row]) -> int:
        body, headers = signed(batch)
        return accepted(session.post(url + PATH, data=body, headers=headers, timeout=30).json())

    with ThreadPoolExecutor(at_once) as pool:
        return sum(pool.map(send, batches(table)))


def in_tasks(
    table: str, at_once: int, open_client: Callable[[], Any], send: Callable[[Any, Any], Any]
) -> int:
    async def work() -> int:
        source = batches(table)

        async def worker(client: Any) -> int:
            return sum([await send(client, signed(batch)) for batch in source])

        async with open_client() as client:
            return sum(await asyncio.gather(*(worker(client) for _ in range(at_once))))

    return asyncio.run(work())


def with_httpx(url: str, table: str, at_once: int) -> int:
    import httpx

    async def send(client: Any, request: Any) -> int:
        answer = await client.post(url + PATH, content=request[0], headers=request[1])
        return accepted(answer.json())

    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    return in_tasks(table, at_once, lambda: httpx.AsyncClient(limits=limits, timeout=30), send)


def with_aiohttp(url: str, table: str, at_once: int) -> int:
    import aiohttp

    async def send(client: Any, request: Any) -> int:
        async with client.post(url + PATH, data=request[0], headers=request[1]) as answer:
            return accepted(await answer.json())

    def session() -> Any:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once))

    return in_tasks(table, at_once, session, send)


def with_bulk(url: str, table: str, at_once: int) -> int:
    import xgpush

    with xgpush.Client(access_id=ID, secret_key=SECRET, base_url=url) as client:
        return sum(item.accepted for item in client.bulk(rows_of(table), parallel=at_once))


def with_apply(url: str, table: str, at_once: int) -> int:
    credentials = {"ACCESS_ID": ID, "SECRET_KEY": SECRET, "BASE_URL": url}
    environment = {**os.environ, **{f"XGPUSH_{n}": v for n, v in credentials.items()}}
    with tempfile.TemporaryDirectory() as folder:
        report = f"{folder}/report.csv"
        command = [sys.executable, "-m", "xgpush", "apply", table, "--report", report]
        subprocess.run(
            [*command, "--parallel", str(at_once)],
            env=environment,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return sum(1 for _ in open(report)) - 1


def processor() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def main() -> None:
    who, url, table, rows, at_once = sys.argv[1:]
    run: Callable[[str, str, int], int] = globals()[f"with_{who}"]
    cpu, wall = processor(), time.perf_counter()
    done = run(url, table, int(at_once))
    cpu, wall = processor() - cpu, time.perf_counter() - wall
    assert done == int(rows), f"{who}: {done} of {rows} rows"
    print(f"{done / wall:.0f} {cpu * 1e7 / done:.1f}")


if __name__ == "__main__":
    main()

"""A table of a million rows, from an empty venv to a report: million.py WHEEL…

Installs the one of the wheels that fits into an empty venv, starts `xgpush emulator` with
1 % HTTP 500, and runs `xgpush apply` over a table of which 1 % of the tokens are bad: once
to its end, and once killed with SIGKILL halfway and resumed. Prints figures, and fails
where a row has not exactly its one outcome in the report, the service's state is not that
of the table, or a run took more memory than is promised. ROWS=50000 makes it smaller.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple

ROWS = int(os.environ.get("ROWS", "1000000"))
#: Each has several rows, so that their order shows in the end.
TOKENS = max(ROWS // 5, 1)
MOST_MB = 120
FAULTS = {"seed": 3, "per_mille": 10, "kinds": [{"kind": "status", "status": 500}]}
CONFIG = {"max_log": 0, "random_faults": FAULTS}
CREDENTIALS = {
    "XGPUSH_ACCESS_ID": "1500001048",
    "XGPUSH_SECRET_KEY": "1452fcebae9f3115ba794fb0fff2fd73",
}


def is_bad(n: int) -> bool:
    return n % 100 == 7


def token(n: int) -> str:
    return f"{'bad-' if is_bad(n) else 'token'}{n % TOKENS:031d}"


def write_table(path: Path) -> None:
    with path.open("w") as file:
        file.write("token,account\n")
        file.writelines(f"{token(n)},player{n}\n" for n in range(ROWS))


def installed(wheels: List[str], folder: Path) -> Path:
    """The command `xgpush` of a venv that has nothing else."""
    if not wheels or not all(map(os.path.exists, wheels)):
        sys.exit("there is no wheel: make wheel")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    choice = [option for at in {os.path.dirname(w) or "." for w in wheels} for option in ("-f", at)]
    subprocess.run([*pip, "install", "--no-index", *choice, "xgpush"], check=True)
    return folder / "bin" / "xgpush"


class Service:
    """`xgpush emulator`, with another state for each run."""

    def __init__(self, xgpush: Path) -> None:
        self._program = subprocess.Popen(
            [str(xgpush), "emulator", "--exit-with-parent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._program.stdout is not None
        self.url = self._program.stdout.readline().split()[-1]

    def ask(self, what: str, body: object = None) -> Any:
        data = json.dumps({} if body is None else body).encode()
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"{self.url}/_emulator/{what}", data) as answer:
            text = answer.read()
        return json.loads(text) if text.strip() else {}

    def close(self) -> None:
        self._program.communicate()


class Ended(NamedTuple):
    status: int
    seconds: float
    peak_mb: float
    output: str


def run(command: List[str], url: str, is_enough: Callable[[], bool] = lambda: False) -> Ended:
    """One run, killed as soon as it is enough; its memory is looked at all the time."""
    kept = {name: v for name, v in os.environ.items() if not name.startswith("XGPUSH_")}
    began = time.monotonic()
    program = subprocess.Popen(
        command,
        env={**kept, **CREDENTIALS, "XGPUSH_BASE_URL": url},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    peak = 0.0
    while program.poll() is None:
        peak = max(peak, peak_mb(program.pid))
        if is_enough():
            program.kill()
        time.sleep(0.01)
    output, _ = program.communicate()
    return Ended(program.returncode, time.monotonic() - began, peak, output.strip())


def peak_mb(process: int) -> float:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    found = [line.split() for line in status.splitlines() if line.startswith("VmHWM")]
    return int(found[0][1]) / 1024 if found else 0.0


def check_report(path: Path) -> None:
    states: "Counter[str]" = Counter()
    n = -1
    with path.open(newline="") as file:
        for n, line in enumerate(csv.DictReader(file)):
            state = "rejected" if is_bad(n) else "accepted"
            given = (line["row"], line["token"], line["account"], line["state"])
            wanted = (str(n + 1), token(n), f"player{n}", state)
            assert given == wanted, f"the report has {given}, not {wanted}"
            states[line["state"]] += 1
    assert n + 1 == ROWS, f"the report has {n + 1} rows of {ROWS}"
    print(f"  report: {n + 1} rows, each once: {dict(states)}")


def check_state(service: Service) -> None:
    wanted = {token(n): [[f"player{n}", 0]] for n in range(ROWS) if not is_bad(n)}
    found: Dict[str, Any] = service.ask("state")["state"]["tokens"]
    assert found == wanted, f"{sum(found.get(t) != a for t, a in wanted.items())} tokens are wrong"
    print(f"  service: {len(found)} tokens, each with its last account")


def tell(what: str, ended: Ended, rows: int) -> None:
    rate = f"{rows / ended.seconds:.0f} rows/s, " if rows else ""
    print(f"  {what}: {ended.seconds:.1f} s, {rate}peak {ended.peak_mb:.0f} MB. {ended.output}")
    assert 0 < ended.peak_mb < MOST_MB, f"{ended.peak_mb:.0f} MB, promised are {MOST_MB}"


def to_the_end(xgpush: Path, service: Service, folder: Path) -> int:
    """Answers how long the report is."""
    print("To its end:")
    service.ask("reset", {"config": CONFIG})
    report = folder / "report.csv"
    command = [str(xgpush), "apply", str(folder / "players.csv"), "--report", str(report)]
    ended = run(command, service.url)
    tell("apply", ended, ROWS)
    assert ended.status == 1, f"its status is {ended.status}: bad tokens are 1"
    check_report(report)
    check_state(service)
    return report.stat().st_size


def killed_and_resumed(xgpush: Path, service: Service, folder: Path, whole: int) -> None:
    print("Killed halfway, and resumed:")
    # A small table takes a while as well: the state is written once a second.
    service.ask("reset", {"config": {**CONFIG, "latency_ms": 1_000_000 // ROWS}})
    report = folder / "resumed.csv"
    command = [str(xgpush), "apply", str(folder / "players.csv"), "--report", str(report)]
    command += ["--resume", str(folder / "players.state")]
    ended = run(command, service.url, lambda: report.exists() and report.stat().st_size > whole / 2)
    tell("killed", ended, 0)
    assert ended.status == -9, f"it ended before it was killed, with {ended.status}"
    left = json.loads((folder / "players.state").read_text())["rows"]
    assert left > 0, "it was killed before its state was written"
    ended = run(command, service.url)
    tell(f"resumed behind row {left}", ended, ROWS - left)
    assert ended.status == 1, f"its status is {ended.status}: bad tokens are 1"
    check_report(report)
    check_state(service)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        xgpush = installed(sys.argv[1:], folder / "venv")
        write_table(folder / "players.csv")
        print(f"{ROWS} rows on {TOKENS} tokens, 1 % bad, 1 % HTTP 500; {os.cpu_count()} cores")
        service = Service(xgpush)
        try:
            whole = to_the_end(xgpush, service, folder)
            killed_and_resumed(xgpush, service, folder, whole)
        finally:
            service.close()


if __name__ == "__main__":
    try:
        main()
    except AssertionError as broken:
        sys.exit(f"broken: {broken}")

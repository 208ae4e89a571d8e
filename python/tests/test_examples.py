"""The examples do what they show."""

import os
import subprocess
import sys
from pathlib import Path

from xgpush.testing import CREDENTIALS, Emulator

EXAMPLES = Path(__file__).parents[2] / "examples" / "python"


def run(name: str, service: Emulator, *arguments: str) -> str:
    options = {**CREDENTIALS, "base_url": service.base_url}
    environment = {f"XGPUSH_{key.upper()}": value for key, value in options.items()}
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_quickstart() -> None:
    with Emulator() as service:
        assert run("quickstart.py", service).split() == ["0:", "accepted", "1:", "accepted"]
        assert service.state["tokens"]["token-of-phone-1"] == [["alice", 0]]


def test_story() -> None:
    with Emulator() as service:
        rows = run("story.py", service, service.base_url).splitlines()
    assert len(rows) == 45 + 5 + 1 + 1 + 1 + 5 + 1
    assert rows[-1] == "7\t0\trejected\trequest_refused\t1008003\t-"

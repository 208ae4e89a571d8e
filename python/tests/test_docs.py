"""The Python of docs/web-services.md does what the page says."""

import os
import re
import subprocess
import sys
from pathlib import Path

from xgpush.testing import Emulator

PAGE = Path(__file__).parents[2] / "docs" / "web-services.md"


def test_web_services(xgpush_emulator: Emulator) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    options = {f"XGPUSH_{name.upper()}": value for name, value in xgpush_emulator.options.items()}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **options},
    )
    assert (done.returncode, done.stderr) == (0, "")
    (prints,) = re.findall(r"^It prints (.*)\.$", page, re.MULTILINE)
    assert done.stdout.splitlines() == re.findall(r"`(.*?)`", prints)

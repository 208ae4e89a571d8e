"""How far a run is: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any, Dict, Optional

#: How often a line is printed, in seconds.
_PAUSE = 5.0


class Progress:
    """Shows rows, their rate and the time left, on standard error."""

    def __init__(self, total: int) -> None:
        self._total = max(total, 0)
        self._began = time.monotonic()
        self._printed = self._began
        self._bar: Optional[Any] = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        self._bar = _bar() if sys.stderr.isatty() else None
        if self._bar is not None:
            self._task = self._bar.add_task("rows", total=self._total, failed=0, rate=0)
            self._bar.start()
        return self

    def show(self, done: Dict[str, int]) -> None:
        now = time.monotonic()
        rows = done["rows"] - done["resumed"]
        rate = rows / max(now - self._began, 0.001)
        failed = done["rows"] - done["accepted"]
        if self._bar is not None:
            self._bar.update(self._task, completed=done["rows"], failed=failed, rate=round(rate))
        elif now >= self._printed + _PAUSE:
            self._printed = now
            left = max(self._total - done["rows"], 0) / rate if rate else 0
            self.note(
                f"{done['rows']} of about {self._total} rows, {rate:.0f} a second, "
                f"{left:.0f} s left, {failed} not accepted"
            )

    def note(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text)
        else:
            print(text, file=sys.stderr, flush=True)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def _bar() -> Optional[Any]:
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar
    except ImportError:
        return None  # lines do as well
    return Bar(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} rows/s"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[failed]} not accepted"),
        console=Console(stderr=True),
    )

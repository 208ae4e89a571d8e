"""Progress of a run: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Dict, Optional

#: How often to print a line, in seconds.
_LINE_INTERVAL = 5.0


class Progress:
    """Shows how many are done, the rate and the time left, on standard error."""

    def __init__(self, total: Optional[int], what: str = "rows") -> None:
        """``total`` is ``None`` if it is not known, as for a pipe."""
        self._what = what
        self._total = total
        self._began = time.monotonic()
        self._printed = self._began
        self._bar: Optional[Any] = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        self._bar = _bar() if sys.stderr.isatty() and _can_move() else None
        if self._bar is not None:
            self._task = self._bar.add_task(self._what, total=self._total, tail="")
            self._bar.start()
        return self

    def show(self, done: Dict[str, int]) -> None:
        """Shows the rows of a run, counted by state."""
        failed = done["rows"] - done["accepted"]
        self.reached(done["rows"], done["resumed"], f"{failed} not accepted")

    def reached(self, done: int, before: int = 0, tail: str = "") -> None:
        """``before`` of them were done before this run."""
        now = time.monotonic()
        rate = (done - before) / max(now - self._began, 0.001)
        if self._bar is not None:
            tail = f"{rate:.0f} {self._what}/s  {tail}"
            self._bar.update(self._task, completed=done, tail=tail)
        elif now >= self._printed + _LINE_INTERVAL:
            self._printed = now
            text = f"{done} {self._what}, {rate:.0f} a second"
            if self._total is not None:
                left = max(self._total - done, 0) / rate if rate else 0
                text = f"{done} of {self._total} {self._what}, {rate:.0f} a second, {left:.0f} s left"
            self.note(", ".join(part for part in (text, tail) if part))

    def note(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text)
        else:
            print(text, file=sys.stderr, flush=True)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def _can_move() -> bool:
    """Whether the terminal can move its cursor, as a bar needs."""
    return os.environ.get("TERM", "") not in ("", "dumb", "unknown")


def _bar() -> Optional[Any]:
    try:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress as Bar,
            TextColumn,
            TimeRemainingColumn,
        )
    except ImportError:
        return None  # lines do as well
    return Bar(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[tail]}"),
        console=Console(stderr=True),
    )

"""What a child after ``fork`` has of its own."""

from __future__ import annotations

import os
from typing import Callable, Dict, Generic, Tuple, TypeVar

Made = TypeVar("Made")

#: How often this process was forked off: a number of a process is given again.
_forks = 0


def _count() -> None:
    global _forks
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count)


def _here() -> Tuple[int, int]:
    return _forks, os.getpid()


class PerProcess(Generic[Made]):
    """Something with connections or threads, made again in each child that uses it.

    There is no lock: one that another thread held at the fork would be held in the
    child for ever. Of threads that make it at once, one is first.
    """

    def __init__(self, made: Made, again: Callable[[Made], Made]) -> None:
        self._made: Dict[Tuple[int, int], Made] = {_here(): made}
        self._again = again

    def get(self) -> Made:
        """That of this process."""
        here = _here()
        try:
            return self._made[here]
        except KeyError:
            pass
        former = list(self._made.values())[0]
        made = self._made.setdefault(here, self._again(former))
        for other in list(self._made):
            if other != here:
                # With it go this process's copies of its parent's connections.
                self._made.pop(other, None)
        return made

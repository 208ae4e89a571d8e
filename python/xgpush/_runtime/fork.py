"""Objects that a child process must create again after ``fork``."""

from __future__ import annotations

import os
from typing import Callable, Dict, Generic, Tuple, TypeVar

T = TypeVar("T")

#: How many forks lead to this process: process ids are reused.
_forks = 0


def _count_fork() -> None:
    global _forks
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)


def _this_process() -> Tuple[int, int]:
    return _forks, os.getpid()


class PerProcess(Generic[T]):
    """An object with connections or threads, created again in each child that uses it.

    There is no lock: if another thread held it at the fork, it would stay locked in the child.
    Of threads that create it at the same time, one wins.
    """

    def __init__(self, value: T, recreate: Callable[[T], T]) -> None:
        """``recreate`` makes the child's from the parent's."""
        self._values: Dict[Tuple[int, int], T] = {_this_process(): value}
        self._recreate = recreate

    def get(self) -> T:
        """The object of this process."""
        here = _this_process()
        try:
            return self._values[here]
        except KeyError:
            pass
        parents = list(self._values.values())[0]
        value = self._values.setdefault(here, self._recreate(parents))
        for other in list(self._values):
            if other != here:
                # Also closes this process's copies of the parent's connections.
                self._values.pop(other, None)
        return value

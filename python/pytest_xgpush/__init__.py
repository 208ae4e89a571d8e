"""Fixtures for pytest: a TPNS on localhost, and a client of it.

Every run of pytest imports this module where xgpush is installed, so only the fixtures
import xgpush itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

import pytest

if TYPE_CHECKING:
    from xgpush import Client
    from xgpush.testing import Emulator


@pytest.fixture
def xgpush_emulator() -> Iterator[Emulator]:
    """A TPNS on localhost without any bindings: see ``xgpush.testing.Emulator``."""
    from xgpush.testing import Emulator

    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def xgpush_client(xgpush_emulator: Emulator) -> Iterator[Client]:
    """A client of ``xgpush_emulator``."""
    with xgpush_emulator.client() as client:
        yield client

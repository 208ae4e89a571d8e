"""Fixtures for pytest: a TPNS on localhost, and a client of it.

Imported by every run of pytest where xgpush is installed, so xgpush itself is
imported by the fixtures only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

import pytest

if TYPE_CHECKING:
    from xgpush import Client
    from xgpush.testing import Emulator


@pytest.fixture
def xgpush_emulator() -> Iterator[Emulator]:
    """A TPNS on localhost that knows nothing yet: bindings, faults and the log of
    requests, as in ``xgpush.testing.Emulator``."""
    from xgpush.testing import Emulator

    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def xgpush_client(xgpush_emulator: Emulator) -> Iterator[Client]:
    """A client of ``xgpush_emulator``."""
    with xgpush_emulator.client() as client:
        yield client

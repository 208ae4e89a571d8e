"""A TPNS on localhost, for tests.

xgpush has two fixtures for pytest: ``xgpush_emulator``, an :class:`Emulator` for one test,
and ``xgpush_client``, a client of it::

    def test_login(xgpush_emulator, xgpush_client):
        xgpush_emulator.fault({"kind": "status", "status": 503})
        assert xgpush_client.bind([("token1", "alice")]).all_accepted
        assert [entry["status"] for entry in xgpush_emulator.log] == [503, 200]
        assert xgpush_emulator.state["tokens"] == {"token1": [["alice", 0]]}
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from . import _native
from ._client.client import Client
from ._outbox.outbox import Outbox
from ._runtime.context import CloseOnExit

if TYPE_CHECKING:
    from ._client.async_client import AsyncClient
    from ._outbox.async_outbox import AsyncOutbox

#: The credentials that the emulator accepts by default.
CREDENTIALS = {"access_id": "1500001048", "secret_key": "1452fcebae9f3115ba794fb0fff2fd73"}


class Emulator(CloseOnExit):
    """A stateful TPNS on a free port of localhost, with faults on demand.

    Keyword arguments are its settings, such as ``latency_ms=5``::

        with Emulator() as service, service.client() as client:
            service.fault({"kind": "status", "status": 503})
            client.bind([("token1", "alice")])
            assert [entry["status"] for entry in service.log] == [503, 200]
    """

    def __init__(self, **config: Any) -> None:
        self._config = config
        self._native = _native.Emulator(json.dumps(config))

    @property
    def base_url(self) -> str:
        """Its address: a free port on localhost."""
        return self._native.base_url

    @property
    def ca_pem(self) -> Optional[str]:
        """With ``tls=True``: the certificate to trust, in PEM."""
        return self._native.ca_pem

    @property
    def options(self) -> Dict[str, str]:
        """The options of a client or an outbox for it: address and credentials."""
        credentials = {name: self._config.get(name, CREDENTIALS[name]) for name in CREDENTIALS}
        return {**credentials, "base_url": self.base_url}

    def client(self, **options: Any) -> Client:
        """A client of it, with more options."""
        return Client(**{**self.options, **options})

    def async_client(self, **options: Any) -> AsyncClient:
        """As :meth:`client`, for asyncio."""
        from ._client.async_client import AsyncClient

        return AsyncClient(**{**self.options, **options})

    def outbox(self, **options: Any) -> Outbox:
        """An outbox for it, with more options."""
        return Outbox(**{**self.options, **options})

    def async_outbox(self, **options: Any) -> AsyncOutbox:
        """As :meth:`outbox`, for asyncio."""
        from ._outbox.async_outbox import AsyncOutbox

        return AsyncOutbox(**{**self.options, **options})

    def configure(self, **config: Any) -> None:
        """Resets it with other settings, on the same port."""
        self._native.configure(json.dumps(config))
        self._config = config

    def fault(self, fault: Dict[str, Any]) -> None:
        """Injects a fault, such as ``{"kind": "hang"}`` or ``{"kind": "status", "status": 503,
        "times": 2}``: in one request, or in as many as ``times`` says; 0 means all."""
        self._native.fault(json.dumps(fault))

    def clear_faults(self) -> None:
        """Removes all faults."""
        self._native.clear_faults()

    def settle(self) -> None:
        """Applies everything that was accepted, without the delay."""
        self._native.settle()

    def wait_received(self, count: int, timeout: float = 10.0) -> bool:
        """Waits until ``count`` requests have arrived. Returns whether they did."""
        return self._native.wait_received(count, timeout)

    @property
    def log(self) -> List[Dict[str, Any]]:
        """The requests that reached the service."""
        entries: List[Dict[str, Any]] = json.loads(self._native.log())
        return entries

    @property
    def counters(self) -> Dict[str, Any]:
        """The number of requests, connections and so on."""
        counters: Dict[str, Any] = json.loads(self._native.counters())
        return counters

    @property
    def state(self) -> Dict[str, Any]:
        """The bindings: ``{"tokens": {token: [[account, type], …]}, "accounts": …}``."""
        state: Dict[str, Any] = json.loads(self._native.state())
        return state

    def close(self) -> None:
        """Stops the service."""
        self._native.close()

"""A TPNS on localhost, for tests."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

from . import _native
from ._client import Client
from ._closing import Closing

#: What the emulator takes for the application unless it is told otherwise.
CREDENTIALS = {"access_id": "1500001048", "secret_key": "1452fcebae9f3115ba794fb0fff2fd73"}


class Emulator(Closing):
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
        return self._native.base_url

    @property
    def ca_pem(self) -> Optional[str]:
        """With ``tls=True``: the certificate to trust, as PEM."""
        return self._native.ca_pem

    def client(self, **options: Any) -> Client:
        """A client with the right credentials, and with these options."""
        credentials = {name: self._config.get(name, CREDENTIALS[name]) for name in CREDENTIALS}
        return Client(**{**credentials, "base_url": self.base_url, **options})

    def configure(self, **config: Any) -> None:
        """Takes other settings, on the same port, and forgets everything."""
        self._native.configure(json.dumps(config))
        self._config = config

    def fault(self, fault: Dict[str, Any]) -> None:
        """Goes wrong as told: ``{"kind": "hang"}``, ``{"kind": "status", "status":
        503, "times": 2}`` …"""
        self._native.fault(json.dumps(fault))

    def clear_faults(self) -> None:
        self._native.clear_faults()

    def settle(self) -> None:
        """Applies what was accepted and is not due yet."""
        self._native.settle()

    def wait_received(self, count: int, timeout: float = 10.0) -> bool:
        """Waits until so many requests have arrived."""
        return self._native.wait_received(count, timeout)

    @property
    def log(self) -> List[Dict[str, Any]]:
        """Every request that reached the service."""
        entries: List[Dict[str, Any]] = json.loads(self._native.log())
        return entries

    @property
    def counters(self) -> Dict[str, Any]:
        counters: Dict[str, Any] = json.loads(self._native.counters())
        return counters

    @property
    def state(self) -> Dict[str, Any]:
        """The bindings: ``{"tokens": {token: [[account, type], …]}, "accounts": …}``."""
        state: Dict[str, Any] = json.loads(self._native.state())
        return state

    def close(self) -> None:
        self._native.close()

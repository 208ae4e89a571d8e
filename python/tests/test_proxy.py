"""The proxy of the environment, as the process sees it."""

import socket
import threading

import pytest

import xgpush
from xgpush.testing import Emulator


@pytest.fixture(autouse=True)
def no_proxy_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_requests_go_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator() as service, socket.create_server(("127.0.0.1", 0)) as listener:
        asked = []

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 503 Busy\r\n\r\n")

        proxy = threading.Thread(target=refuse)
        proxy.start()
        url = "http://127.0.0.1:%d" % listener.getsockname()[1]
        monkeypatch.setenv("http_proxy", url)
        monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1")
        with service.client(proxy_from_env=True, max_attempts=1) as client:
            item = client.bind({"t1": "alice"})[0]
        proxy.join(10)
        assert asked[0].startswith(b"CONNECT 127.0.0.1:")
        assert item.state == "not_sent"
        assert url[7:] in item.message and "503" in item.message, item.message
        assert service.counters["received"] == 0
        monkeypatch.setenv("no_proxy", "localhost, 127.0.0.0/8")
        with service.client(proxy_from_env=True) as client:
            assert client.bind({"t1": "alice"}).all_accepted
        monkeypatch.delenv("no_proxy")
        with service.client() as client:
            assert client.bind({"t1": "alice"}).all_accepted


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_used_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "socks5://user:hunter2@127.0.0.1:1")
    with pytest.raises(xgpush.InvalidOption) as raised:
        xgpush.Client(access_id="1", secret_key="2", access_point="shanghai", proxy_from_env=True)
    assert name in str(raised.value) and "socks5" in str(raised.value)
    assert "hunter2" not in str(raised.value)

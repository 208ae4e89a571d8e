"""A running emulator for the tests from outside."""

import ctypes
import json
import signal
import subprocess
import urllib.error
import urllib.request

BASIC = "Basic MTUwMDAwMTA0ODoxNDUyZmNlYmFlOWYzMTE1YmE3OTRmYjBmZmYyZmQ3Mw=="
BATCH = "/v3/device/account/batchoperate"
# PR_SET_PDEATHSIG: it ends with whoever started it.
_end_with_us = lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # noqa: E731


class Emulator:
    def __init__(self, program, *arguments):
        self._process = subprocess.Popen(
            [program, "--exit-with-parent", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=_end_with_us,
        )
        self.url = self._process.stdout.readline().split()[-1]
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()

    def ask(self, path, body=None, headers=None):
        """The status and the JSON of an answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers or {})
        try:
            with self._opener.open(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                text = error.read()
                return error.code, json.loads(text) if text.startswith(b"{") else None

    def admin(self, path, body=None):
        status, answer = self.ask(f"/_emulator/{path}", body)
        assert status == 200, (path, answer)
        return answer

    def bind(self, token, account, account_type=0, headers=None):
        accounts = [{"account": account, "account_type": account_type}]
        body = {"operator_type": 2, "token_accounts": [{"token": token, "account_list": accounts}]}
        return self.ask(BATCH, body, headers or {"Authorization": BASIC})

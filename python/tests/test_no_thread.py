"""Streams in a process to which the system gives no thread."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# As the system's, but for a process that asks for too many threads.
REFUSING = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
int refuses_threads;
int pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *p) {
  int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
      (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(RTLD_NEXT, "pthread_create");
  return refuses_threads ? EAGAIN : next(t, a, f, p);
}
"""

# The service is a thread of the same process: it answers only if the stream does not hold the
# interpreter. The second request gets no answer before the stream is closed.
PROGRAM = r"""
import ctypes, faulthandler, json, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
import xgpush
from xgpush.testing import CREDENTIALS

faulthandler.dump_traceback_later(50, exit=True)
requests = 0
closed = threading.Event()

class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        global requests
        requests += 1
        items = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["token_accounts"]
        if requests == 2:
            stream.close()
            closed.wait()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"ret_code": 0, "result": ["0"] * len(items)}).encode())

    def log_message(self, *arguments):
        pass

class Server(HTTPServer):
    def handle_error(self, request, address):
        pass  # The stream has ended its second request.

server = Server(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = xgpush.Client(**CREDENTIALS, base_url=f"http://127.0.0.1:{server.server_port}")
ctypes.c_int.in_dll(ctypes.CDLL(None), "refuses_threads").value = 1
stream = client.bulk((f"t{n}", f"player{n}") for n in range(1000))
results = list(stream)
closed.set()
print(sum(result.accepted for result in results), results[-1].reason, requests)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD")
def test_stream_without_a_thread_lets_other_threads_run_and_close_it(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    library = tmp_path / "refusing.so"
    source = tmp_path / "refusing.c"
    source.write_text(REFUSING)
    subprocess.run([compiler, "-shared", "-fPIC", source, "-o", library, "-ldl"], check=True)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "LD_PRELOAD": str(library)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, "20 interrupted 2\n")

"""Runs the web handler of the examples, logs in and out, and ends it with Ctrl-C."""

import signal
import subprocess
import sys
import urllib.request

program = subprocess.Popen(
    [sys.executable, "examples/python/web_handler.py"],
    stdout=subprocess.PIPE,
    text=True,
    # The parent of the tests may have made its children ignore it.
    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
)
assert program.stdout is not None
url = program.stdout.readline().split()[-1]
for path, form in ("/login", b"phone=web1&player=alice"), ("/logout", b"phone=web2"):
    with urllib.request.urlopen(url + path, form, timeout=30) as answer:
        assert answer.status == 202
with urllib.request.urlopen(url + "/metrics", timeout=30) as answer:
    assert b'xgpush_outbox_submitted_total{outbox="1500001048"} 2\n' in answer.read()
program.send_signal(signal.SIGINT)
print(program.communicate(timeout=60)[0].strip())

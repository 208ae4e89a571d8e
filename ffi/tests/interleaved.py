"""interleaved.py BASE_URL PROGRAM AT_LEAST: runs coroutines.c under faults until so
many of its calls have interleaved, and compares each answer with the log of the
service: none may be better than the log allows."""

import json
import re
import subprocess
import sys
import urllib.request

base_url, program, at_least = sys.argv[1], sys.argv[2], int(sys.argv[3])
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
TOKEN = re.compile(r"[a-z0-9]+-\d+-\d+\.")


def admin(command, body=None):
    data = json.dumps(body or {}).encode()
    request = urllib.request.Request(f"{base_url}/_emulator/{command}", data=data)
    with opener.open(request, timeout=30) as response:
        return response.read()


def log():
    """Every entry, page by page."""
    since, more = 0, True
    while more:
        page = json.loads(admin(f"log?limit=10000&since={since}"))
        yield from page["log"]
        since, more = page["log"][-1]["seq"] if page["log"] else since, page["more"]


def faults(seed):
    """One request in four goes wrong, before it is taken or after it."""
    kinds = ["reset_before", "reset_after", "close_before", "close_after"]
    each = [{"kind": kind} for kind in kinds] + [{"kind": "truncate", "at": 10}]
    return {"seed": seed, "per_mille": 250, "kinds": each}


def judge(line, seen):
    """What is wrong with an answer, given the entries of the log that have its token."""
    token, call, state, message = line
    entries = seen.get(token, [])
    if state == "not_sent" and entries:
        return f"{token} {call}: not sent ({message}), but the service has it: {entries}"
    if state == "accepted" and not any(
        entry["status"] == 200 and entry["fault"] is None
        and (call != "operate" or entry["applied"])
        for entry in entries
    ):
        return f"{token} {call}: accepted, but the service says {entries}"
    if state == "rejected" and not any(entry["ret_code"] or entry["results"] for entry in entries):
        return f"{token} {call}: rejected ({message}), but the service says {entries}"
    return f"{token} {call}: {state}" if state not in STATES else None


STATES = ("accepted", "rejected", "unknown", "not_sent")
interleaved, calls, wrong, run = 0, 0, [], 0
told = dict.fromkeys(STATES, 0)
while interleaved < at_least and run < 200 and not wrong:
    run += 1
    admin("config", {"random_faults": faults(run)})
    admin("reset")
    # Idle connections break as they are used again.
    admin("fault", {"kind": "close_idle", "rst": True, "per_mille": 50, "times": 0})
    done = subprocess.run(
        [program, base_url, f"r{run}", "400"], capture_output=True, text=True, timeout=60, check=False
    )
    *noise, count = done.stderr.splitlines() or [""]
    if done.returncode != 0 or noise or not count.isdigit():
        sys.exit(f"{program} ended with {done.returncode}: {done.stderr}")
    interleaved += int(count)
    seen = {}
    for entry in log():
        for token in TOKEN.findall(entry["body"]):
            seen.setdefault(token, []).append(entry)
    for line in done.stdout.splitlines():
        line = line.split("\t")
        calls += 1
        told[line[2]] = told.get(line[2], 0) + 1
        wrong += filter(None, [judge(line, seen)])
admin("config", {"random_faults": None})
admin("clear_faults")
admin("reset")
print(f"{calls} calls, {interleaved} interleavings, {told}", file=sys.stderr)
for each in wrong[:5]:
    print(each, file=sys.stderr)
good = not wrong and interleaved >= at_least and all(told[state] for state in ("accepted", "unknown", "not_sent"))
print(f"C coroutines: {calls if good else 0} passed, {0 if good else 1} failed")
sys.exit(0 if good else 1)

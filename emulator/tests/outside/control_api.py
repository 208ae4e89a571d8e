"""control_api.py PROGRAM: whatever the control API is sent, it answers as its OpenAPI
document says, and never with 5xx."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from emulator import Emulator

# Whether a number with `.0` is an integer, or digits are a text, is not judged.
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "response_headers_conformance,unsupported_method,allow_header_conformance"
)


def run(program):
    with Emulator(program) as service, tempfile.TemporaryDirectory() as folder:
        # There is something to list.
        for number in range(30):
            service.bind(f"token-{number}", f"player-{number % 4}", number % 3)
        service.bind("token-1", "player-1", headers={"X": "y"})
        service.admin("recipe", {"name": "bad_day"})
        described = service.admin("openapi.json")
        for parameter in described["paths"]["/_emulator/log"]["get"]["parameters"]:
            if parameter["name"] == "wait_ms":
                parameter["schema"]["maximum"] = 10
        # Nothing else changes; a name here would hide that the document is the server's.
        document = Path(folder, "openapi.json")
        document.write_text(json.dumps(described), encoding="utf-8")
        command = [
            str(Path(sys.executable).with_name("schemathesis")), "run", str(document),
            "--url", service.url, "--checks", CHECKS, "--phases", "coverage,fuzzing", "--max-examples", "10", "--seed", "1",
        ]
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        health = service.admin("health")
    assert health["status"] == "ok"
    if ended.returncode != 0:
        print(ended.stdout[-6000:], ended.stderr[-2000:])
        return False
    print(next(line.strip() for line in ended.stdout.splitlines() if " generated, " in line))
    return True


good = run(sys.argv[1])
print(f"Emulator control API: {int(good)} passed, {int(not good)} failed")
sys.exit(0 if good else 1)

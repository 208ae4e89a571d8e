#!/usr/bin/env bash
# plugin.sh WHEEL: the fixtures in a project that has only the wheel and pytest.
. "$(dirname "$0")/../../scripts/common.sh"
venv
wheel=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$PYTHON" -m venv --without-pip "$work/venv"
bin=$work/venv/bin
"$VENV/python" -m pip --python "$bin/python" install --quiet --disable-pip-version-check \
  --no-index --find-links "$ROOT/target/venv/wheels" \
  "$wheel" "$(grep '^pytest==' python/requirements-test.txt)"
mkdir "$work/project"
cat > "$work/project/test_login.py" <<'PY'
import pytest


@pytest.mark.parametrize("n", [1, 2])
def test_faults_and_the_log(xgpush_emulator, xgpush_client, n):
    assert xgpush_emulator.log == [], "each test has a service of its own"
    xgpush_emulator.fault({"kind": "status", "status": 503})
    assert xgpush_client.bind([("token1", "alice")]).all_accepted
    assert [entry["status"] for entry in xgpush_emulator.log] == [503, 200]
    assert xgpush_emulator.state["tokens"] == {"token1": [["alice", 0]]}


def test_the_service_of_the_client_is_that_of_the_test(xgpush_client, xgpush_emulator):
    xgpush_emulator.configure(bad_token_prefix="old")
    assert not xgpush_client.clear_tokens(["old1"]).all_accepted
PY
cat > "$work/project/test_apart.py" <<'PY'
import sys


def test_who_does_not_use_it_does_not_load_it():
    assert "pytest_xgpush" in sys.modules
    assert not [name for name in sys.modules if name.split(".")[0] == "xgpush"]
PY
cd "$work/project"
"$bin/python" -W error -m pytest -q -p no:cacheprovider test_apart.py
"$bin/python" -W error -m pytest -q -p no:cacheprovider test_login.py

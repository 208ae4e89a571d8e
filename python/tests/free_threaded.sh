#!/usr/bin/env bash
# The wheel of FREE_THREADED, an interpreter without its lock, and all tests in it; those
# that take packages without a wheel for it are left out.
. "$(dirname "$0")/../../scripts/common.sh"
interpreter=${FREE_THREADED:?names the interpreter}
work=$ROOT/target/free-threaded
rm -rf "$work"; mkdir -p "$work"
bash scripts/build/wheel.sh fast "$work/dist" "$interpreter"
bash python/tests/wheel.sh "$work"/dist/*.whl
"$interpreter" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$work"/dist/*.whl \
  $(grep -E '^(pytest|rich)==' python/requirements-test.txt)
"$work/venv/bin/python" -m pytest -q -p no:cacheprovider -c python/pyproject.toml \
  --rootdir python python/tests

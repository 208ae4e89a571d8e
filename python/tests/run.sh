#!/usr/bin/env bash
# The wheel: types, stubs, tests.
. "$(dirname "$0")/../../scripts/common.sh"
bad=0
can "the tests of the Python package" module:ensurepip target/venv || exit $bad
dist=$ROOT/target/pytest-dist
rm -rf "$dist"
bash scripts/build/wheel.sh fast "$dist"
"$VENV/python" -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps "$dist"/*.whl
# For what happens between a wheel and the library of a C program in one process.
cargo build --quiet --profile fast -p xgpush-ffi
export XG_TEST_LIBRARY=$ROOT/target/fast/libxgpush_ffi.so
gate() { # NAME COMMAND…: counted as one test
  local name=$1; shift
  if "$@"; then echo "$name: 1 passed, 0 failed"; else echo "$name: 0 passed, 1 failed"; bad=1; fi
}
gate types "$VENV/python" -m mypy --strict python/xgpush python/pytest_xgpush python/tests examples/python
gate stubs "$VENV/python" -m mypy.stubtest xgpush._native
gate pyright "$VENV/pyright" --project python --pythonpath "$VENV/python"
gate reference "$VENV/python" -W error scripts/docs/python_reference.py "$ROOT/target/pydoc"
bash python/tests/wheel.sh "$dist"/*.whl || bad=1
bash python/tests/sdist.sh || bad=1
if [ -n "${FREE_THREADED:-}" ]; then
  bash python/tests/free_threaded.sh || bad=1
fi
gate plugin bash python/tests/plugin.sh "$(echo "$dist"/*.whl)"
"$VENV/python" -m pytest -q -s -p no:cacheprovider -c python/pyproject.toml --rootdir python \
  python/tests || bad=1
exit $bad

#!/usr/bin/env bash
# The wheel: types, stubs, tests.
. "$(dirname "$0")/../../scripts/common.sh"
venv
dist=$ROOT/target/pytest-dist
rm -rf "$dist"
bash scripts/wheel.sh fast "$dist"
"$VENV/python" -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps "$dist"/*.whl
bad=0
gate() { # NAME COMMAND…: counted as one test
  local name=$1; shift
  if "$@"; then echo "$name: 1 passed"; else echo "$name: 1 failed"; bad=1; fi
}
gate types "$VENV/python" -m mypy --strict python/xgpush python/pytest_xgpush python/tests examples/python
gate stubs "$VENV/python" -m mypy.stubtest xgpush._native
gate pyright "$VENV/pyright" --project python --pythonpath "$VENV/python"
gate metadata "$VENV/twine" check --strict "$dist"/*.whl
gate abi3 "$VENV/abi3audit" --strict "$dist"/*.whl
gate reference "$VENV/python" -W error scripts/python_reference.py "$ROOT/target/pydoc"
gate plugin bash python/tests/plugin.sh "$(echo "$dist"/*.whl)"
"$VENV/python" -m pytest -q -s -p no:cacheprovider -c python/pyproject.toml --rootdir python \
  python/tests || bad=1
exit $bad

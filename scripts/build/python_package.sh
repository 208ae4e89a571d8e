#!/usr/bin/env bash
# python_package.sh DIR: puts the Python package into DIR, for PYTHONPATH. It needs cargo
# and no Python tool. If maturin is installed, its build is used: the two would compile
# PyO3 again in turn.
. "$(dirname "$0")/../common.sh"
need_cargo
dir=$1
rm -rf "$dir"; mkdir -p "$dir"
if venv_is_made; then
  wheels=$(mktemp -d)
  trap 'rm -rf "$wheels"' EXIT
  bash scripts/build/wheel.sh fast "$wheels" >/dev/null
  "$PYTHON" -m zipfile -e "$wheels"/*.whl "$dir"
else
  cargo build --quiet --profile fast -p xgpush-python --features pyo3/extension-module
  cp -R python/xgpush "$dir/"
  cp target/fast/lib_native.so "$dir/xgpush/_native.abi3.so"
fi

#!/usr/bin/env bash
# wheel.sh PROFILE DIR: builds the wheel.
. "$(dirname "$0")/common.sh"
need_cargo
profile=${1:-release} dir=${2:-dist}
venv
"$VENV/maturin" build --quiet --profile "$profile" --manifest-path python/Cargo.toml \
  --interpreter "$VENV/python" --out "$dir"
ls -l "$dir"/*.whl

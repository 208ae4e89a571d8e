#!/usr/bin/env bash
# The referee finds what is planted, a short storm over real processes passes it, and the
# example of three gates keeps its promise. What each prints last is what test.sh counts.
. "$(dirname "$0")/../common.sh"
need_cargo
need "$PYTHON" "install Python 3.9 or newer"
bad=0
"$PYTHON" scripts/fleet/referee_test.py || bad=1
if can storm redis-server; then
  # What the Rust tests are built with has the member of a fleet among its examples.
  cargo test --quiet --workspace --exclude xgpush-python --no-run
  cargo build --quiet --profile fast -p xgpush-emulator
  "$PYTHON" scripts/fleet/storm.py target/debug/examples/fleet_member \
    target/fast/xgpush-emulator --short || bad=1
  if bash scripts/fleet/example.sh --quick; then
    echo "example: 1 passed, 0 failed"
  else
    echo "example: 0 passed, 1 failed"; bad=1
  fi
fi
exit $bad

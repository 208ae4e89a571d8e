#!/usr/bin/env bash
# storm.sh [--short] [--seed N] [SCENE…]: builds what storm.py runs, and runs it.
. "$(dirname "$0")/../common.sh"
need_cargo
need "$PYTHON" "install Python 3.9 or newer"
cargo build --quiet --profile fast -p xgpush-emulator
cargo build --quiet --profile fast -p xgpush --features outbox-redis --example fleet_member
exec "$PYTHON" scripts/fleet/storm.py target/fast/examples/fleet_member target/fast/xgpush-emulator "$@"

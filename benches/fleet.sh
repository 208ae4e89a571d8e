#!/usr/bin/env bash
# fleet.sh [WHAT…]: the outbox over Redis; see benches/README.md. WHAT: submit, calls,
# delivered, redis, idle, minute; by default all.
. "$(dirname "$0")/../scripts/common.sh"
need_cargo
need redis-server "install it (Debian: redis-server)"
work=$ROOT/target/bench
mkdir -p "$work"
cargo build --quiet --release -p xgpush-bench -p xgpush-emulator
bash scripts/build/lib.sh release "$work/lib" >/dev/null
cc -O2 -Iinclude benches/c/outbox.c -o "$work/outbox" -L"$work/lib" -lxgpush -Wl,-rpath,"$work/lib"
say "A fleet over Redis ($(redis-server --version | cut -d' ' -f3)), $(nproc) cores"
exec "$PYTHON" benches/python/fleet.py target/release/fleet "$work/outbox" \
  target/release/xgpush-emulator "$@"

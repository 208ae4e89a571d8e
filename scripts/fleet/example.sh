#!/usr/bin/env bash
# example.sh [--quick]: three gates share one Redis, and the one that relays is killed; see
# example.py.
. "$(dirname "$0")/../common.sh"
need_cargo
need "$PYTHON" "install Python 3.9 or newer"
need redis-server "install Redis or Valkey (Debian: redis-server)"
say "Building the Python package"
out=$ROOT/target/fleet/python
bash scripts/build/python_package.sh "$out"
say "Three gates, one Redis"
exec "$PYTHON" scripts/fleet/example.py "$out" "$@"

#!/usr/bin/env bash
# Every test in every language, and how many ran in each. Goes on after a
# failure, so that one run shows them all; fails at the end.
. "$(dirname "$0")/common.sh"
logs=$ROOT/target/test-logs
mkdir -p "$logs"
failed=()

suite() { # NAME COMMAND…
  local name=$1; shift
  say "$name"
  local began=$SECONDS
  if ! "$@" 2>&1 | tee "$logs/$name.log"; then
    failed+=("$name")
  fi
  echo "-- $name: $((SECONDS - began)) s"
}

# Sums "N passed" and "N failed" over the lines of a log that a runner closes with.
count() { # WORD LOG…
  local word=$1; shift
  cat "$@" 2>/dev/null | sed -n "s/.*[^0-9]\([0-9][0-9]*\) $word.*/\1/p; s/^\([0-9][0-9]*\) $word.*/\1/p" |
    awk '{n += $1} END {print n + 0}'
}

suite rust cargo test --workspace --exclude xgpush-python --no-fail-fast
suite rust-without-http cargo test -p xgpush --no-default-features --lib
suite c bash ffi/tests/run.sh
suite c-asan env XG_RUN_UNDER=asan bash ffi/tests/run.sh
suite python bash python/tests/run.sh
suite readme bash scripts/readme_test.sh
suite demo bash scripts/demo.sh

say "Tests"
for language in rust c python readme; do
  printf '%-8s %5d passed, %d failed\n' "$language" \
    "$(count passed "$logs/$language"*.log)" "$(count failed "$logs/$language"*.log)"
done
grep -hE '^(Rust|C|Python) conformance: ' "$logs"/*.log || true
total() { count "$1" "$logs"/rust*.log "$logs"/c*.log "$logs"/python.log "$logs"/readme.log; }
echo
echo "$(total passed) passed, $(total failed) failed"
if [ ${#failed[@]} -gt 0 ]; then
  echo "failed: ${failed[*]}"
  exit 1
fi

#!/usr/bin/env bash
# Every test in every language, and how many ran in each. Goes on after a
# failure, so that one run shows them all; fails at the end.
. "$(dirname "$0")/common.sh"
need_cargo
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

# What the other suites link and install is built beside the Rust tests, which wait a
# lot. What fails here fails again, and is told, where it is needed.
built_ahead() {
  cargo build --quiet --profile fast -p xgpush-ffi
  cargo build --quiet --profile fast -p xgpush-emulator
  bash scripts/wheel.sh fast "$(mktemp -d "$ROOT/target/ahead.XXXXXX")"
  rm -rf "$ROOT"/target/ahead.*
}
cargo test --quiet --workspace --exclude xgpush-python --no-run
built_ahead >"$logs/ahead" 2>&1 &
ahead=$!
renice -n 19 -p "$ahead" >/dev/null 2>&1 || true
suite rust cargo test --workspace --exclude xgpush-python --no-fail-fast
suite rust-without-http cargo test -p xgpush --no-default-features --lib
suite c bash ffi/tests/run.sh
suite c-asan env XG_RUN_UNDER=asan bash ffi/tests/run.sh
wait "$ahead" || true
suite python bash python/tests/run.sh
suite readme bash scripts/readme_test.sh
suite docs bash scripts/docs_test.sh
suite languages bash scripts/languages_test.sh
suite install bash scripts/install_test.sh
suite demo bash scripts/demo.sh

say "Tests"
tables=(rust c python readme docs languages install)
for table in "${tables[@]}"; do
  printf '%-9s %5d passed, %d failed\n' "$table" \
    "$(count passed "$logs/$table"*.log)" "$(count failed "$logs/$table"*.log)"
done
grep -hE '^(Rust|C|Python) conformance: ' "$logs"/*.log || true
total() { # WORD
  local table
  for table in "${tables[@]}"; do count "$1" "$logs/$table"*.log; done | awk '{n += $1} END {print n + 0}'
}
echo
echo "$(total passed) passed, $(total failed) failed"
if [ ${#failed[@]} -gt 0 ]; then
  # What failed, again at the end: a log of CI is often cut to its last lines.
  for name in "${failed[@]}"; do
    say "$name"
    grep -aE '(^|[^0-9])[1-9][0-9]* failed|FAILED|^FAIL|panicked at|^[Ee]rror|AssertionError|: ERROR' \
      "$logs/$name.log" | cut -c 1-300 | head -n 25 || true
    tail -n 5 "$logs/$name.log" | cut -c 1-300
  done
  echo
  echo "failed: ${failed[*]}"
  exit 1
fi

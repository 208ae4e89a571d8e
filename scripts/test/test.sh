#!/usr/bin/env bash
# Every test in every language, and how many ran in each. Goes on after a
# failure, so that one run shows them all; fails at the end. A test that lacks
# something is counted as skipped; setup.sh installs what it can.
. "$(dirname "$0")/../common.sh"
need_cargo
logs=$ROOT/target/test-logs
mkdir -p "$logs"
rm -f "$logs"/*

suite() { # NAME COMMAND…
  local name=$1; shift
  say "$name"
  local began=$SECONDS
  if ! "$@" 2>&1 | tee "$logs/$name.log"; then
    echo "$name" >>"$logs/failed"
  fi
  echo "-- $name: $((SECONDS - began)) s"
}

# Sums "N passed" and "N failed" over the lines of a log that a runner closes with.
count() { # WORD LOG…
  local word=$1; shift
  cat "$@" 2>/dev/null | sed -n "s/.*[^0-9]\([0-9][0-9]*\) $word.*/\1/p; s/^\([0-9][0-9]*\) $word.*/\1/p" |
    awk '{n += $1} END {print n + 0}'
}

# What the other suites link and install is built during the Rust tests, which wait a
# lot. A build that fails here fails again, and is reported, where it is needed.
built_ahead() {
  cargo build --quiet --profile fast -p xgpush-ffi
  cargo build --quiet --profile fast -p xgpush-emulator
  bash scripts/build/python_package.sh "$(mktemp -d "$ROOT/target/ahead.XXXXXX")"
  rm -rf "$ROOT"/target/ahead.*
}
cargo test --quiet --workspace --exclude xgpush-python --no-run
# Ending this script ends its background jobs: each has a process group of its own.
ahead='' beside=''
trap 'for group in $ahead $beside; do kill -- "-$group" 2>/dev/null || true; done' EXIT
set -m
built_ahead >"$logs/ahead" 2>&1 &
ahead=$!
set +m
renice -n 19 -p "$ahead" >/dev/null 2>&1 || true
# More histories of a fleet than somebody waits for who changes a line.
suite rust env XG_FLEET_HISTORIES=10000 cargo test --workspace --exclude xgpush-python --no-fail-fast

# Two lanes, of about the same length: what runs under valgrind keeps one processor
# busy, and interpreters mostly wait. The first one is shown when both are through.
set -m
{
  suite c bash ffi/tests/run.sh
  suite c-asan env XG_RUN_UNDER=asan bash ffi/tests/run.sh
} >"$logs/beside" 2>&1 &
beside=$!
set +m
wait "$ahead" || true
ahead=''
suite rust-without-http cargo test -p xgpush --no-default-features --lib
suite python bash python/tests/run.sh
suite fleet bash scripts/test/fleet_test.sh
suite emulator-java bash emulator/tests/outside/java_sdk.sh
suite emulator bash emulator/tests/outside/run.sh
suite setup bash scripts/test/setup_test.sh
suite readme bash scripts/test/readme_test.sh
suite docs bash scripts/test/docs_test.sh
suite languages bash scripts/test/languages_test.sh
suite install bash scripts/test/install_test.sh
suite demo bash scripts/test/demo.sh
wait "$beside" || echo beside >>"$logs/failed"
beside=''
cat "$logs/beside"

say "Tests"
tables=(rust c python fleet emulator setup readme docs languages install)
closing() { # LOG…: N passed, N failed, and skipped if there are any
  local skipped
  skipped=$(count skipped "$@")
  printf '%d passed, %d failed' "$(count passed "$@")" "$(count failed "$@")"
  [ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
}
for table in "${tables[@]}"; do
  printf '%-9s %s\n' "$table" "$(closing "$logs/$table"*.log)"
done
grep -hE '^(Rust|C|Python) conformance: ' "$logs"/*.log || true
grep -hE '[0-9] skipped: needs ' "$logs"/*.log | sed 's/: 0 passed, 0 failed, 1 skipped:/ is skipped:/' | sort -u || true
mapfile -t all < <(for table in "${tables[@]}"; do printf '%s\n' "$logs/$table"*.log; done)
echo
echo "$(closing "${all[@]}")"
if [ -e "$logs/failed" ]; then
  # What failed, again at the end: a log of CI is often cut to its last lines.
  while read -r name; do
    say "$name"
    grep -aE '(^|[^0-9])[1-9][0-9]* failed|FAILED|^FAIL|panicked at|^[Ee]rror|AssertionError|: ERROR|^[^ ]+:[0-9]+: ' \
      "$logs/$name.log" | cut -c 1-300 | head -n 25 || true
    tail -n 5 "$logs/$name.log" | cut -c 1-300 || true
  done <"$logs/failed"
  echo
  echo "failed: $(paste -s -d ' ' "$logs/failed")"
  exit 1
fi

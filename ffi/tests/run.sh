#!/usr/bin/env bash
# The tests on the other side of the C ABI. XG_RUN_UNDER=none leaves valgrind out.
. "$(dirname "$0")/../../scripts/common.sh"
need cc "install a C compiler (Debian: gcc)"
need c++ "install a C++ compiler (Debian: g++)"
need nm "install binutils"
work=$ROOT/target/ctest
mkdir -p "$work"
bash scripts/lib.sh fast "$work/lib"
tests=ffi/tests/c
bad=0
ok() { echo "$1: 1 passed, 0 failed"; }
no() { echo "$1: 0 passed, 1 failed"; bad=1; }
check() { # NAME COMMAND…
  local name=$1; shift
  if "$@"; then ok "$name"; else no "$name"; fi
}
link=(-Iinclude -L"$work/lib" -lxgpush -Wl,-rpath,"$work/lib")
strict=(-Wall -Wextra -pedantic -Werror)

say "The header alone, in every language version"
for standard in c99 c11 c17; do
  check "xgpush.h as $standard" cc -std=$standard "${strict[@]}" -fsyntax-only -x c include/xgpush.h
done
for standard in c++11 c++17 c++20; do
  check "xgpush.h as $standard" c++ -std=$standard "${strict[@]}" -fsyntax-only -x c++ include/xgpush.h
done
for standard in c++17 c++20; do
  printf '#include <xgpush.hpp>\n' > "$work/alone.cpp"
  check "xgpush.hpp as $standard" c++ -std=$standard "${strict[@]}" -Iinclude -fsyntax-only "$work/alone.cpp"
done
cc "${strict[@]}" $tests/unit_a.c $tests/unit_b.c -o "$work/units-c" "${link[@]}"
check "two C units" "$work/units-c"
c++ -std=c++17 "${strict[@]}" $tests/unit_a.cpp $tests/unit_b.cpp -o "$work/units-cpp" "${link[@]}"
check "two C++ units" "$work/units-cpp"

say "The library"
grep -oE '\bxg_[a-z0-9_]+\(' include/xgpush.h | tr -d '(' | sort -u > "$work/header.txt"
nm -D --defined-only "$work/lib/libxgpush.so" | awk '{print $3}' | sort -u > "$work/exports.txt"
check "exports equal the header ($(wc -l < "$work/header.txt"))" diff "$work/header.txt" "$work/exports.txt"
needed=$(readelf -d "$work/lib/libxgpush.so" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | sort | tr '\n' ' ')
check "needs libc and libgcc_s only: $needed" \
  grep -qxE '(ld-linux[^ ]* )?libc\.so\.6 libgcc_s\.so\.1 ' <<< "$needed"
check "SONAME" grep -q 'SONAME.*\[libxgpush.so.0\]' <(readelf -d "$work/lib/libxgpush.so")
check "nodelete" grep -q NODELETE <(readelf -d "$work/lib/libxgpush.so")
bash ffi/tests/abi.sh "$work" || bad=1
cc $tests/load.c -o "$work/load" "${link[@]}"
check "loads and exits without a call" "$work/load"

say "Programs"
under=()
if [ "${XG_RUN_UNDER:-valgrind}" = valgrind ]; then
  if command -v valgrind >/dev/null; then
    under=(valgrind --quiet --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --error-exitcode=99)
  else
    echo "valgrind is missing: leaks are not looked for (Debian: valgrind)"
  fi
fi
build() { # NAME ARGUMENTS…
  cc -std=c11 -g "${strict[@]}" -D_POSIX_C_SOURCE=200809L "$tests/$1.c" "${@:2}" -o "$work/$1" "${link[@]}"
}
run() { "${under[@]}" "$@" || bad=1; }
build sweep; build face; build quiet -ldl -lpthread; build outbox -lpthread; build outbox_exit; build outbox_store
missing=$(grep -vwFf <(grep -oE '\bxg_[a-z0-9_]+' $tests/sweep.c | sort -u) "$work/header.txt" || true)
check "the sweep calls every export$missing" test -z "$missing"
run "$work/sweep"

CARGO_TARGET_DIR=$ROOT/target/panic cargo build --quiet -p xgpush-ffi --features test-panic
mkdir -p "$work/panic"
cp target/panic/debug/libxgpush_ffi.so "$work/panic/libxgpush.so.0"
ln -sf libxgpush.so.0 "$work/panic/libxgpush.so"
cc -g "${strict[@]}" $tests/panic.c -o "$work/panic/panic" -Iinclude -L"$work/panic" -lxgpush \
  -Wl,-rpath,"$work/panic"
"$work/panic/panic" 2>/dev/null || bad=1

start_emulator
run "$work/face" "$BASE_URL"
rm -rf "$work/files"; mkdir -p "$work/files"
run "$work/outbox" "$BASE_URL" "$work/files"
leave_main() { for _ in $(seq 100); do "$work/outbox_exit" "$BASE_URL" || return 1; done; }
bash ffi/tests/tsan.sh "$BASE_URL" "$work" || bad=1
check "100 programs return from main while sending" leave_main
check "a fault at every write to the file" bash ffi/tests/store_faults.sh "$BASE_URL" "$work"
connections() { "$PYTHON" scripts/admin.py "$BASE_URL" counters | sed 's/.*"connections":\([0-9]*\).*/\1/'; }
before=$(connections)
"$work/quiet" "${BASE_URL##*:}" || bad=1
# One for the 200 calls, one for the question after them.
check "200 calls open one connection" test $(($(connections) - before)) = 2

if echo '#include <jansson.h>' | cc -E - >/dev/null 2>&1; then
  build conformance $tests/conformance_cases.c $tests/conformance_live.c -ljansson
  "$work/conformance" "$ROOT/target/fast/xgpush-emulator" conformance/*.json || bad=1
else
  no "the conformance cases: jansson.h is missing (Debian: libjansson-dev)"
fi
exit $bad

#!/usr/bin/env bash
# The tests on the other side of the C ABI. XG_RUN_UNDER says what the C and C++
# programs run under: valgrind, asan (with UBSan, and nothing but the programs) or none.
. "$(dirname "$0")/common.sh"
bash scripts/build/lib.sh fast "$work/lib"
if [ "${XG_RUN_UNDER:-}" != asan ]; then
  bash ffi/tests/header.sh || bad=1
  bash ffi/tests/library.sh || bad=1
fi

say "Programs"
. ffi/tests/under.sh
build load
check "loads and exits without a call" "${under[@]}" "$programs/load"
build unit_a $tests/unit_b.c
check "two C units" "${under[@]}" "$programs/unit_a"
build_cpp units -std=c++17 $tests/unit_a.cpp $tests/unit_b.cpp
check "two C++ units" "${under[@]}" "$programs/units"
c++ -std=c++20 -g "${strict[@]}" "${sanitize[@]}" -fno-exceptions -Iinclude -c $tests/unit_b.cpp \
  -o "$programs/unit_b.o"
build_cpp mixed -std=c++17 $tests/unit_a.cpp "$programs/unit_b.o"
check "two C++ units, one without exceptions" "${under[@]}" "$programs/mixed"
build transport -lpthread
build sweep; build client; build quiet -ldl -lpthread; build outbox -lpthread; build outbox_hang -lpthread; build outbox_limits -ldl -lpthread
build outbox_exit; build outbox_store
missing=$(grep -vwFf <(grep -oE '\bxg_[a-z0-9_]+' $tests/sweep.c | sort -u) <(functions) || true)
check "the sweep calls every export$missing" test -z "$missing"
run "$programs/sweep"
run "$programs/transport"

cargo build --quiet -p xgpush-ffi --features test-panic
mkdir -p "$programs/panics"
cp target/debug/libxgpush_ffi.so "$programs/panics/libxgpush.so.0"
build panic -L"$programs/panics" -l:libxgpush.so.0 -Wl,-rpath,"$programs/panics"
run "$programs/panic" 2>"$programs/panic.log"
cat "$programs/panic.log"
check "a panic writes nothing" test ! -s "$programs/panic.log"

start_emulator
run "$programs/client" "$BASE_URL"
for standard in c++17 c++20; do
  build_cpp api-cpp -std=$standard ffi/tests/cpp/api.cpp -lpthread
  run "$programs/api-cpp" "$BASE_URL"
  build_cpp api-cpp -std=$standard -fno-exceptions -fno-rtti ffi/tests/cpp/api.cpp -lpthread
  run "$programs/api-cpp" "$BASE_URL"
done
rm -rf "$programs/files"; mkdir -p "$programs/files"
run "$programs/outbox" "$BASE_URL" "$programs/files"
# valgrind lets one thread run at a time.
untimed=(); [ "$mode" != valgrind ] || untimed=(untimed)
run "$programs/outbox_hang" "$BASE_URL" "$programs/files" "${untimed[@]}"
run "$programs/outbox_limits" "$BASE_URL"
if can "the outbox over libcurl" header:curl/curl.h; then
  cc -std=c11 -g "${strict[@]}" "${sanitize[@]}" -D_POSIX_C_SOURCE=200809L -DOVER_CURL $tests/outbox.c \
    examples/c/curl_transport.c -o "$programs/outbox-over-curl" "${link[@]}" -lcurl -lpthread
  built "$programs/outbox-over-curl"
  rm -rf "$programs/files"; mkdir -p "$programs/files"
  run "$programs/outbox-over-curl" "$BASE_URL" "$programs/files"
fi
build language; run "$programs/language"
build clock_step -ldl; run "$programs/clock_step" "$BASE_URL"
if [ "$mode" != asan ]; then # It does not know that a cancelled thread leaves its frames.
  build cancelled -lpthread
  run "$programs/cancelled"
fi
build_cpp late -std=c++17 ffi/tests/cpp/late.cpp -lpthread
late() { "${under[@]}" "$programs/late" "$BASE_URL" "$1" 2>&1 | sort | uniq -c | xargs; }
for when in static atexit main_thread_local thread_local quick; do
  check "calls at the end of the program ($when)" test "$(late "$when")" = "8 accepted"
done
check "returns from main while sending" "${under[@]}" "$programs/outbox_exit" "$BASE_URL"
# Each with a second copy of the library beside its own.
cp "$work/lib/libxgpush.so.0" "$programs/copy.so"
build copies -ldl -lpthread
cc -std=c11 -g "${strict[@]}" "${sanitize[@]}" $tests/copies.c -o "$programs/copies-static" -Iinclude \
  "$work/lib/libxgpush.a" -ldl -lpthread -lm
for program in copies copies-static; do
  rm -rf "$programs/files"; mkdir -p "$programs/files"
  run "$programs/$program" "$BASE_URL" "$programs/files" "$programs/copy.so"
done
store() { "${under[@]}" "$programs/outbox_store" "$BASE_URL" "$programs/files/store" process "$1" | wc -l; }
check "ten operations go into the file" test "$(store fill)" = 10
check "ten operations come out of it" test "$(store drain)" = 10
if [ "$mode" != asan ]; then
  bash ffi/tests/tsan.sh "$BASE_URL" "$work" || bad=1
  check "a host under ThreadSanitizer" bash ffi/tests/tsan_host.sh "$BASE_URL" "$work"
  leave_main() { for _ in $(seq 100); do "$programs/outbox_exit" "$BASE_URL" || return 1; done; }
  check "100 programs return from main while sending" leave_main
  build outbox_memory -lpthread
  check "a submission without memory is answered" "$programs/outbox_memory"
  build outbox_fork -lpthread
  rm -rf "$programs/forks"; mkdir -p "$programs/forks"
  "$programs/outbox_fork" "$BASE_URL" "$programs/forks" || bad=1
  build outbox_idle
  "$programs/outbox_idle" "$BASE_URL" "$programs/files/idle" || bad=1
  check "file systems that lack something" bash ffi/tests/store_systems.sh "$BASE_URL" "$programs"
  build coroutines -ldl
  "$PYTHON" ffi/tests/interleaved.py "$BASE_URL" "$programs/coroutines" 10000 || bad=1
  check "a fault at every write to the file" bash ffi/tests/store_faults.sh "$BASE_URL" "$programs"
fi
connections() { "$PYTHON" scripts/test/emulator_admin.py "$BASE_URL" counters | sed 's/.*"connections":\([0-9]*\).*/\1/'; }
before=$(connections)
run "$programs/quiet" "${BASE_URL##*:}"
# One for the 200 calls, one for the question after them.
check "200 calls open one connection" test $(($(connections) - before)) = 2

if can "the codes and the conformance cases" header:jansson.h; then
  build codes -ljansson
  run "$programs/codes"
  build conformance $tests/conformance_cases.c $tests/conformance_live.c -ljansson
  run "$programs/conformance" "$ROOT/target/fast/xgpush-emulator" conformance/*.json
fi
exit $bad

#!/usr/bin/env bash
# tsan.sh BASE_URL DIR: the C outbox test under ThreadSanitizer.
#
# The library, SQLite and the test are instrumented; the standard library is not, for
# its source does not come with the compiler. Its locks are inlined and seen, but for
# slow paths: a contended lock, and the waits for a condition. These are wrapped
# and told to the sanitizer here. Where a OnceLock ends is suppressed, and the last
# drop of an Arc, which goes by a fence that the sanitizer does not know.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../scripts/common.sh"
url=$1 dir=$2 root=$ROOT bad=0
host=$(rustc -vV | sed -n 's/^host: //p')
runtime=$(rustc --print sysroot)/lib/rustlib/$host/lib
runtime=$(ls "$runtime"/librustc*_rt.tsan.a 2>/dev/null | head -1 || true)
if [ -z "$runtime" ]; then
  skip "C outbox, ThreadSanitizer" "a Rust compiler that has it for $host"
  exit $bad
fi
work=$dir/tsan
rm -rf "$work/files"; mkdir -p "$work/files"
# The sanitizer is unstable in stable compilers; a test may use it all the same.
RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer" \
  CFLAGS="-fsanitize=thread -g" CARGO_TARGET_DIR=$root/target/tsan \
  cargo build --quiet --target "$host" -p xgpush-ffi
library=$root/target/tsan/$host/debug/libxgpush_ffi.a
symbol() { nm "$library" 2>/dev/null | grep -oE "_R[A-Za-z0-9_]*$1\$" | sort -u | sed -n 1p || true; }
lock=$(symbol 'mutex5futexNtB2_5Mutex14lock_contended')
wait=$(symbol 'condvar5futexNtB2_7Condvar12wait_timeout')
long=$(symbol 'condvar5futexNtB2_7Condvar4wait')
cat > "$work/wrap.c" <<C
#include <stdbool.h>
#include <stdint.h>
void __tsan_acquire(void *);
void __tsan_release(void *);
void __real_$lock(void *mutex);
void __wrap_$lock(void *mutex) {
  __real_$lock(mutex);
  __tsan_acquire(mutex);
}
bool __real_$wait(void *condition, void *mutex, uint64_t seconds, uint32_t nanoseconds);
bool __wrap_$wait(void *condition, void *mutex, uint64_t seconds, uint32_t nanoseconds) {
  __tsan_release(mutex);
  bool woken = __real_$wait(condition, mutex, seconds, nanoseconds);
  __tsan_acquire(mutex);
  return woken;
}
void __real_$long(void *condition, void *mutex);
void __wrap_$long(void *condition, void *mutex) {
  __tsan_release(mutex);
  __real_$long(condition, mutex);
  __tsan_acquire(mutex);
}
C
cc -g -c "$work/wrap.c" -o "$work/wrap.o"
cc -std=c11 -g -fsanitize=thread -D_POSIX_C_SOURCE=200809L -Iinclude -c "$here/c/outbox.c" \
  -o "$work/outbox.o"
cc -g "$work/outbox.o" "$work/wrap.o" -Wl,--wrap="$lock" -Wl,--wrap="$wait" \
  -Wl,--wrap="$long" "$library" \
  -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive -lpthread -ldl -lm -lrt -o "$work/outbox"
printf 'race:once_lock::OnceLock\nrace:drop_slow\n' > "$work/suppressions"
# The sanitizer wants the memory where it expects it.
fixed=(); command -v setarch >/dev/null && fixed=(setarch -R)
if ! TSAN_OPTIONS="exitcode=66 history_size=4 suppressions=$work/suppressions" \
    "${fixed[@]}" "$work/outbox" "$url" "$work/files" > "$work/log" 2>&1; then
  grep -A12 "WARNING: ThreadSanitizer" "$work/log" | cut -c1-160 | head -60 || true
  tail -3 "$work/log"
  exit 1
fi
sed 's/^C outbox/C outbox, ThreadSanitizer/' "$work/log" | tail -1

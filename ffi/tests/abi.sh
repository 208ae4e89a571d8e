#!/usr/bin/env bash
# abi.sh DIR: the library in DIR/lib keeps the recorded ABI, and scripts/lint/abi.sh tells
# a change from an addition: it is shown one of each kind.
. "$(dirname "$0")/../../scripts/common.sh"
lib=$1/lib/libxgpush.so work=$1/abi
recorded=ffi/abi/libxgpush.abi
rm -rf "$work"; mkdir -p "$work"
passed=0 failed=0
expect() { # WANTED WHAT HEADER LIBRARY RECORD [VERB]: the exit code of abi.sh
  local code=0
  bash scripts/lint/abi.sh "${6:-check}" "$3" "$4" "$5" > "$work/log" 2>&1 || code=$?
  if [ $code = "$1" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$2: expected exit code $1, got $code"; cat "$work/log"
  fi
}
altered() { # SED [SONAME]: a header with a change, and a library that goes with it
  sed -E "$1" include/xgpush.h > "$work/xgpush.h"
  ! cmp -s include/xgpush.h "$work/xgpush.h" || missing "what to alter" "$1"
  awk -f ffi/abi/stand_in.awk "$work/xgpush.h" |
    cc -std=gnu2x -w -fPIC -shared -nostdlib -Wl,-soname,"${2:-libxgpush.so.0}" -x c - -o "$work/lib.so"
}
changed() { altered "$2"; expect 3 "$1" "$work/xgpush.h" "$work/lib.so" $recorded; }
added() { altered "$2"; expect 0 "$1" "$work/xgpush.h" "$work/lib.so" $recorded; }

expect 0 "the library has the recorded ABI" include/xgpush.h "$lib" $recorded
cat "$work/log"

poll='/^size_t xg_outbox_poll/,/;/'
changed "the sign of a parameter" "${poll}s/uint64_t timeout_ms/int64_t timeout_ms/"
changed "the width of a parameter" "${poll}s/uint64_t timeout_ms/uint32_t timeout_ms/"
changed "the const of a handle" "${poll}s/const struct xg_outbox/struct xg_outbox/"
changed "one more parameter" "${poll}s/timeout_ms\)/timeout_ms, int more)/"
changed "one parameter less" 's/^(uint64_t xg_reports_tag.*), size_t index/\1/'
changed "a returned type" 's/^size_t xg_reports_count/bool xg_reports_count/'
changed "a returned text that may be written" 's/^const char \*xg_version/char *xg_version/'
changed "a function that is gone" '/^size_t xg_reports_count/d'
changed "a function of another name" 's/^size_t xg_reports_count/size_t xg_reports_number/'
changed "the number of a status" 's/XG_STORAGE = 13/XG_STORAGE = 14/'
changed "a number that no function's type has" 's/XG_SEND_LOST = 3/XG_SEND_LOST = 33/'
changed "a number that is gone" '/XG_STORAGE = 13/d'
changed "a constant" 's/(XG_NO_ACCOUNT_TYPE) INT32_MIN/\1 -1/'
changed "what a callback is given" 's/\(\*xg_log_fn\)\(int32_t level/&, int more/'
added "one more function" 's/^size_t xg_reports_count/void xg_reports_clear(struct xg_reports *reports);\n\n&/'
added "one more status" 's/( *)XG_STORAGE = 13,/&\n\1XG_MORE = 99,/'
added "one more type and constant" 's/^typedef struct xg_stats.*/&\ntypedef enum xg_more {\n  XG_MORE = 1,\n} xg_more;\n#define XG_MOST 9/'
added "other words" 's/body_len/body_bytes/'

# A function in the header that the library does not export.
altered 's/^size_t xg_reports_count/size_t xg_reports_number/'
expect 3 "an export that is gone" include/xgpush.h "$work/lib.so" $recorded

# Recording: what was added stays; what breaks programs needs both new numbers.
record() { # WANTED WHAT
  expect "$1" "$2" "$work/xgpush.h" "$work/lib.so" "$work/record" record
}
cp $recorded "$work/record"
altered "s/(XG_ABI_VERSION) 1/\1 2/"
record 3 "another XG_ABI_VERSION with the old SONAME"
altered "s/XG_STORAGE = 13/XG_STORAGE = 14/" libxgpush.so.1
record 3 "another SONAME with the old XG_ABI_VERSION"
altered "s/XG_STORAGE = 13/XG_STORAGE = 14/"
record 3 "a change within a version"
if ! cmp -s $recorded "$work/record"; then
  failed=$((failed + 1)); echo "a refused record was written"
fi
altered 's/^size_t xg_reports_count/void xg_reports_clear(struct xg_reports *reports);\n\n&/'
record 0 "an addition"
expect 3 "an addition that is gone again" include/xgpush.h "$lib" "$work/record"
altered "s/(XG_ABI_VERSION) 1/\1 2/;s/XG_STORAGE = 13/XG_STORAGE = 14/" libxgpush.so.1
record 0 "a new version"
expect 0 "what was recorded last" "$work/xgpush.h" "$work/lib.so" "$work/record"

echo "C ABI: $passed passed, $failed failed"
[ $failed = 0 ]

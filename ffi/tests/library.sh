#!/usr/bin/env bash
# The library as a file: what it exports, needs and promises.
. "$(dirname "$0")/common.sh"
say "The library"
functions > "$work/header.txt"
nm -D --defined-only "$work/lib/libxgpush.so" | awk '{print $3}' | sort -u > "$work/exports.txt"
check "exports equal the header ($(wc -l < "$work/header.txt"))" diff "$work/header.txt" "$work/exports.txt"
needed=$(readelf -d "$work/lib/libxgpush.so" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | sort | tr '\n' ' ')
check "needs libc and libgcc_s only: $needed" \
  grep -qxE '(ld-linux[^ ]* )?libc\.so\.6 libgcc_s\.so\.1 ' <<< "$needed"
check "SONAME" grep -q 'SONAME.*\[libxgpush.so.0\]' <(readelf -d "$work/lib/libxgpush.so")
check "nodelete" grep -q NODELETE <(readelf -d "$work/lib/libxgpush.so")
if can "the C ABI" abidw abidiff; then bash ffi/tests/abi.sh "$work" || bad=1; fi
exit $bad

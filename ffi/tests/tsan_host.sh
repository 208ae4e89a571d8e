#!/usr/bin/env bash
# tsan_host.sh BASE_URL DIR: a host program under ThreadSanitizer beside the library as
# it is released, with the suppressions of the installed tree: nothing of the library is
# reported, and without them much is.
set -euo pipefail
url=$1 dir=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$dir/tsan-host
mkdir -p "$work"
if ! echo 'int main(void) { return 0; }' | cc -fsanitize=thread -x c - -o "$work/probe" 2>/dev/null; then
  echo "this compiler has no ThreadSanitizer: hosts under it are not tried"
  exit 0
fi
cc -std=c11 -g -fsanitize=thread -D_POSIX_C_SOURCE=200809L -I"$root/include" \
  "$root/ffi/tests/c/outbox.c" -o "$work/host" -L"$dir/lib" -lxgpush -Wl,-rpath,"$dir/lib" -lpthread
fixed=(); command -v setarch >/dev/null && fixed=(setarch -R)
reports() { # OPTIONS: how many, the host's own (its callbacks share without a lock) apart
  rm -rf "$work/files"; mkdir -p "$work/files"
  TSAN_OPTIONS="exitcode=0 $1" "${fixed[@]}" "$work/host" "$url" "$work/files" > "$work/log" 2>&1
  grep -c 'SUMMARY: .*libxgpush' "$work/log" || true
}
without=$(reports "")
with=$(reports "suppressions=$root/ffi/package/tsan.supp")
echo "reports without the suppressions: $without, with them: $with"
[ "$without" -gt 0 ] && [ "$with" = 0 ]

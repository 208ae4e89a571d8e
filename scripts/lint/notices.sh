#!/usr/bin/env bash
# notices.sh write|check: THIRD-PARTY-LICENSES of the libraries (in ffi/), of the wheel
# (in python/) and of the emulator, against what Cargo.lock has compiled in.
. "$(dirname "$0")/../common.sh"
need_cargo
need "$PYTHON" "install Python 3.9 or newer"
for folder in ffi python emulator; do
  file=$folder/THIRD-PARTY-LICENSES
  now=$(mktemp)
  "$PYTHON" scripts/lint/notices.py "xgpush-$folder" > "$now"
  case $1 in
    write) cat "$now" > "$file"; echo "$file is written" ;;
    check)
      diff -q "$file" "$now" >/dev/null || missing "a notice in $file" "run make notices and commit it" ;;
  esac
  rm "$now"
done

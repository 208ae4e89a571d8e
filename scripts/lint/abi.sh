#!/usr/bin/env bash
# abi.sh check|record [HEADER LIBRARY RECORD]: the ABI, which is what the header says
# of the functions that the library exports, against its record. Additions pass;
# exit code 3 means any other change. `record` writes the record, and refuses what
# is not an addition unless XG_ABI_VERSION and the SONAME are new.
. "$(dirname "$0")/../common.sh"
verb=${1:-check} header=${2:-include/xgpush.h}
library=${3:-target/ctest/lib/libxgpush.so} record=${4:-ffi/abi/libxgpush.abi}
need cc "install a C compiler (Debian: gcc)"
need nm "install binutils"
for tool in abidw abidiff; do need $tool "install libabigail 2.0 or newer (Debian: abigail-tools)"; done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

describe() { # the header and the library, as the record has them
  local soname
  soname=$(readelf -d "$library" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
  awk -f ffi/abi/stand_in.awk "$header" > "$work/stand_in.c"
  nm -D --defined-only "$library" |
    awk 'BEGIN {print "{ global: abi_*;"} {sub(/@.*/, "", $3); print $3 ";"} END {print "local: *; };"}' \
    > "$work/exports"
  (cd "$work" && cc -std=gnu2x -w -g -fPIC -shared -nostdlib -Wl,-soname,"$soname" \
    -Wl,--version-script=exports stand_in.c -o stand_in.so)
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs --no-architecture --no-elf-needed \
    --no-parameter-names --type-id-style hash --out-file "$work/now.abi" "$work/stand_in.so"
}

compare() { # ARGUMENTS…: abidiff; says what differs
  local code=0
  abidiff --no-architecture "$@" "$record" "$work/now.abi" > "$work/differences" 2>&1 || code=$?
  # 1 and 2 say that the tool failed, 4 and 8 that the ABI differs.
  if [ $((code & 3)) != 0 ]; then
    cat "$work/differences" >&2
    missing "a comparison" "abidiff ($(abidiff --version)) failed"
  fi
  [ $code = 0 ]
}
only_additions() {
  # First what breaks programs; then what breaks compiling them: const.
  compare --no-added-syms &&
    compare --no-added-syms --harmless --suppressions ffi/abi/additions.suppr
}

version_of() { sed -n "s/.*'abi_XG_ABI_VERSION' value='\([0-9]*\)'.*/\1/p" "$1"; }
soname_of() { sed -n "s/^<abi-corpus.* soname='\([^']*\)'.*/\1/p" "$1"; }
renewed() { [ "$("$1" "$record")" != "$("$1" "$work/now.abi")" ]; }

describe
case $verb in
check)
  if ! only_additions; then
    cat "$work/differences"
    echo "the ABI is not that of $record; CONTRIBUTING.md says what may change"
    exit 3
  fi
  compare --harmless || echo "not in $record yet: make abi records what was added"
  ;;
record)
  if [ -e "$record" ]; then
    both=$(($(renewed version_of && echo 1 || echo 0) + $(renewed soname_of && echo 1 || echo 0)))
    if [ $both = 1 ]; then
      echo "XG_ABI_VERSION and the SONAME change together or not at all"
      exit 3
    fi
    if [ $both = 0 ] && ! only_additions; then
      cat "$work/differences"
      echo "not recorded: this breaks programs, and XG_ABI_VERSION and the SONAME are the old ones"
      exit 3
    fi
  fi
  cp "$work/now.abi" "$record"
  echo "$record is written"
  ;;
*)
  echo "usage: abi.sh check|record [HEADER LIBRARY RECORD]" >&2
  exit 2
  ;;
esac

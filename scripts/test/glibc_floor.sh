#!/usr/bin/env bash
# glibc_floor.sh LIBRARY [FLOOR]: prints the oldest glibc that it runs on; fails when that is
# newer than what is promised.
. "$(dirname "$0")/../common.sh"
GLIBC_FLOOR=${2:-2.34}
need objdump "install binutils"
newest=$(objdump -T "$1" | grep -oE '\(GLIBC_[0-9.]+\)' | tr -d '()' | sort -uV | tail -1)
newest=${newest#GLIBC_}
[ -n "$newest" ] || missing "a version of glibc" "$1 asks for none"
echo "$(basename "$1") runs on glibc $newest and newer; promised is $GLIBC_FLOOR"
[ "$(printf '%s\n' "$newest" "$GLIBC_FLOOR" | sort -V | tail -1)" = "$GLIBC_FLOOR" ]

#!/usr/bin/env bash
# static_lib.sh FROM OUT: makes of the compiler's archive in FROM one whose only global
# symbols are the exports of the shared library beside it. The others, those of the
# bundled SQLite first of all, would clash with the host's or quietly replace them.
. "$(dirname "$0")/../common.sh"
from=$1 out=$2
for tool in ar ld nm objcopy; do need "$tool" "install binutils"; done
object=${out%.a}.o
mapfile -t roots < <(nm -D --defined-only "$from/libxgpush_ffi.so" | sed -n 's/.* \(xg_.*\)/--undefined=\1/p')
# One object, without what no export reaches. Section groups are dissolved: a linker
# would drop one that has its like in the host, and we still refer to ours.
ld -r --gc-sections --force-group-allocation "${roots[@]}" "$from/libxgpush_ffi.a" -o "$object"
# The bitcode that comes with the standard library stops tools with an LLVM plug-in.
objcopy --wildcard --keep-global-symbol='xg_*' --strip-unneeded \
  --remove-section=.llvmbc --remove-section=.llvmcmd "$object"
rm -f "$out"
ar rcsD "$out" "$object"
rm "$object"

#!/usr/bin/env bash
# lib.sh PROFILE DIR: builds libxgpush.so.0 (with its link) and libxgpush.a.
. "$(dirname "$0")/common.sh"
profile=${1:-release} dir=${2:-build/lib}
cargo build --quiet --profile "$profile" -p xgpush-ffi
mkdir -p "$dir"
cp "target/$profile/libxgpush_ffi.so" "$dir/libxgpush.so.0"
cp "target/$profile/libxgpush_ffi.a" "$dir/libxgpush.a"
ln -sf libxgpush.so.0 "$dir/libxgpush.so"
echo "$dir: $(cd "$dir" && ls | tr '\n' ' ')"

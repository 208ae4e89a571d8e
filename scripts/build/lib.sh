#!/usr/bin/env bash
# lib.sh PROFILE DIR: builds libxgpush.so.VERSION (with its links) and libxgpush.a.
. "$(dirname "$0")/../common.sh"
profile=${1:-release} dir=${2:-build/lib}
if ! command -v cargo >/dev/null && [ -e "$dir/libxgpush.so" ]; then
  # As under sudo, for `make install` after `make lib`.
  echo "cargo is missing: $dir is taken as it is"
  exit 0
fi
need_cargo
cargo build --quiet --profile "$profile" -p xgpush-ffi
mkdir -p "$dir"
rm -f "$dir"/libxgpush.*
cp "target/$profile/libxgpush_ffi.so" "$dir/libxgpush.so.$(version)"
ln -s "libxgpush.so.$(version)" "$dir/libxgpush.so.0"
ln -s libxgpush.so.0 "$dir/libxgpush.so"
bash scripts/build/static_lib.sh "target/$profile" "$dir/libxgpush.a"
echo "$dir: $(cd "$dir" && ls | tr '\n' ' ')"

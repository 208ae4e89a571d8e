#!/usr/bin/env bash
# emulator.sh PROFILE DIR: builds the program xgpush-emulator.
. "$(dirname "$0")/../common.sh"
profile=${1:-release} dir=${2:-build/bin}
if ! command -v cargo >/dev/null && [ -e "$dir/xgpush-emulator" ]; then
  # As under sudo, for `make install` after `make lib emulator`.
  echo "cargo is missing: $dir is taken as it is"
  exit 0
fi
need_cargo
cargo build --quiet --profile "$profile" -p xgpush-emulator
mkdir -p "$dir"
# A program that runs is not written over.
rm -f "$dir/xgpush-emulator"
cp "target/$profile/xgpush-emulator" "$dir"

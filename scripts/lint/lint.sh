#!/usr/bin/env bash
# Formatting, lints and licences, all of them errors.
. "$(dirname "$0")/../common.sh"
need_cargo
say "rustfmt"; cargo fmt --all --check
say "clippy"; cargo clippy --quiet --workspace --all-targets -- -D warnings
say "clippy without default features"
cargo clippy --quiet -p xgpush --no-default-features --lib -- -D warnings
say "rustdoc"; RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps -p xgpush -p xgpush-emulator
say "notices"; bash scripts/lint/notices.sh check
say "licences"
if cargo deny --version >/dev/null 2>&1; then
  # It asks for crates of other targets too, and does not fetch.
  cargo fetch --quiet --locked
  cargo deny --workspace --offline check licenses bans sources
else
  echo "cargo-deny is missing, so the licences are not checked: cargo install --locked cargo-deny"
fi

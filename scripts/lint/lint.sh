#!/usr/bin/env bash
# Formatting, lints and licences, all of them errors.
. "$(dirname "$0")/../common.sh"
need_cargo
say "rustfmt"; cargo fmt --all --check
say "architecture"
"$PYTHON" scripts/lint/architecture.py check
"$PYTHON" scripts/lint/architecture.py self-check
say "clippy"; cargo clippy --quiet --workspace --all-targets -- -D warnings
say "each set of features"
for features in "" http apply outbox outbox-redis; do
  cargo clippy --quiet -p xgpush --lib --no-default-features --features "$features" -- -D warnings
done
# Without features there is nothing of the operating system in it.
wasm=wasm32-unknown-unknown
if [ -d "$(rustc --print sysroot)/lib/rustlib/$wasm" ] || rustup target add "$wasm" >/dev/null 2>&1; then
  cargo check --quiet -p xgpush --lib --no-default-features --target "$wasm"
else
  echo "not checked for $wasm, which is not installed: rustup target add $wasm"
fi
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

#!/usr/bin/env bash
# Takes the quick starts out of README.md and runs each against the emulator.
. "$(dirname "$0")/common.sh"
work=$ROOT/target/readme
rm -rf "$work"; mkdir -p "$work"
block() { # LANGUAGE: the first fenced block of it
  awk -v fence="\`\`\`$1" '$0 == fence {on = 1; next} /^```/ {if (on) exit} on' README.md
}
passed=0
expect() { # LANGUAGE COMMAND…: the two outcomes that every quick start prints
  local language=$1; shift
  local got want=$'0: accepted\n1: rejected'
  got=$("$@" | sed 's/[[:space:]]*$//' | cut -d' ' -f1,2)
  if [ "$got" != "$want" ]; then
    printf 'README, %s: expected\n%s\nbut got\n%s\n' "$language" "$want" "$got" >&2
    echo "0 passed, 1 failed"; exit 1
  fi
  echo "README, $language: as it says"
  passed=$((passed + 1))
}

bash scripts/lib.sh fast "$work/lib" >/dev/null
block cpp > "$work/quickstart.cpp"
c++ -std=c++17 -Wall -Wextra -Werror -Iinclude "$work/quickstart.cpp" -o "$work/quickstart" \
  -L"$work/lib" -lxgpush -Wl,-rpath,"$work/lib"
block python > "$work/quickstart.py"
venv
if ! "$VENV/python" -c 'import xgpush' 2>/dev/null; then
  bash scripts/wheel.sh fast "$work/dist" >/dev/null
  "$VENV/python" -m pip install --quiet --disable-pip-version-check --no-deps "$work"/dist/*.whl
fi
mkdir -p "$work/rust/src"
block rust > "$work/rust/src/main.rs"
cat > "$work/rust/Cargo.toml" <<TOML
[package]
name = "readme-quickstart"
edition = "2024"
[dependencies]
xgpush = { path = "$ROOT/core" }
[workspace]
TOML
cp Cargo.lock "$work/rust/"
CARGO_TARGET_DIR=$ROOT/target/readme-rust cargo build --quiet --manifest-path "$work/rust/Cargo.toml"

start_emulator --set bad_token_prefix=token-of-phone-2
export XGPUSH_BASE_URL=$BASE_URL XGPUSH_ACCESS_ID=1500001048
export XGPUSH_SECRET_KEY=1452fcebae9f3115ba794fb0fff2fd73
expect C++ "$work/quickstart"
expect Python "$VENV/python" "$work/quickstart.py"
expect Rust "$ROOT/target/readme-rust/debug/readme-quickstart"
echo "$passed passed, 0 failed"

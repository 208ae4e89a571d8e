#!/usr/bin/env bash
# Takes the quick starts out of README.md and runs each against the emulator.
. "$(dirname "$0")/../common.sh"
work=$ROOT/target/readme
rm -rf "$work"; mkdir -p "$work"
block() { # LANGUAGE [NTH]: its first, or NTH, fenced block
  awk -v fence="\`\`\`$1" -v nth="${2:-1}" '$0 == fence {if (++n == nth) on = 1; next} /^```/ {if (on) exit} on' README.md
}
passed=0 bad=0
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

bash scripts/build/lib.sh fast "$work/lib" >/dev/null
block cpp > "$work/quickstart.cpp"
c++ -std=c++17 -Wall -Wextra -Werror -Iinclude "$work/quickstart.cpp" -o "$work/quickstart" \
  -L"$work/lib" -lxgpush -Wl,-rpath,"$work/lib"
block python > "$work/quickstart.py"
bash scripts/build/python_package.sh "$work/python"
export PYTHONPATH=$work/python
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
cargo build --quiet --manifest-path "$work/rust/Cargo.toml" --target-dir target

start_emulator --set bad_token_prefix=token-of-phone-2
export XGPUSH_BASE_URL=$BASE_URL XGPUSH_ACCESS_ID=1500001048
export XGPUSH_SECRET_KEY=1452fcebae9f3115ba794fb0fff2fd73
expect C++ "$work/quickstart"
expect Python "$PYTHON" "$work/quickstart.py"
expect Rust "$ROOT/target/debug/readme-quickstart"

link=(-Iinclude -L"$work/lib" -lxgpush -Wl,-rpath,"$work/lib")
cc -std=c11 -Wall -Wextra -Werror examples/c/quickstart.c -o "$work/example-c" "${link[@]}"
c++ -std=c++17 -Wall -Wextra -Werror examples/cpp/quickstart.cpp -o "$work/example-cpp" "${link[@]}"
expect "the example in C" "$work/example-c"
expect "the example in C++" "$work/example-cpp"
expect "the example in Python" "$PYTHON" examples/python/quickstart.py
expect "the example in Rust" cargo run --quiet -p xgpush --example quickstart

same() { # WHAT WANTED COMMAND…
  local what=$1 wanted=$2 got; shift 2
  got=$("$@")
  if ! grep -qxE "$wanted" <<< "$got"; then
    printf '%s: expected\n%s\nbut got\n%s\n' "$what" "$wanted" "$got" >&2
    echo "$passed passed, 1 failed"; exit 1
  fi
  echo "$what: as it says"
  passed=$((passed + 1))
}
cpp() { # SOURCE PROGRAM ARGUMENTS…
  c++ -std=c++17 -Wall -Wextra -Werror -Iinclude "$1" -o "$2" "${@:3}" -L"$work/lib" -lxgpush \
    -Wl,-rpath,"$work/lib"
}
block cpp 2 > "$work/game.cpp"
cpp "$work/game.cpp" "$work/game"
in_folder() { (cd "$work" && "$@" 2>"$work/game.log" | sed 's/ *$//' | tr '\n' ' '); }
same "README, in a game server" '1: accepted 3: accepted 0 left in the file ' in_folder "$work/game"
same "README, a token of a stranger" 'invalid_value: .*65.*' cat "$work/game.log"
# A wrong key and a dead service are seen: a line, what is left, and the exit status.
fails() { # OPTION=VALUE COMMAND…: what it prints, and its exit status
  local folder code=0
  folder=$(mktemp -d "$work/XXXXXX")
  (cd "$folder" && env "$@" 2>&1) | tr '\n' ' ' || code=${PIPESTATUS[0]}
  echo "exit $code"
}
paused='.*sending is paused after failures in a row: .*'
same "README, with a wrong key" "$paused"'1008003.* [12] left in the file exit 1' \
  fails XGPUSH_SECRET_KEY=wrong "$work/game"
same "README, with a dead service" "$paused"' [12] left in the file exit 1' \
  fails XGPUSH_BASE_URL=http://127.0.0.1:1 "$work/game"
cpp examples/cpp/game_loop.cpp "$work/game_loop"
same "the game loop" '1920 handed in, 1 refused: [1-9][0-9]* delivered, [0-9]+ superseded, 0 failed, 0 left in the file' \
  "$work/game_loop" 60 "$work/loop.outbox"
if can "the game loop over libcurl" header:curl/curl.h; then
  cc -std=c11 -Wall -Wextra -Werror -Iinclude -c examples/c/curl_transport.c -o "$work/curl_transport.o"
  cpp examples/cpp/game_loop.cpp "$work/game_loop_over_curl" -DOVER_CURL "$work/curl_transport.o" -lcurl
  same "the game loop over libcurl" \
    '1920 handed in, 1 refused: [1-9][0-9]* delivered, [0-9]+ superseded, 0 failed, 0 left in the file' \
    "$work/game_loop_over_curl" 60 "$work/curl.outbox"
fi
cargo build --quiet -p xgpush --example service
same "the Rust service" '1000 delivered, 0 left' "$ROOT/target/debug/examples/service"
same "the web handler" '2 delivered, 0 left' "$PYTHON" scripts/test/web_handler_test.py
echo "$passed passed, 0 failed"
exit $bad

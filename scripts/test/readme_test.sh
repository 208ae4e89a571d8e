#!/usr/bin/env bash
# Runs the programs of README.md, README.zh-CN.md and of the pages about the outbox
# against the emulator, and compares what they print with what the pages say.
. "$(dirname "$0")/../common.sh"
work=$ROOT/target/readme
rm -rf "$work"; mkdir -p "$work"
block() { # PAGE LANGUAGE [NTH]: its first, or NTH, fenced block
  awk -v fence="\`\`\`$2" -v nth="${3:-1}" '$0 == fence {if (++n == nth) on = 1; next} /^```/ {if (on) exit} on' "$1"
}
passed=0 bad=0
same() { # WHAT WANTED COMMAND…: WANTED is an extended regular expression
  local what=$1 wanted=$2 got; shift 2
  got=$("$@")
  if ! grep -qxE "$wanted" <<< "$got"; then
    printf '%s: expected\n%s\nbut got\n%s\n' "$what" "$wanted" "$got" >&2
    echo "$passed passed, 1 failed"; exit 1
  fi
  echo "$what: as it says"
  passed=$((passed + 1))
}
prints() { # WHAT TEXT COMMAND…: exactly TEXT, but for blanks at the ends of lines
  local what=$1 wanted=$2 got; shift 2
  got=$("$@" | sed 's/ *$//')
  if [ -z "$wanted" ] || [ "$got" != "$wanted" ]; then
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
c() { # SOURCE PROGRAM
  cc -std=c99 -Wall -Wextra -pedantic -Werror -Iinclude "$1" -o "$2" -L"$work/lib" -lxgpush \
    -Wl,-rpath,"$work/lib"
}
in_folder() { (mkdir -p "$work/run" && cd "$work/run" && rm -f ./*.outbox* && "$@" 2>"$work/log"); }

bash scripts/build/lib.sh fast "$work/lib" >/dev/null
bash scripts/build/python_package.sh "$work/python"
export PYTHONPATH=$work/python
cargo build --quiet -p xgpush --examples

start_emulator
export XGPUSH_BASE_URL=$BASE_URL XGPUSH_ACCESS_ID=1500001048
export XGPUSH_SECRET_KEY=1452fcebae9f3115ba794fb0fff2fd73

rust() { # NAME SOURCE: builds it as a program beside the crate
  mkdir -p "$work/rust/src"
  cp "$2" "$work/rust/src/main.rs"
  printf '[package]\nname = "%s"\nedition = "2024"\n[dependencies]\nxgpush = { path = "%s" }\n[workspace]\n' \
    "$1" "$ROOT/core" > "$work/rust/Cargo.toml"
  cp Cargo.lock "$work/rust/"
  cargo build --quiet --manifest-path "$work/rust/Cargo.toml" --target-dir target
}
# Both have the same programs, and the output in the same order: the emulator in
# Python, the outbox in C++, and one output for the quick starts.
for page in README.md README.zh-CN.md; do
  try=$(block $page text 1) outbox=$(block $page text 2) quickstart=$(block $page text 3)
  block $page python 1 > "$work/try.py"
  prints "$page, without an account" "$try" "$PYTHON" "$work/try.py"
  block $page cpp 1 > "$work/outbox.cpp"
  cpp "$work/outbox.cpp" "$work/outbox"
  prints "$page, the outbox" "$outbox" in_folder "$work/outbox"
  block $page cpp 2 > "$work/quickstart.cpp"
  cpp "$work/quickstart.cpp" "$work/quickstart-cpp"
  prints "$page, C++" "$quickstart" "$work/quickstart-cpp"
  block $page c 1 > "$work/quickstart.c"
  c "$work/quickstart.c" "$work/quickstart-c"
  prints "$page, C" "$quickstart" "$work/quickstart-c"
  block $page python 2 > "$work/quickstart.py"
  prints "$page, Python" "$quickstart" "$PYTHON" "$work/quickstart.py"
  block $page rust 1 > "$work/quickstart.rs"
  rust readme-quickstart "$work/quickstart.rs"
  prints "$page, Rust" "$quickstart" "$ROOT/target/debug/readme-quickstart"
done

# The complete program of the page about the outbox. A wrong key and a dead service are
# seen: a line, what is left, and the exit status.
fails() { # OPTION=VALUE COMMAND…: what it prints, and its exit status
  local folder code=0
  folder=$(mktemp -d "$work/XXXXXX")
  (cd "$folder" && env "$@" 2>&1) | tr '\n' ' ' || code=${PIPESTATUS[0]}
  echo "exit $code"
}
paused='.*sending is paused after failures in a row: .*'
for page in docs/outbox.md docs/zh/outbox.md; do
  block $page cpp 1 > "$work/game.cpp"
  cpp "$work/game.cpp" "$work/game"
  prints "$page" "$(block $page text 1)" in_folder "$work/game"
  same "$page, an invalid token" 'invalid_value: .*65.*' cat "$work/log"
  same "$page, with a wrong key" "$paused"'1008003.* [12] left in the file exit 1' \
    fails XGPUSH_SECRET_KEY=wrong "$work/game"
  same "$page, with a dead service" "$paused"' [12] left in the file exit 1' \
    fails XGPUSH_BASE_URL=http://127.0.0.1:1 "$work/game"
done
block docs/zh/outbox.md c 1 > "$work/outbox.c"
c "$work/outbox.c" "$work/outbox-c"
prints "docs/zh/outbox.md, C" "$(block docs/zh/outbox.md text 2)" in_folder "$work/outbox-c"

"$PYTHON" scripts/test/emulator_admin.py "$BASE_URL" config '{"bad_token_prefix":"token-of-phone-2"}'
quickstart='0: accepted 1: rejected 1008006: .*'
line() { "$@" | tr -s ' \n' ' '; }
c examples/c/quickstart.c "$work/example-c"
cpp examples/cpp/quickstart.cpp "$work/example-cpp"
same "the example in C" "$quickstart" line "$work/example-c"
same "the example in C++" "$quickstart" line "$work/example-cpp"
same "the example in Python" "$quickstart" line "$PYTHON" examples/python/quickstart.py
same "the example in Rust" "$quickstart" line "$ROOT/target/debug/examples/quickstart"

cpp examples/cpp/game_loop.cpp "$work/game_loop"
same "the game loop" '1920 submitted, 1 refused: [1-9][0-9]* delivered, [0-9]+ superseded, 0 failed, 0 left in the file' \
  "$work/game_loop" 60 "$work/loop.outbox"
if can "the game loop over libcurl" header:curl/curl.h; then
  cc -std=c11 -Wall -Wextra -Werror -Iinclude -c examples/c/curl_transport.c -o "$work/curl_transport.o"
  cpp examples/cpp/game_loop.cpp "$work/game_loop_over_curl" -DOVER_CURL "$work/curl_transport.o" -lcurl
  same "the game loop over libcurl" \
    '1920 submitted, 1 refused: [1-9][0-9]* delivered, [0-9]+ superseded, 0 failed, 0 left in the file' \
    "$work/game_loop_over_curl" 60 "$work/curl.outbox"
fi
if can "the gates of a fleet" redis-server setpriv; then
  cpp examples/cpp/fleet_gate.cpp "$work/fleet_gate"
  gates() { # what two of them print that run at once over one Redis
    local socket redis line gates=()
    socket=$(mktemp -u)
    coproc REDIS { exec setpriv --pdeathsig KILL redis-server --port 0 --unixsocket "$socket" \
      --save '' --maxmemory-policy noeviction; }
    redis=$REDIS_PID
    until [[ ${line:-} == *"eady to accept connections"* ]]; do read -r line <&"${REDIS[0]}"; done
    for gate in gate1 gate2; do
      XGPUSH_OUTBOX_URL=unix:$socket "$work/fleet_gate" $gate 2 >"$work/$gate" 2>"$work/$gate.log" &
      gates+=($!)
    done
    wait "${gates[0]}" && wait "${gates[1]}"
    kill -KILL "$redis"
    paste -d ' ' "$work"/gate[12]
  }
  delivered='[1-9][0-9]* submitted, 0 refused; [1-9][0-9]* delivered, [0-9]+ superseded, 0 failed, 0 of an earlier run; 0 left in the order'
  same "the gates of a fleet" "gate1: $delivered gate2: $delivered" gates
fi
same "the Rust service" '1000 delivered, 0 left' "$ROOT/target/debug/examples/service"
same "the web handler" '2 delivered, 0 left' "$PYTHON" scripts/test/web_handler_test.py
echo "$passed passed, 0 failed"
exit $bad

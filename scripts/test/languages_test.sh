#!/usr/bin/env bash
# Runs the examples in other languages and in event loops against the emulator: each has
# two bindings accepted and one refused, and says what is wrong without a secret. What
# is not installed is skipped; with XG_NEED_ALL=1 that is a failure.
. "$(dirname "$0")/../common.sh"
need cc "install a C compiler (Debian: gcc)"
need "$PYTHON" "install Python 3.9 or newer"
work=$ROOT/target/languages
rm -rf "$work"; mkdir -p "$work"
bash scripts/build/lib.sh fast "$work/lib" >/dev/null
export LD_LIBRARY_PATH=$work/lib
start_emulator --set bad_token_prefix=token-of-phone-2
export XGPUSH_BASE_URL=$BASE_URL XGPUSH_ACCESS_ID=1500001048
secret=1452fcebae9f3115ba794fb0fff2fd73
bad=0
admin() { "$PYTHON" scripts/test/emulator_admin.py "$BASE_URL" "$@"; }

wanted=$(cat <<'LINES'
0 left
1 alice accepted accepted 0
2 bob rejected item_refused 1008006 1008006: the token is invalid; drop the token
3 小明 accepted accepted 0
LINES
)
kept='"tokens":{"token-of-phone-1":[["alice",0]],"token-of-phone-3":[["小明",0]]}'

delivers() { # COMMAND…: what it prints, by tag, and what the service has then
  local got state
  local code=0
  admin reset
  got=$(XGPUSH_SECRET_KEY=$secret timeout 120 "$@" 2>"$work/stderr") || code=$?
  # Not everything was accepted.
  [ $code = 1 ] || { echo "exit code $code"; return 1; }
  grep -q 'x.* has 65 bytes' "$work/stderr" || { cat "$work/stderr"; return 1; }
  diff <(echo "$wanted") <(sort -n <<< "$got" | tr '\t' ' ' | sed 's/ *$//') || return
  admin settle >/dev/null
  state=$(admin state)
  grep -qF "$kept" <<< "$state" || { echo "the service has $state"; return 1; }
}

complains() { # COMMAND…: it fails, and the library's error came through
  local said
  ! said=$(timeout 120 "$@" 2>&1) && grep -q 'secret_key is not set' <<< "$said" && return
  echo "it said: $said"
  return 1
}

stops() { # COMMAND…: SIGTERM ends it while the service is away; it says what is left, and fails
  local line code=0 program
  rm -f "$work/errors"; mkfifo "$work/errors"
  XGPUSH_SECRET_KEY=$secret XGPUSH_BASE_URL=http://127.0.0.1:9 timeout --foreground 120 "$@" \
    > "$work/stopped" 2> "$work/errors" &
  program=$!
  exec 8< "$work/errors"
  # It is ended once it has logged that the service is down.
  until grep -q '^xgpush: ' <<< "${line:-}"; do
    read -r -t 60 -u 8 line || { echo "it logged nothing"; break; }
  done
  kill -TERM $program
  cat <&8 >/dev/null
  exec 8<&-
  wait $program || code=$?
  [ $code = 1 ] && grep -qx '3 left' "$work/stopped" && return
  echo "exit code $code"; cat "$work/stopped"
  return 1
}

shows() { # COMMAND…: what is wrong in the background, and by its exit status
  local said code=0
  said=$(XGPUSH_SECRET_KEY=wrong XGPUSH_OUTBOX_DEADLINE_MS=2000 timeout 120 "$@" 2>&1 >"$work/stdout") || code=$?
  [ $code = 1 ] && grep -q 'sending is paused.*1008003' <<< "$said" && grep -q 'left' "$work/stdout" && return
  echo "exit code $code, and it said: $said"
  return 1
}

ok() { echo "$1: 1 passed, 0 failed"; }
no() { echo "$1: 0 passed, 1 failed"; bad=1; }

run() { # LANGUAGE COMMAND…
  local language=$1 test; shift
  for test in delivers complains shows; do
    if "$test" "$@"; then ok "$language $test"; else no "$language $test"; fi
  done
}

loop() { # NAME COMMAND…
  if stops "${@:2}"; then ok "$1 stops"; else no "$1 stops"; fi
}

prepare() { # LANGUAGE COMMAND…: quiet unless it fails
  local language=$1 said; shift
  said=$("$@" 2>&1 </dev/null) && return
  if offline "$said"; then skip "$language" "the network"; else echo "$said"; no "$language"; fi
  return 1
}

go_build() {
  cd examples/go && CGO_CFLAGS=-I$ROOT/include CGO_LDFLAGS=-L$work/lib \
    go build -buildvcs=false -o "$work/go-outbox" .
}
node_modules() {
  cp -r examples/node "$work/node" &&
    npm --prefix "$work/node" ci --no-audit --no-fund
}
java_jars() {
  mvn --batch-mode --quiet -f examples/java dependency:copy-dependencies -DoutputDirectory="$work/java"
}

if can LuaJIT luajit; then
  run LuaJIT luajit examples/luajit/outbox.lua include/xgpush.h
fi
if can Go go && prepare Go go_build; then
  run Go "$work/go-outbox"
fi
if can Node node npm && prepare Node node_modules; then
  run Node node "$work/node/outbox.mjs"
fi
if can Java javac mvn && prepare Java java_jars; then
  run Java java -cp "$work/java/*" examples/java/Outbox.java
fi

# Integration tests that begin with the emulator.
export PATH=$ROOT/target/${EMULATOR_PROFILE:-fast}:$PATH
example() { # NAME COMMAND…
  local name=$1 said; shift
  if said=$("$@" 2>&1 </dev/null); then ok "$name"; else echo "$said"; no "$name"; fi
}
junit_jars() {
  mvn --batch-mode --quiet -f examples/emulator/java dependency:copy-dependencies -DoutputDirectory="$work/junit"
}
junit() {
  javac -cp "$work/junit/*" -d "$work/junit-classes" examples/emulator/java/LoginTest.java &&
    java -jar "$work"/junit/junit-platform-console-standalone-*.jar execute \
      --class-path "$work/junit-classes" --scan-class-path --details=none
}
if can "the emulator from Go" go; then
  example "the emulator from Go" env -C examples/emulator/go go test -count=1 ./...
fi
if can "the emulator from JUnit" javac mvn && prepare "the emulator from JUnit" junit_jars; then
  example "the emulator from JUnit" junit
fi

if can asio header:asio.hpp; then
  c++ -std=c++17 -Wall -Wextra -Werror -DASIO_STANDALONE -Iinclude examples/cpp/outbox_asio.cpp \
    -o "$work/asio" -L"$work/lib" -lxgpush -lpthread
  run asio "$work/asio"
  loop asio "$work/asio"
fi
compile_c() { # PROGRAM SOURCE FLAGS…
  cc -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -Iinclude "$2" -o "$work/$1" "${@:3}" \
    -L"$work/lib" -lxgpush
}
if can libuv header:uv.h; then
  compile_c libuv examples/c/outbox_libuv.c -luv
  run libuv "$work/libuv"
  loop libuv "$work/libuv"
fi
if can libevent header:event2/event.h; then
  compile_c libevent examples/c/outbox_libevent.c -levent_core
  run libevent "$work/libevent"
  loop libevent "$work/libevent"
fi
if can skynet lua5.4 header:lua5.4/lua.h; then
  compile_c lxgpush.so examples/skynet/lxgpush.c -shared -fPIC -I/usr/include/lua5.4
  export LUA_CPATH="$work/?.so" LUA_PATH="examples/skynet/?.lua"
  run skynet lua5.4 examples/skynet/stand_in.lua
  if lua5.4 scripts/test/skynet_order.lua >/dev/null; then ok "skynet, order"; else no "skynet, order"; fi
fi
exit $bad

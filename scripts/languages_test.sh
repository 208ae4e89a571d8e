#!/usr/bin/env bash
# Runs the examples in other languages against the emulator: each has two bindings
# accepted and one refused, and says what is wrong without a secret. A language
# that is not installed is skipped; with XG_NEED_ALL=1 that is a failure.
. "$(dirname "$0")/common.sh"
need cc "install a C compiler (Debian: gcc)"
need "$PYTHON" "install Python 3.9 or newer"
work=$ROOT/target/languages
rm -rf "$work"; mkdir -p "$work"
bash scripts/lib.sh fast "$work/lib" >/dev/null
export LD_LIBRARY_PATH=$work/lib
start_emulator --set bad_token_prefix=token-of-phone-2
export XGPUSH_BASE_URL=$BASE_URL XGPUSH_ACCESS_ID=1500001048
secret=1452fcebae9f3115ba794fb0fff2fd73
bad=0
admin() { "$PYTHON" scripts/admin.py "$BASE_URL" "$@"; }

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
  admin reset
  got=$(XGPUSH_SECRET_KEY=$secret timeout 120 "$@") || return
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

ok() { echo "$1: 1 passed, 0 failed"; }
no() { echo "$1: 0 passed, 1 failed"; bad=1; }

run() { # LANGUAGE COMMAND…
  local language=$1 test; shift
  for test in delivers complains; do
    if "$test" "$@"; then ok "$language $test"; else no "$language $test"; fi
  done
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
exit $bad

#!/usr/bin/env bash
# setup.sh with stand-ins for what installs: it asks for what is missing and no more,
# names what it cannot have, a line each, and passes; and what `can` counts then.
. "$(dirname "$0")/../common.sh"
need_cargo
work=$ROOT/target/setup-test
rm -rf "$work"; mkdir -p "$work/bin"
bad=0
check() { # NAME COMMAND…
  local name=$1; shift
  if "$@"; then
    echo "$name: 1 passed, 0 failed"
  else
    cat "$work/said" "$work/asked"; echo "$name: 0 passed, 1 failed"; bad=1
  fi
}

# A machine with the commands of this one, without some, and with stand-ins.
(
  IFS=:
  for folder in $PATH; do
    [ ! -d "$folder" ] || find "$folder" -maxdepth 1 ! -type d -exec ln -s -t "$work/bin" {} + 2>/dev/null || true
  done
)
gone=(doxygen luajit mvn)
(cd "$work/bin" && rm -f "${gone[@]}" apt-get apt-cache sudo id)
stand_in() { cat > "$work/bin/$1"; chmod +x "$work/bin/$1"; }
stand_in apt-get <<'SH'
#!/bin/sh
echo "apt-get $*" >> "$WORK/asked"
case "$*" in
  *update*) [ -z "$OFFLINE" ] || { echo "E: Failed to fetch, could not resolve the host"; exit 100; } ;;
  *install*) [ -z "$OFFLINE" ] || { echo "E: Failed to fetch"; exit 100; }; ln -sf "$(command -v true)" "$WORK/bin/doxygen" ;;
esac
SH
stand_in apt-cache <<'SH'
#!/bin/sh
[ "$2" != maven ] # is in no list
SH
stand_in sudo <<'SH'
#!/bin/sh
[ "$1" = -n ] && [ -n "$SUDO" ] || exit 1
echo "sudo $*" >> "$WORK/asked"; shift; exec "$@"
SH
stand_in id <<'SH'
#!/bin/sh
echo "$USER_ID"
SH
setup() { # LEVEL VARIABLE…: what it says, and its exit code
  code=0
  rm -f "$work/bin/doxygen" "$work/asked"; touch "$work/asked"
  env PATH="$work/bin" WORK="$work" OFFLINE= SUDO= USER_ID=0 XG_INSTALL=1 "${@:2}" bash scripts/setup/setup.sh "$1" \
    > "$work/said" 2>&1 || code=$?
}
asks() { grep -qE "$1" "$work/asked"; }
says() { grep -qE "$1" "$work/said"; }
passes() { [ $code = 0 ]; }
silent() { passes && [ ! -s "$work/asked" ] && [ ! -s "$work/said" ]; }
names() { # THING…: each in a line, and nothing else is missing
  local thing
  for thing; do says "^missing: $thing \(Debian: .*\), for " || return; done
}

setup demo
check "the demo asks for nothing that the tests need" silent
mv "$work/bin/redis-server" "$work/redis-server" 2>/dev/null || true
setup fleet OFFLINE=yes
check "the fleet asks for its Redis" asks 'install .*redis-server'
check "names it" names redis-server
check "and does not go without it" eval '! passes'
mv "$work/redis-server" "$work/bin/redis-server" 2>/dev/null || true
setup test
check "what is missing is installed" asks 'install .* doxygen'
check "what is here is not" eval '! asks "install .* (gcc|make|python3)( |$)"'
check "a package that does not exist is not asked for" eval '! asks maven'
check "what cannot be had is named" names luajit mvn
check "what was installed is not" eval '! says "^missing: doxygen"'
check "and it passes" passes
setup test OFFLINE=yes
check "without the network it says so" says 'offline'
check "and names what is missing" names doxygen luajit mvn
check "and passes" passes
setup test USER_ID=1000
check "without permission it asks for none" eval '! asks .'
check "says why" says '^nothing is installed: that takes root'
check "names what is missing, too" names doxygen luajit mvn
check "and passes all the same" passes
setup test USER_ID=1000 SUDO=yes
check "sudo is asked without a prompt" asks '^sudo -n env .* install .* doxygen'
setup test XG_INSTALL=0
check "XG_INSTALL=0 installs nothing" eval '! asks . && says "XG_INSTALL=0" && passes'
setup all OFFLINE=yes
check "who demands all fails" eval '! passes'

counts() { # WANTED LINE, in a shell of its own
  [ "$("${@:2}" bash -c '. scripts/common.sh; bad=0; can "A test" no-such-thing cc || echo "bad=$bad"')" = "$1" ]
}
check "a test without its things is skipped" counts \
  $'A test: 0 passed, 0 failed, 1 skipped: needs no-such-thing\nbad=0' env XG_NEED_ALL=
check "or fails where all is demanded" counts \
  $'A test: 0 passed, 1 failed: needs no-such-thing\nbad=1' env XG_NEED_ALL=1

without_network() { # what the clients of registries say then
  local said
  for said in 'npm error code ENOTFOUND' 'connect ECONNREFUSED 127.0.0.1:9' \
    'Could not transfer artifact net.java.dev.jna:jna:pom:5 from/to central: Unknown host' \
    'dial tcp: lookup proxy.golang.org: no such host' 'Temporary failure in name resolution'; do
    offline "$said" || { echo "not understood: $said"; return 1; }
  done
}
check "no network is understood" without_network
check "and a defect is not taken for it" eval '! offline "outbox.go:12: undefined: xg_outbox_open"'
exit $bad

#!/usr/bin/env bash
# wheel.sh WHEEL…: what a wheel promises in its name and its metadata, and a short
# story in every CPython that it is for.
. "$(dirname "$0")/../../scripts/common.sh"
venv
bad=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
check() { # NAME COMMAND…
  local name=$1; shift
  if "$@" > "$work/log" 2>&1; then
    echo "$name: 1 passed, 0 failed"
  else
    cat "$work/log"; echo "$name: 0 passed, 1 failed"; bad=1
  fi
}

# The oldest glibc of its name holds for what is in it.
runs_on() { # WHEEL FOLDER
  local floor
  floor=$(grep -oE 'manylinux_[0-9]+_[0-9]+' <<< "$1" | sed 's/manylinux_//; s/_/./' | tail -1)
  bash scripts/test/glibc_floor.sh "$(echo "$2"/xgpush/_native*.so)" "$floor"
}
# Of all that it brings only this is seen by the interpreter that loads it.
shows() { # FOLDER
  local shown
  shown=$(nm -D --defined-only "$1"/xgpush/_native*.so | awk '{print $3}')
  echo "it shows $shown"
  [ "$shown" = PyInit__native ]
}
# With an unwinder of its own it would break when glibc ends one of its threads.
unwinds() { # FOLDER
  readelf -d "$1"/xgpush/_native*.so | grep 'NEEDED.*libgcc_s\.so\.1'
}
carries() { # FOLDER
  local path
  for path in licenses/{LICENSE-APACHE,LICENSE-MIT,THIRD-PARTY-LICENSES} entry_points.txt; do
    [ -s "$1"/xgpush-*.dist-info/"$path" ] || { echo "$path is missing"; return 1; }
  done
  for path in xgpush/{py.typed,_native.pyi} pytest_xgpush/py.typed; do
    [ -e "$1/$path" ] || { echo "$path is missing"; return 1; }
  done
}

for wheel; do
  name=$(basename "$wheel")
  echo "$name: $(wc -c < "$wheel") bytes"
  rm -rf "$work/x"
  "$PYTHON" -m zipfile -e "$wheel" "$work/x"
  check metadata "$VENV/twine" check --strict "$wheel"
  case $name in *-abi3-*) check abi3 "$VENV/abi3audit" --strict "$wheel" ;; esac
  check glibc runs_on "$name" "$work/x"
  tail -n 1 "$work/log"
  check symbols shows "$work/x"
  check unwinder unwinds "$work/x"
  check contents carries "$work/x"
  bash python/tests/pythons.sh "$wheel" || bad=1
done
exit $bad

#!/usr/bin/env bash
# sdist.sh: the sdist holds what it takes to build, and no more; what is built of it
# tells the short story.
. "$(dirname "$0")/../../scripts/common.sh"
venv
work=$ROOT/target/sdist
rm -rf "$work"; mkdir -p "$work"
bash scripts/build/sdist.sh "$work" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
bad=0
check() { # NAME COMMAND…
  local name=$1; shift
  if "$@" > "$work/log" 2>&1; then
    echo "sdist, $name: 1 passed, 0 failed"
  else
    cat "$work/log"; echo "sdist, $name: 0 passed, 1 failed"; bad=1
  fi
}

tar -xzf "$work"/*.tar.gz -C "$work"
source=$work/xgpush-$(version)
holds() {
  local path
  for path in .cargo/config.toml Cargo.lock LICENSE-APACHE LICENSE-MIT PKG-INFO README.md \
    THIRD-PARTY-LICENSES core/src/lib.rs emulator/src/lib.rs pyproject.toml \
    pytest_xgpush/py.typed python/src/lib.rs xgpush/_native.pyi xgpush/py.typed; do
    [ -s "$source/$path" ] || [[ $path == *py.typed && -e $source/$path ]] ||
      { echo "$path is missing or empty"; return 1; }
  done
}
spares() {
  local found
  found=$(find "$source" '(' -name target -o -name ffi -o -name benches -o -name '*.so' \
    -o -name '*.pyc' -o -name '*.whl' -o -name __pycache__ ')' -print)
  echo "$found"
  [ -z "$found" ]
}
builds() {
  # Its times are all the same, and cargo tells by them what is new.
  find "$source" -type f -exec touch {} +
  # The profile for which everything but the project's own crates is built already.
  PATH=$VENV:$PATH CARGO_TARGET_DIR=$ROOT/target MATURIN_PEP517_ARGS="--profile fast" \
    "$VENV/python" -m pip wheel --quiet --disable-pip-version-check --no-deps \
    --no-build-isolation --wheel-dir "$work/wheel" "$source"
}
runs() {
  "$PYTHON" -m venv --without-pip "$work/venv" &&
    "$VENV/python" -m pip --python "$work/venv/bin/python" install --quiet \
      --disable-pip-version-check --no-index --no-deps "$work"/wheel/*.whl &&
    (cd "$work" && "$work/venv/bin/python" -W error "$ROOT/python/tests/short_story.py")
}
check "what it holds" holds
check "what it spares" spares
check "twine" "$VENV/twine" check --strict "$work"/*.tar.gz
check "it builds" builds
check "what is built runs" runs
rm -rf "$work/wheel" "$work/venv"
exit $bad

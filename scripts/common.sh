# Shared by the scripts: strict mode, the project's root, clear messages.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
PYTHON=${PYTHON:-python3}

say() { printf '\n== %s\n' "$*"; }
missing() { printf 'xgpush: %s is missing: %s\n' "$1" "$2" >&2; exit 1; }
need() { command -v "$1" >/dev/null || missing "$1" "$2"; }
need_cargo() { need cargo "install Rust (stable) with its cargo"; }

version() { sed -n 's/^#define XG_VERSION "\(.*\)".*/\1/p' include/xgpush.h; }

# The virtual environment with the Python tools that the project uses, pinned
# in python/requirements-test.txt; made anew when that file changes.
venv() {
  need "$PYTHON" "install Python 3.9 or newer"
  local dir=$ROOT/target/venv want
  want=$("$PYTHON" --version; cat python/requirements-test.txt)
  if [ "$(cat "$dir/made-from" 2>/dev/null)" != "$want" ]; then
    rm -rf "$dir"
    "$PYTHON" -m venv "$dir" || missing "venv" "the module of $PYTHON (Debian: python3-venv)"
    "$dir/bin/python" -m pip install --quiet --disable-pip-version-check \
      -r python/requirements-test.txt
    printf '%s' "$want" > "$dir/made-from"
  fi
  VENV=$dir/bin
}

# Starts the emulator, compiled in the profile EMULATOR_PROFILE; it ends with this
# script. Sets BASE_URL.
start_emulator() {
  need_cargo
  local dir profile=${EMULATOR_PROFILE:-fast}
  cargo build --quiet --profile "$profile" -p xgpush-emulator
  dir=$(mktemp -d)
  mkfifo "$dir/stdin"
  "$ROOT/target/$profile/xgpush-emulator" --exit-with-parent "$@" <"$dir/stdin" >"$dir/stdout" &
  EMULATOR=$!
  exec 9>"$dir/stdin"
  trap 'exec 9>&-; wait "$EMULATOR" 2>/dev/null || true; rm -rf "'"$dir"'"' EXIT
  until grep -q 'listening on' "$dir/stdout"; do
    kill -0 "$EMULATOR" 2>/dev/null || missing "the emulator" "it did not start"
    read -r -t 0.05 <> <(:) || true
  done
  BASE_URL=$(sed -n 's/^listening on //p' "$dir/stdout")
}

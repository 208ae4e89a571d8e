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

# Whether a thing is here: a command, header:NAME, module:NAME of Python, static:LIBRARY,
# asan (AddressSanitizer), target/venv or pip:REQUIREMENTS (both made if they can be).
have() {
  case $1 in
    header:*) printf '#if !__has_include(<%s>)\n#error\n#endif\n' "${1#*:}" | c++ -E -x c++ - ;;
    module:*) "$PYTHON" -c "import ${1#*:}" ;;
    static:*) echo 'int main(void) { return 0; }' | cc -static -x c - -x none "-l${1#*:}" -o /dev/null ;;
    asan) echo 'int main(void) { return 0; }' | cc -fsanitize=address,undefined -x c - -o /dev/null ;;
    target/venv) venv ;;
    pip:scripts/docs/site/requirements.txt) site_tools ;;
    pip:emulator/tests/outside/requirements.txt) outside_tools ;;
    *) command -v "$1" ;;
  esac >/dev/null 2>&1
}
# can NAME THING…: whether the things that a test needs are here. If not, the test is
# counted as skipped; with XG_NEED_ALL=1 as failed, and `bad` is set.
can() {
  local name=$1 thing package lacking=(); shift
  for thing; do
    have "$thing" && continue
    package=$(awk -v thing="$thing" '$2 == thing {print $3}' scripts/setup/packages.txt)
    lacking+=("$thing${package:+ (Debian: $package)}")
  done
  [ ${#lacking[@]} -gt 0 ] || return 0
  skip "$name" "${lacking[*]}"
  return 1
}
skip() { # NAME WHAT-IS-MISSING
  if [ "${XG_NEED_ALL:-}" = 1 ]; then
    echo "$1: 0 passed, 1 failed: needs $2"
    bad=1
  else
    echo "$1: 0 passed, 0 failed, 1 skipped: needs $2"
  fi
}
# Whether the output of a program shows a network failure.
offline() {
  grep -qiE 'resolve|resolution|no such host|unknown host|EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|connection (refused|timed out)|unreachable|offline' <<< "$1"
}

# The virtual environment with the Python tools that the project uses, pinned
# in python/requirements-test.txt; made again when that file changes.
VENV=$ROOT/target/venv/bin
venv_wanted() { "$PYTHON" --version; cat python/requirements-test.txt; }
venv_is_made() { [ "$(cat "$ROOT/target/venv/made-from" 2>/dev/null)" = "$(venv_wanted)" ]; }
venv() {
  local dir=$ROOT/target/venv pip=("$VENV/python" -m pip --quiet --disable-pip-version-check --retries 2 --timeout 30)
  if venv_is_made; then return; fi
  rm -rf "$dir"
  # The wheels of pytest are for environments that tests make, without the network.
  if "$PYTHON" -m venv "$dir" && "${pip[@]}" install -r python/requirements-test.txt &&
    "${pip[@]}" download --dest "$dir/wheels" "$(grep '^pytest==' python/requirements-test.txt)"; then
    venv_wanted > "$dir/made-from"
    return
  fi
  rm -rf "$dir"
  echo "xgpush: $PYTHON cannot make target/venv with python/requirements-test.txt: the lines above say why" >&2
  return 1
}

# The tools of the site in the same environment, pinned in scripts/docs/site/requirements.txt.
site_tools() {
  local wanted=scripts/docs/site/requirements.txt
  venv || return 1
  cmp -s "$wanted" "$VENV/../site-made-from" && return
  "$VENV/python" -m pip install --quiet --disable-pip-version-check --retries 2 --timeout 30 -r "$wanted" &&
    cp "$wanted" "$VENV/../site-made-from"
}

# The tools that look at the emulator from outside, in an environment of their own, and
# axe-core from npm; each pinned, and made once.
OUTSIDE=$ROOT/target/outside/bin
AXE_CORE=4.14.1
outside_tools() {
  local wanted=emulator/tests/outside/requirements.txt dir=$ROOT/target/outside
  if cmp -s "$wanted" "$dir/made-from"; then return; fi
  rm -rf "$dir"
  "$PYTHON" -m venv "$dir" &&
    "$OUTSIDE/python" -m pip install --quiet --disable-pip-version-check --retries 2 --timeout 30 -r "$wanted" &&
    cp "$wanted" "$dir/made-from"
}
axe_core() { # the path of its script; none where npm cannot have it
  local dir=$ROOT/target/axe-core-$AXE_CORE
  if [ ! -e "$dir/package/axe.min.js" ]; then
    mkdir -p "$dir"
    (cd "$dir" && npm pack --silent "axe-core@$AXE_CORE" && tar -xzf "axe-core-$AXE_CORE.tgz") >/dev/null 2>&1 || return 1
  fi
  echo "$dir/package/axe.min.js"
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
  until grep -qs 'listening on' "$dir/stdout"; do
    kill -0 "$EMULATOR" 2>/dev/null || missing "the emulator" "it did not start"
    read -r -t 0.05 <> <(:) || true
  done
  BASE_URL=$(sed -n 's/^listening on //p' "$dir/stdout")
}

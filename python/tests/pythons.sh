#!/usr/bin/env bash
# pythons.sh WHEEL: installs the wheel into every CPython of this machine that it is
# for, and tells a short story in each; a warning is an error. Looks for interpreters
# among the commands and among the versions of pyenv.
. "$(dirname "$0")/../../scripts/common.sh"
wheel=$1
story=$ROOT/python/tests/short_story.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

candidates() {
  local minor
  for minor in {9..19}; do type -aP "python3.$minor" "python3.${minor}t" || true; done
  type -aP python3 "$PYTHON" ${FREE_THREADED:+"$FREE_THREADED"} || true
  local pyenv=${PYENV_ROOT:-}
  if [ -z "$pyenv" ] && command -v pyenv >/dev/null; then pyenv=$(pyenv root); fi
  if [ -n "$pyenv" ]; then ls -d "$pyenv"/versions/*/bin/python 2>/dev/null || true; fi
}

# What an interpreter is, in one line; nothing for one that does not start, such as
# a shim of a version that is not chosen.
identity() {
  "$1" -I -c '
import platform, sys, sysconfig
if sys.version_info >= (3, 9) and platform.python_implementation() == "CPython":
    free = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    print(f"{sys.base_prefix} {platform.python_version()}{free}")' 2>/dev/null || true
}

try() { # INTERPRETER FOLDER
  local bin=$2/bin
  "$1" -m venv --without-pip "$2" || return
  # There may be no pip with it, or one too old for the tags of the wheel.
  "$VENV/python" -m pip --python "$bin/python" install --quiet --disable-pip-version-check \
    --no-index --no-deps "$wheel" || return
  (cd "$work" && env -u PYTHONPATH timeout 120 "$bin/python" -W error "$story")
}

venv
passed=0 failed=0
declare -A seen
while read -r interpreter; do
  identity=$(identity "$interpreter")
  [ -n "$identity" ] && [ -z "${seen[$identity]:-}" ] || continue
  seen[$identity]=1
  version=${identity##* }
  # An interpreter without a lock has wheels of its own, and they are for no other.
  case $version:$wheel in
    *t:*-cp3*t-*) ;;
    *t:* | *:*-cp3*t-*) continue ;;
  esac
  if try "$interpreter" "$work/$((passed + failed))"; then
    passed=$((passed + 1))
  else
    echo "FAILED: $version ($interpreter)"
    failed=$((failed + 1))
  fi
done < <(candidates)
echo "pythons: $passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

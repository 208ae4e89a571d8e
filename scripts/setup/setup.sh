#!/usr/bin/env bash
# setup.sh demo|fleet|storm|test|all: installs what `make demo`, `make fleet`,
# `make fleet-storm`, `make test` or `.ci/run` lacks
# where it can (Debian and its kin, as root or by a sudo that asks for no password).
# What is missing after that is named, a line each; the tests skip what needs it.
# Without what everything needs, or with `all`, that is a failure.
# XG_INSTALL=0 forbids to install.
. "$(dirname "$0")/../common.sh"
level=$1
broken=0

case $level in
  demo) rank='^demo ' ;;
  fleet) rank='^(demo|fleet) ' ;;
  storm) rank='^(demo|fleet|storm) ' ;;
  test) rank='^(demo|fleet|test) ' ;;
  all) rank='^(demo|fleet|storm|test|all) ' ;;
  *) missing "the first word" "demo, fleet, storm, test or all" ;;
esac
lacking() { # the rows of the table whose thing is not here
  local first thing package purpose
  while read -r first thing package purpose; do
    have "$thing" || echo "$first $thing $package $purpose"
  done < <(grep -E "$rank" scripts/setup/packages.txt)
}

as_root=()
may_install() { # says why not
  if [ "${XG_INSTALL:-1}" = 0 ]; then
    echo "nothing is installed: XG_INSTALL=0"
  elif ! command -v apt-get >/dev/null; then
    echo "nothing is installed: there is no apt-get here"
  elif [ "$(id -u)" = 0 ]; then
    return 0
  elif sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
    return 0
  else
    echo "nothing is installed: that takes root, or a sudo that asks for no password"
  fi
  return 1
}
apt() { # SECONDS ARGUMENTS…: bounded, and quiet unless it fails
  local said limit=$1; shift
  said=$("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive timeout "$limit" apt-get -q -y \
    -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o Acquire::Retries=1 \
    -o DPkg::Lock::Timeout=60 "$@" 2>&1 </dev/null) && return
  echo "apt-get $1: $(grep -v '^Reading' <<< "$said" | tail -n 1)"
  return 1
}
install_packages() { # PACKAGE…: all at once, or else what can be had of them
  local package known=()
  apt 180 update -o APT::Update::Error-Mode=any ||
    echo "the lists of packages are as old as they were (offline?)"
  for package; do
    if apt-cache show "$package" >/dev/null 2>&1; then known+=("$package"); fi
  done
  [ ${#known[@]} -gt 0 ] || return 0
  echo "installing ${known[*]}"
  apt 900 install --no-install-recommends "${known[@]}" || true
}

mapfile -t rows < <(lacking)
if [ ${#rows[@]} -gt 0 ] && may_install; then
  # A package may contain several things.
  mapfile -t names < <(printf '%s\n' "${rows[@]}" | cut -d' ' -f3 | sort -u)
  install_packages "${names[@]}"
  hash -r
  mapfile -t rows < <(lacking)
fi
for row in "${rows[@]}"; do
  read -r first thing package purpose <<< "$row"
  echo "missing: $thing (Debian: $package), for $purpose"
  case $level/$first in */demo | fleet/fleet | storm/fleet | storm/storm) broken=1 ;; esac
done

if ! command -v cargo >/dev/null; then
  echo "missing: cargo, for everything: install Rust (stable); Debian's is too old"
  broken=1
elif ! said=$(timeout 600 cargo fetch --quiet --locked --target "$(rustc -vV | sed -n 's/^host: //p')" 2>&1); then
  echo "missing: crates, for everything: $(tail -n 1 <<< "$said")"
  broken=1
fi
if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
  echo "missing: Python 3.9 or newer, for programs in Python ($PYTHON is too old, or not there)"
  broken=1
fi
if [[ $level = test || $level = all ]] && have module:ensurepip && ! said=$(venv 2>&1); then
  echo "missing: the packages of python/requirements-test.txt, for wheels and tests of Python: $(tail -n 1 <<< "$said")"
  [ "$level" != all ] || broken=1
fi
if [ "$level" = all ] && [ ${#rows[@]} -gt 0 ]; then broken=1; fi
if [ "$level" = all ] && [ $broken = 0 ]; then
  cargo clippy --version >/dev/null 2>&1 && cargo fmt --version >/dev/null 2>&1 ||
    rustup component add clippy rustfmt || broken=1
  cargo deny --version >/dev/null 2>&1 || cargo install --quiet --locked cargo-deny || broken=1
fi
exit $broken

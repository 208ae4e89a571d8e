# Shared by the tests on the other side of the C ABI.
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"
need cc "install a C compiler (Debian: gcc)"
need c++ "install a C++ compiler (Debian: g++)"
need nm "install binutils"
work=$ROOT/target/ctest
mkdir -p "$work"
tests=ffi/tests/c
bad=0
ok() { echo "$1: 1 passed, 0 failed"; }
no() { echo "$1: 0 passed, 1 failed"; bad=1; }
check() { # NAME COMMAND…
  local name=$1; shift
  if "$@"; then ok "$name"; else no "$name"; fi
}
link=(-Iinclude -L"$work/lib" -lxgpush -Wl,-rpath,"$work/lib")
strict=(-Wall -Wextra -pedantic -Werror)
# The names of the functions in the header.
functions() { grep -oE '\bxg_[a-z0-9_]+\(' include/xgpush.h | tr -d '(' | sort -u; }

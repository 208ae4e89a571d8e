#!/usr/bin/env bash
# wheel.sh PROFILE DIR [INTERPRETER]: builds the wheel, one for every CPython (abi3), or
# that of an interpreter without its lock (free-threaded), which cannot load the other.
# Any profile but `release` builds it for this machine, quickly; `release` for every
# glibc that is promised, which takes zig as the C compiler and linker.
. "$(dirname "$0")/../common.sh"
need_cargo
profile=${1:-release} dir=${2:-dist} interpreter=${3:-}
# The oldest glibc on which released wheels run, as in the tags of wheels.
floor=manylinux_2_17
venv
if [ -n "$interpreter" ]; then
  need "$interpreter" "the free-threaded CPython to build for, 3.14 or newer"
  "$interpreter" -c 'import sysconfig; raise SystemExit(not sysconfig.get_config_var("Py_GIL_DISABLED"))' ||
    missing "a free-threaded CPython" "$interpreter is none"
fi
options=(--profile "$profile" --manifest-path python/Cargo.toml --out "$dir"
  --interpreter "$(command -v "${interpreter:-$VENV/python}")")
linker=()
if [ "$profile" = release ]; then
  "$VENV/python" -m pip install --quiet --disable-pip-version-check -r python/requirements-wheel.txt ||
    missing "zig" "wheels for every Linux are built with it, and pip could not install python/requirements-wheel.txt"
  # zig would link its own unwinder in place of the system's, and a thread that glibc
  # ends (pthread_exit, as CPython before 3.14 does at its end) would crash between the
  # two. Under another name than gcc_s the system's comes first.
  need cc "install a C compiler (Debian: gcc)"
  unwinder=$ROOT/target/unwinder
  mkdir -p "$unwinder"
  ln -sf "$(realpath "$(cc -print-file-name=libgcc_s.so.1)")" "$unwinder/libunwinder.so"
  linker=(-l dylib=unwinder -L "native=$unwinder")
  options+=(--zig --target "$(rustc -vV | sed -n 's/^host: //p')" --compatibility "$floor")
fi
# maturin looks for zig among the commands.
PATH=$VENV:$PATH "$VENV/maturin" build --quiet "${options[@]}" -- "${linker[@]}"
ls -l "$dir"/*.whl

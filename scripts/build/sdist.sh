#!/usr/bin/env bash
# sdist.sh DIR: packs the sources of the wheel, which pip builds with Rust.
. "$(dirname "$0")/../common.sh"
need_cargo
dir=${1:-dist}
venv
"$VENV/maturin" sdist --manifest-path python/Cargo.toml --out "$dir"
ls -l "$dir"/*.tar.gz

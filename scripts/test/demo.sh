#!/usr/bin/env bash
# The same story in C++, Python and Rust against one emulator; ends with one
# line that says that the three agree, or fails.
. "$(dirname "$0")/../common.sh"
need c++ "install a C++17 compiler (Debian: g++)"
need "$PYTHON" "install Python 3.9 or newer"
say "Building the emulator and the three programs"
out=$ROOT/target/demo
mkdir -p "$out"
bash scripts/build/lib.sh fast "$out/lib"
c++ -std=c++17 -O1 -Iinclude examples/cpp/story.cpp -o "$out/story-cpp" \
  -L"$out/lib" -lxgpush -Wl,-rpath,"$out/lib"
cargo build --quiet -p xgpush --example story
bash scripts/build/python_package.sh "$out/python"

start_emulator
tell() { # LANGUAGE COMMAND…: resets the service, then runs the story
  local language=$1; shift
  "$PYTHON" scripts/test/emulator_admin.py "$BASE_URL" reset
  "$@" "$BASE_URL" > "$out/$language.tsv"
  say "$language"
  "$PYTHON" scripts/test/demo_table.py "$out/$language.tsv"
}
tell cpp "$out/story-cpp"
tell python env PYTHONPATH="$out/python" "$PYTHON" examples/python/story.py
tell rust "$ROOT/target/debug/examples/story"

echo
for language in python rust; do
  if ! diff "$out/cpp.tsv" "$out/$language.tsv" > "$out/$language.diff"; then
    echo "C++ and $language do not agree:"; cat "$out/$language.diff"; exit 1
  fi
done
"$PYTHON" scripts/test/demo_table.py --check "$out/cpp.tsv"
echo "C++, Python and Rust agree on all $(wc -l < "$out/cpp.tsv") outcomes."

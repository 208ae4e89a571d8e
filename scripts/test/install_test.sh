#!/usr/bin/env bash
# Installs, unpacks the archive elsewhere, and builds and runs programs against what is
# there: as a user would, with nothing of this repository but the sources of the programs.
. "$(dirname "$0")/../common.sh"
need cc "install a C compiler (Debian: gcc)"
need c++ "install a C++ compiler (Debian: g++)"
need make "install make"
build=$ROOT/target/install
work=$build/test
bad=0
# What finds the installed tree, if it is here.
pc='' cmake='' whole=''
if can "finding it by pkg-config" pkg-config; then pc=yes; fi
if can "finding it from CMake" cmake; then cmake=yes; fi
if [ -n "$pc" ] && can "programs that are static as a whole" static:c; then whole=yes; fi
rm -rf "$build"; mkdir -p "$work" "$build/doc/html"
echo '<title>xgpush</title>' > "$build/doc/html/index.html"
check() { # NAME COMMAND…
  local name=$1; shift
  if "$@" > "$work/log" 2>&1; then
    echo "$name: 1 passed, 0 failed"
  else
    cat "$work/log"; echo "$name: 0 passed, 1 failed"; bad=1
  fi
}

say "Install, uninstall, archive"
manage() { make -s "$@" PROFILE=fast BUILD="$build" DESTDIR="$work/stage" PREFIX=/opt/xgpush; }
prefix=$work/stage/opt/xgpush
manage install
manage dist
archive=$(echo "$build"/xgpush-*.tar.gz)
cp "$archive" "$work/first.tar.gz"
manage dist
check "the same input makes the same archive" cmp "$work/first.tar.gz" "$archive"
files() { (cd "$1" && find . ! -type d | sort); }
tree() { # VERSION LIBDIR
  sort <<TREE
./bin/xgpush-emulator
./include/xgpush.h
./include/xgpush.hpp
./include/xgpush_base.hpp
./$2/libxgpush.a
./$2/libxgpush.so
./$2/libxgpush.so.0
./$2/libxgpush.so.$1
./$2/pkgconfig/xgpush.pc
./share/doc/xgpush/html/index.html
./share/licenses/xgpush/LICENSE-APACHE
./share/licenses/xgpush/LICENSE-MIT
./share/licenses/xgpush/THIRD-PARTY-LICENSES
./share/licenses/xgpush/emulator/THIRD-PARTY-LICENSES
./share/xgpush/cmake/emulator-fixture.sh
./share/xgpush/cmake/xgpush-config-version.cmake
./share/xgpush/cmake/xgpush-config.cmake
./share/xgpush/cmake/xgpush-emulator.cmake
./share/xgpush/tsan.supp
TREE
}
check "the installed files" diff <(tree "$(version)" lib) <(files "$prefix")
links() { echo "$(readlink "$1/libxgpush.so") $(readlink "$1/libxgpush.so.0")"; }
check "the links" test "$(links "$prefix/lib")" = "libxgpush.so.0 libxgpush.so.$(version)"
mkdir "$work/unpacked"
tar -xzf "$archive" -C "$work/unpacked"
home=$(echo "$work/unpacked/xgpush-$(version)-"*)
check "the archive holds the installed tree" diff -r --no-dereference "$prefix" "$home"
check "no file that finds it names a folder of this machine" \
  test -z "$(grep -rlE "$ROOT|/opt/xgpush" "$home/share/xgpush" "$home/lib/pkgconfig" "$home/include")"
touch "$prefix/lib/libstranger.so"
manage uninstall
check "uninstall leaves what is not ours" test "$(files "$prefix")" = ./lib/libstranger.so
rm "$prefix/lib/libstranger.so"
multiarch=lib/$(cc -dumpmachine)
manage install LIBDIR="$multiarch"
check "the installed files, in another LIBDIR" diff <(tree "$(version)" "$multiarch") <(files "$prefix")
[ -z "$pc" ] || check "pkg-config, in another LIBDIR" env PKG_CONFIG_PATH="$prefix/$multiarch/pkgconfig" \
  sh -c 'cc examples/c/quickstart.c -o /dev/null $(pkg-config --cflags --libs xgpush)'
[ -z "$cmake" ] || check "CMake, in another LIBDIR" cmake -S ffi/tests/install -B "$work/cmake-libdir" \
  -DEXAMPLES="$ROOT/examples" -DCMAKE_PREFIX_PATH="$prefix"
manage uninstall LIBDIR="$multiarch"
check "uninstall leaves no file" test -z "$(files "$work/stage")"

say "The libraries"
exports() { nm "$@" --defined-only | awk 'NF == 3 {print $3}' | sort; }
check "the archive shows what the shared library exports, and no more" \
  diff <(exports -D "$home/lib/libxgpush.so") <(exports -g "$home/lib/libxgpush.a")
check "glibc" bash scripts/test/glibc_floor.sh "$home/lib/libxgpush.so"
grep '^lib' "$work/log" || true

say "The quick starts"
start_emulator --set bad_token_prefix=token-of-phone-2 --tls --ca-out "$work/ca.pem"
# Only what a program or a tool is given here reaches it.
clean() { env -i PATH="$PATH" "$@"; }
run() { # COMMAND…: with the options in the environment
  clean XGPUSH_BASE_URL="$BASE_URL" XGPUSH_CA_FILE="$work/ca.pem" XGPUSH_ACCESS_ID=1500001048 \
    XGPUSH_SECRET_KEY=1452fcebae9f3115ba794fb0fff2fd73 "$@"
}
needs() { readelf -d "$1" | grep -q 'NEEDED.*libxgpush'; }
says() { # KIND PROGRAM: it binds one token, is refused the other, and is linked as it should be
  local got with=()
  case $1 in
    shared) needs "$2" || return 1; with=(LD_LIBRARY_PATH="$home/lib") ;;
    static) ! needs "$2" || return 1 ;;
  esac
  got=$(run "${with[@]}" "$2" | cut -d' ' -f1,2)
  echo "$got"
  [ "$got" = $'0: accepted\n1: rejected' ]
}
strict=(-Wall -Wextra -Werror)
compile() { # LANGUAGE PROGRAM FLAGS…
  local language=$1 program=$work/$2; shift 2
  case $language in
    c) clean cc "${strict[@]}" examples/c/quickstart.c -o "$program" "$@" ;;
    cpp) clean c++ -std=c++17 "${strict[@]}" examples/cpp/quickstart.cpp -o "$program" "$@" ;;
  esac
}
cp -R "$home" "$work/static-only"
rm "$work"/static-only/lib/*.so*
found() { # PREFIX ARGUMENTS…: what pkg-config says of the tree there
  clean PKG_CONFIG_PATH="$1/lib/pkgconfig" pkg-config "${@:2}" --cflags --libs xgpush
}
[ -z "$pc" ] || check "pkg-config knows the version" \
  clean PKG_CONFIG_PATH="$home/lib/pkgconfig" pkg-config --exact-version "$(version)" xgpush
for language in c cpp; do
  compile $language $language-plain -I"$home/include" -L"$home/lib" -lxgpush
  check "$language, plain, shared" says shared "$work/$language-plain"
  compile $language $language-plain-static -I"$home/include" "$home/lib/libxgpush.a"
  check "$language, plain, static" says static "$work/$language-plain-static"
  [ -n "$pc" ] || continue
  compile $language $language-pc $(found "$home")
  check "$language, pkg-config, shared" says shared "$work/$language-pc"
  compile $language $language-pc-static $(found "$work/static-only" --static)
  check "$language, pkg-config --static" says static "$work/$language-pc-static"
  [ -n "$whole" ] || continue
  # The linker warns of the look-up of names, which needs glibc's shared parts.
  compile $language $language-pc-whole -static $(found "$home" --static) 2> "$work/warnings" ||
    cat "$work/warnings"
  check "$language, pkg-config --static, all of it static" says static "$work/$language-pc-whole"
done
if [ -n "$cmake" ]; then
  clean CMAKE_PREFIX_PATH="$home" cmake -S ffi/tests/install -B "$work/cmake" -DEXAMPLES="$ROOT/examples" \
    -DCMAKE_C_FLAGS="${strict[*]}" -DCMAKE_CXX_FLAGS="${strict[*]}" > "$work/cmake.log" ||
    cat "$work/cmake.log"
  clean cmake --build "$work/cmake" >> "$work/cmake.log" || cat "$work/cmake.log"
  for language in c cpp; do
    check "$language, CMake, shared" says shared "$work/cmake/$language-xgpush"
    check "$language, CMake, static" says static "$work/cmake/$language-static"
  done
  asks() { # VERSION: of CMake
    sed "s/find_package(xgpush 0.1/find_package(xgpush $1/" ffi/tests/install/CMakeLists.txt \
      > "$work/asks/CMakeLists.txt"
    clean CMAKE_PREFIX_PATH="$home" cmake -S "$work/asks" -B "$work/asks/build" -DEXAMPLES="$ROOT/examples"
  }
  refuses() { # VERSION
    ! asks "$1" > "$work/asks/log" 2>&1 || return 1
    cat "$work/asks/log"
    grep -q "version: $(version)" "$work/asks/log"
  }
  mkdir "$work/asks"
  check "CMake takes this version" asks "$(version) EXACT"
  check "CMake refuses a newer one" refuses 0.99
  check "CMake refuses another major version" refuses 1.0
fi
if [ -n "$cmake" ] && can "the emulator under CTest" header:gtest/gtest.h ctest; then
  tests() { # what a user types, with the emulator of the installed tree
    clean CMAKE_PREFIX_PATH="$home" cmake -S examples/emulator/cpp -B "$work/ctest" -DCMAKE_CXX_FLAGS="${strict[*]}" &&
      clean cmake --build "$work/ctest" &&
      (cd "$work/ctest" && clean LD_LIBRARY_PATH="$home/lib" ctest --output-on-failure) &&
      [ ! -e "$work/ctest/emulator.port" ]
  }
  check "the emulator under CTest, with gtest" tests
fi
throws() { # PROGRAM: its options make the library refuse, and it catches that
  local got code=0
  got=$(clean XGPUSH_NO_SUCH_OPTION=1 "$1" 2>&1) || code=$?
  echo "$got"
  [ $code = 1 ] && grep -q no_such_option <<< "$got"
}
check "C++ catches an exception beside the archive" throws "$work/cpp-plain-static"
check "no stack that can be executed" test -z "$(readelf -lW "$work/c-plain-static" | grep 'GNU_STACK.*E ')"

say "Loads and exits without a call"
shared=(-I"$home/include" -L"$home/lib" -lxgpush -Wl,-rpath,"$home/lib")
static=(-I"$home/include" "$home/lib/libxgpush.a")
for kind in shared static; do
  declare -n link=$kind
  cc "${strict[@]}" ffi/tests/c/load.c -o "$work/load-$kind" "${link[@]}"
  check "$kind" clean "$work/load-$kind"
done

say "A host with its own OpenSSL, libcurl and SQLite"
if can "a host with libraries of its own" header:curl/curl.h header:openssl/sha.h header:sqlite3.h; then
  bundled=$(cargo metadata --format-version 1 --filter-platform "$(rustc -vV | sed -n "s/^host: //p")" | "$PYTHON" -c '
import json, pathlib, re, sys
package, = (p for p in json.load(sys.stdin)["packages"] if p["name"] == "libsqlite3-sys")
header = pathlib.Path(package["manifest_path"]).parent / "sqlite3/sqlite3.h"
print(re.search(r"#define SQLITE_VERSION_NUMBER (\d+)", header.read_text())[1])')
  host() { # KIND VARIANT FLAGS…
    local program=$work/host-$1-$2
    declare -n link=$1
    echo "$1, SQLite $2:"
    cc -std=c11 "${strict[@]}" ffi/tests/install/host.c -o "$program" "${link[@]}" -lcurl -lcrypto "${@:3}"
    rm -rf "$work/files"; mkdir "$work/files"
    clean "$program" "$BASE_URL" "$work/ca.pem" "$work/files" "$bundled" || bad=1
  }
  own=(-Wl,-Bstatic -lsqlite3 -Wl,-Bdynamic -lm -ldl -lpthread)
  for kind in shared static; do
    host $kind shared -lsqlite3
    host $kind static "${own[@]}"
    # The program shows its SQLite to every library that is loaded.
    host $kind exported -rdynamic "${own[@]}"
  done
fi

say "Beside another Rust library"
cargo build --quiet -p xgpush-ffi --features test-panic
mkdir -p "$work/panic"
cp target/debug/libxgpush_ffi.so "$work/panic/libxgpush.so.0"
ln -s libxgpush.so.0 "$work/panic/libxgpush.so"
bash scripts/build/static_lib.sh target/debug "$work/panic/libxgpush.a"
for type in cdylib staticlib; do
  rustc --edition 2024 --crate-type $type --out-dir "$work/panic" ffi/tests/install/neighbour.rs
done
beside() { # NAME LIBRARIES…
  cc "${strict[@]}" ffi/tests/install/beside_rust.c -o "$work/beside" -Iinclude -L"$work/panic" \
    -Wl,-rpath,"$work/panic" "${@:2}"
  echo "$1:"
  clean "$work/beside" 2>/dev/null || bad=1
}
beside "both shared" -lxgpush -lneighbour
beside "xgpush static" -l:libxgpush.a -lneighbour
beside "the other static" -lxgpush -l:libneighbour.a
beside "both static" -l:libxgpush.a -l:libneighbour.a
beside "both static, the other first" -l:libneighbour.a -l:libxgpush.a
exit $bad

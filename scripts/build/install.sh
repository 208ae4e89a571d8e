#!/usr/bin/env bash
# install.sh install|uninstall BUILD ROOT LIBDIR: puts the headers, the libraries, the
# emulator and what finds them under ROOT, with the libraries in ROOT/LIBDIR; or removes them again.
# The tree can be moved: nothing in it names ROOT.
. "$(dirname "$0")/../common.sh"
action=$1 build=$2 root=$3 libdir=$4

rm -rf "$root"/share/{xgpush,doc/xgpush,licenses/xgpush}
rm -f "$root/bin/xgpush-emulator" "$root"/include/xgpush{.h,.hpp,_base.hpp} "$root/$libdir"/{libxgpush.*,pkgconfig/xgpush.pc}
[ "$action" = install ] || exit 0

put() { # FOLDER FILE…
  local folder=$root/$1; shift
  install -d "$folder"
  install -m 644 "$@" "$folder"
}
put include include/xgpush{.h,.hpp,_base.hpp}
put "$libdir" "$build/lib/libxgpush.a" "$build/lib/libxgpush.so.$(version)"
cp -P "$build"/lib/libxgpush.so{,.0} "$root/$libdir"
install -d "$root/bin"
install -m 755 "$build/bin/xgpush-emulator" "$root/bin"
put share/xgpush/cmake ffi/package/*.cmake ffi/package/emulator-fixture.sh
put share/xgpush ffi/package/tsan.supp
put share/licenses/xgpush LICENSE-APACHE LICENSE-MIT ffi/THIRD-PARTY-LICENSES
put share/licenses/xgpush/emulator emulator/THIRD-PARTY-LICENSES
if [ -d "$build/doc/html" ]; then
  install -d "$root/share/doc/xgpush"
  cp -R "$build/doc/html" "$root/share/doc/xgpush"
fi
install -d "$root/$libdir/pkgconfig"
sed -e "s|@version@|$(version)|; s|@libdir@|$libdir|" \
  -e "s|@up@|$(realpath -ms --relative-to="/$libdir/pkgconfig" /)|" \
  ffi/package/xgpush.pc.in | install -m 644 /dev/stdin "$root/$libdir/pkgconfig/xgpush.pc"
echo "installed under $root"

#!/usr/bin/env bash
# dist.sh BUILD: packs the installed tree into BUILD/xgpush-VERSION-TARGET.tar.gz.
. "$(dirname "$0")/../common.sh"
build=$1
name=xgpush-$(version)-$(rustc -vV | sed -n 's/^host: //p')
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
bash scripts/build/install.sh install "$build" "$stage/$name" lib >/dev/null
# The same input makes the same archive.
made=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$made" -c "$name" |
  gzip -9n > "$build/$name.tar.gz"
echo "$build/$name.tar.gz"

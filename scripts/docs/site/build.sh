#!/usr/bin/env bash
# build.sh FOLDER: builds one HTML tree into FOLDER: the pages in English and Chinese,
# with a search that needs no server, and the references of C, Python and Rust in
# FOLDER/api. A warning, or a link that leads nowhere, is an error.
. "$(dirname "$0")/../../common.sh"
folder=$(realpath -m "$1")
here=scripts/docs/site
need_cargo
need doxygen "install doxygen (Debian: doxygen)"
site_tools || missing "the tools of the site" "Python 3.11 or newer installs $here/requirements.txt"

# The pages, and the files to which they link, lie as in the repository.
work=$ROOT/target/site pages=$ROOT/target/site/pages
rm -rf "$pages" "$work/c" "$folder"; mkdir -p "$pages" "$folder"
git ls-files -z | tar --create --null --files-from=- | tar --extract --directory="$pages"
cat "$here/contents.md" >> "$pages/README.md"
cp "$here/api.md" "$pages/"
XG_VERSION=$(version) "$VENV/python" -m sphinx --quiet --fail-on-warning --keep-going \
  --conf-dir "$here" --doctree-dir "$work/doctrees" "$pages" "$folder"
cp "$folder/README.html" "$folder/index.html"
rm -rf "$folder/.buildinfo"

mkdir -p "$folder/api"
bash scripts/docs/docs.sh html "$work/c" >/dev/null
cp -R "$work/c/html" "$folder/api/c"
bash scripts/docs/docs.sh python "$folder/api/python" >/dev/null
rm -rf target/doc
RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps -p xgpush -p xgpush-emulator
cp -R target/doc "$folder/api/rust"
echo '<meta http-equiv="refresh" content="0; url=xgpush/index.html">' > "$folder/api/rust/index.html"
"$PYTHON" scripts/docs/docs_check.py site "$folder"
echo "$folder/index.html is written"

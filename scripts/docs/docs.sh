#!/usr/bin/env bash
# docs.sh tools: fails at once if something is missing that the others use.
# docs.sh pages FOLDER: writes options.md and codes.md, which come from tables in
# the code, into FOLDER.
# docs.sh html FOLDER [HEADER]: writes the HTML reference of the C interface into
# FOLDER/html; a warning of doxygen is an error.
# docs.sh python FOLDER: writes the HTML reference of the Python package into FOLDER.
. "$(dirname "$0")/../common.sh"
what=$1 folder=${2:-} header=${3:-include/xgpush.h}
[ -z "$folder" ] || mkdir -p "$folder"
case $what in
  tools)
    need_cargo
    need doxygen "install doxygen (Debian: doxygen)"
    need "$PYTHON" "install Python 3.9 or newer" ;;
  pages)
    need_cargo
    for page in options codes; do
      cargo run --quiet -p xgpush --example "${page}_reference" > "$folder/$page.md.new"
      mv "$folder/$page.md.new" "$folder/$page.md"
      echo "$folder/$page.md is written"
    done ;;
  html)
    need doxygen "install doxygen (Debian: doxygen)"
    need "$PYTHON" "install Python 3.9 or newer"
    rm -rf "$folder/html"
    version=$(sed -n 's/^#define XG_VERSION "\(.*\)"/\1/p' "$header")
    PYTHON=$PYTHON XG_DOC_DIR=$folder XG_DOC_HEADER=$header XG_DOC_VERSION=$version \
      doxygen docs/Doxyfile
    echo "$folder/html/index.html is written" ;;
  python)
    venv
    wheels=$(mktemp -d)
    bash scripts/build/wheel.sh fast "$wheels" >/dev/null
    "$VENV/python" -m pip install --quiet --disable-pip-version-check --force-reinstall \
      --no-deps "$wheels"/*.whl
    rm -rf "$wheels"
    rm -rf "$folder"
    "$VENV/python" -W error scripts/docs/python_reference.py "$folder"
    echo "$folder/index.html is written" ;;
  *) missing "the first word" "tools, pages, html or python" ;;
esac

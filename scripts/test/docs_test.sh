#!/usr/bin/env bash
# The documents say what is so: the generated ones are up to date, the reference of
# the header is whole, its programs run, and no link leads nowhere.
. "$(dirname "$0")/../common.sh"
need cc "install a C compiler (Debian: gcc)"
need "$PYTHON" "install Python 3.9 or newer"
work=$ROOT/target/docs-test
rm -rf "$work"; mkdir -p "$work"
bad=0
check() { # NAME COMMAND…
  local name=$1; shift
  if "$@"; then
    echo "$name: 1 passed, 0 failed"
  else
    echo "$name: 0 passed, 1 failed"; bad=1
  fi
}

say "Pages from tables"
bash scripts/docs/docs.sh pages "$work" >/dev/null
for page in options codes; do
  check "docs/$page.md is up to date" diff "docs/$page.md" "$work/$page.md"
done

say "The reference of the header"
if can "the reference of the header" doxygen; then
  html() { bash scripts/docs/docs.sh html "$@" >"$work/log" 2>&1 || { cat "$work/log"; return 1; }; }
  check "doxygen has nothing to warn of" html "$work"
  check "every name has an entry" "$PYTHON" scripts/docs/docs_check.py entries include/xgpush.h "$work"

  # Each of these must be found, or the two checks above say nothing.
  refused() { # WANTED HEADER-TEXT: doxygen warns of it
    mkdir -p "$work/bad"
    { cat include/xgpush.h; printf '%s\n' "$2"; } > "$work/bad/xgpush.h"
    if html "$work/bad" "$work/bad/xgpush.h" >/dev/null; then return 1; fi
    grep -q "$1" "$work/log"
  }
  check "a function without a comment is found" refused 'xg_client_lost.*not documented' \
    'void xg_client_lost(void);'
  check "a function without a group is found" refused 'xg_lost_needs_a_group' \
    $'/**\n * Lost.\n */\nvoid xg_lost(void);'
  check "a name that does not exist is found" refused "'xg_nowhere' could not be resolved" \
    $'/**\n * See xg_nowhere.\n */\nvoid xg_client_lost(void);'
fi

say "The programs of the main page"
bash scripts/build/lib.sh fast "$work/lib" >/dev/null
program() { # NTH NAME LIBRARY…: the nth program of the header
  sed 's/^ \* \{0,1\}//' include/xgpush.h |
    awk -v nth="$1" '$0 == "```c" {on = ++n == nth; next} /^```/ {on = 0} on' > "$work/$2.c"
  cc -std=c99 -Wall -Wextra -pedantic -Werror -Iinclude "$work/$2.c" -o "$work/$2" -L"$work/lib" "${@:3}"
}
program 1 blocking -lxgpush -Wl,-rpath,"$work/lib"
program 2 outbox -l:libxgpush.a -lpthread -ldl
start_emulator --set bad_token_prefix=token-of-phone-2
export XGPUSH_BASE_URL=$BASE_URL XGPUSH_ACCESS_ID=1500001048
export XGPUSH_SECRET_KEY=1452fcebae9f3115ba794fb0fff2fd73
prints() { # WANTED PROGRAM
  local got
  got=$(cd "$work" && "$2" | tr '\n' '|')
  grep -qxE "$1" <<< "$got" || { echo "expected $1 but got $got"; return 1; }
}
check "the first program" prints 'alice: accepted\|' "$work/blocking"
check "the outbox program" prints '42: accepted\|0 left in the file\|' "$work/outbox"

say "Links"
check "every link leads somewhere" "$PYTHON" scripts/docs/docs_check.py links

say "The site"
if can "the site" doxygen pip:scripts/docs/site/requirements.txt; then
  site() { bash scripts/docs/site/build.sh "$work/site" >"$work/log" 2>&1 || { cat "$work/log"; return 1; }; }
  check "the site has no warning and no broken link" site
  words() { grep -q '"durabl"' "$work/site/searchindex.js" && grep -qF '"\u89e3\u7ed1"' "$work/site/searchindex.js"; }
  check "its search knows English and Chinese (解绑)" words
fi
page() { # HTML: the check refuses a site of this page
  mkdir -p "$work/page"
  printf '<p id="here"><a href="index.html#here"></a>%s</p>' "$1" > "$work/page/index.html"
  "$PYTHON" scripts/docs/docs_check.py site "$work/page" >/dev/null 2>&1
}
refused_page() { page "$1" && return 1; page ""; }
check "a link to no file is found" refused_page '<a href="nowhere.html"></a>'
check "a link to no anchor is found" refused_page '<a href="#nowhere"></a>'
check "a script from elsewhere is found" refused_page '<script src="https://example.com/a.js"></script>'
exit $bad

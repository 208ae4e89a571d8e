#!/usr/bin/env bash
# The headers, alone and in every language version.
. "$(dirname "$0")/common.sh"
say "The header alone, in every language version"
for standard in c99 c11 c17; do
  check "xgpush.h as $standard" cc -std=$standard "${strict[@]}" -fsyntax-only -x c include/xgpush.h
done
for standard in c++11 c++17 c++20; do
  check "xgpush.h as $standard" c++ -std=$standard "${strict[@]}" -fsyntax-only -x c++ include/xgpush.h
done
for header in xgpush.hpp xgpush_base.hpp; do
  printf '#include <%s>\n' $header > "$work/alone.cpp"
  for standard in c++17 c++20; do
    check "$header as $standard" c++ -std=$standard "${strict[@]}" -Iinclude -fsyntax-only "$work/alone.cpp"
    check "$header as $standard, without exceptions and RTTI" c++ -std=$standard "${strict[@]}" \
      -fno-exceptions -fno-rtti -Iinclude -fsyntax-only "$work/alone.cpp"
  done
done
# The law of the ABI that no comparison sees: additions of a kind that cannot be kept.
check "no struct with fields" test -z "$(grep -nE '^(typedef )?struct [a-z_]* *\{' include/xgpush.h)"
check "no enumeration as a parameter" test -z "$(grep -nE '[(,] *enum |^ +enum [a-z_]+ [a-z]' include/xgpush.h)"
exit $bad

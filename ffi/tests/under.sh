# What the C and C++ programs run under, by XG_RUN_UNDER: sets `under`, `sanitize` and
# `programs`, and shows that defects are caught.
mode=${XG_RUN_UNDER:-valgrind}
if [ -z "${XG_RUN_UNDER:-}" ] && ! can "leaks and invalid reads" valgrind; then
  mode=none
fi
under=() sanitize=()
case $mode in
none) ;;
valgrind)
  need valgrind "install it, or set XG_RUN_UNDER=none"
  under=(valgrind --quiet --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --error-exitcode=99
    --suppressions="$ROOT/ffi/tests/valgrind.supp")
  ;;
asan)
  sanitize=(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  export ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=exitcode=99
  can "the programs with AddressSanitizer" asan || exit $bad
  ;;
*) missing "what XG_RUN_UNDER names ($mode)" "none, valgrind or asan" ;;
esac
programs=$work/$mode
mkdir -p "$programs"

built() { # PROGRAM: with the sanitizers, that they are in there
  [ "$mode" = asan ] || return 0
  local symbols
  # A program in which nothing can be undefined calls no handler, but loads them.
  symbols=$(nm "$1"; readelf -d "$1")
  grep -q __asan_init <<< "$symbols" && grep -q '__ubsan_handle\|libubsan' <<< "$symbols" ||
    missing "the sanitizer" "$1 was built without it"
}
build() { # NAME ARGUMENTS…: a C program
  cc -std=c11 -g "${strict[@]}" "${sanitize[@]}" -D_POSIX_C_SOURCE=200809L "$tests/$1.c" "${@:2}" \
    -o "$programs/$1" "${link[@]}"
  built "$programs/$1"
}
build_cpp() { # NAME SOURCE ARGUMENTS…: a C++ program
  c++ -g "${strict[@]}" "${sanitize[@]}" "${@:2}" -o "$programs/$1" "${link[@]}"
  built "$programs/$1"
}
run() { "${under[@]}" "$@" || bad=1; }

caught() { # KIND WORDS: the defect of this kind ends broken.c, and the report has the words
  local code=0
  "${under[@]}" "$programs/broken" "$1" > "$work/caught.log" 2>&1 || code=$?
  [ $code = 99 ] && grep -q "$2" "$work/caught.log" && return
  echo "exit code $code"; cat "$work/caught.log"; return 1
}
if [ "$mode" != none ]; then
  build broken
  check "$mode lets what is right pass" "${under[@]}" "$programs/broken" none
  check "$mode catches a read past a text of the library" \
    caught overflow 'heap-buffer-overflow\|Invalid read'
  check "$mode catches the use of a freed text" caught freed 'heap-use-after-free\|Invalid read'
  check "$mode catches a leak" caught leak 'LeakSanitizer: detected\|definitely lost'
fi
if [ "$mode" = asan ]; then
  check "$mode catches an undefined shift" caught shift 'runtime error: shift exponent'
fi

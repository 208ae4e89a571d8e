#!/usr/bin/env bash
# Side by side in one run: see benches/README.md. Prints medians and ratios.
. "$(dirname "$0")/../scripts/common.sh"
calls=${CALLS:-5000} rounds=${ROUNDS:-7}
work=$ROOT/target/bench
mkdir -p "$work"
cargo build --quiet --release -p xgpush-bench
bash scripts/lib.sh release "$work/lib" >/dev/null
cc -O2 -Iinclude benches/c/xgpush.c -o "$work/c" -L"$work/lib" -lxgpush -Wl,-rpath,"$work/lib" -lpthread
have_curl=
if [ -e /usr/include/curl/curl.h ] || pkg-config --exists libcurl 2>/dev/null; then
  cc -O2 benches/c/curl.c -o "$work/curl" -lcurl -lpthread && have_curl=1
else
  echo "libcurl's headers are missing (Debian: libcurl4-openssl-dev): no column for curl"
fi
venv
if ! "$VENV/python" -c 'import xgpush' 2>/dev/null; then
  bash scripts/wheel.sh release "$work/dist" >/dev/null
  "$VENV/python" -m pip install --quiet --disable-pip-version-check --no-deps "$work"/dist/*.whl
fi

run() { # CONTENDER ARGUMENTS…
  local who=$1; shift
  case $who in
    rust | ureq) "$ROOT/target/release/contender" "$who" "$@" ;;
    c) "$work/c" "$@" ;;
    curl) "$ROOT/target/release/contender" bytes "$BASE_URL" | "$work/curl" "$@" ;;
    python) "$VENV/python" benches/python/contender.py "$@" ;;
  esac
}
median() { sort -n "$1" | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a / b}'; }
contenders="rust c python ureq ${have_curl:+curl}"

start_emulator --set max_log=0
admin() { "$VENV/python" scripts/admin.py "$BASE_URL" "$@" >/dev/null; }

say "$(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1); 20 items a call"
echo "A call after the other, $calls calls, median of $rounds rounds:"
rm -f "$work"/*.us
for _ in $(seq "$rounds"); do
  for who in $contenders; do
    read -r cpu wall < <(run "$who" calls "$BASE_URL" "$calls")
    echo "$cpu" >> "$work/$who.cpu.us"; echo "$wall" >> "$work/$who.wall.us"
  done
done
base=${have_curl:+curl}; base=${base:-ureq}
printf '%-8s %18s %14s %16s\n' "" "processor us/call" "us/call" "cpu : $base"
for who in $contenders; do
  cpu=$(median "$work/$who.cpu.us")
  printf '%-8s %18s %14s %16s\n' "$who" "$cpu" "$(median "$work/$who.wall.us")" \
    "$(ratio "$cpu" "$(median "$work/$base.cpu.us")")"
done

admin config '{"max_log":0,"latency_ms":50}'
echo; echo "64 requests at once, a server that takes 50 ms; ideal is 64 x 20 items per 50 ms:"
for who in $contenders; do
  rm -f "$work/$who.rate"
  for _ in 1 2 3; do run "$who" parallel "$BASE_URL" 64 100 >> "$work/$who.rate"; done
  rate=$(median "$work/$who.rate")
  printf '%-8s %10s items/s   %5s of the ideal\n' "$who" "$rate" "$(ratio "$rate" 25600)"
done

admin config '{"max_log":0,"faults":[{"kind":"hang","times":0}]}'
echo; echo "A server that hangs, deadline 500 ms: the worst of 10 calls took" \
  "$("$ROOT/target/release/contender" rust hang "$BASE_URL" 500) ms longer than the deadline"

#!/usr/bin/env bash
# Side by side in one run: see benches/README.md. Prints medians and ratios.
. "$(dirname "$0")/../scripts/common.sh"
need_cargo
calls=${CALLS:-5000} rounds=${ROUNDS:-7}
work=$ROOT/target/bench
mkdir -p "$work"
cargo build --quiet --release -p xgpush-bench
bash scripts/build/lib.sh release "$work/lib" >/dev/null
cc -O2 -Iinclude benches/c/xgpush.c -o "$work/c" -L"$work/lib" -lxgpush -Wl,-rpath,"$work/lib" -lpthread
have_curl=
if [ -e /usr/include/curl/curl.h ] || pkg-config --exists libcurl 2>/dev/null; then
  cc -O2 benches/c/curl.c -o "$work/curl" -lcurl -lpthread && have_curl=1
else
  echo "libcurl's headers are missing (Debian: libcurl4-openssl-dev): no column for curl"
fi
venv
# The released one, whatever the tests have left there.
rm -rf "$work/dist"
bash scripts/build/wheel.sh release "$work/dist" >/dev/null
"$VENV/python" -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps \
  "$work"/dist/*.whl

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

EMULATOR_PROFILE=release start_emulator --set max_log=0
admin() { "$VENV/python" scripts/test/emulator_admin.py "$BASE_URL" "$@" >/dev/null; }

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

say "A table of rows"
"$VENV/python" -m pip install --quiet --disable-pip-version-check -r benches/python/requirements.txt
table() { # CONTENDERS ROWS AT_ONCE RUNS: so many runs of each, in turn
  for who in $1; do rm -f "$work/bulk.$who".*; done
  awk -v rows="$2" 'BEGIN {print "token,account"
    for (n = 0; n < rows; n++) printf "%036d,player%08d\n", n, n}' > "$work/bulk.csv"
  for _ in $(seq "$4"); do
    for who in $1; do
      read -r rate cpu < <("$VENV/python" benches/python/bulk.py "$who" "$BASE_URL" \
        "$work/bulk.csv" "$2" "$3")
      echo "$rate" >> "$work/bulk.$who.rate"; echo "$cpu" >> "$work/bulk.$who.cpu"
    done
  done
}
admin config '{"max_log":0}'
table "requests httpx aiohttp bulk apply" 100000 8 7
echo "8 requests of 20 rows at once, median of 7 rounds:"
printf '%-10s %10s %22s %12s %12s\n' "" "rows/s" "cpu ms/10,000 rows" "requests :" "aiohttp :"
for who in requests httpx aiohttp bulk apply; do
  cpu=$(median "$work/bulk.$who.cpu")
  printf '%-10s %10s %22s %12s %12s\n' "$who" "$(median "$work/bulk.$who.rate")" "$cpu" \
    "$(ratio "$(median "$work/bulk.requests.cpu")" "$cpu")" \
    "$(ratio "$(median "$work/bulk.aiohttp.cpu")" "$cpu")"
done
admin config '{"max_log":0,"latency_ms":50}'
table "requests httpx" 40000 64 3
table "aiohttp bulk apply" 400000 64 3
echo; echo "64 at once, a server that takes 50 ms; ideal is 25,600 rows/s:"
for who in requests httpx aiohttp bulk apply; do
  rate=$(median "$work/bulk.$who.rate")
  printf '%-10s %10s rows/s   %5s of the ideal   %10s cpu ms/10,000 rows\n' "$who" "$rate" \
    "$(ratio "$rate" 25600)" "$(median "$work/bulk.$who.cpu")"
done

say "The outbox"
cc -O2 -Iinclude benches/c/outbox.c -o "$work/outbox" -L"$work/lib" -lxgpush -Wl,-rpath,"$work/lib"
cc -O2 benches/c/floor.c -o "$work/floor"
if [ -e /usr/include/librdkafka/rdkafka.h ]; then
  cc -O2 benches/c/kafka.c -o "$work/kafka" -lrdkafka
else
  echo "librdkafka's headers are missing (Debian: librdkafka-dev): nothing to compare with"
fi
files=$work/files
submit() { # WHO PATTERN
  rm -rf "$files"; mkdir -p "$files"
  case $1 in
    memory) "$work/outbox" "$2" "$BASE_URL" ;;
    file) "$work/outbox" "$2" "$BASE_URL" "$files/outbox" ;;
    kafka | floor) "$work/$1" "$2" ;;
  esac
}
row() { # LABEL WHO PATTERN: the medians of three runs, p by p
  rm -f "$work/submit"
  for _ in 1 2 3; do submit "$2" "$3" >> "$work/submit"; done
  printf '%-34s' "$1"
  for p in 1 2 3; do
    cut -d' ' -f$p "$work/submit" > "$work/submit.p"; printf '%10s' "$(median "$work/submit.p")"
  done
  echo
}
echo "Submitting 46 bytes from C, ns a call (32 at a time at 60 Hz; 90,000 flat out):"
printf '%-34s%10s%10s%10s\n' "" p50 p99 p99.9
for server in "answers in 50 ms" "hangs"; do
  case $server in
    hangs) admin config '{"max_log":0,"faults":[{"kind":"hang","times":0}]}' ;;
    *) admin config '{"max_log":0,"latency_ms":50}' ;;
  esac
  for pattern in burst flat; do
    for who in memory file; do row "$who, $pattern, $server" $who $pattern; done
  done
done
if [ -x "$work/kafka" ]; then
  for pattern in burst flat; do row "rd_kafka_produce, $pattern" kafka $pattern; done
fi
for pattern in burst flat; do row "46 bytes copied, no more, $pattern" floor $pattern; done

cc -O2 -Iinclude benches/c/durable.c -o "$work/durable" -L"$work/lib" -lxgpush -Wl,-rpath,"$work/lib"
admin config '{"max_log":0,"latency_ms":50}'
echo; echo "From submission to durable, 32 at a time at 60 Hz, us (medians of 5 rounds):"
rm -f "$work/durable.us"
for _ in 1 2 3 4 5; do
  rm -rf "$files"; mkdir -p "$files"
  "$work/durable" latency "$files/outbox" "$BASE_URL" >> "$work/durable.us"
done
for p in p50:1 p99:2 worst:3; do
  cut -d' ' -f"${p#*:}" "$work/durable.us" > "$work/durable.p"
  printf '%-8s%8s\n' "${p%:*}" "$(median "$work/durable.p")"
done
echo "SIGKILL after 32 were submitted, 10 times; how many of 320 the file has:"
killed() { { "$work/durable" kill "$files/outbox" "$1" || true; } 2>/dev/null; }
for ms in 0 1 2 5 10 20; do
  there=0
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$files"; mkdir -p "$files"
    killed "$ms"
    there=$((there + $("$work/durable" left "$files/outbox")))
  done
  printf '%-8s%8s\n' "$ms ms" "$there"
done

outbox() { "$ROOT/target/release/outbox" "$@"; }
compare() { # LABEL OURS BASE
  printf '%-52s %10s %10s   %s\n' "$1" "$2" "$3" "$(ratio "$2" "$3")"
}
echo; printf '%-52s %10s %10s   %s\n' "" "outbox" "beside" "ratio"
rm -f "$work"/*.rate
for n in 1 2 3 4 5; do
  rm -rf "$files"; mkdir -p "$files"
  outbox durable "$BASE_URL" "$files/outbox" >> "$work/durable.rate"
  outbox inserts "$files/plain" >> "$work/inserts.rate"
done
compare "durable operations/s : SQLite inserts, 100 at a time" \
  "$(median "$work/durable.rate")" "$(median "$work/inserts.rate")"
echo "memory a queued operation of 46 bytes, index included: $(outbox memory "$BASE_URL") bytes"
admin config '{"max_log":0,"max_tokens_per_account":1000000}'
for n in 1 2 3 4 5; do
  outbox delivered "$BASE_URL" >> "$work/delivered.rate"
  outbox blocking "$BASE_URL" >> "$work/blocking.rate"
done
compare "delivered operations/s : one blocking call, 4 at once" \
  "$(median "$work/delivered.rate")" "$(median "$work/blocking.rate")"

if command -v redis-server >/dev/null; then
  bash benches/fleet.sh
else
  echo "redis-server is missing (Debian: redis-server): nothing over an engine"
fi

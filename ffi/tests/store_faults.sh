#!/usr/bin/env bash
# store_faults.sh BASE_URL DIR: the n-th write to the outbox's file fails, for every
# n of a short run, once or from then on. What was reported durable before or after
# it must be there afterwards, each once, and nothing that was not submitted.
set -euo pipefail
url=$1 dir=$2
here=$(cd "$(dirname "$0")" && pwd)
program=$dir/outbox_store
work=$dir/faults
rm -rf "$work"; mkdir -p "$work"
cc -O1 -shared -fPIC "$here/c/io_fault.c" -o "$work/io_fault.so" -ldl

one() { # DURABILITY N ON
  local durability=$1 n=$2 on=$3 base=$work/$1-$2-$3
  local file=$base.outbox
  if ! env LD_PRELOAD="$work/io_fault.so" XG_FAIL_AT=$n XG_FAIL_COUNT="$base.count" ${on:+XG_FAIL_ON=1} \
      "$program" "$url" "$file" "$durability" fill > "$base.durable"; then
    echo "the run with a fault at write $n ($durability${on:+, lasting}) failed"; return 1
  fi
  if ! "$program" "$url" "$file" "$durability" drain > "$base.drained"; then
    echo "after a fault at write $n ($durability${on:+, lasting}) the file does not open"; return 1
  fi
  if grep -q refused "$base.drained"; then
    # The fault hit the making of the file: nothing had been in it.
    if grep -qE '^[0-9]+$' "$base.durable"; then
      echo "durable operations cannot be read after a fault at write $n: $(cat "$base.drained")"; return 1
    fi
    return 0
  fi
  local lost strangers twice
  lost=$( (grep -E '^[0-9]+$' "$base.durable" || true) | sort | comm -23 - <(sort "$base.drained") | tr '\n' ' ')
  twice=$(sort "$base.drained" | uniq -d | tr '\n' ' ')
  strangers=$(grep -vxE '[1-9]|10' "$base.drained" | tr '\n' ' ' || true)
  if [ -n "$lost$twice$strangers" ]; then
    echo "fault at write $n ($durability${on:+, lasting}): lost: $lost twice: $twice strangers: $strangers"
    return 1
  fi
}

bad=0 ran=0
for durability in process power; do
  one $durability 0 "" || bad=1
  writes=$(cat "$work/$durability-0-.count")
  [ "$(wc -l < "$work/$durability-0-.durable")" = 10 ] || { echo "without a fault not all are durable"; bad=1; }
  for on in "" yes; do
    pids=()
    for n in $(seq "$writes"); do
      one $durability "$n" "$on" & pids+=($!)
      ran=$((ran + 1))
      if [ ${#pids[@]} = 16 ]; then
        for pid in "${pids[@]}"; do wait "$pid" || bad=1; done
        pids=()
      fi
    done
    for pid in "${pids[@]}"; do wait "$pid" || bad=1; done
  done
done
echo "$ran runs with a fault"
exit $bad

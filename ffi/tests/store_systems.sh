#!/usr/bin/env bash
# store_systems.sh BASE_URL DIR: the outbox's file on file systems that lack something,
# for a file that is new, one that was closed, and one that a killed process left.
set -euo pipefail
url=$1 dir=$2
here=$(cd "$(dirname "$0")" && pwd)
program=$dir/outbox_store
work=$dir/systems
rm -rf "$work"; mkdir -p "$work"
cc -O1 -shared -fPIC "$here/c/file_system.c" -o "$work/file_system.so" -ldl
bad=0 ran=0
store() { "$program" "$url" "$1" process "$2" 2>&1; }
on() { # SYSTEM FILE VERB
  env LD_PRELOAD="$work/file_system.so" XG_FS="${1%%:*}" XG_FS_ERRNO="${1#*:}" \
    "$program" "$url" "$2" process "$3" 2>&1
}
expect() { # WHAT WANTED FOUND: the words are in what was found
  ran=$((ran + 1))
  case $3 in *"$2"*) return ;; esac
  echo "$1: expected '$2', found: $3"; bad=1
}
count() { grep -cxE '[1-9]|10' || true; }
made() { # KIND FILE
  case $1 in
    closed) store "$2" fill >/dev/null ;;
    # As a killed process leaves it: the log is there.
    killed) { store "$2" die >/dev/null || true; } 2>/dev/null ;;
  esac
}

each() { # KIND
  local kind=$1 file
  name() { echo "$work/$1-$kind.outbox"; }

  file=$(name map); made $kind "$file"
  [ $kind != new ] || expect "no map, $kind" 10 "$(on no-map "$file" fill | count)"
  expect "no map, $kind" 10 "$(on no-map "$file" drain | count)"
  [ ! -e "$file-shm" ] || { echo "an index was made"; bad=1; }

  file=$(name ofd); made $kind "$file"
  [ $kind != new ] || expect "no locks of an open file, $kind" 10 "$(on no-ofd "$file" fill | count)"
  expect "no locks of an open file, $kind" "is held by another outbox of this process" \
    "$(on no-ofd "$file" twice)"
  expect "no locks of an open file, $kind" 10 "$(on no-ofd "$file" drain | count)"
  expect "rights without locks of an open file, $kind" "600 600" "$(echo $(stat -c %a "$file" "$file.lock"))"

  file=$(name full); made $kind "$file"
  if [ $kind = new ]; then
    expect "full, $kind" "refused: the outbox's file $file is full" "$(on full "$file" open)"
  else
    expect "full, $kind" "opened with 10" "$(on full "$file" open)"
  fi
  file=$(name ro); made $kind "$file"
  expect "read-only, $kind" "Read-only file system" "$(on read-only "$file" open)"
  for file in "$(name full)" "$(name ro)"; do
    [ $kind != new ] || store "$file" fill >/dev/null
    expect "the same with free space, $kind" 10 "$(store "$file" drain | count)"
  done
}

pids=()
for kind in new closed killed; do
  { each $kind; echo "$ran" > "$work/$kind.ran"; exit $bad; } & pids+=($!)
done

# errno on Linux: EIO 5, EAGAIN 11, EACCES 13, ENOLCK 37, ENOSYS 38, EOPNOTSUPP 95
for error in 5:"Input/output error" 37:"put outbox_file on a disk of this machine" \
  38:"put outbox_file on a disk of this machine" 95:"put outbox_file on a disk of this machine" \
  11:"is held by" 13:"is held by"; do
  found=$(on "lock:${error%%:*}" "$work/lock.outbox" open)
  expect "a lock that fails with ${error%%:*}" "${error#*:}" "$found"
  case $error in 11:* | 13:*) ;; *) expect "it is not called held" 0 "$(grep -c "is held" <<< "$found")" ;; esac
done

for mask in 000 022 777; do
  file=$work/umask-$mask.outbox
  (umask $mask; store "$file" fill >/dev/null)
  expect "rights with umask $mask" "600 600" "$(echo $(stat -c %a "$file" "$file.lock"))"
done
for pid in "${pids[@]}"; do wait "$pid" || bad=1; done
for kind in new closed killed; do ran=$((ran + $(cat "$work/$kind.ran"))); done
echo "$ran looks at a file system that lacks something"
exit $bad

# emulator-fixture.sh start|stop PORT-FILE PROGRAM [ARGUMENT…]: what the fixture of
# xgpush-emulator.cmake runs. The emulator ends with the process that called this, ctest.
action=$1 file=$2 program=$3
shift 3
say() { echo "xgpush-emulator: $*" >&2; cat "$file.log" >&2; exit 1; }

if [ "$action" = stop ]; then
  read -r pid < "$file.pid" || say "it was not started"
  rm -f "$file" "$file.pid"
  kill -TERM "$pid" 2>/dev/null || say "it ended before the tests did"
  exit 0
fi
rm -f "$file" "$file.pid"
"$program" --port-file "$file" --exit-with-pid "$PPID" "$@" > "$file.log" 2>&1 < /dev/null &
pid=$!
echo "$pid" > "$file.pid"
tries=0
until [ -e "$file" ]; do
  kill -0 "$pid" 2>/dev/null || say "it did not start"
  tries=$((tries + 1))
  [ $tries -lt 600 ] || say "it does not listen"
  sleep 0.05
done

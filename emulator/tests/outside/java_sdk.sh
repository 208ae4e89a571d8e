#!/usr/bin/env bash
# The official Java SDK, as it comes from Maven Central, works against the emulator
# unchanged: only its service address is set. What is missing is named, and it is skipped.
. "$(dirname "$0")/../../../scripts/common.sh"
here=emulator/tests/outside/java_sdk
bad=0
name="the official Java SDK"
can "$name" javac mvn || exit $bad
jars=$ROOT/target/official-sdk
if ! said=$(mvn --batch-mode --quiet -f $here dependency:copy-dependencies -DoutputDirectory="$jars" 2>&1); then
  if offline "$said"; then
    skip "$name" "the network"
    exit $bad
  fi
  echo "$said"
  exit 1
fi
work=$(mktemp -d "$ROOT/target/official-sdk.XXXXXX")
start_emulator
# It prints each of its requests.
code=0
java -cp "$jars/*" $here/OfficialSdk.java "$BASE_URL" "$work" >"$work/said" 2>&1 || code=$?
if [ $code != 0 ]; then cat "$work/said"; else tail -n 1 "$work/said"; fi
rm -rf "$work"
exit $code

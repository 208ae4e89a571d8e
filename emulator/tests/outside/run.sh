#!/usr/bin/env bash
# The emulator as programs and people meet it: its control API against its own
# description, its page in a browser (with screenshots in build/emulator-page).
. "$(dirname "$0")/../../../scripts/common.sh"
here=emulator/tests/outside
bad=0
profile=${EMULATOR_PROFILE:-fast}
need_cargo
cargo build --quiet --profile "$profile" -p xgpush-emulator
program=$ROOT/target/$profile/xgpush-emulator

if can "the control API by schemathesis" pip:$here/requirements.txt; then
  "$OUTSIDE/python" $here/control_api.py "$program" || bad=1
fi
if can "the page in a browser" chromium pip:$here/requirements.txt; then
  axe=$(axe_core) || skip "the page by axe-core" "axe-core from npm"
  "$OUTSIDE/python" $here/page.py "$program" build/emulator-page ${axe:+"$axe"} || bad=1
fi
exit $bad

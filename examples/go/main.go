// Binds three phones to players through the outbox and prints the outcome of each; the
// exit status is 0 when all of it was accepted. Options come from the environment:
// XGPUSH_ACCESS_ID, XGPUSH_SECRET_KEY, XGPUSH_ACCESS_POINT …
package main

/*
#cgo LDFLAGS: -lxgpush
#include <xgpush.h>

// The bytes of a Go string, without a copy.
static enum xg_status bind(const xg_outbox *outbox, _GoString_ token, _GoString_ account,
                           uint64_t tag, xg_error **error) {
  return xg_outbox_bind_n(outbox, _GoStringPtr(token), _GoStringLen(token), _GoStringPtr(account),
                          _GoStringLen(account), XG_NO_ACCOUNT_TYPE, tag, error);
}
*/
import "C"

import (
	"fmt"
	"log"
	"os"
	"strings"
)

var states = map[C.enum_xg_state]string{
	C.XG_STATE_ACCEPTED: "accepted",
	C.XG_STATE_REJECTED: "rejected",
	C.XG_STATE_UNKNOWN:  "unknown",
	C.XG_STATE_NOT_SENT: "not_sent",
}

// must ends the program with what the error says, unless the call succeeded.
func must(status C.enum_xg_status, failure **C.xg_error) {
	if status != C.XG_OK {
		log.Fatal(C.GoString(C.xg_error_message(*failure)))
	}
}

// trouble is what fails in the background, such as a wrong key; "" while all is well. It is
// polled, because callbacks from C into Go are expensive.
func trouble(outbox *C.xg_outbox) string {
	var stats *C.xg_stats
	var failure *C.xg_error
	must(C.xg_outbox_stats(outbox, &stats, &failure), &failure)
	defer C.xg_stats_free(stats)
	return C.GoString(C.xg_stats_trouble(stats))
}

func main() {
	log.SetFlags(0)
	if !run() {
		os.Exit(1)
	}
}

// run returns whether everything was accepted.
func run() bool {
	var failure *C.xg_error
	must(C.xg_abi_check(C.XG_ABI_VERSION, &failure), &failure)
	config := C.xg_config_new()
	defer C.xg_config_free(config)
	must(C.xg_config_set_from_env(config, &failure), &failure)
	var outbox *C.xg_outbox
	must(C.xg_outbox_open(config, &outbox, &failure), &failure)
	defer C.xg_outbox_free(outbox)
	var reports *C.xg_reports
	must(C.xg_reports_new(64, &reports, &failure), &failure)
	defer C.xg_reports_free(reports)

	open, failed := 0, 0
	// Tokens and accounts come from phones: what is none is refused, and the game goes on.
	handIn := func(token, player string, tag int) {
		var refused *C.xg_error
		if C.bind(outbox, token, player, C.uint64_t(tag), &refused) == C.XG_OK {
			open++
			return
		}
		log.Printf("%s: %s", token, C.GoString(C.xg_error_message(refused)))
		C.xg_error_free(refused)
	}
	players := []string{"alice", "bob", "小明"} // the tag of an operation is its player's number
	for n, player := range players {
		handIn(fmt.Sprintf("token-of-phone-%d", n+1), player, n+1)
	}
	handIn(strings.Repeat("x", 65), "mallory", 4) // no token of TPNS

	readReports := func(timeout C.uint64_t) C.size_t {
		count := C.xg_outbox_poll(outbox, reports, timeout)
		for n := C.size_t(0); n < count; n++ {
			tag := C.xg_reports_tag(reports, n)
			state := C.xg_reports_state(reports, n)
			if state != C.XG_STATE_ACCEPTED {
				failed++
			}
			fmt.Printf("%d\t%s\t%s\t%s\t%d\t%s\n", tag, players[tag-1], states[state],
				C.GoString(C.xg_reports_reason(reports, n)), C.xg_reports_code(reports, n),
				C.GoString(C.xg_reports_message(reports, n)))
		}
		open -= int(count)
		return count
	}
	last := ""
	for n := 0; n < 300 && open > 0; n++ { // at most 30 s
		readReports(100)
		if now := trouble(outbox); now != last {
			log.Println(now)
			last = now
		}
	}
	left := C.xg_outbox_close(outbox, 5000)
	for readReports(0) > 0 {
	}
	fmt.Println(left, "left")
	return failed == 0 && left == 0
}

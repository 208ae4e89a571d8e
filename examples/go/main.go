// Binds three phones to players through the outbox and prints what became of
// each. Options come from the environment: XGPUSH_ACCESS_ID, XGPUSH_SECRET_KEY,
// XGPUSH_ACCESS_POINT …
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

func main() {
	log.SetFlags(0)
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

	players := []string{"alice", "bob", "小明"} // the tag of an operation is its player's number
	for n, player := range players {
		token := fmt.Sprintf("token-of-phone-%d", n+1)
		must(C.bind(outbox, token, player, C.uint64_t(n+1), &failure), &failure)
	}

	for seen := C.size_t(0); seen < C.size_t(len(players)); {
		count := C.xg_outbox_poll(outbox, reports, 30000)
		if count == 0 {
			log.Fatal("no report came for 30 s")
		}
		for n := C.size_t(0); n < count; n++ {
			tag := C.xg_reports_tag(reports, n)
			fmt.Printf("%d\t%s\t%s\t%s\t%d\t%s\n", tag, players[tag-1], states[C.xg_reports_state(reports, n)],
				C.GoString(C.xg_reports_reason(reports, n)), C.xg_reports_code(reports, n),
				C.GoString(C.xg_reports_message(reports, n)))
		}
		seen += count
	}
	fmt.Println(C.xg_outbox_close(outbox, 5000), "left")
}

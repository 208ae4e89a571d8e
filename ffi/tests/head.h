/**
 * @mainpage The C interface of xgpush
 *
 * xgpush binds device tokens to accounts at Tencent Push (TPNS, formerly XG). An
 * xg_client makes blocking calls; an xg_outbox delivers in the background.
 *
 * ```c
 * #include <stdio.h>
 * #include <xgpush.h>
 *
 * int main(void) {
 *   xg_error *error = NULL;
 *   xg_config *config = xg_config_new();
 *   xg_client *client = NULL;
 *   xg_request *request = NULL;
 *   xg_outcome *outcome = NULL;
 *   if (xg_config_set_from_env(config, &error) == XG_OK &&
 *       xg_client_new(config, &client, &error) == XG_OK &&
 *       xg_request_new(XG_BIND, &request, &error) == XG_OK &&
 *       xg_request_add_binding(request, "token-of-phone-1", "alice",
 *                              XG_NO_ACCOUNT_TYPE, &error) == XG_OK &&
 *       xg_batch_operate(client, request, &outcome, &error) == XG_OK)
 *     printf("alice: %s\n", xg_outcome_reason(outcome, 0));
 *   else
 *     fprintf(stderr, "%s\n", xg_error_message(error));
 *   int failed = error != NULL;
 *   xg_error_free(error);
 *   xg_outcome_free(outcome);
 *   xg_request_free(request);
 *   xg_client_free(client);
 *   xg_config_free(config);
 *   return failed;
 * }
 * ```
 *
 *     cc bind.c $(pkg-config --cflags --libs xgpush) -o bind
 *     export XGPUSH_ACCESS_ID=1500001048 XGPUSH_SECRET_KEY=1452fcebae9f3115ba794fb0fff2fd73
 *     export XGPUSH_BASE_URL=http://127.0.0.1:8388    # cargo run -p xgpush-emulator -- --port 8388
 *     ./bind                                          # prints "alice: accepted"
 *
 * For the real service set XGPUSH_ACCESS_POINT (such as `guangzhou`) instead of
 * XGPUSH_BASE_URL. C++17 programs may prefer xgpush.hpp, which wraps this header.
 * The header is generated from ffi/src: do not edit it.
 *
 * ## A game server: the outbox
 *
 * xg_outbox_bind never blocks: it queues the operation, and a background thread sends
 * it. Each operation gets one report, with the tag that you gave it.
 *
 * ```c
 * #include <stdio.h>
 * #include <xgpush.h>
 *
 * int main(void) {
 *   xg_error *error = NULL;
 *   xg_config *config = xg_config_new();
 *   xg_outbox *outbox = NULL;
 *   xg_reports *reports = NULL;
 *   if (xg_config_set_from_env(config, &error) == XG_OK &&
 *       xg_config_set(config, "outbox_file", "players.outbox", &error) == XG_OK &&
 *       xg_outbox_open(config, &outbox, &error) == XG_OK &&
 *       xg_reports_new(64, &reports, &error) == XG_OK &&
 *       xg_outbox_bind(outbox, "token-of-phone-1", "alice", XG_NO_ACCOUNT_TYPE,
 *                      42, &error) == XG_OK) {
 *     size_t left = xg_outbox_close(outbox, 5000);
 *     while (xg_outbox_poll(outbox, reports, 0) > 0)
 *       for (size_t n = 0; n < xg_reports_count(reports); n++)
 *         printf("%d: %s\n", (int)xg_reports_tag(reports, n),
 *                xg_reports_reason(reports, n));
 *     printf("%zu left in the file\n", left);
 *   } else {
 *     fprintf(stderr, "%s\n", xg_error_message(error));
 *   }
 *   int failed = error != NULL;
 *   xg_error_free(error);
 *   xg_reports_free(reports);
 *   xg_outbox_free(outbox);
 *   xg_config_free(config);
 *   return failed;
 * }
 * ```
 *
 * It prints "42: accepted" and "0 left in the file". A real server polls in its loop,
 * or waits for xg_outbox_fd, or registers xg_outbox_set_report_callback.
 * docs/outbox.md is the guide. Several processes or machines: docs/fleet.md.
 *
 * ## Install and link
 *
 * `make install PREFIX=/usr/local` installs xgpush.h, xgpush.hpp and
 * xgpush_base.hpp, libxgpush.so (SONAME libxgpush.so.0), libxgpush.a, and the files
 * for pkg-config and CMake. Link with one of:
 *
 *     cc app.c $(pkg-config --cflags --libs xgpush)
 *     cc app.c -lxgpush
 *     cc app.c -l:libxgpush.a -lpthread -ldl         # the archive
 *
 *     find_package(xgpush REQUIRED)                  # CMake
 *     target_link_libraries(app xgpush::xgpush)      # or xgpush::static
 *
 * `pkg-config --static` is for programs that are entirely static (`cc -static`).
 * Under another prefix set PKG_CONFIG_PATH (`PREFIX/lib/pkgconfig`) or
 * CMAKE_PREFIX_PATH (`PREFIX`) or `-I` and `-L`, and tell the loader:
 * `-Wl,-rpath,PREFIX/lib`, LD_LIBRARY_PATH or ldconfig.
 *
 * The shared library needs libc and libgcc_s only: no OpenSSL, no libcurl. Built on
 * Debian 12 it needs glibc 2.34 or newer; on another system, that system's glibc.
 *
 * ## Outcomes
 *
 * XG_OK from xg_batch_operate and xg_query means that there is an outcome: check each
 * item. Any other status means that nothing was sent. An item is in one of four states:
 *
 * - accepted: TPNS queued the operation. It takes effect later; a query shows it.
 * - rejected: TPNS refused it, with a code or an HTTP status. Sending the same again
 *   does not help, unless xg_outcome_is_retryable says so.
 * - unknown: it was sent, and no valid response came. It may have been applied.
 *   Submit it again; the operations are idempotent.
 * - not sent: it never left this machine. Submit it again if it is retryable.
 *
 * Submit *all* retryable items again, *in their order*: that keeps the order of every
 * token and account. docs/reasons.md lists the reasons, docs/codes.md the codes.
 *
 * An outbox does all this itself. It also retries errors that an operator can fix: a
 * wrong key, a wrong address, an outage. It pauses, tries again, and reports an
 * operation at the latest about `outbox_deadline_ms` (300 s) after it was submitted: the
 * age is checked once a second, and a request in flight ends first. To notice this earlier,
 * register xg_outbox_set_log_callback, or watch `breaker_open` and `oldest_ms` of
 * xg_outbox_stats.
 *
 * ## Errors
 *
 * Functions that can fail return xg_status and take an xg_error ** as their last
 * argument, which may be NULL. Outputs are written only on success, the error only on
 * failure: initialise both to NULL, and free the error. NULL handles, NULL strings,
 * strings that are not UTF-8 and indexes past the end are safe: the function fails, or
 * returns the default in its description. A defect inside the library becomes
 * XG_INTERNAL, or that default; it never unwinds into your program.
 *
 * ## Ownership
 *
 * - You own what a function returns through a pointer to a pointer, and what
 *   xg_config_new returns. Free it with the function of its type; NULL is allowed.
 * - Returned strings belong to their handle and stay valid until you free it
 *   (xg_reports: until the next poll). Names, reasons and texts of tables are static.
 *   Never free a string.
 * - The library copies what you pass in. After xg_client_new or xg_outbox_open you can
 *   free the config.
 * - Strings are UTF-8 and NUL-terminated. A function whose name ends in `_n` does the
 *   same with lengths in bytes instead.
 * - Names that end in `_count` count things; `_len` parameters are bytes.
 * - Do not free a handle while another thread uses it: call xg_client_close or
 *   xg_outbox_close, join those threads, then free.
 *
 * ## Threads
 *
 * Several threads may share a handle that a function takes as const: one client and one
 * outbox are enough for a process. A handle that is taken without const belongs to one
 * thread during the call.
 *
 * What blocks, and for how long:
 *
 * - xg_batch_operate, xg_query, xg_call: at most the option `deadline_ms` (10 s), or
 *   xg_request_set_deadline_ms.
 * - xg_outbox_poll, xg_outbox_flush, xg_outbox_sync, xg_outbox_wait_not_full: at most
 *   their timeout. xg_outbox_close: its timeout and at most 1 s. xg_outbox_free: at most
 *   3 s. Callbacks that hang do not change that.
 * - xg_outbox_open reads its file; xg_client_new reads the file of `ca_file`. With
 *   `quota_url` both ask Redis once: at most 1.5 s.
 * - Nothing else waits for the network, a disk or another call. Submitting to an outbox
 *   takes a fraction of a microsecond.
 *
 * Which threads the library starts:
 *
 * - A client starts none that outlive a call. Within a call: "xgpush-part" for the
 *   option `parallel`, "xgpush-resolve" to look up a name. With `quota_url` one asks Redis
 *   for all requests that wait ("xgpush-quota"); it ends 15 s after the last one.
 * - An outbox has one that works ("xgpush-outbox"), up to `outbox_parallel` that send
 *   ("xgpush-send", started when needed), one for a report callback ("xgpush-report"), and
 *   with `outbox_url` one that talks to the engine ("xgpush-engine").
 *
 * New threads inherit the signal mask, the CPU affinity and the scheduling policy
 * (SCHED_FIFO included) of the thread that opens the outbox or registers the callback.
 * Open the outbox from an ordinary thread, best at the start of main. You may then
 * submit from pinned and real-time threads.
 *
 * Callbacks run on these threads. Return quickly, and do not free the outbox inside one.
 * Every callback must return: letting an exception, longjmp or pthread_exit leave it
 * aborts the process. xgpush.hpp catches exceptions.
 *
 * Stack: a call needs up to 50 KiB (31 over HTTP, 45 over TLS); give coroutines and
 * threads that call 128 KiB. Submitting needs 4 KiB. The library's own threads have
 * 2 MiB of address space each.
 *
 * Memory: when the system has none, the process aborts, as with operator new. Submitting
 * to an outbox is the exception: it returns XG_FULL.
 *
 * Coroutines: libraries that hook system calls may switch to another coroutine or thread
 * in the middle of a call. The library keeps no per-call state in thread-local
 * variables and holds no lock while it waits for the network.
 *
 * End of the program: every function works in destructors of static and thread_local
 * objects and in functions of atexit and at_quick_exit. The library never writes to
 * standard output or standard error.
 *
 * pthread_cancel: on Linux a thread is not cancelled inside a call or a callback; it ends
 * at its first cancellation point afterwards. On other systems, and with
 * PTHREAD_CANCEL_ASYNCHRONOUS, do not cancel a thread that may be inside one.
 *
 * ThreadSanitizer: use share/xgpush/tsan.supp of the installed tree
 * (TSAN_OPTIONS=suppressions=FILE), because the library is compiled without it.
 *
 * ## Bring your own HTTP
 *
 * xg_client_new_with_transport and xg_outbox_open_with_transport take an xg_transport:
 * your function gets each request as an xg_transfer and ends it when the response is
 * there, at once or later, on any thread. Signing, retries, order and reports stay in the
 * library. examples/c/curl_transport.c does this with libcurl. Options about connections
 * (`proxy`, `ca_file`, `user_agent`, connect timeouts) then have no effect.
 *
 * A test can answer by hand: call xg_transfer_finish with status 200 and
 * `{"ret_code":0,"result":["0"]}`, one element per item. xg_exchange_new is
 * sans-I/O: it builds HTTP requests and parses responses, and sends nothing.
 *
 * ## Bindings for other languages
 *
 * Handles are pointers, enumerations are 32 bits wide, bool is one byte, tags are
 * unsigned 64 bits (above 2^53 a double cannot hold them). The constants that are macros:
 * XG_ABI_VERSION (the ABI version) and XG_NO_ACCOUNT_TYPE (INT32_MIN). Callbacks run on
 * foreign threads: where those may not enter the interpreter, poll, or wait for
 * xg_outbox_fd. xg_state_name, xg_status_name, xg_option_name and xg_codes_json return the
 * tables.
 *
 * ## Fork
 *
 * A child process has none of the threads and shares the sockets. There the parent's
 * clients and outboxes return XG_CLOSED; closing and freeing them does not disturb the
 * parent. The child makes its own. It cannot open the outbox file that its parent holds
 * (XG_STORAGE).
 *
 * ## Signals and descriptors
 *
 * The library installs no signal handler, changes no signal mask, and raises no SIGPIPE.
 * A signal does not end a call: for Ctrl-C let the handler set a flag, and another thread
 * call xg_client_close. Running calls then end within about 50 ms, with their items
 * unknown or not sent. Call no function of this header inside a signal handler. Block
 * signals that only your threads should get before you open an outbox. All descriptors are
 * close-on-exec.
 *
 * ## Logging
 *
 * A client logs nothing: outcomes, their warnings and errors tell what happened. An outbox
 * calls xg_outbox_set_log_callback when something fails in the background and when it
 * works again; xg_outbox_stats has the numbers, also for Prometheus. Neither the secret key
 * nor a password in a URL is in any message, line or number.
 *
 * ## ABI stability
 *
 * Within one XG_ABI_VERSION functions, numbers and names are added, never changed or
 * removed, and the SONAME stays libxgpush.so.0. So a program runs with any newer library
 * without a rebuild. Call xg_abi_check first: it explains a mismatch of header and
 * library. Expect numbers in enumerations that you do not know: a switch needs a default.
 */

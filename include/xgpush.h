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

#ifndef XGPUSH_H
#define XGPUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The version of this header, as text. */
#define XG_VERSION "0.1.0"
/** Major: an incompatible ABI, with a new XG_ABI_VERSION and SONAME (libxgpush.so.MAJOR). */
#define XG_VERSION_MAJOR 0
/** Minor: functions were added. */
#define XG_VERSION_MINOR 1
/** Patch: fixes only. */
#define XG_VERSION_PATCH 0

/** An account without a type: the field is not sent, and the service takes 0. */
#define XG_NO_ACCOUNT_TYPE INT32_MIN

/**
 * The ABI version that this header describes. Functions are added to an ABI version,
 * never changed and never removed.
 */
#define XG_ABI_VERSION 1

/**
 * The return code of a query item for which nothing is bound.
 */
#define XG_CODE_DOES_NOT_EXIST 10110008

/**
 * The result of a call. The numbers never change.
 */
typedef enum xg_status {
  /**
   * Success; the outputs are written. For xg_batch_operate and xg_query it means only
   * that there is an outcome: check its items.
   */
  XG_OK = 0,
  /**
   * NULL, invalid UTF-8, an index past the end, or a number outside its enumeration.
   */
  XG_INVALID_ARGUMENT = 1,
  /**
   * JSON that does not have the documented shape.
   */
  XG_INVALID_JSON = 2,
  /**
   * A token, an account or another value breaks a documented rule.
   */
  XG_INVALID_VALUE = 3,
  /**
   * The request as a whole breaks a rule of its protocol version.
   */
  XG_INVALID_REQUEST = 4,
  /**
   * An unknown option, or a value outside its range.
   */
  XG_INVALID_OPTION = 5,
  /**
   * The client or outbox is closed, or belongs to the parent process (after fork).
   */
  XG_CLOSED = 6,
  /**
   * xg_call: nothing was sent.
   */
  XG_CALL_NOT_SENT = 7,
  /**
   * xg_call: the request was sent, and no valid response came.
   */
  XG_CALL_UNKNOWN = 8,
  /**
   * xg_call: the service refused; see xg_error_code.
   */
  XG_CALL_REJECTED = 9,
  /**
   * A defect inside xgpush. The library is still usable.
   */
  XG_INTERNAL = 10,
  /**
   * Header and library have different ABI versions.
   */
  XG_ABI_MISMATCH = 11,
  /**
   * The outbox is full: the operation was not taken. Try again later.
   */
  XG_FULL = 12,
  /**
   * The outbox file cannot be used; the message says why. Nothing in it was deleted.
   * From xg_outbox_sync: not everything is durable.
   */
  XG_STORAGE = 13,
  /**
   * The system is out of threads, descriptors or memory; the message names the limit
   * to check. The same call may succeed later.
   */
  XG_RESOURCES = 14,
} xg_status;

/**
 * The state of an item.
 */
typedef enum xg_state {
  /**
   * There is no such item.
   */
  XG_STATE_NONE = 0,
  /**
   * The service queued the operation; it takes effect later. For a query: answered.
   */
  XG_STATE_ACCEPTED = 1,
  /**
   * The service refused it, with a code or an HTTP status.
   */
  XG_STATE_REJECTED = 2,
  /**
   * It was sent, and no valid response came: it may have been applied, or may
   * still be.
   */
  XG_STATE_UNKNOWN = 3,
  /**
   * It never left this machine.
   */
  XG_STATE_NOT_SENT = 4,
} xg_state;

/**
 * What a request does.
 */
typedef enum xg_action {
  /**
   * batchoperate, operator 1: adds accounts to a token. Obsolete: TPNS
   * overwrites; see the option allow_append.
   */
  XG_APPEND = 1,
  /**
   * batchoperate, operator 2: binds a token to accounts, replacing those it has.
   */
  XG_BIND = 2,
  /**
   * batchoperate, operator 3: removes accounts from a token.
   */
  XG_UNBIND = 3,
  /**
   * batchoperate, operator 4: removes all accounts from a token.
   */
  XG_CLEAR_TOKEN = 4,
  /**
   * batchoperate, operator 5: removes all tokens from an account.
   */
  XG_CLEAR_ACCOUNT = 5,
  /**
   * query, operator 1: the tokens of accounts.
   */
  XG_QUERY_BY_ACCOUNT = 101,
  /**
   * query, operator 2: the accounts of tokens.
   */
  XG_QUERY_BY_TOKEN = 102,
} xg_action;

/**
 * The severity of a log line.
 */
typedef enum xg_log_level {
  /**
   * Recovered: what failed before works again.
   */
  XG_LOG_INFO = 1,
  /**
   * Delivery is late, and recovers without your help.
   */
  XG_LOG_WARNING = 2,
  /**
   * Needs attention.
   */
  XG_LOG_ERROR = 3,
} xg_log_level;

/**
 * Why there is no HTTP response.
 */
typedef enum xg_send_error {
  /**
   * No connection: name, TCP, proxy or TLS.
   */
  XG_SEND_CONNECT = 1,
  /**
   * The time ran out.
   */
  XG_SEND_TIMEOUT = 2,
  /**
   * The connection broke, or the response was truncated or not HTTP.
   */
  XG_SEND_LOST = 3,
  /**
   * The body is longer than allowed.
   */
  XG_SEND_BODY_TOO_LARGE = 4,
  /**
   * The caller cancelled.
   */
  XG_SEND_CANCELLED = 5,
} xg_send_error;

/**
 * Blocking calls for one application. Make one and share it between threads.
 */
typedef struct xg_client xg_client;

/**
 * Options, set by name before a client or an outbox is made.
 */
typedef struct xg_config xg_config;

/**
 * Details of a failed call. Free it with xg_error_free.
 */
typedef struct xg_error xg_error;

/**
 * Sans-I/O: builds the HTTP requests of one xg_request and parses the responses.
 */
typedef struct xg_exchange xg_exchange;

/**
 * One HTTP request, ready to send.
 */
typedef struct xg_http_request xg_http_request;

/**
 * Delivers operations in the background, in the order of each token and each account,
 * and reports each one. Make one and share it between threads.
 */
typedef struct xg_outbox xg_outbox;

/**
 * The results of a call, one per item, in the order of the items. Several threads may
 * read it at once.
 */
typedef struct xg_outcome xg_outcome;

/**
 * Operations that an outbox has not completed, as of the call that listed them.
 */
typedef struct xg_pending xg_pending;

/**
 * A successful response of another endpoint: JSON with ret_code 0.
 */
typedef struct xg_reply xg_reply;

/**
 * A buffer of reports. One thread at a time may use it.
 */
typedef struct xg_reports xg_reports;

/**
 * A request with any number of items; the library splits it into HTTP requests.
 */
typedef struct xg_request xg_request;

/**
 * The numbers of an outbox, as of the call that returned them.
 */
typedef struct xg_stats xg_stats;

/**
 * One HTTP request that a transport carries. End it exactly once, on any thread, with
 * xg_transfer_finish or xg_transfer_fail.
 */
typedef struct xg_transfer xg_transfer;

/**
 * Your own HTTP, for clients and outboxes.
 */
typedef struct xg_transport xg_transport;

/**
 * Called with reports on the thread "xgpush-report" of the library. They are valid during
 * the call. It must return: letting an exception, longjmp, pthread_exit or
 * pthread_cancel leave it aborts the process.
 */
typedef void (*xg_report_fn)(const struct xg_reports *reports, void *context);

/**
 * Called with one log line at a time on a thread of the library; level is one of
 * xg_log_level. Delivery waits until it returns. The line is valid during the call. It
 * must return, as xg_report_fn.
 */
typedef void (*xg_log_fn)(int32_t level, const char *line, void *context);

/**
 * Sends one request. The library calls it on every thread that makes calls, several at
 * once. End the transfer before returning, or keep it and end it later on any thread; a
 * blocking call waits for that on its own thread, so use an outbox if your HTTP needs that
 * very thread. Send the request once: no redirects, no retries. It must return, as
 * xg_report_fn.
 */
typedef void (*xg_perform_fn)(struct xg_transfer *transfer, void *context);

/**
 * Called once, on any thread, when nothing uses the context any more. Never called if a
 * thread hangs in the transport. It must return, as xg_report_fn.
 */
typedef void (*xg_destroy_fn)(void *context);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library, such as "0.1.0". Static.
 */
const char *xg_version(void);

/**
 * The ABI version of the library.
 */
uint32_t xg_abi_version(void);

/**
 * Fails unless the library can serve a program that was compiled with this header. Call
 * it first, as xg_abi_check(XG_ABI_VERSION, &error).
 *
 * Errors: XG_ABI_MISMATCH, with both versions in the message.
 */
enum xg_status xg_abi_check(uint32_t header_abi, struct xg_error **error);

/**
 * The status that the failed call returned; XG_OK for NULL.
 */
enum xg_status xg_error_status(const struct xg_error *error);

/**
 * The stable name of the status, such as "invalid_value"; "" for NULL. Valid until the
 * error is freed.
 */
const char *xg_error_name(const struct xg_error *error);

/**
 * A description for people: it names the item and quotes the rule. "" for NULL. Valid
 * until the error is freed.
 */
const char *xg_error_message(const struct xg_error *error);

/**
 * The service's return code (docs/codes.md), or -1 without one.
 */
int64_t xg_error_code(const struct xg_error *error);

/**
 * The HTTP status of the response, or 0 without a response.
 */
int32_t xg_error_http_status(const struct xg_error *error);

/**
 * The 0-based index of the item at fault, or -1 if the error is about no single item.
 */
int64_t xg_error_item(const struct xg_error *error);

/**
 * Whether the same call may succeed later, unchanged. false for NULL.
 */
bool xg_error_is_retryable(const struct xg_error *error);

/**
 * How long the service asks to wait before the next attempt (Retry-After), in
 * milliseconds; -1 if it does not say.
 */
int64_t xg_error_retry_after_ms(const struct xg_error *error);

/**
 * Frees an error. NULL is allowed.
 */
void xg_error_free(struct xg_error *error);

/**
 * A config with every option at its default. NULL only after a defect in the library.
 */
struct xg_config *xg_config_new(void);

/**
 * Sets an option from text, such as ("deadline_ms", "3000"). docs/options.md lists the
 * options; xg_option_name does so at run time.
 *
 * Errors: XG_INVALID_OPTION for an unknown name or a value outside its range.
 */
enum xg_status xg_config_set(struct xg_config *config,
                             const char *name,
                             const char *value,
                             struct xg_error **error);

/**
 * Sets options from the environment: XGPUSH_ and the name of the option in upper case,
 * such as XGPUSH_ACCESS_ID. Variables that Kubernetes and Docker set for a service named
 * xgpush (XGPUSH_SERVICE_HOST, XGPUSH_PORT_80_TCP …) are ignored.
 *
 * Errors: as xg_config_set; also for any other XGPUSH_ variable that is no option.
 */
enum xg_status xg_config_set_from_env(struct xg_config *config, struct xg_error **error);

/**
 * Frees a config. NULL is allowed. Clients and outboxes do not need it any more.
 */
void xg_config_free(struct xg_config *config);

/**
 * The number of options.
 */
size_t xg_option_count(void);

/**
 * The name of an option, by index; "" past the end. Static, as all texts of options.
 */
const char *xg_option_name(size_t index);

/**
 * Its type: "text", "secret", "flag", "number", "milliseconds" or "choice".
 */
const char *xg_option_type(size_t index);

/**
 * Its default, as text.
 */
const char *xg_option_default(size_t index);

/**
 * The values that it accepts, for people.
 */
const char *xg_option_range(size_t index);

/**
 * What it does.
 */
const char *xg_option_description(size_t index);

/**
 * A request without items. action is one of xg_action.
 *
 * Errors: XG_INVALID_ARGUMENT for another number.
 */
enum xg_status xg_request_new(int32_t action,
                              struct xg_request **request,
                              struct xg_error **error);

/**
 * A request from the documented JSON of POST /v3/device/account/batchoperate. Its list
 * may have any length.
 *
 * Errors: XG_INVALID_JSON, XG_INVALID_VALUE, XG_INVALID_REQUEST; xg_error_item is the
 * item at fault.
 */
enum xg_status xg_request_batch_from_json(const char *json,
                                          size_t json_len,
                                          struct xg_request **request,
                                          struct xg_error **error);

/**
 * A request from the documented JSON of POST /v3/device/account/query.
 *
 * Errors: as xg_request_batch_from_json.
 */
enum xg_status xg_request_query_from_json(const char *json,
                                          size_t json_len,
                                          struct xg_request **request,
                                          struct xg_error **error);

/**
 * Sets the platform, "android" or "ios". Only older protocol versions use it.
 *
 * Errors: XG_INVALID_VALUE for anything else.
 */
enum xg_status xg_request_set_platform(struct xg_request *request,
                                       const char *platform,
                                       struct xg_error **error);

/**
 * Sets op_type and op_id, which only protocol `xg_v3` uses. NULL leaves one unchanged.
 */
enum xg_status xg_request_set_operator(struct xg_request *request,
                                       const char *op_type,
                                       const char *op_id,
                                       struct xg_error **error);

/**
 * Sets the deadline of calls with this request, in milliseconds (1 to 86400000). 0
 * restores the option deadline_ms. An outbox ignores it.
 *
 * Errors: XG_INVALID_ARGUMENT for more than a day.
 */
enum xg_status xg_request_set_deadline_ms(struct xg_request *request,
                                          uint64_t deadline_ms,
                                          struct xg_error **error);

/**
 * Makes xg_batch_operate query the service afterwards, for up to this time in
 * milliseconds, until it shows what it accepted: see xg_outcome_confirmed. 0, the
 * default, does not query.
 *
 * Errors: XG_INVALID_ARGUMENT for more than a day.
 */
enum xg_status xg_request_set_confirm_ms(struct xg_request *request,
                                         uint64_t confirm_ms,
                                         struct xg_error **error);

/**
 * The number of items; 0 for NULL.
 */
size_t xg_request_item_count(const struct xg_request *request);

/**
 * Frees a request. NULL is allowed.
 */
void xg_request_free(struct xg_request *request);

/**
 * Adds an item to an append, bind or unbind: a token and its first account. Add more
 * accounts of the same token with xg_request_add_account.
 *
 * token: 1 to 64 bytes. account: at least 2 bytes. account_type: any number, or
 * XG_NO_ACCOUNT_TYPE.
 *
 * Errors: XG_INVALID_VALUE; XG_INVALID_REQUEST if the action takes other items. The
 * request stays unchanged, and xg_error_item is the index that the item would have had.
 */
enum xg_status xg_request_add_binding(struct xg_request *request,
                                      const char *token,
                                      const char *account,
                                      int32_t account_type,
                                      struct xg_error **error);

/**
 * xg_request_add_binding with lengths in bytes.
 */
enum xg_status xg_request_add_binding_n(struct xg_request *request,
                                        const char *token,
                                        size_t token_len,
                                        const char *account,
                                        size_t account_len,
                                        int32_t account_type,
                                        struct xg_error **error);

/**
 * Adds an item to a clear_token or a query by token.
 *
 * Errors: as xg_request_add_binding.
 */
enum xg_status xg_request_add_token(struct xg_request *request,
                                    const char *token,
                                    struct xg_error **error);

/**
 * xg_request_add_token with a length in bytes.
 */
enum xg_status xg_request_add_token_n(struct xg_request *request,
                                      const char *token,
                                      size_t token_len,
                                      struct xg_error **error);

/**
 * Adds an item to a clear_account or a query by account. In an append, bind or unbind:
 * adds an account to the last binding.
 *
 * Errors: as xg_request_add_binding; XG_INVALID_REQUEST also without a binding.
 */
enum xg_status xg_request_add_account(struct xg_request *request,
                                      const char *account,
                                      int32_t account_type,
                                      struct xg_error **error);

/**
 * xg_request_add_account with a length in bytes.
 */
enum xg_status xg_request_add_account_n(struct xg_request *request,
                                        const char *account,
                                        size_t account_len,
                                        int32_t account_type,
                                        struct xg_error **error);

/**
 * The number of items, which is that of the request; 0 for NULL.
 */
size_t xg_outcome_item_count(const struct xg_outcome *outcome);

/**
 * How many items are in a state, one of xg_state; 0 for another number.
 */
size_t xg_outcome_state_count(const struct xg_outcome *outcome, int32_t state);

/**
 * Whether every item was accepted; false for NULL.
 */
bool xg_outcome_all_accepted(const struct xg_outcome *outcome);

/**
 * How many HTTP requests were sent, retries included.
 */
uint32_t xg_outcome_request_count(const struct xg_outcome *outcome);

/**
 * The state of an item, by its 0-based index; XG_STATE_NONE past the end.
 */
enum xg_state xg_outcome_state(const struct xg_outcome *outcome, size_t index);

/**
 * Why an item is in its state: a stable name of docs/reasons.md, such as "item_refused"
 * or "timed_out"; "" past the end. Static.
 */
const char *xg_outcome_reason(const struct xg_outcome *outcome, size_t index);

/**
 * The service's return code for an item, or for the whole request if the item has none;
 * 0 if accepted, -1 without a code.
 */
int64_t xg_outcome_code(const struct xg_outcome *outcome, size_t index);

/**
 * The HTTP status of the response that decided the item; 0 without a response.
 */
int32_t xg_outcome_http_status(const struct xg_outcome *outcome, size_t index);

/**
 * How often an item was sent.
 */
uint32_t xg_outcome_attempts(const struct xg_outcome *outcome, size_t index);

/**
 * Whether a query showed the operation in time: 1 yes, 0 no, -1 without
 * xg_request_set_confirm_ms or if a later item of the call changes the same token or
 * account.
 */
int32_t xg_outcome_confirmed(const struct xg_outcome *outcome, size_t index);

/**
 * How long the service asks to wait before an item is sent again (Retry-After), in
 * milliseconds; -1 if it does not say. The option `max_backoff_ms` does not limit it.
 */
int64_t xg_outcome_retry_after_ms(const struct xg_outcome *outcome, size_t index);

/**
 * Whether sending an item again later may succeed.
 */
bool xg_outcome_is_retryable(const struct xg_outcome *outcome, size_t index);

/**
 * A description for people; "" if accepted. Valid until the outcome is freed.
 */
const char *xg_outcome_message(const struct xg_outcome *outcome, size_t index);

/**
 * The whole outcome as JSON, NUL-terminated. *len is its length in bytes unless len is
 * NULL. "" and 0 for NULL. Valid until the outcome is freed.
 *
 * {"counts":{…},"requests":n,"items":[{"state","reason","code"?,"http_status"?,
 * "attempts","retryable"?,"message"?,"tokens"?|"accounts"?}],"warnings":[…],
 * "extra":{…}}
 */
const char *xg_outcome_json(const struct xg_outcome *outcome, size_t *len);

/**
 * Frees an outcome. NULL is allowed.
 */
void xg_outcome_free(struct xg_outcome *outcome);

/**
 * How many tokens or accounts a query found for an item.
 */
size_t xg_outcome_found_count(const struct xg_outcome *outcome, size_t index);

/**
 * The nth token that a query by account found for an item; "" past the end. Valid until
 * the outcome is freed.
 */
const char *xg_outcome_found_token(const struct xg_outcome *outcome, size_t index, size_t nth);

/**
 * The nth account that a query by token found for an item; "" past the end. Valid until
 * the outcome is freed.
 */
const char *xg_outcome_found_account(const struct xg_outcome *outcome,
                                     size_t index,
                                     size_t nth);

/**
 * The type of the nth account that a query by token found for an item; -1 if the
 * service did not return it.
 */
int64_t xg_outcome_found_account_type(const struct xg_outcome *outcome,
                                      size_t index,
                                      size_t nth);

/**
 * The number of warnings. They are about what is allowed but often a mistake.
 */
size_t xg_outcome_warning_count(const struct xg_outcome *outcome);

/**
 * The stable name of a warning, such as "duplicate_account_type"; "" past the end. Valid
 * until the outcome is freed.
 */
const char *xg_outcome_warning_name(const struct xg_outcome *outcome, size_t index);

/**
 * The text of a warning, for people; "" past the end. Valid until the outcome is freed.
 */
const char *xg_outcome_warning_message(const struct xg_outcome *outcome, size_t index);

/**
 * The 0-based item that a warning is about; -1 if it is about the call.
 */
int64_t xg_outcome_warning_item(const struct xg_outcome *outcome, size_t index);

/**
 * Makes a client. Starts no thread and opens no connection; with `quota_url` it asks Redis
 * once, and one that is away shows as the warning "shared_rate" of the first outcome. Free
 * it with xg_client_free.
 *
 * Errors: XG_INVALID_OPTION if options are missing or contradict each other, or Redis
 * refuses.
 */
enum xg_status xg_client_new(const struct xg_config *config,
                             struct xg_client **client,
                             struct xg_error **error);

/**
 * xg_client_new with your own HTTP. You may free the transport afterwards.
 *
 * Errors: as xg_client_new.
 */
enum xg_status xg_client_new_with_transport(const struct xg_config *config,
                                            const struct xg_transport *transport,
                                            struct xg_client **client,
                                            struct xg_error **error);

/**
 * Signs with this key from the next HTTP request on: for key rotation. Running calls use
 * it for their next part or retry. The library wipes its copy when it is done with it;
 * wipe yours.
 *
 * Errors: XG_INVALID_OPTION if it is empty or not a valid header value; XG_CLOSED. The
 * old key stays then.
 */
enum xg_status xg_client_set_secret_key(const struct xg_client *client,
                                        const char *secret_key,
                                        struct xg_error **error);

/**
 * Ends calls that run in other threads within about 50 ms and closes idle connections.
 * Later calls return XG_CLOSED. May be called twice; NULL is allowed.
 */
void xg_client_close(const struct xg_client *client);

/**
 * Frees a client. No call may still use it (xg_client_close ends them). NULL is allowed.
 */
void xg_client_free(struct xg_client *client);

/**
 * POST /v3/device/account/batchoperate. Sends the items in requests of up to 20 and blocks
 * until each item has a result or the deadline passes. Free the outcome with
 * xg_outcome_free.
 *
 * The API is asynchronous: accepted means that the service queued the operation.
 *
 * Errors, all before anything is sent: XG_INVALID_REQUEST, XG_CLOSED. What happens later
 * is in the outcome.
 */
enum xg_status xg_batch_operate(const struct xg_client *client,
                                const struct xg_request *request,
                                struct xg_outcome **outcome,
                                struct xg_error **error);

/**
 * POST /v3/device/account/query. As xg_batch_operate; xg_outcome_found_… return what was
 * found for each item. If nothing is bound, the service rejects the item with code
 * XG_CODE_DOES_NOT_EXIST.
 *
 * Errors: as xg_batch_operate.
 */
enum xg_status xg_query(const struct xg_client *client,
                        const struct xg_request *request,
                        struct xg_outcome **outcome,
                        struct xg_error **error);

/**
 * Posts JSON to any other v3 path, such as "/v3/push/app", with the same signing,
 * timeouts and errors. Free the reply with xg_reply_free.
 *
 * It retries only if the request certainly had no effect: after XG_CALL_UNKNOWN a push may
 * have been sent, and a second one would reach the phones twice. xg_call_with is for calls
 * that may be repeated, and for bodies other than JSON.
 *
 * Errors: XG_INVALID_ARGUMENT (path), XG_INVALID_JSON, XG_CLOSED, XG_CALL_NOT_SENT,
 * XG_CALL_UNKNOWN, XG_CALL_REJECTED.
 */
enum xg_status xg_call(const struct xg_client *client,
                       const char *path,
                       const char *json,
                       size_t json_len,
                       struct xg_reply **reply,
                       struct xg_error **error);

/**
 * xg_call with any body and per-call settings.
 *
 * content_type: such as "multipart/form-data; boundary=x" for "/v3/push/package/upload".
 * NULL means "application/json", and the body must be JSON. auth: "sign" or "basic". NULL
 * means the option `auth`, and basic for "/v3/push/package/upload", as in its samples.
 * repeatable: true if doing it twice is as good as once (queries, setting tags and
 * attributes; not pushes); it is then retried like operations on accounts. deadline_ms: in
 * milliseconds; 0 means the option `deadline_ms`.
 *
 * Errors: as xg_call; XG_INVALID_ARGUMENT also for content_type and auth,
 * XG_INVALID_JSON only for JSON.
 */
enum xg_status xg_call_with(const struct xg_client *client,
                            const char *path,
                            const char *body,
                            size_t body_len,
                            const char *content_type,
                            const char *auth,
                            bool repeatable,
                            uint64_t deadline_ms,
                            struct xg_reply **reply,
                            struct xg_error **error);

/**
 * The HTTP status, 200 to 299; 0 for NULL.
 */
int32_t xg_reply_http_status(const struct xg_reply *reply);

/**
 * The JSON body, NUL-terminated. *len is its length in bytes unless len is NULL. "" and 0
 * for NULL. Valid until the reply is freed.
 */
const char *xg_reply_body(const struct xg_reply *reply, size_t *len);

/**
 * Frees a reply. NULL is allowed.
 */
void xg_reply_free(struct xg_reply *reply);

/**
 * Opens an outbox with a client of its own. With the option outbox_file it opens or
 * creates the file, and sends and reports what an earlier run left in it, with that run's
 * tags. What you submit reaches the file about outbox_commit_ms (2 ms) later: see
 * xg_outbox_sync.
 *
 * With the option outbox_url the operations of all processes of the application are in one
 * order, in an engine (Redis), and one process at a time sends them: docs/fleet.md. An
 * engine that is away is no error: what you submit waits.
 *
 * Errors: XG_INVALID_OPTION; XG_STORAGE if the file cannot be used (another outbox has it,
 * it is not ours, of a newer version, corrupt, read-only) or the engine refuses (it evicts
 * keys, wants a password, has a newer schema); XG_RESOURCES if the system gives no thread.
 */
enum xg_status xg_outbox_open(const struct xg_config *config,
                              struct xg_outbox **outbox,
                              struct xg_error **error);

/**
 * xg_outbox_open with your own HTTP, called on threads of the library. You may free the
 * transport afterwards.
 *
 * Errors: as xg_outbox_open.
 */
enum xg_status xg_outbox_open_with_transport(const struct xg_config *config,
                                             const struct xg_transport *transport,
                                             struct xg_outbox **outbox,
                                             struct xg_error **error);

/**
 * Accepts no more operations and goes on delivering, without waiting. Use it before
 * xg_outbox_close if you wait in your own way (xg_outbox_flush with short timeouts,
 * xg_outbox_is_drained). May be called twice; NULL is allowed.
 */
void xg_outbox_begin_close(const struct xg_outbox *outbox);

/**
 * Accepts no more operations, delivers for up to timeout_ms, and ends delivery. Returns how
 * many operations are left: they stay in the file or in the engine, or, without either, are
 * reported with what is known. You can still poll reports; a report callback gets them, and this waits
 * for it within the timeout. "reports_waiting" of xg_outbox_stats counts unread ones.
 *
 * It takes at most timeout_ms and one second, even if callbacks hang. May be called twice;
 * 0 for NULL.
 */
size_t xg_outbox_close(const struct xg_outbox *outbox,
                       uint64_t timeout_ms);

/**
 * Frees an outbox. Unless it was closed before, closes it with 2 s for delivery. Takes at
 * most 3 s, even if callbacks hang. Reports that were not delivered by then are lost:
 * close it first and read them.
 *
 * Afterwards no callback runs, with one exception: a thread that hangs in a callback is
 * abandoned with what it uses, and the context of that transport is never destroyed
 * (xg_destroy_fn). Do not call this in a callback of the outbox. NULL is allowed.
 */
void xg_outbox_free(struct xg_outbox *outbox);

/**
 * Submits: bind a token to an account, replacing those it has (operator_type 2).
 * account_type: any number, or XG_NO_ACCOUNT_TYPE. Never waits. The report with this tag
 * has the result.
 *
 * tag: your own number, such as a row or a player. With outbox_file or outbox_url it must
 * mean the same after a restart, because the next run reports what this one left: no
 * pointers, no indexes into memory. xg_reports_is_recovered marks those reports.
 *
 * Errors: XG_FULL, XG_CLOSED, XG_INVALID_ARGUMENT, XG_INVALID_VALUE, XG_INVALID_REQUEST.
 * The operation was not queued then, and there will be no report.
 */
enum xg_status xg_outbox_bind(const struct xg_outbox *outbox,
                              const char *token,
                              const char *account,
                              int32_t account_type,
                              uint64_t tag,
                              struct xg_error **error);

/**
 * xg_outbox_bind with lengths in bytes.
 */
enum xg_status xg_outbox_bind_n(const struct xg_outbox *outbox,
                                const char *token,
                                size_t token_len,
                                const char *account,
                                size_t account_len,
                                int32_t account_type,
                                uint64_t tag,
                                struct xg_error **error);

/**
 * Submits: remove an account from a token (operator_type 3). As xg_outbox_bind.
 */
enum xg_status xg_outbox_unbind(const struct xg_outbox *outbox,
                                const char *token,
                                const char *account,
                                int32_t account_type,
                                uint64_t tag,
                                struct xg_error **error);

/**
 * xg_outbox_unbind with lengths in bytes.
 */
enum xg_status xg_outbox_unbind_n(const struct xg_outbox *outbox,
                                  const char *token,
                                  size_t token_len,
                                  const char *account,
                                  size_t account_len,
                                  int32_t account_type,
                                  uint64_t tag,
                                  struct xg_error **error);

/**
 * Submits: remove all accounts from a token (operator_type 4). As xg_outbox_bind.
 */
enum xg_status xg_outbox_clear_token(const struct xg_outbox *outbox,
                                     const char *token,
                                     uint64_t tag,
                                     struct xg_error **error);

/**
 * xg_outbox_clear_token with a length in bytes.
 */
enum xg_status xg_outbox_clear_token_n(const struct xg_outbox *outbox,
                                       const char *token,
                                       size_t token_len,
                                       uint64_t tag,
                                       struct xg_error **error);

/**
 * Submits: remove all tokens from an account (operator_type 5). As xg_outbox_bind.
 */
enum xg_status xg_outbox_clear_account(const struct xg_outbox *outbox,
                                       const char *account,
                                       int32_t account_type,
                                       uint64_t tag,
                                       struct xg_error **error);

/**
 * xg_outbox_clear_account with a length in bytes.
 */
enum xg_status xg_outbox_clear_account_n(const struct xg_outbox *outbox,
                                         const char *account,
                                         size_t account_len,
                                         int32_t account_type,
                                         uint64_t tag,
                                         struct xg_error **error);

/**
 * Submits every item of a request in order; item n gets the tag first_tag + n. The
 * deadline of the request has no effect.
 *
 * Errors: as xg_outbox_bind. After XG_FULL and XG_CLOSED the items before xg_error_item
 * were queued; after any other error none was.
 */
enum xg_status xg_outbox_submit(const struct xg_outbox *outbox,
                                const struct xg_request *request,
                                uint64_t first_tag,
                                struct xg_error **error);

/**
 * Waits up to timeout_ms until the outbox is not full: for threads that have nothing else
 * to do. An event loop reads reports and submits again in a later round. False if it is
 * still full; at once if it is closed, for NULL, and in a child after fork. Another thread
 * may fill it before your next submit.
 */
bool xg_outbox_wait_not_full(const struct xg_outbox *outbox, uint64_t timeout_ms);

/**
 * Sends at once what waits for a batch to fill, and waits up to timeout_ms until it is
 * delivered. *left, unless left is NULL, is how many operations are not complete.
 *
 * Errors: XG_CLOSED in a child after fork.
 */
enum xg_status xg_outbox_flush(const struct xg_outbox *outbox,
                               uint64_t timeout_ms,
                               size_t *left,
                               struct xg_error **error);

/**
 * Waits up to timeout_ms until everything submitted so far is durable or complete. Durable
 * is in the file, as the option outbox_durability defines it; with outbox_url it is in the
 * engine, as outbox_engine_durability defines it, and outbox_file keeps it meanwhile.
 * Without this call it takes about outbox_commit_ms, or a round trip to the engine; a
 * process that is killed earlier may lose what was not durable.
 *
 * Errors: XG_STORAGE if it is not durable: neither file nor engine, the file failed, or the
 * timeout passed (then xg_error_is_retryable); XG_CLOSED in a child after fork.
 */
enum xg_status xg_outbox_sync(const struct xg_outbox *outbox,
                              uint64_t timeout_ms,
                              struct xg_error **error);

/**
 * Signs with this key from the next attempt on: for key rotation without closing. If
 * sending is paused because the key was refused, the next attempt comes within the option
 * max_backoff_ms. The library wipes its copy when it is done with it; wipe yours.
 *
 * Errors: as xg_client_set_secret_key.
 */
enum xg_status xg_outbox_set_secret_key(const struct xg_outbox *outbox,
                                        const char *secret_key,
                                        struct xg_error **error);

/**
 * Replaces the reports in a buffer by the next ones, and waits up to timeout_ms for the
 * first. Returns how many there are; 0 also for NULL, when the outbox is drained, and in a
 * child after fork. Reports that you do not read count against the capacity of the outbox.
 */
size_t xg_outbox_poll(const struct xg_outbox *outbox,
                      struct xg_reports *reports,
                      uint64_t timeout_ms);

/**
 * True once the outbox is closed and every report was read: the end of a polling loop.
 * Also true for NULL and in a child after fork.
 */
bool xg_outbox_is_drained(const struct xg_outbox *outbox);

/**
 * A file descriptor for poll, epoll or select: readable while there are reports to read,
 * and once the outbox is drained. It belongs to the outbox: do not read or close it. -1 for
 * NULL and if the system is out of descriptors (ulimit -n); polling works then, and a
 * later call may succeed.
 */
int xg_outbox_fd(const struct xg_outbox *outbox);

/**
 * Registers a callback for reports. The library starts one thread
 * ("xgpush-report") that calls it until the outbox is freed. Register once, and do
 * not call xg_outbox_poll afterwards.
 *
 * max_reports: how many reports one call gets at most, 1 to 1000000; 0 means 256.
 * With 1, xg_outbox_free waits for one report rather than for a list.
 *
 * Errors: XG_INVALID_ARGUMENT for a NULL function, a larger max_reports and the
 * second time; XG_CLOSED in a child after fork; XG_RESOURCES when the system gives no
 * thread.
 */
enum xg_status xg_outbox_set_report_callback(const struct xg_outbox *outbox,
                                             xg_report_fn function,
                                             void *context,
                                             size_t max_reports,
                                             struct xg_error **error);

/**
 * Registers a callback for log lines: what fails in the background, and when it works
 * again. No line contains the secret key. NULL removes it. When this returns, the previous
 * callback does not run any more, unless its last call takes longer than a second.
 */
void xg_outbox_set_log_callback(const struct xg_outbox *outbox,
                                xg_log_fn function,
                                void *context);

/**
 * A buffer for up to capacity reports (1 to 1000000). Free it with xg_reports_free.
 *
 * Errors: XG_INVALID_ARGUMENT for another number.
 */
enum xg_status xg_reports_new(size_t capacity,
                              struct xg_reports **reports,
                              struct xg_error **error);

/**
 * Call it in a report callback that failed, for example with an exception. The failure is
 * counted ("callback_failures") and logged with the text why, which may be NULL. The
 * reports count as read. Without effect on any other buffer.
 */
void xg_reports_record_failure(const struct xg_reports *reports, const char *why);

/**
 * Frees a buffer. NULL is allowed.
 */
void xg_reports_free(struct xg_reports *reports);

/**
 * The number of reports in the buffer; 0 for NULL.
 */
size_t xg_reports_count(const struct xg_reports *reports);

/**
 * The tag that the operation was submitted with; 0 past the end.
 */
uint64_t xg_reports_tag(const struct xg_reports *reports, size_t index);

/**
 * Whether this outbox did not submit the operation itself, so that the tag is somebody
 * else's: an earlier run, from its file or under its outbox_name, or another process of
 * the group (outbox_reports_to). false past the end.
 */
bool xg_reports_is_recovered(const struct xg_reports *reports, size_t index);

/**
 * True for the one final report of an operation. False if the report says that the
 * operation is durable now (option outbox_durable_notices), and past the end.
 */
bool xg_reports_is_final(const struct xg_reports *reports, size_t index);

/**
 * The state of a final report; otherwise and past the end XG_STATE_NONE.
 */
enum xg_state xg_reports_state(const struct xg_reports *reports, size_t index);

/**
 * Why the operation is in its state: a stable name of docs/reasons.md, such as
 * "superseded"; "" if there is none. Static.
 */
const char *xg_reports_reason(const struct xg_reports *reports, size_t index);

/**
 * The service's return code, as xg_outcome_code; -1 without one.
 */
int64_t xg_reports_code(const struct xg_reports *reports, size_t index);

/**
 * The HTTP status of the response that decided it; 0 without a response.
 */
int32_t xg_reports_http_status(const struct xg_reports *reports, size_t index);

/**
 * How often the operation was sent. What an earlier run may have sent counts as one.
 */
uint32_t xg_reports_attempts(const struct xg_reports *reports, size_t index);

/**
 * When the operation was submitted, in milliseconds since 1970-01-01 UTC.
 */
uint64_t xg_reports_submitted_ms(const struct xg_reports *reports, size_t index);

/**
 * When it reached its state, in milliseconds since 1970-01-01 UTC.
 */
uint64_t xg_reports_timestamp_ms(const struct xg_reports *reports, size_t index);

/**
 * A description for people; "" if accepted. Valid until the next poll into this buffer, or
 * until it is freed.
 */
const char *xg_reports_message(const struct xg_reports *reports, size_t index);

/**
 * Lists the operations that an outbox has not completed, in the order of submission: those
 * of a token, of an account (of any type), of both, or all if both are NULL; at most
 * max_count. It answers "why is this phone not bound?". It scans everything that is
 * pending: use it for diagnosis, not in each tick. `xgpush outbox show` does the same for a
 * file that no outbox holds.
 *
 * Errors: XG_CLOSED; XG_CALL_UNKNOWN if the outbox does not answer within timeout_ms.
 */
enum xg_status xg_outbox_list_pending(const struct xg_outbox *outbox,
                                      const char *token,
                                      const char *account,
                                      size_t max_count,
                                      uint64_t timeout_ms,
                                      struct xg_pending **pending,
                                      struct xg_error **error);

/**
 * The number of operations; 0 for NULL.
 */
size_t xg_pending_count(const struct xg_pending *pending);

/**
 * The operations as a JSON array, NUL-terminated. *len is its length in bytes unless len is
 * NULL. Each has "tag", "operation" (such as "bind"), "token", "accounts"
 * ([{"account","account_type"}]), "submitted_ms", "state" ("behind": waits for an earlier
 * one on its token or accounts; "ready": will be sent, or sent again; "sending";
 * "settling": decided, waits for the file; with outbox_url "waiting": not in the engine yet,
 * and "appended": in the engine), "durable", "maybe_sent", "attempts", and of the last
 * attempt "reason" (docs/reasons.md, or null) and "message". Valid until it is freed; "" and
 * 0 for NULL.
 */
const char *xg_pending_json(const struct xg_pending *pending, size_t *len);

/**
 * Frees a list. NULL is allowed.
 */
void xg_pending_free(struct xg_pending *pending);

/**
 * A snapshot of the numbers of an outbox. Free them with xg_stats_free.
 *
 * Errors: XG_INVALID_ARGUMENT for NULL.
 */
enum xg_status xg_outbox_stats(const struct xg_outbox *outbox,
                               struct xg_stats **stats,
                               struct xg_error **error);

/**
 * One number by its name; 0 for an unknown name and for NULL.
 *
 * Counters: "submitted" (operations queued), "full" (refused because the outbox was full),
 * "recovered" (from the file of an earlier run), "durable" (stored); final reports by
 * state: "accepted", "rejected", "unknown", "not_sent", and "superseded"; "requests" (HTTP
 * requests), "sent" (operations in them), "retries" (operations queued again), "throttled"
 * (requests answered with "too fast"), "failures" (requests that failed as a whole),
 * "store_failures", "not_durable" (operations kept in memory only because the file failed),
 * "resource_failures" (the system gave no thread), "callback_failures"
 * (xg_reports_record_failure), "latency_ms_sum" (from submission to the final report).
 *
 * Gauges: "open" (submitted and not complete), "in_flight" (requests on the wire), "ready"
 * (requests that wait for a thread), "bytes" (of tokens and accounts), "oldest_ms" (age of
 * the oldest operation), "breaker_open" (1 while sending is paused after failures in a
 * row), "room" (how many more operations fit), "reports_waiting" (unread reports).
 *
 * With the option outbox_url also the counters "engine_failures" (commands that the engine
 * refused or did not answer in time), "engine_went_back" (times that the engine had
 * forgotten what it had acknowledged), "takeovers" (times that this process took the
 * lease), "engine_window_blocked" (times that everything loaded waited behind others on
 * its keys), "reports_dropped" (reports that nobody fetched within
 * outbox_report_ttl_ms), and the gauges "role" (1: submits only; 2: may take the lease;
 * 3: relays; 0: no engine), "epoch" (number of the lease that this process has or had
 * last), "engine_backlog" (operations in the engine; 0 unless it relays), "engine_lag_ms"
 * (how long the oldest operation that the engine has not acknowledged has waited here).
 * Final reports are counted by the process that submitted the operation, requests by the
 * one that relayed it.
 */
uint64_t xg_stats_value(const struct xg_stats *stats, const char *name);

/**
 * The numbers as a JSON object, NUL-terminated. *len is its length in bytes unless len is
 * NULL. "" and 0 for NULL. Valid until the numbers are freed.
 */
const char *xg_stats_json(const struct xg_stats *stats, size_t *len);

/**
 * Adds the numbers of another outbox to the page of xg_stats_prometheus. Two pages one
 * after the other would repeat metric names, which is not valid. Invalidates what
 * xg_stats_prometheus returned before.
 */
void xg_stats_prometheus_add(struct xg_stats *stats, const struct xg_stats *other);

/**
 * The numbers in the text format of Prometheus, with the label "outbox": the option
 * outbox_name, or the access id. As xg_stats_json.
 */
const char *xg_stats_prometheus(const struct xg_stats *stats, size_t *len);

/**
 * What fails in the background now, as the log callback gets it: why sending is paused, a
 * file that cannot be written, threads that the system does not give. "" if all is well,
 * and for NULL. Valid until the numbers are freed. For languages in which a foreign thread
 * cannot call a callback.
 */
const char *xg_stats_trouble(const struct xg_stats *stats);

/**
 * Frees numbers. NULL is allowed.
 */
void xg_stats_free(struct xg_stats *stats);

/**
 * The method: always "POST".
 */
const char *xg_http_request_method(const struct xg_http_request *request);

/**
 * The whole URL; "" for NULL. Valid until the request is freed.
 */
const char *xg_http_request_url(const struct xg_http_request *request);

/**
 * The number of headers; 0 for NULL.
 */
size_t xg_http_request_header_count(const struct xg_http_request *request);

/**
 * The name of a header, by its 0-based index; "" past the end. Valid until the request is
 * freed.
 */
const char *xg_http_request_header_name(const struct xg_http_request *request, size_t index);

/**
 * The value of a header, by its 0-based index; "" past the end. Valid until the request is
 * freed. With Basic authentication one of them contains the secret key.
 */
const char *xg_http_request_header_value(const struct xg_http_request *request, size_t index);

/**
 * The body, NUL-terminated. *len is its length in bytes unless len is NULL. Send it byte
 * for byte: it is signed. "" and 0 for NULL. Valid until the request is freed.
 */
const char *xg_http_request_body(const struct xg_http_request *request, size_t *len);

/**
 * Frees an HTTP request. NULL is allowed. Do not free that of a transfer.
 */
void xg_http_request_free(struct xg_http_request *request);

/**
 * A transport. perform gets each request and the context. destroy, which may be NULL, gets
 * the context once the transport, everything made with it and every transfer are gone.
 *
 * Errors: XG_INVALID_ARGUMENT if perform is NULL.
 */
enum xg_status xg_transport_new(xg_perform_fn perform,
                                xg_destroy_fn destroy,
                                void *context,
                                struct xg_transport **transport,
                                struct xg_error **error);

/**
 * Frees a transport. What was made with it keeps working. NULL is allowed.
 */
void xg_transport_free(struct xg_transport *transport);

/**
 * The request to send; NULL for NULL. It belongs to the transfer: do not free it.
 */
const struct xg_http_request *xg_transfer_request(const struct xg_transfer *transfer);

/**
 * How many milliseconds are left for the response; 0 once the call no longer
 * waits for it, and for NULL.
 */
uint64_t xg_transfer_timeout_ms(const struct xg_transfer *transfer);

/**
 * The largest body that the response may have: the option max_response_bytes. 0 for NULL.
 */
size_t xg_transfer_max_response_bytes(const struct xg_transfer *transfer);

/**
 * Whether the request may reach the service twice. Only then may an HTTP stack send it
 * again when an idle connection turns out to be closed; it calls xg_transfer_set_replayed.
 */
bool xg_transfer_is_repeatable(const struct xg_transfer *transfer);

/**
 * Whether the call no longer waits for the response: the deadline passed, or the call was
 * ended (not visible while perform itself blocks). You may abort the request then, but
 * must still end the transfer. True for NULL.
 */
bool xg_transfer_is_abandoned(const struct xg_transfer *transfer);

/**
 * Call it before the transfer ends if the stack may have sent the request twice: a refusal
 * of the second one says nothing about the first.
 */
void xg_transfer_set_replayed(struct xg_transfer *transfer);

/**
 * Adds a response header, before xg_transfer_finish. Only Date and Retry-After have an
 * effect; pass all you like.
 */
void xg_transfer_add_header(struct xg_transfer *transfer, const char *name, const char *value);

/**
 * Ends a transfer with a response, and frees it. A number that is not an HTTP status, or a
 * NULL body with a length, counts as a lost connection.
 */
void xg_transfer_finish(struct xg_transfer *transfer,
                        int32_t http_status,
                        const void *body,
                        size_t body_len);

/**
 * Ends a transfer without a response, and frees it. kind: one of xg_send_error; another
 * number counts as XG_SEND_LOST. sent: whether any byte of the request may have left; if
 * so, its operations are unknown, otherwise not sent. message: may be NULL.
 */
void xg_transfer_fail(struct xg_transfer *transfer,
                      int32_t kind,
                      bool sent,
                      const char *message);

/**
 * Checks a request and splits it into parts. You may free both arguments afterwards.
 *
 * Parts are numbered from 0 and belong to waves. Start a wave when every part of the
 * previous one has its response: then no operation overtakes an earlier one on the same
 * token or account.
 *
 * Errors: XG_INVALID_OPTION, XG_INVALID_REQUEST.
 */
enum xg_status xg_exchange_new(const struct xg_config *config,
                               const struct xg_request *request,
                               struct xg_exchange **exchange,
                               struct xg_error **error);

/**
 * The number of parts, which is that of HTTP requests without retries. 0 for NULL.
 */
size_t xg_exchange_part_count(const struct xg_exchange *exchange);

/**
 * The wave of a part, from 0.
 *
 * Errors: XG_INVALID_ARGUMENT for a part that does not exist.
 */
enum xg_status xg_exchange_wave(struct xg_exchange *exchange,
                                size_t part,
                                uint32_t *wave,
                                struct xg_error **error);

/**
 * The HTTP request of a part, signed for this time (seconds since 1970-01-01 UTC). After a
 * response it has only the items that are worth another attempt. *request is NULL if there
 * is nothing to send now. Free it with xg_http_request_free.
 *
 * Errors: XG_INVALID_ARGUMENT for a part that does not exist.
 */
enum xg_status xg_exchange_http_request(struct xg_exchange *exchange,
                                        size_t part,
                                        int64_t unix_seconds,
                                        struct xg_http_request **request,
                                        struct xg_error **error);

/**
 * Reads the response to the last HTTP request of a part. date and retry_after are the
 * values of these headers, or NULL.
 *
 * Errors: XG_INVALID_ARGUMENT, also if the part waits for no response.
 */
enum xg_status xg_exchange_on_response(struct xg_exchange *exchange,
                                       size_t part,
                                       int32_t http_status,
                                       const char *date,
                                       const char *retry_after,
                                       const void *body,
                                       size_t body_len,
                                       struct xg_error **error);

/**
 * Records that the last HTTP request of a part got no response. kind: one of
 * xg_send_error. sent: whether any byte of the request may have left.
 *
 * Errors: as xg_exchange_on_response.
 */
enum xg_status xg_exchange_on_failure(struct xg_exchange *exchange,
                                      size_t part,
                                      int32_t kind,
                                      bool sent,
                                      const char *message,
                                      struct xg_error **error);

/**
 * The results of all items. Afterwards the exchange can only be freed. Free the outcome
 * with xg_outcome_free.
 *
 * Errors: XG_INVALID_ARGUMENT the second time.
 */
enum xg_status xg_exchange_finish(struct xg_exchange *exchange,
                                  struct xg_outcome **outcome,
                                  struct xg_error **error);

/**
 * Frees an exchange. NULL is allowed.
 */
void xg_exchange_free(struct xg_exchange *exchange);

/**
 * The stable name of a state, such as "accepted"; "" for another number. Static.
 */
const char *xg_state_name(int32_t state);

/**
 * The stable name of a status, such as "invalid_value" or "ok"; "" for another number.
 * Static.
 */
const char *xg_status_name(int32_t status);

/**
 * The return codes of docs/codes.md as JSON, NUL-terminated. *len is its length in bytes
 * unless len is NULL. An array, sorted by code, of
 * {"code","meaning","meaning_zh","fault","retry","advice","advice_zh"}, where …_zh is
 * Chinese. Static.
 */
const char *xg_codes_json(size_t *len);

/**
 * The number of return codes in the table.
 */
size_t xg_code_count(void);

/**
 * A return code, by its index in the table; -1 past the end.
 */
int64_t xg_code_number(size_t index);

/**
 * What it means, in English; "" past the end. Static, as all texts of the table.
 */
const char *xg_code_meaning(size_t index);

/**
 * Its cause: "none", "request", "item", "configuration", "service" or "rate".
 */
const char *xg_code_fault(size_t index);

/**
 * Whether to retry: "never", "backoff", "throttle" or "per_element".
 */
const char *xg_code_retry(size_t index);

/**
 * What to do; "" for success and past the end.
 */
const char *xg_code_advice(size_t index);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* XGPUSH_H */

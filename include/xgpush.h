/**
 * @mainpage The C interface of xgpush
 *
 * xgpush binds device tokens to accounts at Tencent Push Notification Service
 * (TPNS, formerly XG), unbinds them and looks them up. Blocking calls go through
 * an xg_client; an xg_outbox delivers in the background, in the order of each
 * token and each account. Every single item ends in one of four states, and
 * nothing is success by default.
 *
 * This file is generated from ffi/src: do not edit it. `make docs` makes HTML of
 * it. C++ programs (C++17 or newer) may prefer xgpush.hpp, which wraps it.
 *
 * ## Install and link
 *
 * `make install PREFIX=/usr/local` puts down xgpush.h, xgpush.hpp (with its
 * xgpush_base.hpp), libxgpush.so with the SONAME libxgpush.so.0, libxgpush.a, and
 * what pkg-config and CMake need to find them. Then one of:
 *
 *     cc app.c -lxgpush
 *     cc app.c $(pkg-config --cflags --libs xgpush)
 *     cc app.c -l:libxgpush.a -lpthread -ldl
 *
 *     find_package(xgpush REQUIRED)                  # in CMake
 *     target_link_libraries(app xgpush::xgpush)      # or xgpush::static
 *
 * The third line links the archive; `pkg-config --static` is for programs that are
 * static as a whole (`cc -static`). Under another prefix say where it is: to the
 * compiler with `-I` and `-L`, to pkg-config with PKG_CONFIG_PATH
 * (`PREFIX/lib/pkgconfig`), to CMake with CMAKE_PREFIX_PATH (`PREFIX`), and to the
 * loader with `-Wl,-rpath,PREFIX/lib`, LD_LIBRARY_PATH or ldconfig.
 *
 * The shared library needs libc and libgcc_s, nothing else: no OpenSSL, no
 * libcurl. Built on Debian 12 it needs glibc 2.34 or newer; a library that is
 * built on another system may need another one.
 *
 * ## The smallest program
 *
 * Options come from the environment here (`XGPUSH_ACCESS_ID`,
 * `XGPUSH_SECRET_KEY`, and `XGPUSH_ACCESS_POINT`, or `XGPUSH_BASE_URL` for a
 * stand-in of the service); xg_config_set sets them by name.
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
 *   if (xg_abi_check(XG_ABI_VERSION, &error) == XG_OK &&
 *       xg_config_set_from_env(config, &error) == XG_OK &&
 *       xg_client_new(config, &client, &error) == XG_OK &&
 *       xg_request_new(XG_BIND, &request, &error) == XG_OK &&
 *       xg_request_add_binding(request, "token-of-phone-1", "alice",
 *                              XG_NO_ACCOUNT_TYPE, &error) == XG_OK &&
 *       xg_request_add_binding(request, "token-of-phone-2", "bob",
 *                              XG_NO_ACCOUNT_TYPE, &error) == XG_OK &&
 *       xg_batch_operate(client, request, &outcome, &error) == XG_OK) {
 *     for (size_t n = 0; n < xg_outcome_item_count(outcome); n++)
 *       printf("%zu: %s %s\n", n, xg_outcome_reason(outcome, n),
 *              xg_outcome_message(outcome, n));
 *   } else {
 *     fprintf(stderr, "%s\n", xg_error_message(error));
 *   }
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
 * ## The smallest outbox
 *
 * ```c
 * #include <stdio.h>
 * #include <string.h>
 * #include <xgpush.h>
 *
 * int main(void) {
 *   const char *token = "token-of-phone-1", *account = "alice";
 *   xg_error *error = NULL;
 *   xg_config *config = xg_config_new();
 *   xg_outbox *outbox = NULL;
 *   xg_reports *reports = NULL;
 *   if (xg_config_set_from_env(config, &error) == XG_OK &&
 *       xg_config_set(config, "outbox_file", "players.outbox", &error) == XG_OK &&
 *       xg_outbox_open(config, &outbox, &error) == XG_OK &&
 *       xg_reports_new(64, &reports, &error) == XG_OK &&
 *       xg_outbox_bind_n(outbox, token, strlen(token), account, strlen(account),
 *                        XG_NO_ACCOUNT_TYPE, 42, &error) == XG_OK) {
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
 * ## Outcomes
 *
 * XG_OK of xg_batch_operate and xg_query says that there is an outcome: look at
 * each of its items. Any other status says that nothing was sent.
 *
 * - accepted: the service took the task. It applies it later and does not say
 *   when; a query shows it. Nothing to do.
 * - rejected: the service refused, with a code or an HTTP status. Sending the
 *   same again does not help, unless xg_outcome_is_retryable says so.
 * - unknown: it was sent, and no trustworthy answer came. It may have been
 *   applied. Hand it in again: the operations set a state, so twice is as once.
 * - not sent: it never left this machine. Hand it in again, if it is retryable.
 *
 * Hand in *all* retryable items again, *in their order*; that keeps the order of
 * every token and account. The reasons are in docs/reasons.md, the codes in
 * docs/codes.md. An outbox does all this by itself and reports each operation
 * once, at the end; docs/outbox.md has what whoever runs one needs to know.
 *
 * An outbox also waits out what people can mend: a wrong key, a wrong address, a
 * service that is away. It pauses, tries again, and reports an operation at the
 * latest when `outbox_deadline_ms` (300 s) is over. Meanwhile only the log and the
 * numbers tell: give it a function by xg_outbox_set_log_callback, or look at `breaker_open`
 * and `oldest_ms` of xg_outbox_stats.
 *
 * ## Errors
 *
 * A function that can fail returns xg_status and takes an xg_error ** as its
 * last argument, which may be NULL. It writes its outputs only on success and
 * the error only on failure, so begin with both at NULL; free the error. A NULL
 * handle, a NULL text, text that is not UTF-8 and an index past the end are
 * refused or answered with the stated default. A defect of the library itself
 * stops at the boundary as XG_INTERNAL, or as the stated default.
 *
 * ## Lifetime
 *
 * - What comes out through a pointer to a pointer, and what xg_config_new
 *   returns, is the caller's: free it with the function of its type. NULL is
 *   fine there.
 * - A text that a function returns belongs to its handle and is valid until that
 *   is freed (those of a buffer of reports, until it is filled again); a text of
 *   a table or a reason is valid for ever. Never free a text.
 * - What the caller passes in is copied: it may go when the call returns. So a
 *   config is not needed any more when its client or outbox is there.
 * - Texts are UTF-8 and NUL-terminated, or have a length in bytes in functions
 *   whose names end in _n.
 * - No call may run with a handle that is freed: end calls in other threads with
 *   xg_client_close, or xg_outbox_close, and join them first.
 *
 * ## Threads, and what blocks
 *
 * A handle that a function takes as const may be used by several threads at
 * once; one client and one outbox serve a whole process. A handle that is taken
 * without const belongs to one thread during the call.
 *
 * - xg_batch_operate, xg_query and xg_call wait until all is answered, at most
 *   for the option `deadline_ms` (10 s), or for what
 *   xg_request_set_deadline_ms says.
 * - xg_outbox_poll and xg_outbox_flush wait for the time that they are given;
 *   xg_outbox_close for that and at most 1 s more to end what is under way;
 *   xg_outbox_free for 3 s at most. Callbacks that hang change nothing of that: see
 *   xg_outbox_free.
 * - xg_outbox_open reads its file; xg_client_new reads the file of `ca_file`.
 * - Nothing else waits for the network, for a disk or for another call. Handing
 *   in takes a fraction of a microsecond.
 *
 * A client starts no thread of its own: the option `parallel` ("xgpush-part") and the
 * look-up of a name ("xgpush-resolve") start short-lived ones within a call. An outbox
 * has its own until it is closed: one that does the work ("xgpush-outbox"), up to
 * `outbox_parallel` that carry requests ("xgpush-send", started when they are needed
 * first), and one for xg_outbox_set_report_callback ("xgpush-report").
 *
 * New threads inherit from the one that starts them: those of an outbox the signal mask,
 * the processors (affinity) and the scheduling (SCHED_FIFO as well) of the thread that
 * opens it or asks for the callback. A tick that is pinned to a core, or runs in real
 * time, opens it from an ordinary thread, best in main before it becomes special:
 * afterwards it may hand in from wherever it likes.
 *
 * A call needs up to 50 KiB of stack (31 over http, 45 over TLS, with a proxy as well):
 * give coroutines and threads that call 128 KiB. Handing in needs 4. The library's own
 * threads have 2 MiB, of which the system gives what is touched.
 *
 * Memory: what Rust needs and cannot have aborts the process, as operator new without
 * a handler would. Handing in is the exception: it answers XG_FULL.
 *
 * Callbacks come on the threads of an outbox: say as little as possible there, and do
 * not free the outbox from one. Every callback must return: an exception, a longjmp or
 * the end of its thread that leaves one aborts the process. xgpush.hpp catches
 * exceptions and says at each callback what becomes of them.
 *
 * Coroutines: a library that hooks the system's calls may let another coroutine, or
 * another thread, go on in the middle of a call. Nothing of a call hangs on its
 * thread, and no lock is held while one waits for the network.
 *
 * The end of a program: every function works in destructors of static and
 * thread_local objects and in functions of atexit and at_quick_exit. Nothing is ever
 * written to standard output or standard error.
 *
 * pthread_cancel: a thread is not cancelled inside a call (on Linux), callbacks
 * included; it ends at its first cancellation point after it. Elsewhere, and with
 * PTHREAD_CANCEL_ASYNCHRONOUS, cancel no thread that may be inside one.
 *
 * ThreadSanitizer: a host under it takes share/xgpush/tsan.supp of the installed tree
 * (TSAN_OPTIONS=suppressions=FILE), as the library itself is compiled without it.
 *
 * ## Bring your own HTTP
 *
 * xg_client_new_with_transport and xg_outbox_open_with_transport take an xg_transport: each request
 * comes to a function of yours as an xg_transfer, which you end when the answer is
 * there, at once or later, on any thread. Signing, retries, order and reports stay
 * here. examples/c/curl_transport.c does it over libcurl. xg_exchange_new is for
 * those who want no more than the bytes of requests and the reading of responses.
 * A test may answer by hand: xg_transfer_finish with status 200 and
 * `{"ret_code":0,"result":["0"]}`, one element per item. Options that concern
 * connections (`proxy`, `ca_file`, `user_agent`, time-outs of connecting) are the
 * stack's own affair then.
 *
 * ## Other languages
 *
 * Handles are pointers, every enumeration is 32 bits wide, bool is one byte, tags
 * are 64 bits without a sign (above 2^53 they do not fit into a double). Constants
 * that are macros: XG_ABI_VERSION is the ABI version, XG_NO_ACCOUNT_TYPE the
 * smallest int32_t. Poll, or wait for the descriptor of xg_outbox_fd, where a
 * foreign thread may not enter the interpreter: callbacks come on one.
 * xg_state_name, xg_status_name and xg_codes_json hand out the tables.
 *
 * ## Fork
 *
 * A child has none of the threads and shares the sockets: there the parent's
 * clients and outboxes answer XG_CLOSED, and closing or freeing them does the
 * parent no harm. The child makes its own. An outbox file belongs to one outbox:
 * the child cannot open the one that its parent holds (XG_STORAGE).
 *
 * ## Signals and descriptors
 *
 * The library sets no signal handler, changes no signal mask, and its writes
 * raise no SIGPIPE. A handler of yours that returns does not end a call: for
 * Ctrl-C, let the handler set a flag, and have another thread call
 * xg_client_close, which ends running calls within about 50 ms; their items are
 * unknown or not sent. No function may be called from the handler itself. The
 * threads of an outbox inherit the signal mask of the one that opens it: block
 * there what only your own threads shall take. Every descriptor is close-on-exec.
 *
 * ## Logging
 *
 * A client writes nothing anywhere: what happened is in outcomes, their warnings
 * and errors. xg_outbox_set_log_callback gets a line for what fails in the background and
 * for its end; xg_outbox_stats has the numbers, for Prometheus as well. The
 * secret key is in no message, no line and no number.
 *
 * ## ABI
 *
 * Within one XG_ABI_VERSION functions, numbers and names are added, never changed
 * and never removed, and the SONAME stays libxgpush.so.0: a program runs with any
 * newer library without being compiled again. Begin with xg_abi_check, which says
 * so in words where header and library do not belong together; xg_version and
 * XG_VERSION tell the two releases. Treat a number of an enumeration that you do
 * not know as one that was added: a switch needs a default.
 */

#ifndef XGPUSH_H
#define XGPUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The version of this header, as text. */
#define XG_VERSION "0.1.0"
/** The first number of the version: changes with XG_ABI_VERSION. */
#define XG_VERSION_MAJOR 0
/** The second number of the version: functions were added. */
#define XG_VERSION_MINOR 1
/** The third number of the version: nothing was added. */
#define XG_VERSION_PATCH 0

/** An account without a type: the field is not sent, and the service takes 0. */
#define XG_NO_ACCOUNT_TYPE INT32_MIN

/**
 * The version of the ABI that this header describes. Functions are added to
 * an ABI version, never changed and never removed.
 */
#define XG_ABI_VERSION 1

/**
 * The code of an item of a query for which nothing is bound.
 */
#define XG_CODE_DOES_NOT_EXIST 10110008

/**
 * What a call came to. The numbers never change.
 */
typedef enum xg_status {
  /**
   * It worked; outputs are written. For xg_batch_operate and xg_query it says
   * only that there is an outcome: look at its items.
   */
  XG_OK = 0,
  /**
   * NULL, invalid UTF-8, an index or a number that no value of its type has.
   */
  XG_INVALID_ARGUMENT = 1,
  /**
   * JSON that is not the documented shape.
   */
  XG_INVALID_JSON = 2,
  /**
   * A token, an account or another value breaks a documented rule.
   */
  XG_INVALID_VALUE = 3,
  /**
   * A request breaks a rule of its protocol version as a whole.
   */
  XG_INVALID_REQUEST = 4,
  /**
   * An unknown option, or a value outside its range.
   */
  XG_INVALID_OPTION = 5,
  /**
   * The client or outbox is closed, or is the parent's in a child after fork.
   */
  XG_CLOSED = 6,
  /**
   * xg_call: nothing was sent.
   */
  XG_CALL_NOT_SENT = 7,
  /**
   * xg_call: sent, and no trustworthy answer came.
   */
  XG_CALL_UNKNOWN = 8,
  /**
   * xg_call: the service refused; see xg_error_code.
   */
  XG_CALL_REJECTED = 9,
  /**
   * A defect in xgpush itself; the host was kept from harm.
   */
  XG_INTERNAL = 10,
  /**
   * Header and library do not belong together.
   */
  XG_ABI_MISMATCH = 11,
  /**
   * The outbox is full: the operation was not taken.
   */
  XG_FULL = 12,
  /**
   * The outbox's file cannot be used; the message says why. Nothing in it was
   * deleted. From xg_outbox_sync: not everything is durable.
   */
  XG_STORAGE = 13,
  /**
   * The system gave no thread, descriptor or memory: the message says which limit
   * to look at. The same call may succeed later.
   */
  XG_RESOURCES = 14,
} xg_status;

/**
 * The four states in which an item can end.
 */
typedef enum xg_state {
  /**
   * There is no such item.
   */
  XG_STATE_NONE = 0,
  /**
   * The service took the task. Accepted is not applied. For a query: answered.
   */
  XG_STATE_ACCEPTED = 1,
  /**
   * The service refused, with a code or an HTTP status.
   */
  XG_STATE_REJECTED = 2,
  /**
   * Sent, and no trustworthy answer came: it may have been applied, or may
   * yet be.
   */
  XG_STATE_UNKNOWN = 3,
  /**
   * Never left this machine.
   */
  XG_STATE_NOT_SENT = 4,
} xg_state;

/**
 * What a request asks.
 */
typedef enum xg_action {
  /**
   * batchoperate, operator 1: adds accounts to a token. Disused: TPNS
   * overwrites; see the option allow_append.
   */
  XG_APPEND = 1,
  /**
   * batchoperate, operator 2: binds a token to accounts, overwriting.
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
 * How bad it is what a line for a log tells.
 */
typedef enum xg_log_level {
  /**
   * What failed before works again.
   */
  XG_LOG_INFO = 1,
  /**
   * Delivery is late, and goes on by itself.
   */
  XG_LOG_WARNING = 2,
  /**
   * Somebody should look.
   */
  XG_LOG_ERROR = 3,
} xg_log_level;

/**
 * Why no whole HTTP response came.
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
   * The connection broke, or the response was cut or was no HTTP.
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
 * A client of one application. Made once and shared by any number of threads.
 */
typedef struct xg_client xg_client;

/**
 * Everything that can be set before a client is made.
 */
typedef struct xg_config xg_config;

/**
 * What went wrong, in detail. Owned by the caller: free it with xg_error_free.
 */
typedef struct xg_error xg_error;

/**
 * One request as HTTP requests to send and HTTP responses to read.
 */
typedef struct xg_exchange xg_exchange;

/**
 * One HTTP request, ready to send.
 */
typedef struct xg_http_request xg_http_request;

/**
 * Delivers operations in the background, in the order of each token and account,
 * and reports what became of each of them. Made once and shared by any number of
 * threads.
 */
typedef struct xg_outbox xg_outbox;

/**
 * What became of every item of a call, in the order of the items.
 */
typedef struct xg_outcome xg_outcome;

/**
 * Operations that wait, as they were when they were asked for.
 */
typedef struct xg_pending xg_pending;

/**
 * A body whose ret_code is 0.
 */
typedef struct xg_reply xg_reply;

/**
 * A buffer for reports; it belongs to one thread at a time.
 */
typedef struct xg_reports xg_reports;

/**
 * A request of either API with any number of items; the client splits it.
 */
typedef struct xg_request xg_request;

/**
 * Numbers, as they were when they were asked for.
 */
typedef struct xg_stats xg_stats;

/**
 * One HTTP request on its way through a transport. To be ended once, by
 * xg_transfer_finish or xg_transfer_fail, on whatever thread.
 */
typedef struct xg_transfer xg_transfer;

/**
 * An HTTP stack of the caller's, for clients and outboxes that are made over it.
 */
typedef struct xg_transport xg_transport;

/**
 * Called with reports, on the thread "xgpush-report" of the library. They are
 * valid during the call. It must return: no exception, no longjmp and no end of its
 * thread (pthread_exit, pthread_cancel) may leave it, or the process is aborted.
 */
typedef void (*xg_report_fn)(const struct xg_reports *reports, void *context);

/**
 * Called with a log line, one at a time, on a thread of the library; level is one of
 * xg_log_level. Delivery and writing to the file wait until it returns. The line is
 * valid during the call. It must return, as xg_report_fn.
 */
typedef void (*xg_log_fn)(int32_t level, const char *line, void *context);

/**
 * Carries one request: called on every thread that makes calls, several at once.
 * It ends the transfer before it returns, or keeps it and ends it later on any
 * thread: a call waits for that on its own thread, so a program whose HTTP needs
 * that very thread uses an outbox. It sends the request once (no redirects, no
 * retries of its own). It must return: no exception, no longjmp and no end of its thread
 * (pthread_exit, pthread_cancel) may leave it, or the process is aborted.
 */
typedef void (*xg_perform_fn)(struct xg_transfer *transfer, void *context);

/**
 * Called once, on any thread, when nothing needs the context any more; never when a
 * thread hangs in the function of the transport for ever. It must return as well.
 */
typedef void (*xg_destroy_fn)(void *context);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library, such as "0.1.0".
 */
const char *xg_version(void);

/**
 * The ABI version of the library.
 */
uint32_t xg_abi_version(void);

/**
 * Whether the library can serve a program that was compiled against this
 * header: call it first, as xg_abi_check(XG_ABI_VERSION, &error).
 */
enum xg_status xg_abi_check(uint32_t header_abi, struct xg_error **error);

/**
 * The status that the failed call returned. XG_OK for NULL.
 */
enum xg_status xg_error_status(const struct xg_error *error);

/**
 * The stable name of the status, such as "invalid_value". "" for NULL.
 * Valid until the error is freed.
 */
const char *xg_error_name(const struct xg_error *error);

/**
 * What happened, for people: names the item and quotes the rule. "" for NULL.
 * Valid until the error is freed.
 */
const char *xg_error_message(const struct xg_error *error);

/**
 * The service's return code, or -1 where it gave none.
 */
int64_t xg_error_code(const struct xg_error *error);

/**
 * The HTTP status, or 0 where no answer came.
 */
int32_t xg_error_http_status(const struct xg_error *error);

/**
 * The 0-based index of the item at fault, or -1 where there is none.
 */
int64_t xg_error_item(const struct xg_error *error);

/**
 * Whether the same call may succeed later without a change. false for NULL.
 */
bool xg_error_is_retryable(const struct xg_error *error);

/**
 * How long the service asks to wait before the call is made again (Retry-After), in
 * milliseconds; -1 where it says nothing.
 */
int64_t xg_error_retry_after_ms(const struct xg_error *error);

/**
 * Frees an error. NULL is fine.
 */
void xg_error_free(struct xg_error *error);

/**
 * Every option at its default. NULL only after a defect.
 */
struct xg_config *xg_config_new(void);

/**
 * Sets an option from text, such as ("deadline_ms", "3000"). The options are
 * those of xg_option_name and docs/options.md.
 *
 * Errors: XG_INVALID_OPTION for an unknown name or a value outside its range.
 */
enum xg_status xg_config_set(struct xg_config *config,
                             const char *name,
                             const char *value,
                             struct xg_error **error);

/**
 * Sets every option for which the environment has XGPUSH_ and its name in
 * upper case, such as XGPUSH_ACCESS_ID. What Kubernetes and Docker put there for a
 * service called xgpush (XGPUSH_SERVICE_HOST, XGPUSH_PORT_80_TCP …) is passed over.
 *
 * Errors: as xg_config_set; also for a variable that is no option.
 */
enum xg_status xg_config_set_from_env(struct xg_config *config, struct xg_error **error);

/**
 * Frees a config. NULL is fine. A client does not need it any more.
 */
void xg_config_free(struct xg_config *config);

/**
 * How many options there are.
 */
size_t xg_option_count(void);

/**
 * The name of an option, 0-based; "" past the end.
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
 * What values it takes, for people.
 */
const char *xg_option_range(size_t index);

/**
 * What it does.
 */
const char *xg_option_description(size_t index);

/**
 * A request without items. `action` is one of xg_action.
 *
 * Errors: XG_INVALID_ARGUMENT for another number.
 */
enum xg_status xg_request_new(int32_t action,
                              struct xg_request **request,
                              struct xg_error **error);

/**
 * A request from the documented JSON of POST /v3/device/account/batchoperate;
 * its list may have any length.
 *
 * Errors: XG_INVALID_JSON, XG_INVALID_VALUE, XG_INVALID_REQUEST; xg_error_item
 * tells the item.
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
 * Sets "android" or "ios", which only the older protocol versions know.
 *
 * Errors: XG_INVALID_VALUE for anything else.
 */
enum xg_status xg_request_set_platform(struct xg_request *request,
                                       const char *platform,
                                       struct xg_error **error);

/**
 * Sets the kind and the id of the operator, which only protocol `xg_v3` knows;
 * NULL leaves one of them as it is.
 */
enum xg_status xg_request_set_operator(struct xg_request *request,
                                       const char *op_type,
                                       const char *op_id,
                                       struct xg_error **error);

/**
 * Sets the deadline of the calls that send this request, in milliseconds, in
 * place of the option deadline_ms (1 to 86400000); 0 takes the option again.
 *
 * Errors: XG_INVALID_ARGUMENT when it is longer than a day.
 */
enum xg_status xg_request_set_deadline_ms(struct xg_request *request,
                                          uint64_t deadline_ms,
                                          struct xg_error **error);

/**
 * Lets xg_batch_operate ask, after the call and for up to this time, whether the
 * service shows what it accepted: see xg_outcome_confirmed. 0 asks nothing.
 *
 * Errors: XG_INVALID_ARGUMENT when it is longer than a day.
 */
enum xg_status xg_request_set_confirm_ms(struct xg_request *request,
                                         uint64_t confirm_ms,
                                         struct xg_error **error);

/**
 * The number of items; 0 for NULL.
 */
size_t xg_request_item_count(const struct xg_request *request);

/**
 * Frees a request. NULL is fine.
 */
void xg_request_free(struct xg_request *request);

/**
 * Adds an item to an append, bind or unbind: a token with its first account.
 * More accounts of the same token follow with xg_request_add_account.
 *
 * token: 1 to 64 bytes. account: at least 2 bytes. account_type: any, or
 * XG_NO_ACCOUNT_TYPE.
 *
 * Errors: XG_INVALID_VALUE, XG_INVALID_REQUEST (items of another kind); the
 * request stays as it was, and xg_error_item is the index the item would have
 * had.
 */
enum xg_status xg_request_add_binding(struct xg_request *request,
                                      const char *token,
                                      const char *account,
                                      int32_t account_type,
                                      struct xg_error **error);

/**
 * xg_request_add_binding with lengths in bytes in place of NUL.
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
 * xg_request_add_token with a length in bytes in place of NUL.
 */
enum xg_status xg_request_add_token_n(struct xg_request *request,
                                      const char *token,
                                      size_t token_len,
                                      struct xg_error **error);

/**
 * Adds an item to a clear_account or a query by account; in an append, bind or
 * unbind, adds an account to the last binding.
 *
 * Errors: as xg_request_add_binding; XG_INVALID_REQUEST also when there is no
 * binding yet.
 */
enum xg_status xg_request_add_account(struct xg_request *request,
                                      const char *account,
                                      int32_t account_type,
                                      struct xg_error **error);

/**
 * xg_request_add_account with a length in bytes in place of NUL.
 */
enum xg_status xg_request_add_account_n(struct xg_request *request,
                                        const char *account,
                                        size_t account_len,
                                        int32_t account_type,
                                        struct xg_error **error);

/**
 * The number of items: that of the request. 0 for NULL.
 */
size_t xg_outcome_item_count(const struct xg_outcome *outcome);

/**
 * How many items ended in a state, one of xg_state. 0 for another number.
 */
size_t xg_outcome_state_count(const struct xg_outcome *outcome, int32_t state);

/**
 * Whether every item was accepted. false for NULL.
 */
bool xg_outcome_all_accepted(const struct xg_outcome *outcome);

/**
 * How many HTTP requests were sent, retries included.
 */
uint32_t xg_outcome_request_count(const struct xg_outcome *outcome);

/**
 * The state of an item, 0-based. XG_STATE_NONE past the end.
 */
enum xg_state xg_outcome_state(const struct xg_outcome *outcome, size_t index);

/**
 * Why an item is in its state: a stable name, such as "item_refused" or
 * "timed_out". "" past the end. Valid for ever.
 */
const char *xg_outcome_reason(const struct xg_outcome *outcome, size_t index);

/**
 * The service's return code for an item, or for the whole request where the
 * item has none of its own; 0 when accepted, -1 where there is none.
 */
int64_t xg_outcome_code(const struct xg_outcome *outcome, size_t index);

/**
 * The HTTP status of the answer that decided, or 0 where none came.
 */
int32_t xg_outcome_http_status(const struct xg_outcome *outcome, size_t index);

/**
 * How often an item was sent.
 */
uint32_t xg_outcome_attempts(const struct xg_outcome *outcome, size_t index);

/**
 * Whether the service showed an operation in time: 1 yes, 0 no, -1 where it was not
 * asked (xg_request_set_confirm_ms), or where a later item of the call works on the
 * same token or account.
 */
int32_t xg_outcome_confirmed(const struct xg_outcome *outcome, size_t index);

/**
 * How long the service asks to wait before an item is sent again (Retry-After, as it
 * says, whatever `max_backoff_ms` is), in milliseconds; -1 where it says nothing.
 */
int64_t xg_outcome_retry_after_ms(const struct xg_outcome *outcome, size_t index);

/**
 * Whether sending an item again later may end better.
 */
bool xg_outcome_is_retryable(const struct xg_outcome *outcome, size_t index);

/**
 * What happened to an item, for people; "" when accepted. Valid until the
 * outcome is freed.
 */
const char *xg_outcome_message(const struct xg_outcome *outcome, size_t index);

/**
 * The whole outcome as JSON, NUL-terminated; its length in bytes goes to *len
 * unless len is NULL. "" and 0 for NULL. Valid until the outcome is freed.
 *
 * {"counts":{…},"requests":n,"items":[{"state","reason","code"?,"http_status"?,
 * "attempts","retryable"?,"message"?,"tokens"?|"accounts"?}],"warnings":[…],
 * "extra":{…}}
 */
const char *xg_outcome_json(const struct xg_outcome *outcome, size_t *len);

/**
 * Frees an outcome. NULL is fine.
 */
void xg_outcome_free(struct xg_outcome *outcome);

/**
 * How many tokens or accounts a query found for an item.
 */
size_t xg_outcome_found_count(const struct xg_outcome *outcome, size_t index);

/**
 * The nth token that a query by account found for an item; "" where there is
 * none. Valid until the outcome is freed.
 */
const char *xg_outcome_found_token(const struct xg_outcome *outcome, size_t index, size_t nth);

/**
 * The nth account that a query by token found for an item; "" where there is
 * none. Valid until the outcome is freed.
 */
const char *xg_outcome_found_account(const struct xg_outcome *outcome,
                                     size_t index,
                                     size_t nth);

/**
 * The type of the nth account that a query by token found for an item; -1
 * where the service did not tell it.
 */
int64_t xg_outcome_found_account_type(const struct xg_outcome *outcome,
                                      size_t index,
                                      size_t nth);

/**
 * How many warnings there are: what is allowed, but should be known.
 */
size_t xg_outcome_warning_count(const struct xg_outcome *outcome);

/**
 * The stable name of a warning, such as "duplicate_account_type"; "" past the
 * end. Valid until the outcome is freed.
 */
const char *xg_outcome_warning_name(const struct xg_outcome *outcome, size_t index);

/**
 * A warning, for people; "" past the end. Valid until the outcome is freed.
 */
const char *xg_outcome_warning_message(const struct xg_outcome *outcome, size_t index);

/**
 * The item that a warning is about, 0-based; -1 where it is about the call.
 */
int64_t xg_outcome_warning_item(const struct xg_outcome *outcome, size_t index);

/**
 * A client with these options. Opens no connection and starts no thread.
 *
 * Errors: XG_INVALID_OPTION when options are missing or do not fit together.
 */
enum xg_status xg_client_new(const struct xg_config *config,
                             struct xg_client **client,
                             struct xg_error **error);

/**
 * As xg_client_new, over a transport of the caller's, which may be freed
 * afterwards.
 *
 * Errors: as xg_client_new.
 */
enum xg_status xg_client_new_with_transport(const struct xg_config *config,
                                            const struct xg_transport *transport,
                                            struct xg_client **client,
                                            struct xg_error **error);

/**
 * Signs with this secret key from the next request on, for a key that is changed while
 * the program runs. A call that is under way sends its next part, or its retry, with it.
 * The text is copied and wiped from memory when it is not needed any more; wipe your own.
 *
 * Errors: XG_INVALID_OPTION when it is empty or no header can carry it, XG_CLOSED; the
 * key from before stays then.
 */
enum xg_status xg_client_set_secret_key(const struct xg_client *client,
                                        const char *secret_key,
                                        struct xg_error **error);

/**
 * Closes idle connections and makes calls that run in other threads end soon.
 * Later calls return XG_CLOSED. NULL is fine, and so is closing twice.
 */
void xg_client_close(const struct xg_client *client);

/**
 * Frees a client. No call may run with it any more (xg_client_close makes them
 * end). NULL is fine.
 */
void xg_client_free(struct xg_client *client);

/**
 * POST /v3/device/account/batchoperate: sends the items, split at 20, and waits
 * until each has its outcome or the deadline passes. Free the outcome with
 * xg_outcome_free.
 *
 * The API is asynchronous: accepted means that the service took the task.
 *
 * Errors, before anything is sent: XG_INVALID_REQUEST, XG_CLOSED. Whatever
 * happens afterwards is in the outcome.
 */
enum xg_status xg_batch_operate(const struct xg_client *client,
                                const struct xg_request *request,
                                struct xg_outcome **outcome,
                                struct xg_error **error);

/**
 * POST /v3/device/account/query: like xg_batch_operate, with what was found for
 * each item (xg_outcome_found_…). Where nothing is bound the service refuses the
 * item: it is rejected with code XG_CODE_DOES_NOT_EXIST.
 *
 * Errors: as xg_batch_operate.
 */
enum xg_status xg_query(const struct xg_client *client,
                        const struct xg_request *request,
                        struct xg_outcome **outcome,
                        struct xg_error **error);

/**
 * Posts JSON to any other v3 path, such as "/v3/push/app", with the same
 * signing, time-outs and errors. Free the reply with xg_reply_free.
 *
 * Sent again only if it certainly had no effect: after XG_CALL_UNKNOWN it may
 * have been done, and a push that is sent again is pushed twice. Of what may be done
 * twice say so, and send what is no JSON: xg_call_with.
 *
 * Errors: XG_INVALID_ARGUMENT (path), XG_INVALID_JSON, XG_CLOSED,
 * XG_CALL_NOT_SENT, XG_CALL_UNKNOWN, XG_CALL_REJECTED.
 */
enum xg_status xg_call(const struct xg_client *client,
                       const char *path,
                       const char *json,
                       size_t json_len,
                       struct xg_reply **reply,
                       struct xg_error **error);

/**
 * xg_call for any body, with what may differ from call to call.
 *
 * content_type: such as "multipart/form-data; boundary=x" for
 * "/v3/push/package/upload"; NULL is "application/json", and then the body has to be
 * JSON. auth: "sign" or "basic" in place of the option `auth`; NULL is the option,
 * and basic for "/v3/push/package/upload", as all of its samples. repeatable: done
 * twice is as good as once (what only reads; tags and attributes, which are set; no
 * push): it is sent again like the operations on accounts, when an answer is missing
 * as well. deadline_ms: in place of the option `deadline_ms`; 0 is the option.
 *
 * Errors: as xg_call; XG_INVALID_ARGUMENT also for content_type and auth,
 * XG_INVALID_JSON for JSON only.
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
 * The body, JSON, NUL-terminated; its length in bytes goes to *len unless len
 * is NULL. "" and 0 for NULL. Valid until the reply is freed.
 */
const char *xg_reply_body(const struct xg_reply *reply, size_t *len);

/**
 * Frees a reply. NULL is fine.
 */
void xg_reply_free(struct xg_reply *reply);

/**
 * Opens an outbox with a client of its own. With the option outbox_file it opens
 * the file, or makes it, and takes up what is in it: these operations are reported
 * like any others, with the tags of the run that handed them in. What is handed in is
 * in the file about outbox_commit_ms (2 ms) later: see xg_outbox_sync.
 *
 * Errors: XG_INVALID_OPTION; XG_STORAGE when the file cannot be used: held by
 * another outbox, not ours, of a newer version, corrupt, read-only; XG_RESOURCES when
 * there is no thread for it.
 */
enum xg_status xg_outbox_open(const struct xg_config *config,
                              struct xg_outbox **outbox,
                              struct xg_error **error);

/**
 * As xg_outbox_open, over a transport of the caller's, which may be freed
 * afterwards. Its requests come on threads of the library.
 *
 * Errors: as xg_outbox_open.
 */
enum xg_status xg_outbox_open_with_transport(const struct xg_config *config,
                                             const struct xg_transport *transport,
                                             struct xg_outbox **outbox,
                                             struct xg_error **error);

/**
 * Takes nothing any more and delivers what is there, without waiting for it: for those
 * who wait in their own way (xg_outbox_flush with short times, xg_outbox_is_drained)
 * before they close. Twice is fine, and so is NULL.
 */
void xg_outbox_begin_close(const struct xg_outbox *outbox);

/**
 * Takes nothing any more, delivers what is there for up to timeout_ms, and ends.
 * Answers how many operations were left: they stay in the file, or, without
 * one, are reported with what is known of them. Reports can still be taken: a function
 * of xg_outbox_set_report_callback gets them, and this waits for it within the time.
 * "reports_waiting" of xg_outbox_stats counts those that are left.
 *
 * It takes timeout_ms and at most a second more, whatever callbacks do: see
 * xg_outbox_free. Twice is fine, and so is NULL.
 */
size_t xg_outbox_close(const struct xg_outbox *outbox, uint64_t timeout_ms);

/**
 * Frees an outbox: closes it with 2 s to deliver the rest, unless it was closed
 * before. Within 3 s, whatever its callbacks do: reports that were not brought by then
 * are lost (close it before, and "reports_waiting" of xg_outbox_stats counts them), and
 * a thread that hangs in a callback is left to itself with what it uses, for ever: its
 * context is not freed (xg_destroy_fn). Otherwise no callback runs any more when this
 * returns. Not from one of its own callbacks. NULL is fine.
 */
void xg_outbox_free(struct xg_outbox *outbox);

/**
 * Hands in: bind a token to an account in place of those that it has
 * (operator_type 2). account_type may be XG_NO_ACCOUNT_TYPE. The texts are
 * copied; this never waits and takes a fraction of a microsecond. The report with
 * this tag says what became of it.
 *
 * With outbox_file a tag must mean the same after a restart, where the next run
 * reports what this one left: the number of a row or a player, never a pointer or an
 * index into memory. xg_reports_is_recovered tells those reports apart.
 *
 * Errors: XG_FULL, XG_CLOSED, XG_INVALID_ARGUMENT, XG_INVALID_VALUE,
 * XG_INVALID_REQUEST. It was not taken then.
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
 * Hands in: remove an account from a token (operator_type 3). As
 * xg_outbox_bind_n.
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
 * Hands in: remove every account from a token (operator_type 4). As
 * xg_outbox_bind_n.
 */
enum xg_status xg_outbox_clear_token_n(const struct xg_outbox *outbox,
                                       const char *token,
                                       size_t token_len,
                                       uint64_t tag,
                                       struct xg_error **error);

/**
 * Hands in: remove every token from an account (operator_type 5). As
 * xg_outbox_bind_n.
 */
enum xg_status xg_outbox_clear_account_n(const struct xg_outbox *outbox,
                                         const char *account,
                                         size_t account_len,
                                         int32_t account_type,
                                         uint64_t tag,
                                         struct xg_error **error);

/**
 * As xg_outbox_bind_n, with NUL-terminated texts.
 */
enum xg_status xg_outbox_bind(const struct xg_outbox *outbox,
                              const char *token,
                              const char *account,
                              int32_t account_type,
                              uint64_t tag,
                              struct xg_error **error);

/**
 * As xg_outbox_unbind_n, with NUL-terminated texts.
 */
enum xg_status xg_outbox_unbind(const struct xg_outbox *outbox,
                                const char *token,
                                const char *account,
                                int32_t account_type,
                                uint64_t tag,
                                struct xg_error **error);

/**
 * As xg_outbox_clear_token_n, with a NUL-terminated text.
 */
enum xg_status xg_outbox_clear_token(const struct xg_outbox *outbox,
                                     const char *token,
                                     uint64_t tag,
                                     struct xg_error **error);

/**
 * As xg_outbox_clear_account_n, with a NUL-terminated text.
 */
enum xg_status xg_outbox_clear_account(const struct xg_outbox *outbox,
                                       const char *account,
                                       int32_t account_type,
                                       uint64_t tag,
                                       struct xg_error **error);

/**
 * Hands in every item of a request, in their order; the n-th has the tag
 * first_tag + n. The deadline of the request does not matter here.
 *
 * Errors: as xg_outbox_bind_n. With XG_FULL and XG_CLOSED the items before
 * xg_error_item were taken; with any other nothing was.
 */
enum xg_status xg_outbox_submit(const struct xg_outbox *outbox,
                                const struct xg_request *request,
                                uint64_t first_tag,
                                struct xg_error **error);

/**
 * Waits up to timeout_ms until the outbox is not full, for threads that have nothing
 * else to do; an event loop hands in again in a later round, when it has taken reports.
 * False when it is still full, and at once when it is closed, for NULL, and in a child
 * after fork. Another thread may be quicker than the hand-in that follows.
 */
bool xg_outbox_wait_not_full(const struct xg_outbox *outbox, uint64_t timeout_ms);

/**
 * Delivers what is there without lingering, and waits for it up to timeout_ms.
 * *left, unless left is NULL, is how many operations are not settled then.
 *
 * Errors: XG_CLOSED in a child after fork.
 */
enum xg_status xg_outbox_flush(const struct xg_outbox *outbox,
                               uint64_t timeout_ms,
                               size_t *left,
                               struct xg_error **error);

/**
 * Waits up to timeout_ms until everything that was handed in so far is durable, as
 * outbox_durability means it, or settled. By itself that takes about
 * outbox_commit_ms; what is not durable yet goes with the process when it is killed.
 *
 * Errors: XG_STORAGE when it is not durable: there is no file, the file failed, or
 * the time was over (xg_error_is_retryable); XG_CLOSED in a child after fork.
 */
enum xg_status xg_outbox_sync(const struct xg_outbox *outbox,
                              uint64_t timeout_ms,
                              struct xg_error **error);

/**
 * Signs with this secret key from the next attempt on, without closing, for a key that
 * is changed while the program runs. While sending is paused because the key was
 * refused, the next attempt comes within the option max_backoff_ms. The text is copied
 * and wiped from memory when it is not needed any more; wipe your own.
 *
 * Errors: as xg_client_set_secret_key.
 */
enum xg_status xg_outbox_set_secret_key(const struct xg_outbox *outbox,
                                        const char *secret_key,
                                        struct xg_error **error);

/**
 * Moves reports into a buffer, in place of those that were in it, and waits up
 * to timeout_ms for the first one; answers how many. 0 as well for NULL, after
 * the end and in a child after fork.
 */
size_t xg_outbox_poll(const struct xg_outbox *outbox,
                      struct xg_reports *reports,
                      uint64_t timeout_ms);

/**
 * Whether no report will come any more: it is closed, and all were taken. True as
 * well for NULL and in a child after fork. A loop of xg_outbox_poll ends with it.
 */
bool xg_outbox_is_drained(const struct xg_outbox *outbox);

/**
 * A file descriptor that is readable while reports wait, and after the end, for
 * poll, epoll or select. It belongs to the outbox: do not read or close it. -1
 * where there is none: for NULL, and when the limit of descriptors is reached (ulimit
 * -n). Reports can be polled then, and a later call may succeed.
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
 * again. No line contains the secret key. NULL removes it. When this returns the
 * callback that was there before does not run any more, unless its last call takes
 * longer than a second.
 */
void xg_outbox_set_log_callback(const struct xg_outbox *outbox,
                                xg_log_fn function,
                                void *context);

/**
 * A buffer for at most this many reports (1 to 1000000).
 *
 * Errors: XG_INVALID_ARGUMENT for another number.
 */
enum xg_status xg_reports_new(size_t capacity,
                              struct xg_reports **reports,
                              struct xg_error **error);

/**
 * Tells, from a function of xg_outbox_set_report_callback, that it failed: xgpush.hpp does so
 * with an exception. It is counted ("callback_failures") and logged with the text, which
 * may be NULL. The reports count as taken. In any other buffer it does nothing.
 */
void xg_reports_record_failure(const struct xg_reports *reports, const char *why);

/**
 * Frees a buffer. NULL is fine.
 */
void xg_reports_free(struct xg_reports *reports);

/**
 * How many reports are in the buffer.
 */
size_t xg_reports_count(const struct xg_reports *reports);

/**
 * The number that was given with the operation, by an earlier run if
 * xg_reports_is_recovered; 0 past the end.
 */
uint64_t xg_reports_tag(const struct xg_reports *reports, size_t index);

/**
 * Whether an earlier run handed the operation in, and the file brought it back: then
 * the tag is of that run. false past the end.
 */
bool xg_reports_is_recovered(const struct xg_reports *reports, size_t index);

/**
 * Whether it is the one final report of its operation. Otherwise it says that
 * the operation is in the file now (option outbox_durable_notices).
 */
bool xg_reports_is_final(const struct xg_reports *reports, size_t index);

/**
 * The state of a final report; XG_STATE_NONE otherwise and past the end.
 */
enum xg_state xg_reports_state(const struct xg_reports *reports, size_t index);

/**
 * Why it is in its state: a stable name of docs/reasons.md, such as
 * "superseded"; "" where there is none. Valid for ever.
 */
const char *xg_reports_reason(const struct xg_reports *reports, size_t index);

/**
 * The service's code, as xg_outcome_code; -1 where there is none.
 */
int64_t xg_reports_code(const struct xg_reports *reports, size_t index);

/**
 * The HTTP status of the answer that decided; 0 where none came.
 */
int32_t xg_reports_http_status(const struct xg_reports *reports, size_t index);

/**
 * How often the operation was sent. What an earlier run may have sent counts one
 * for that.
 */
uint32_t xg_reports_attempts(const struct xg_reports *reports, size_t index);

/**
 * When the operation was handed in, in milliseconds since 1970-01-01 UTC.
 */
uint64_t xg_reports_submitted_ms(const struct xg_reports *reports, size_t index);

/**
 * When this became so, in milliseconds since 1970-01-01 UTC.
 */
uint64_t xg_reports_timestamp_ms(const struct xg_reports *reports, size_t index);

/**
 * What happened, for people; "" when accepted. Valid until the buffer is filled
 * again or freed.
 */
const char *xg_reports_message(const struct xg_reports *reports, size_t index);

/**
 * What waits in an outbox, in the order of the hand-ins: of a token, of an account (of
 * any type), of both, or all where both are NULL; at most so many. It answers why
 * somebody's phone is not bound. A look goes through everything that waits: it is for
 * people rather than for each tick. For a file that no outbox holds there is the command
 * `xgpush outbox show`.
 *
 * Errors: XG_CLOSED; XG_CALL_UNKNOWN when the outbox's thread does not answer within
 * timeout_ms.
 */
enum xg_status xg_outbox_list_pending(const struct xg_outbox *outbox,
                                      const char *token,
                                      const char *account,
                                      size_t max_count,
                                      uint64_t timeout_ms,
                                      struct xg_pending **pending,
                                      struct xg_error **error);

/**
 * How many operations. 0 for NULL.
 */
size_t xg_pending_count(const struct xg_pending *pending);

/**
 * The operations as a JSON array, NUL-terminated; its length in bytes goes to *len unless
 * len is NULL. Each has "tag", "operation" (such as "bind"), "token", "accounts"
 * ([{"account","account_type"}]), "handed_in_ms", "state" ("behind": an earlier one on its
 * token or accounts comes first; "ready": to be sent, or sent again; "sending"; "settling":
 * decided, and the file has to forget it), "durable", "maybe_sent", "attempts", and of the
 * last attempt "reason" (docs/reasons.md, or null) and "message". Valid until it is freed;
 * "" and 0 for NULL.
 */
const char *xg_pending_json(const struct xg_pending *pending, size_t *len);

/**
 * Frees a look. NULL is fine.
 */
void xg_pending_free(struct xg_pending *pending);

/**
 * The numbers of an outbox, as they are now. Free them with xg_stats_free.
 *
 * Errors: XG_INVALID_ARGUMENT for NULL.
 */
enum xg_status xg_outbox_stats(const struct xg_outbox *outbox,
                               struct xg_stats **stats,
                               struct xg_error **error);

/**
 * One number by its name; 0 for another name and for NULL.
 *
 * Counters: "handed_in", "full" (refused because there was no room), "recovered"
 * (brought back by a file), "durable" (stored); by their final reports "accepted",
 * "rejected", "unknown", "not_sent" and "superseded"; "requests" (HTTP requests),
 * "sent" (operations in them), "retries" (operations put back to be sent again),
 * "throttled" (requests answered with "too fast"), "failures" (requests that failed as
 * a whole), "store_failures", "not_durable" (operations in memory only, because the store
 * failed), "resource_failures" (the system gave no thread to send with),
 * "callback_failures" (xg_reports_record_failure), and "latency_ms_sum" (from hand-in to
 * the final report).
 *
 * As they are now: "open" (handed in and not settled), "in_flight" (requests on the
 * wire), "ready" (requests that lie ready for a thread), "bytes"
 * (of tokens and accounts), "oldest_ms" (how long the oldest one waits),
 * "breaker_open" (1 while sending is paused after failures in a row), "room"
 * (how many operations would be taken, as far as their number goes) and
 * "reports_waiting" (reports that nobody took).
 */
uint64_t xg_stats_value(const struct xg_stats *stats, const char *name);

/**
 * The numbers as one JSON object, NUL-terminated; its length in bytes goes to
 * *len unless len is NULL. "" and 0 for NULL. Valid until the numbers are freed.
 */
const char *xg_stats_json(const struct xg_stats *stats, size_t *len);

/**
 * Puts the numbers of another outbox on the page of these: xg_stats_prometheus has both
 * then. Two pages one after the other would say the same names twice, which is no valid
 * page. What xg_stats_prometheus returned before is not valid any more.
 */
void xg_stats_prometheus_add(struct xg_stats *stats, const struct xg_stats *other);

/**
 * The numbers in the text format that Prometheus reads, with the label "outbox": the
 * option outbox_name, or the access id. As xg_stats_json.
 */
const char *xg_stats_prometheus(const struct xg_stats *stats, size_t *len);

/**
 * What fails in the background, as the log was told of it (xg_outbox_set_log_callback): why
 * sending is paused, that the file cannot be written, that there is no thread. "" while
 * all is well, and for NULL. Valid until the numbers are freed. For languages in which
 * a foreign thread may bring no line.
 */
const char *xg_stats_trouble(const struct xg_stats *stats);

/**
 * Frees numbers. NULL is fine.
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
 * How many headers there are.
 */
size_t xg_http_request_header_count(const struct xg_http_request *request);

/**
 * The name of a header, 0-based; "" past the end. Valid until the request is
 * freed.
 */
const char *xg_http_request_header_name(const struct xg_http_request *request, size_t index);

/**
 * The value of a header, 0-based; "" past the end. Valid until the request is
 * freed. With Basic authentication one of them is the secret itself.
 */
const char *xg_http_request_header_value(const struct xg_http_request *request, size_t index);

/**
 * The body, NUL-terminated; its length in bytes goes to *len unless len is
 * NULL. These very bytes are signed: send them unchanged. "" and 0 for NULL.
 * Valid until the request is freed.
 */
const char *xg_http_request_body(const struct xg_http_request *request, size_t *len);

/**
 * Frees an HTTP request. NULL is fine.
 */
void xg_http_request_free(struct xg_http_request *request);

/**
 * A transport: perform is called with each request and with context; free, which
 * may be NULL, once with context when the transport, everything that was made
 * over it and every transfer are gone.
 *
 * Errors: XG_INVALID_ARGUMENT when perform is NULL.
 */
enum xg_status xg_transport_new(xg_perform_fn perform,
                                xg_destroy_fn destroy,
                                void *context,
                                struct xg_transport **transport,
                                struct xg_error **error);

/**
 * Frees a transport; what was made over it goes on. NULL is fine.
 */
void xg_transport_free(struct xg_transport *transport);

/**
 * What to send; NULL for NULL. It belongs to the transfer and is not freed.
 */
const struct xg_http_request *xg_transfer_request(const struct xg_transfer *transfer);

/**
 * For how many milliseconds somebody waits for the answer; 0 when nobody does, and
 * for NULL.
 */
uint64_t xg_transfer_timeout_ms(const struct xg_transfer *transfer);

/**
 * The most bytes that the body of the response may have: the option
 * max_response_bytes. 0 for NULL.
 */
size_t xg_transfer_max_response_bytes(const struct xg_transfer *transfer);

/**
 * Whether the request may reach the service twice: a stack that sends it again
 * when an idle connection turns out to be closed must not do so otherwise, and tells
 * by xg_transfer_set_replayed when it did.
 */
bool xg_transfer_is_repeatable(const struct xg_transfer *transfer);

/**
 * Whether nobody waits for the answer any more: the time is over, or the call was
 * ended (which is not seen while the function of the transport itself waits). The
 * stack may give the request up then; the transfer is to be ended all the same. True
 * for NULL.
 */
bool xg_transfer_is_abandoned(const struct xg_transfer *transfer);

/**
 * Tells, before the transfer ends, that the stack may have sent the request twice: a
 * refusal of the second one does not say what became of the first.
 */
void xg_transfer_set_replayed(struct xg_transfer *transfer);

/**
 * Takes note of a header of the response, before xg_transfer_finish. Date and
 * Retry-After have a meaning here; of every other one nothing is kept.
 */
void xg_transfer_add_header(struct xg_transfer *transfer, const char *name, const char *value);

/**
 * Ends a transfer with the response, and frees it. What is no HTTP status, or a
 * body of NULL with a length, counts as no response.
 */
void xg_transfer_finish(struct xg_transfer *transfer,
                        int32_t http_status,
                        const void *body,
                        size_t body_len);

/**
 * Ends a transfer without a response, and frees it. kind is one of xg_send_error
 * (any other number counts as XG_SEND_LOST); sent says whether any byte of the
 * request may have left: if so, its operations are unknown rather than not sent.
 * message may be NULL.
 */
void xg_transfer_fail(struct xg_transfer *transfer,
                      int32_t kind,
                      bool sent,
                      const char *message);

/**
 * Checks a request and splits it for a config. Neither is needed afterwards.
 *
 * Parts are numbered from 0 and ordered by wave: begin with a wave when every
 * part of the wave before has its answer, so that no operation overtakes an
 * earlier one on the same token or account.
 *
 * Errors: XG_INVALID_OPTION, XG_INVALID_REQUEST.
 */
enum xg_status xg_exchange_new(const struct xg_config *config,
                               const struct xg_request *request,
                               struct xg_exchange **exchange,
                               struct xg_error **error);

/**
 * How many HTTP requests it takes, retries not counted. 0 for NULL.
 */
size_t xg_exchange_part_count(const struct xg_exchange *exchange);

/**
 * The wave of a part, from 0.
 *
 * Errors: XG_INVALID_ARGUMENT for a part that is not there.
 */
enum xg_status xg_exchange_wave(struct xg_exchange *exchange,
                                size_t part,
                                uint32_t *wave,
                                struct xg_error **error);

/**
 * The HTTP request of a part, signed for this time (seconds since 1970-01-01
 * UTC); *request is NULL when there is nothing (more) to send now. After an answer
 * it has those items that are worth another attempt. Free it with
 * xg_http_request_free.
 *
 * Errors: XG_INVALID_ARGUMENT for a part that is not there.
 */
enum xg_status xg_exchange_http_request(struct xg_exchange *exchange,
                                        size_t part,
                                        int64_t unix_seconds,
                                        struct xg_http_request **request,
                                        struct xg_error **error);

/**
 * Reads the response to the last HTTP request of a part. date and retry_after
 * are the headers of these names, or NULL.
 *
 * Errors: XG_INVALID_ARGUMENT, also when the part waits for no answer.
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
 * Takes note that the last HTTP request of a part got no whole response. kind
 * is one of xg_send_error; sent says whether any byte of the request may have
 * left.
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
 * What became of every item. The exchange is finished then and takes nothing
 * more; free it all the same.
 *
 * Errors: XG_INVALID_ARGUMENT when it was finished before.
 */
enum xg_status xg_exchange_finish(struct xg_exchange *exchange,
                                  struct xg_outcome **outcome,
                                  struct xg_error **error);

/**
 * Frees an exchange. NULL is fine.
 */
void xg_exchange_free(struct xg_exchange *exchange);

/**
 * The stable name of a state, such as "accepted"; "" for a number that is none.
 * Valid for ever.
 */
const char *xg_state_name(int32_t state);

/**
 * The stable name of a status, such as "invalid_value" or "ok"; "" for a number that
 * is none. Valid for ever.
 */
const char *xg_status_name(int32_t status);

/**
 * The whole table as JSON, for the authors of bindings, NUL-terminated; its
 * length in bytes goes to *len unless len is NULL. An array by number of
 * {"code","meaning","meaning_zh","fault","retry","advice","advice_zh"}, where
 * …_zh is the same in Chinese. Valid for ever: do not free it.
 */
const char *xg_codes_json(size_t *len);

/**
 * How many return codes the documents have.
 */
size_t xg_code_count(void);

/**
 * The number of a return code, 0-based by number; -1 past the end.
 */
int64_t xg_code_number(size_t index);

/**
 * What it means, in English; "" past the end. Valid for ever, as all texts of
 * the table.
 */
const char *xg_code_meaning(size_t index);

/**
 * Whose mistake it is: "none", "request", "item", "configuration", "service"
 * or "rate".
 */
const char *xg_code_fault(size_t index);

/**
 * Whether a retry is worth it: "never", "backoff", "throttle" or "per_element".
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

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

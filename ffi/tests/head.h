/* xgpush: account binding, unbinding and look-up at Tencent Push Notification
 * Service (TPNS, formerly XG), with an outcome for every single item.
 *
 * Generated from ffi/src: do not edit.
 *
 * Link      cc app.c -lxgpush. The library needs libc and libgcc_s only.
 * Begin     xg_abi_check(XG_ABI_VERSION, &error); then xg_config_new,
 *           xg_config_set, xg_client_new. Make one client and keep it.
 * Calls     xg_batch_operate and xg_query block until every item has its outcome
 *           or the deadline passes. XG_OK says that there is an outcome: look at
 *           its items. Any other status says that nothing was sent.
 * Threads   A handle that a function takes as const may be used by several
 *           threads at once, an xg_client by any number of them. A handle that
 *           is taken without const belongs to one thread during the call. The
 *           library starts no thread of its own; the option parallel and the
 *           look-up of a name start short-lived ones within a call, and an
 *           xg_outbox has its own until it is closed.
 * Lifetime  What a function hands out through a pointer to a pointer is the
 *           caller's: free it with the function of its type; NULL is fine. A
 *           text (const char *) belongs to the handle that it came from and is
 *           valid until that handle is freed. What a caller passes in is copied.
 * Errors    Every function that can fail returns xg_status and takes an
 *           xg_error ** as its last argument, which may be NULL. It is written
 *           only on failure, outputs only on success. Set it to NULL before.
 * Texts     UTF-8, NUL-terminated, or with a length in functions that end in _n.
 * Panics    stop at the boundary: XG_INTERNAL, or the stated default.
 * Fork      In a child the parent's clients and outboxes answer XG_CLOSED, and
 *           freeing them does the parent no harm.
 * Signals   None is handled or blocked, and writing raises no SIGPIPE.
 * ABI       Within one XG_ABI_VERSION functions and numbers are added, never
 *           changed or removed. SONAME libxgpush.so.0.
 */

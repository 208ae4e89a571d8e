/// @file
/// xgpush for C++17: xgpush.h with RAII, std::string_view and exceptions. Header only; link
/// with -lxgpush.
///
///     xgpush::config config;
///     config.set("access_id", "1500001048").set("secret_key", "…");
///     config.set("access_point", "guangzhou");
///     xgpush::client client(config);
///     auto outcome = client.batch_operate(xgpush::request(XG_BIND).add("token", "player"));
///     for (auto item : outcome)
///       if (!item.accepted()) std::cerr << item.message() << '\n';
///
/// Without exceptions (-fno-exceptions, or XGPUSH_NO_EXCEPTIONS defined before the include)
/// functions that can fail return a result: a value or an error. An object whose
/// constructor or setter failed keeps that error (failed()), and so does every call with it:
///
///     auto outcome = client.batch_operate(request);
///     if (!outcome.ok()) return log(outcome.error().what());
///
/// Threads: as in xgpush.h. Threads may share a client and an outbox, and read one outcome;
/// everything else belongs to one thread at a time. Returned strings are NUL-terminated and
/// live as long as the object they came from.

#ifndef XGPUSH_HPP
#define XGPUSH_HPP

#include "xgpush_base.hpp"

#include <type_traits>

namespace xgpush {
inline namespace XGPUSH_ERRORS {

/// Fails unless the library can serve this header.
inline result<std::monostate> check_abi() {
  return detail::done(detail::call(xg_abi_check, std::uint32_t{XG_ABI_VERSION}));
}

/// Options, set by name; docs/options.md lists them.
class config : public detail::handle<xg_config, xg_config_free> {
 public:
  config() : handle(xg_config_new()) {}

  config& set(std::string_view name, std::string_view value) {
    note(detail::call(xg_config_set, get(), std::string(name).c_str(), std::string(value).c_str()));
    return *this;
  }
  /// Sets options from the environment: XGPUSH_ACCESS_ID and so on.
  config& set_from_env() { return note(detail::call(xg_config_set_from_env, get())), *this; }
};

/// A request made with this keeps its first error (failed()) instead of throwing it: for
/// game loops, where tokens and accounts come from clients.
///
///     xgpush::request login(XG_BIND, xgpush::keep_errors);
///     login.add(token, account).add_account(mail, 3);
///     if (const auto sent = outbox.submit(login, tag); !sent) log(sent.message());
inline constexpr detail::keep_errors_t keep_errors{};

/// A request with any number of items: see xg_request_new.
class request : public detail::handle<xg_request, xg_request_free> {
 public:
  using handle::handle;
  explicit request(xg_action action) { open(xg_request_new, static_cast<std::int32_t>(action)); }
  request(xg_action action, detail::keep_errors_t) {
    handle::keep_errors();
    open(xg_request_new, static_cast<std::int32_t>(action));
  }
  /// From the documented JSON of batchoperate.
  [[nodiscard]] static result<request> batch_from_json(std::string_view json) {
    return detail::make<request>({}, xg_request_batch_from_json, json.data(), json.size());
  }
  [[nodiscard]] static result<request> query_from_json(std::string_view json) {
    return detail::make<request>({}, xg_request_query_from_json, json.data(), json.size());
  }

  /// A token with its first account (append, bind, unbind).
  request& add(std::string_view token, std::string_view account,
               std::int32_t account_type = XG_NO_ACCOUNT_TYPE) & {
    note(detail::call(xg_request_add_binding_n, get(), token.data(), token.size(), account.data(),
                      account.size(), account_type));
    return *this;
  }
  /// The same for a temporary.
  request&& add(std::string_view token, std::string_view account,
                std::int32_t account_type = XG_NO_ACCOUNT_TYPE) && {
    return std::move(add(token, account, account_type));
  }
  /// A token (clear_token, query by token).
  request& add_token(std::string_view token) & {
    return note(detail::call(xg_request_add_token_n, get(), token.data(), token.size())), *this;
  }
  /// The same for a temporary.
  request&& add_token(std::string_view token) && { return std::move(add_token(token)); }
  /// An account (clear_account, query by account), or another one of the last token.
  request& add_account(std::string_view account, std::int32_t type = XG_NO_ACCOUNT_TYPE) & {
    note(detail::call(xg_request_add_account_n, get(), account.data(), account.size(), type));
    return *this;
  }
  /// The same for a temporary.
  request&& add_account(std::string_view account, std::int32_t type = XG_NO_ACCOUNT_TYPE) && {
    return std::move(add_account(account, type));
  }
  /// "android" or "ios": older protocol versions only.
  request& set_platform(std::string_view platform) {
    return note(detail::call(xg_request_set_platform, get(), std::string(platform).c_str())), *this;
  }
  /// op_type and op_id: protocol `xg_v3` only. nullptr leaves one unchanged.
  request& set_operator(const char* op_type, const char* op_id) {
    return note(detail::call(xg_request_set_operator, get(), op_type, op_id)), *this;
  }
  /// The deadline of calls with this request, instead of the option deadline_ms. 0 and less
  /// mean 1 ms.
  request& set_deadline(std::chrono::milliseconds deadline) {
    const auto count = detail::count(deadline);
    return note(detail::call(xg_request_set_deadline_ms, get(), count > 0 ? count : 1)), *this;
  }
  /// Queries after the call, for up to this time, until the service shows what it accepted.
  request& set_confirm(std::chrono::milliseconds time) {
    return note(detail::call(xg_request_set_confirm_ms, get(), detail::count(time))), *this;
  }
  [[nodiscard]] std::size_t size() const noexcept { return xg_request_item_count(get()); }
};

/// The result of one item. Valid as long as its outcome.
class item {
 public:
  /// The item of an outcome at an index.
  item(const xg_outcome* of, std::size_t index) noexcept : of_(of), n_(index) {}

  /// Its 0-based index.
  [[nodiscard]] std::size_t index() const noexcept { return n_; }
  [[nodiscard]] xg_state state() const noexcept { return xg_outcome_state(of_, n_); }
  /// Whether its state is XG_STATE_ACCEPTED.
  [[nodiscard]] bool accepted() const noexcept { return state() == XG_STATE_ACCEPTED; }
  /// The name of the state: "accepted", "rejected", "unknown" or "not_sent".
  [[nodiscard]] std::string_view state_name() const noexcept { return xg_state_name(state()); }
  [[nodiscard]] std::string_view reason() const noexcept { return xg_outcome_reason(of_, n_); }
  [[nodiscard]] std::int64_t code() const noexcept { return xg_outcome_code(of_, n_); }
  [[nodiscard]] int http_status() const noexcept { return xg_outcome_http_status(of_, n_); }
  [[nodiscard]] std::uint32_t attempts() const noexcept { return xg_outcome_attempts(of_, n_); }
  [[nodiscard]] bool is_retryable() const noexcept { return xg_outcome_is_retryable(of_, n_); }
  /// How long the service asks to wait before the next attempt, in ms, or -1.
  [[nodiscard]] std::int64_t retry_after_ms() const noexcept {
    return xg_outcome_retry_after_ms(of_, n_);
  }
  /// Whether a query showed it in time: 1 or 0; -1 if there was none.
  [[nodiscard]] int confirmed() const noexcept { return xg_outcome_confirmed(of_, n_); }
  [[nodiscard]] std::string_view message() const noexcept { return xg_outcome_message(of_, n_); }
  /// How many tokens or accounts a query found.
  [[nodiscard]] std::size_t found_count() const noexcept { return xg_outcome_found_count(of_, n_); }
  [[nodiscard]] std::string_view found_token(std::size_t nth) const noexcept {
    return xg_outcome_found_token(of_, n_, nth);
  }
  [[nodiscard]] std::string_view found_account(std::size_t nth) const noexcept {
    return xg_outcome_found_account(of_, n_, nth);
  }
  [[nodiscard]] std::int64_t found_account_type(std::size_t nth) const noexcept {
    return xg_outcome_found_account_type(of_, n_, nth);
  }

 private:
  const xg_outcome* of_;
  std::size_t n_;
};

/// The results of a call, one per item, in the order of the items.
class outcome : public detail::handle<xg_outcome, xg_outcome_free> {
 public:
  /// Over the items.
  using iterator = detail::iterator<xg_outcome, item>;
  using handle::handle;

  [[nodiscard]] std::size_t size() const noexcept { return xg_outcome_item_count(get()); }
  /// The item at an index.
  [[nodiscard]] item operator[](std::size_t index) const noexcept { return {get(), index}; }
  /// The first element.
  [[nodiscard]] iterator begin() const noexcept { return {get(), 0}; }
  /// Past the last element.
  [[nodiscard]] iterator end() const noexcept { return {get(), size()}; }
  [[nodiscard]] std::size_t count(xg_state state) const noexcept {
    return xg_outcome_state_count(get(), state);
  }
  [[nodiscard]] bool all_accepted() const noexcept { return xg_outcome_all_accepted(get()); }
  [[nodiscard]] std::uint32_t request_count() const noexcept {
    return xg_outcome_request_count(get());
  }
  /// A warning about what is allowed but often a mistake; item is -1 for the whole call.
  struct warning {
    std::string_view name;     ///< Stable, such as "duplicate_account_type".
    std::string_view message;  ///< For people.
    std::int64_t item;         ///< Its 0-based index, or -1.
  };
  [[nodiscard]] std::size_t warning_count() const noexcept {
    return xg_outcome_warning_count(get());
  }
  [[nodiscard]] warning warning_at(std::size_t nth) const noexcept {
    return {xg_outcome_warning_name(get(), nth), xg_outcome_warning_message(get(), nth),
            xg_outcome_warning_item(get(), nth)};
  }
  [[nodiscard]] std::string json() const { return detail::text(xg_outcome_json, get()); }
};

/// A successful response of another endpoint: JSON with ret_code 0.
class reply : public detail::handle<xg_reply, xg_reply_free> {
 public:
  using handle::handle;
  [[nodiscard]] int http_status() const noexcept { return xg_reply_http_status(get()); }
  [[nodiscard]] std::string body() const { return detail::text(xg_reply_body, get()); }
};

/// One HTTP request that a transport carries. End it once, on any thread. A transfer that
/// is destroyed before counts as a lost connection.
class transfer {
 public:
  /// Takes a transfer over.
  explicit transfer(xg_transfer* taken) noexcept : raw_(taken) {}
  /// The handle, for functions of xgpush.h.
  [[nodiscard]] xg_transfer* get() const noexcept { return raw_.get(); }
  [[nodiscard]] const xg_http_request* request() const noexcept {
    return xg_transfer_request(get());
  }
  void finish(int http_status, std::string_view body) noexcept {
    xg_transfer_finish(raw_.release(), http_status, body.data(), body.size());
  }
  void fail(xg_send_error kind, bool sent, const char* message) noexcept {
    xg_transfer_fail(raw_.release(), kind, sent, message);
  }

 private:
  struct dropped {
    void operator()(xg_transfer* left) const noexcept {
      xg_transfer_fail(left, XG_SEND_LOST, true,
                       std::uncaught_exceptions() > 0 ? "an exception left the transport"
                                                      : "the transport dropped the request");
    }
  };
  std::unique_ptr<xg_transfer, dropped> raw_;
};

/// Your own HTTP: a function object that takes a transfer, called on every thread that
/// makes calls. If it throws, the transfer counts as a lost connection after sending; the
/// exception goes no further.
class transport : public detail::handle<xg_transport, xg_transport_free> {
 public:
  /// Sends one request: see xg_perform_fn.
  using perform = std::function<void(transfer)>;
  using handle::handle;
  explicit transport(perform stack) {
    const xg_perform_fn call = [](xg_transfer* taken, void* held) noexcept {
      detail::guarded([&] { (*static_cast<perform*>(held))(transfer(taken)); },
                      [](const char*) {});
    };
    const xg_destroy_fn free = [](void* held) noexcept { delete static_cast<perform*>(held); };
    auto kept = std::make_unique<perform>(std::move(stack));
    const bool empty = !*kept;  // refused as NULL is
    open(xg_transport_new, empty ? nullptr : call, free, static_cast<void*>(kept.get()));
    if (!failed()) kept.release();
  }
};

/// Settings of one xgpush::client::call; empty and zero mean the default. See xg_call_with.
struct call_options {
  std::string content_type{};             ///< Empty: application/json.
  std::string auth{};                     ///< "sign" or "basic"; empty: the option `auth`.
  bool repeatable = false;                ///< Whether doing it twice is as good as once.
  std::chrono::milliseconds deadline{0};  ///< 0: the option `deadline_ms`.
};

/// Blocking calls for one application. Share it between threads by reference.
class client : public detail::handle<xg_client, xg_client_free> {
 public:
  explicit client(const config& options) {
    note(options.failed());
    open(xg_client_new, options.get());
  }
  client(const config& options, const transport& over) {
    note(options.failed() ? options.failed() : over.failed());
    open(xg_client_new_with_transport, options.get(), over.get());
  }
  /// Blocks until every item has a result or the deadline passes: see xg_batch_operate.
  [[nodiscard]] result<outcome> batch_operate(const request& items) const {
    return detail::make<outcome>(failed_with(items), xg_batch_operate, get(), items.get());
  }
  [[nodiscard]] result<outcome> query(const request& items) const {
    return detail::make<outcome>(failed_with(items), xg_query, get(), items.get());
  }
  /// Posts JSON to any other v3 path: see xg_call.
  [[nodiscard]] result<reply> call(std::string_view path, std::string_view json) const {
    return detail::make<reply>(failed(), xg_call, get(), std::string(path).c_str(), json.data(),
                               json.size());
  }
  /// Signs with this key from the next HTTP request on.
  result<std::monostate> set_secret_key(std::string_view key) const {
    auto why = failed();
    if (!why) why = detail::call(xg_client_set_secret_key, get(), std::string(key).c_str());
    return detail::done(why);
  }
  /// Posts any body, with per-call settings: see xg_call_with.
  [[nodiscard]] result<reply> call(std::string_view path, std::string_view body,
                                   const call_options& how) const {
    const auto text = [](const std::string& given) {
      return given.empty() ? nullptr : given.c_str();
    };
    return detail::make<reply>(failed(), xg_call_with, get(), std::string(path).c_str(),
                               body.data(), body.size(), text(how.content_type), text(how.auth),
                               how.repeatable, detail::count(how.deadline));
  }
  /// Ends running calls within about 50 ms; later ones fail.
  void close() const noexcept { xg_client_close(get()); }
};

/// One report. Valid until the next poll into its buffer.
class report {
 public:
  /// The report of a buffer at an index.
  report(const xg_reports* of, std::size_t nth) noexcept : of_(of), n_(nth) {}

  [[nodiscard]] std::uint64_t tag() const noexcept { return xg_reports_tag(of_, n_); }
  /// Not submitted by this outbox: the tag is an earlier run's, or another process's of the
  /// group. See xg_reports_is_recovered.
  [[nodiscard]] bool is_recovered() const noexcept { return xg_reports_is_recovered(of_, n_); }
  /// False: the report says that the operation is durable (outbox_durable_notices).
  [[nodiscard]] bool is_final() const noexcept { return xg_reports_is_final(of_, n_); }
  [[nodiscard]] xg_state state() const noexcept { return xg_reports_state(of_, n_); }
  [[nodiscard]] std::string_view state_name() const noexcept { return xg_state_name(state()); }
  /// Whether its state is XG_STATE_ACCEPTED.
  [[nodiscard]] bool accepted() const noexcept { return state() == XG_STATE_ACCEPTED; }
  [[nodiscard]] std::string_view reason() const noexcept { return xg_reports_reason(of_, n_); }
  [[nodiscard]] std::int64_t code() const noexcept { return xg_reports_code(of_, n_); }
  [[nodiscard]] int http_status() const noexcept { return xg_reports_http_status(of_, n_); }
  [[nodiscard]] std::uint32_t attempts() const noexcept { return xg_reports_attempts(of_, n_); }
  /// When it was submitted, in milliseconds since 1970-01-01 UTC.
  [[nodiscard]] std::uint64_t submitted_ms() const { return xg_reports_submitted_ms(of_, n_); }
  /// When it reached its state, likewise.
  [[nodiscard]] std::uint64_t timestamp_ms() const noexcept {
    return xg_reports_timestamp_ms(of_, n_);
  }
  [[nodiscard]] std::string_view message() const noexcept { return xg_reports_message(of_, n_); }

 private:
  const xg_reports* of_;
  std::size_t n_;
};

/// A buffer of reports. Reuse it.
class reports : public detail::handle<xg_reports, xg_reports_free> {
 public:
  /// Over the reports.
  using iterator = detail::iterator<xg_reports, report>;
  explicit reports(std::size_t capacity = 256) { open(xg_reports_new, capacity); }

  [[nodiscard]] std::size_t size() const noexcept { return xg_reports_count(get()); }
  /// The report at an index.
  [[nodiscard]] report operator[](std::size_t nth) const noexcept { return {get(), nth}; }
  /// The first element.
  [[nodiscard]] iterator begin() const noexcept { return {get(), 0}; }
  /// Past the last element.
  [[nodiscard]] iterator end() const noexcept { return {get(), size()}; }
};

/// The numbers of an outbox, as of the call that took them.
class stats : public detail::handle<xg_stats, xg_stats_free> {
 public:
  using handle::handle;
  /// One number by its name in xg_stats_value, such as "open"; 0 for an unknown name.
  [[nodiscard]] std::uint64_t value(std::string_view name) const {
    return xg_stats_value(get(), std::string(name).c_str());
  }
  /// What fails in the background now; "" if all is well.
  [[nodiscard]] std::string_view trouble() const noexcept { return xg_stats_trouble(get()); }
  [[nodiscard]] std::string json() const { return detail::text(xg_stats_json, get()); }
  /// Adds the numbers of another outbox to the page.
  void prometheus_add(const stats& other) noexcept { xg_stats_prometheus_add(get(), other.get()); }
  [[nodiscard]] std::string prometheus() const { return detail::text(xg_stats_prometheus, get()); }
};

/// The result of submitting to an outbox: taken, full, or refused with a reason. Nothing is
/// thrown: tokens and accounts come from clients, and a game loop must go on.
///
///     const auto sent = outbox.bind(token, account, tag);
///     if (sent.is_full()) later.push_back(tag);               // try again later
///     else if (!sent) log(sent.reason(), sent.message());     // never will be taken
class [[nodiscard]] submission {
 public:
  /// Whether all of it was taken. The report with the tag has the result.
  explicit operator bool() const noexcept { return status_ == XG_OK; }
  /// Not taken, because the outbox is full now.
  [[nodiscard]] bool is_full() const noexcept { return status_ == XG_FULL; }
  /// How many operations were taken: the items before the one that was not.
  [[nodiscard]] std::size_t taken() const noexcept { return taken_; }
  /// XG_OK, or why it was not taken.
  [[nodiscard]] xg_status status() const noexcept { return status_; }
  /// The name of the status, such as "full", "closed" or "invalid_value"; "ok".
  [[nodiscard]] const char* reason() const noexcept { return xg_status_name(status_); }
  /// A description for people; "" if it was taken. Valid as long as this object.
  [[nodiscard]] const char* message() const noexcept {
    return why_ ? xg_error_message(why_.get()) : before_ ? before_->what() : "";
  }

 private:
  friend class outbox;
  struct deleter {
    void operator()(xg_error* held) const noexcept { xg_error_free(held); }
  };
  explicit submission(const error& before) noexcept : status_(before.status()), before_(before) {}
  submission(xg_status status, xg_error* why, std::size_t whole) noexcept
      : status_(status), why_(why), taken_(status == XG_OK ? whole : 0) {
    if (status == XG_FULL || status == XG_CLOSED) {
      const auto first = xg_error_item(why);
      if (first > 0) taken_ = static_cast<std::size_t>(first);
    }
  }

  xg_status status_;
  std::unique_ptr<xg_error, deleter> why_;
  std::optional<error> before_;
  std::size_t taken_ = 0;
};

/// Background delivery. Submitting never waits and never throws. Share it between threads by
/// reference. The destructor closes it with 2 s for delivery, and takes at most 3 s even if
/// callbacks hang: see xg_outbox_free. With outbox_file or outbox_url a tag must mean the same
/// after a restart: no pointers (see xg_outbox_bind).
class outbox : public detail::handle<xg_outbox, xg_outbox_free> {
 public:
  explicit outbox(const config& options) {
    note(options.failed());
    open(xg_outbox_open, options.get());
  }
  outbox(const config& options, const transport& over) {
    note(options.failed() ? options.failed() : over.failed());
    open(xg_outbox_open_with_transport, options.get(), over.get());
  }
  /// Binds a token to an account, replacing those it has: see xg_outbox_bind.
  [[nodiscard]] submission bind(std::string_view token, std::string_view account,
                                std::uint64_t tag,
                                std::int32_t type = XG_NO_ACCOUNT_TYPE) const noexcept {
    return submit_one(xg_outbox_bind_n, token.data(), token.size(), account.data(), account.size(),
                      type, tag);
  }
  /// Removes an account from a token.
  [[nodiscard]] submission unbind(std::string_view token, std::string_view account,
                                  std::uint64_t tag,
                                  std::int32_t type = XG_NO_ACCOUNT_TYPE) const noexcept {
    return submit_one(xg_outbox_unbind_n, token.data(), token.size(), account.data(),
                      account.size(), type, tag);
  }
  /// Removes all accounts from a token.
  [[nodiscard]] submission clear_token(std::string_view token, std::uint64_t tag) const noexcept {
    return submit_one(xg_outbox_clear_token_n, token.data(), token.size(), tag);
  }
  /// Removes all tokens from an account.
  [[nodiscard]] submission clear_account(std::string_view account, std::uint64_t tag,
                                         std::int32_t type = XG_NO_ACCOUNT_TYPE) const noexcept {
    return submit_one(xg_outbox_clear_account_n, account.data(), account.size(), type, tag);
  }
  /// Submits every item; item n gets the tag first_tag + n. A request that kept an error
  /// (keep_errors) is refused with it, and nothing of it is taken.
  [[nodiscard]] submission submit(const request& items, std::uint64_t first_tag) const noexcept {
    const auto& before = failed_with(items);
    if (before) return submission(*before);
    xg_error* why = nullptr;
    const auto status = xg_outbox_submit(get(), items.get(), first_tag, &why);
    return submission(status, why, items.size());
  }

  /// Fills the buffer with the next reports; returns how many.
  std::size_t poll(const reports& into, std::chrono::milliseconds timeout = {}) const noexcept {
    return xg_outbox_poll(get(), into.get(), detail::count(timeout));
  }
  /// True once it is closed and every report was read.
  [[nodiscard]] bool is_drained() const noexcept { return xg_outbox_is_drained(get()); }
  /// For poll and epoll: readable while there are reports. It belongs to the outbox.
  [[nodiscard]] int fd() const noexcept { return xg_outbox_fd(get()); }
  /// Registers a function object for reports, called on a thread of the library. Register
  /// once, and do not poll afterwards. It must outlive the outbox. If it throws, that is
  /// counted ("callback_failures") and logged, the report counts as read, and the next comes.
  template <typename Function>
  result<std::monostate> set_report_callback(Function& each) const {
    const xg_report_fn all = [](const xg_reports* reports, void* function) noexcept {
      for (std::size_t n = 0; n < xg_reports_count(reports); n++)
        detail::guarded([&] { (*static_cast<Function*>(function))(report(reports, n)); },
                        [&](const char* why) { xg_reports_record_failure(reports, why); });
    };
    auto why = failed();
    // One at a time: the destructor then waits for one report, not for a list.
    if (!why)
      why = detail::call(xg_outbox_set_report_callback, get(), all, detail::address(each),
                         std::size_t{1});
    return detail::done(why);
  }
  /// Registers a function object for log lines, which takes a text, or an xg_log_level and a
  /// text. Delivery waits until it returns. It must outlive the outbox, or be removed with
  /// nullptr. If it throws, only the line is lost.
  template <typename Function>
  void set_log_callback(Function& line) const noexcept {
    const xg_log_fn one = [](std::int32_t level, const char* text,
                                     void* function) noexcept {
      detail::guarded(
          [&] {
            auto& log = *static_cast<Function*>(function);
            if constexpr (std::is_invocable_v<Function&, xg_log_level, std::string_view>) {
              log(static_cast<xg_log_level>(level), std::string_view(text));
            } else {
              log(std::string_view(text));
            }
          },
          [](const char*) {});
    };
    xg_outbox_set_log_callback(get(), one, detail::address(line));
  }
  void set_log_callback(std::nullptr_t) const noexcept {
    xg_outbox_set_log_callback(get(), nullptr, nullptr);
  }
  /// Signs with this key from the next attempt on.
  result<std::monostate> set_secret_key(std::string_view key) const {
    auto why = failed();
    if (!why) why = detail::call(xg_outbox_set_secret_key, get(), std::string(key).c_str());
    return detail::done(why);
  }
  /// Waits until it is not full: for threads that have nothing else to do.
  [[nodiscard]] bool wait_not_full(std::chrono::milliseconds timeout) const noexcept {
    return xg_outbox_wait_not_full(get(), detail::count(timeout));
  }
  /// Sends at once and waits; returns how many operations are not complete.
  result<std::size_t> flush(std::chrono::milliseconds timeout) const {
    std::size_t left = 0;
    auto why = failed();
    if (!why) why = detail::call(xg_outbox_flush, get(), detail::count(timeout), &left);
    if (why) return detail::fail<std::size_t>(*why);
    return left;
  }
  /// Waits until everything submitted so far is durable, in the file or, with outbox_url, the
  /// engine. Fails if there is neither, the file failed, or the timeout passed.
  result<std::monostate> sync(std::chrono::milliseconds timeout) const {
    auto why = failed();
    if (!why) why = detail::call(xg_outbox_sync, get(), detail::count(timeout));
    return detail::done(why);
  }
  /// Stops taking operations and goes on delivering, without waiting.
  void begin_close() const noexcept { xg_outbox_begin_close(get()); }
  /// Delivers for up to this time, and ends within one second more. Returns how many
  /// operations are left.
  std::size_t close(std::chrono::milliseconds timeout) const noexcept {
    return xg_outbox_close(get(), detail::count(timeout));
  }
  /// Lists operations that are not complete, as JSON (xg_pending_json): of a token, of an
  /// account, of both, or all if both are nullptr.
  [[nodiscard]] result<std::string> list_pending(
      const char* token = nullptr, const char* account = nullptr, std::size_t max_count = 1000,
      std::chrono::milliseconds timeout = std::chrono::seconds(1)) const {
    xg_pending* found = nullptr;
    auto why = failed();
    if (!why)
      why = detail::call(xg_outbox_list_pending, get(), token, account, max_count,
                         detail::count(timeout), &found);
    if (why) return detail::fail<std::string>(*why);
    const std::unique_ptr<xg_pending, void (*)(xg_pending*)> held(found, xg_pending_free);
    return detail::text(xg_pending_json, static_cast<const xg_pending*>(found));
  }
  [[nodiscard]] result<xgpush::stats> stats() const {
    return detail::make<xgpush::stats>(failed(), xg_outbox_stats, get());
  }

 private:
  template <typename Function, typename... Arguments>
  [[nodiscard]] submission submit_one(Function function, Arguments... arguments) const noexcept {
    if (failed()) return submission(*failed());
    xg_error* why = nullptr;
    const auto status = function(get(), arguments..., &why);
    return submission(status, why, 1);
  }
};

}  // namespace XGPUSH_ERRORS
}  // namespace xgpush

#endif  // XGPUSH_HPP

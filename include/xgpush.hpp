// xgpush for C++17: the handles of xgpush.h with lifetimes, std::string_view in
// and exceptions out. Header only; link with -lxgpush.
//
//     xgpush::config config;
//     config.set("access_id", "1500001048").set("secret_key", "…");
//     config.set("access_point", "guangzhou");
//     xgpush::client client(config);
//     auto outcome = client.batch_operate(xgpush::request(XG_BIND).add("token", "player"));
//     for (auto item : outcome)
//       if (!item.accepted()) std::cerr << item.message() << '\n';
//
// Threads: as in xgpush.h. A client may be shared; everything else belongs to
// one thread at a time, and outcomes may be read by several.

#ifndef XGPUSH_HPP
#define XGPUSH_HPP

#include "xgpush.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace xgpush {

// A call that was refused. What became of items is no error but an outcome.
class error : public std::runtime_error {
 public:
  explicit error(const xg_error* e)
      : std::runtime_error(xg_error_message(e)),
        status_(xg_error_status(e)),
        code_(xg_error_code(e)),
        http_status_(xg_error_http_status(e)),
        item_(xg_error_item(e)),
        retryable_(xg_error_is_retryable(e)),
        name_(xg_error_name(e)) {}

  [[nodiscard]] xg_status status() const noexcept { return status_; }
  // The stable name of the status, such as "invalid_value".
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  // The service's return code, or -1.
  [[nodiscard]] std::int64_t code() const noexcept { return code_; }
  // The HTTP status, or 0.
  [[nodiscard]] int http_status() const noexcept { return http_status_; }
  // The 0-based index of the item at fault, or -1.
  [[nodiscard]] std::int64_t item() const noexcept { return item_; }
  [[nodiscard]] bool is_retryable() const noexcept { return retryable_; }

 private:
  xg_status status_;
  std::int64_t code_;
  int http_status_;
  std::int64_t item_;
  bool retryable_;
  std::string name_;
};

namespace detail {

// Frees each handle with the function of its type.
struct deleter {
  void operator()(xg_config* p) const noexcept { xg_config_free(p); }
  void operator()(xg_client* p) const noexcept { xg_client_free(p); }
  void operator()(xg_request* p) const noexcept { xg_request_free(p); }
  void operator()(xg_outcome* p) const noexcept { xg_outcome_free(p); }
  void operator()(xg_reply* p) const noexcept { xg_reply_free(p); }
  void operator()(xg_outbox* p) const noexcept { xg_outbox_free(p); }
  void operator()(xg_reports* p) const noexcept { xg_reports_free(p); }
  void operator()(xg_stats* p) const noexcept { xg_stats_free(p); }
  void operator()(xg_error* p) const noexcept { xg_error_free(p); }
};

template <typename T>
using handle = std::unique_ptr<T, deleter>;

// Calls a function whose last argument is xg_error **, and throws its error.
template <typename Function, typename... Arguments>
void call(Function function, Arguments... arguments) {
  xg_error* raw = nullptr;
  const xg_status status = function(arguments..., &raw);
  const handle<xg_error> failure(raw);
  if (status != XG_OK) throw error(failure.get());
}

// As call, for a function that hands out a handle before the error.
template <typename T, typename Function, typename... Arguments>
[[nodiscard]] handle<T> make(Function function, Arguments... arguments) {
  T* made = nullptr;
  call(function, arguments..., &made);
  return handle<T>(made);
}

}  // namespace detail

// Throws unless the library can serve this header.
inline void check_abi() { detail::call(xg_abi_check, std::uint32_t{XG_ABI_VERSION}); }

// Options by name; docs/options.md lists them.
class config {
 public:
  config() : handle_(xg_config_new()) {}

  config& set(const std::string& name, const std::string& value) {
    detail::call(xg_config_set, handle_.get(), name.c_str(), value.c_str());
    return *this;
  }
  // Takes every XGPUSH_… variable, such as XGPUSH_ACCESS_ID.
  config& set_from_env() {
    detail::call(xg_config_set_from_env, handle_.get());
    return *this;
  }
  [[nodiscard]] const xg_config* get() const noexcept { return handle_.get(); }

 private:
  detail::handle<xg_config> handle_;
};

// Items for one of the two APIs; any number of them.
class request {
 public:
  explicit request(xg_action action)
      : handle_(detail::make<xg_request>(xg_request_new, static_cast<std::int32_t>(action))) {}

  // The documented JSON of batchoperate, or of query.
  [[nodiscard]] static request batch_from_json(std::string_view json) {
    return request(
        detail::make<xg_request>(xg_request_batch_from_json, json.data(), json.size()));
  }
  [[nodiscard]] static request query_from_json(std::string_view json) {
    return request(
        detail::make<xg_request>(xg_request_query_from_json, json.data(), json.size()));
  }

  // A token with its first account (append, bind, unbind).
  request& add(std::string_view token, std::string_view account,
               std::int32_t account_type = XG_NO_ACCOUNT_TYPE) & {
    detail::call(xg_request_add_binding_n, handle_.get(), token.data(), token.size(),
                 account.data(), account.size(), account_type);
    return *this;
  }
  request&& add(std::string_view token, std::string_view account,
                std::int32_t account_type = XG_NO_ACCOUNT_TYPE) && {
    return std::move(add(token, account, account_type));
  }
  // A token (clear_token, query by token).
  request& add_token(std::string_view token) & {
    detail::call(xg_request_add_token_n, handle_.get(), token.data(), token.size());
    return *this;
  }
  request&& add_token(std::string_view token) && { return std::move(add_token(token)); }
  // An account (clear_account, query by account), or one more of the last token.
  request& add_account(std::string_view account,
                       std::int32_t account_type = XG_NO_ACCOUNT_TYPE) & {
    detail::call(xg_request_add_account_n, handle_.get(), account.data(), account.size(),
                 account_type);
    return *this;
  }
  request&& add_account(std::string_view account,
                        std::int32_t account_type = XG_NO_ACCOUNT_TYPE) && {
    return std::move(add_account(account, account_type));
  }
  // "android" or "ios": older protocol versions only.
  request& set_platform(const std::string& platform) {
    detail::call(xg_request_set_platform, handle_.get(), platform.c_str());
    return *this;
  }
  // In place of the option deadline_ms. A deadline that has passed already (0 or
  // less) is one of 1 ms: nothing is waited for.
  request& set_deadline(std::chrono::milliseconds deadline) {
    const auto count = deadline.count() > 0 ? deadline.count() : 1;
    detail::call(xg_request_set_deadline_ms, handle_.get(), static_cast<std::uint64_t>(count));
    return *this;
  }

  [[nodiscard]] std::size_t size() const noexcept { return xg_request_len(handle_.get()); }
  [[nodiscard]] const xg_request* get() const noexcept { return handle_.get(); }

 private:
  explicit request(detail::handle<xg_request> made) : handle_(std::move(made)) {}
  detail::handle<xg_request> handle_;
};

// One item of an outcome; valid as long as the outcome.
class item {
 public:
  item(const xg_outcome* outcome, std::size_t index) : outcome_(outcome), index_(index) {}

  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  [[nodiscard]] xg_state state() const noexcept { return xg_outcome_state(outcome_, index_); }
  [[nodiscard]] bool accepted() const noexcept { return state() == XG_STATE_ACCEPTED; }
  // The state's stable name: accepted, rejected, unknown, not_sent.
  [[nodiscard]] const char* state_name() const noexcept {
    switch (state()) {
      case XG_STATE_ACCEPTED: return "accepted";
      case XG_STATE_REJECTED: return "rejected";
      case XG_STATE_UNKNOWN: return "unknown";
      case XG_STATE_NOT_SENT: return "not_sent";
      case XG_STATE_NONE: break;
    }
    return "";
  }
  [[nodiscard]] const char* reason() const noexcept { return xg_outcome_reason(outcome_, index_); }
  [[nodiscard]] std::int64_t code() const noexcept { return xg_outcome_code(outcome_, index_); }
  [[nodiscard]] int http_status() const noexcept {
    return xg_outcome_http_status(outcome_, index_);
  }
  [[nodiscard]] std::uint32_t attempts() const noexcept {
    return xg_outcome_attempts(outcome_, index_);
  }
  [[nodiscard]] bool is_retryable() const noexcept {
    return xg_outcome_is_retryable(outcome_, index_);
  }
  [[nodiscard]] const char* message() const noexcept {
    return xg_outcome_message(outcome_, index_);
  }
  // What a query found: tokens of an account, or accounts of a token.
  [[nodiscard]] std::size_t found() const noexcept {
    return xg_outcome_found_len(outcome_, index_);
  }
  [[nodiscard]] const char* found_token(std::size_t nth) const noexcept {
    return xg_outcome_found_token(outcome_, index_, nth);
  }
  [[nodiscard]] const char* found_account(std::size_t nth) const noexcept {
    return xg_outcome_found_account(outcome_, index_, nth);
  }
  [[nodiscard]] std::int64_t found_account_type(std::size_t nth) const noexcept {
    return xg_outcome_found_account_type(outcome_, index_, nth);
  }

 private:
  const xg_outcome* outcome_;
  std::size_t index_;
};

// What became of every item, in the order of the items.
class outcome {
 public:
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = item;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = item;

    iterator(const xg_outcome* outcome, std::size_t index) : outcome_(outcome), index_(index) {}
    [[nodiscard]] item operator*() const noexcept { return item(outcome_, index_); }
    iterator& operator++() noexcept { return ++index_, *this; }
    iterator operator++(int) noexcept { return iterator(outcome_, index_++); }
    [[nodiscard]] bool operator==(const iterator& o) const noexcept { return index_ == o.index_; }
    [[nodiscard]] bool operator!=(const iterator& o) const noexcept { return index_ != o.index_; }

   private:
    const xg_outcome* outcome_;
    std::size_t index_;
  };

  explicit outcome(detail::handle<xg_outcome> made) : handle_(std::move(made)) {}

  [[nodiscard]] std::size_t size() const noexcept { return xg_outcome_len(get()); }
  [[nodiscard]] item operator[](std::size_t index) const noexcept { return item(get(), index); }
  [[nodiscard]] iterator begin() const noexcept { return iterator(get(), 0); }
  [[nodiscard]] iterator end() const noexcept { return iterator(get(), size()); }
  [[nodiscard]] std::size_t count(xg_state state) const noexcept {
    return xg_outcome_count(get(), state);
  }
  [[nodiscard]] bool all_accepted() const noexcept { return xg_outcome_all_accepted(get()); }
  [[nodiscard]] std::uint32_t requests() const noexcept { return xg_outcome_requests(get()); }
  // What is allowed, but should be known: stable name, text, and item or -1.
  struct warning {
    const char* name;
    const char* message;
    std::int64_t item;
  };
  [[nodiscard]] std::size_t warnings() const noexcept { return xg_outcome_warning_len(get()); }
  [[nodiscard]] warning warning_at(std::size_t nth) const noexcept {
    return {xg_outcome_warning_name(get(), nth), xg_outcome_warning_message(get(), nth),
            xg_outcome_warning_item(get(), nth)};
  }
  [[nodiscard]] std::string_view json() const noexcept {
    std::size_t length = 0;
    const char* text = xg_outcome_json(get(), &length);
    return {text, length};
  }
  [[nodiscard]] const xg_outcome* get() const noexcept { return handle_.get(); }

 private:
  detail::handle<xg_outcome> handle_;
};

// A client of one application; share it between threads by reference.
class client {
 public:
  explicit client(const config& options)
      : handle_(detail::make<xg_client>(xg_client_new, options.get())) {}

  // Blocks until every item has its outcome or the deadline passes.
  [[nodiscard]] outcome batch_operate(const request& items) const {
    return outcome(detail::make<xg_outcome>(xg_batch_operate, get(), items.get()));
  }
  [[nodiscard]] outcome query(const request& items) const {
    return outcome(detail::make<xg_outcome>(xg_query, get(), items.get()));
  }
  // Any other v3 path; the body of the answer.
  [[nodiscard]] std::string call(const std::string& path, std::string_view json) const {
    const auto reply = detail::make<xg_reply>(xg_call, get(), path.c_str(), json.data(),
                                              json.size());
    std::size_t length = 0;
    const char* body = xg_reply_body(reply.get(), &length);
    return std::string(body, length);
  }
  // Makes running calls end soon and refuses later ones.
  void close() const noexcept { xg_client_close(get()); }
  [[nodiscard]] const xg_client* get() const noexcept { return handle_.get(); }

 private:
  detail::handle<xg_client> handle_;
};

// One report; valid until its buffer is filled again.
class report {
 public:
  report(const xg_reports* reports, std::size_t nth) : reports_(reports), nth_(nth) {}

  [[nodiscard]] std::uint64_t tag() const noexcept { return xg_reports_tag(reports_, nth_); }
  // False: the operation is in the file now (option outbox_durable_notices).
  [[nodiscard]] bool is_final() const noexcept { return xg_reports_is_final(reports_, nth_); }
  [[nodiscard]] xg_state state() const noexcept { return xg_reports_state(reports_, nth_); }
  [[nodiscard]] bool accepted() const noexcept { return state() == XG_STATE_ACCEPTED; }
  [[nodiscard]] const char* reason() const noexcept { return xg_reports_reason(reports_, nth_); }
  [[nodiscard]] std::int64_t code() const noexcept { return xg_reports_code(reports_, nth_); }
  [[nodiscard]] int http_status() const noexcept { return xg_reports_http_status(reports_, nth_); }
  [[nodiscard]] std::uint32_t attempts() const noexcept {
    return xg_reports_attempts(reports_, nth_);
  }
  // Milliseconds since 1970-01-01 UTC.
  [[nodiscard]] std::uint64_t handed_in_ms() const noexcept {
    return xg_reports_handed_in_ms(reports_, nth_);
  }
  [[nodiscard]] std::uint64_t at_ms() const noexcept { return xg_reports_at_ms(reports_, nth_); }
  [[nodiscard]] const char* message() const noexcept { return xg_reports_message(reports_, nth_); }

 private:
  const xg_reports* reports_;
  std::size_t nth_;
};

// A buffer for reports; make one and use it again and again.
class reports {
 public:
  explicit reports(std::size_t room = 256)
      : handle_(detail::make<xg_reports>(xg_reports_new, room)) {}

  [[nodiscard]] std::size_t size() const noexcept { return xg_reports_len(handle_.get()); }
  [[nodiscard]] report operator[](std::size_t nth) const noexcept {
    return report(handle_.get(), nth);
  }
  [[nodiscard]] xg_reports* get() const noexcept { return handle_.get(); }

 private:
  detail::handle<xg_reports> handle_;
};

// Background delivery. Handing in never waits; share it between threads by
// reference. The destructor closes it, with 2 s to deliver the rest.
class outbox {
 public:
  explicit outbox(const config& options)
      : handle_(detail::make<xg_outbox>(xg_outbox_open, options.get())) {}

  // Each of these answers false when the outbox is full, and throws what is wrong
  // with the operation. The report with the tag says what became of it.
  [[nodiscard]] bool bind(std::string_view token, std::string_view account, std::uint64_t tag,
                          std::int32_t account_type = XG_NO_ACCOUNT_TYPE) const {
    return taken(xg_outbox_bind_n, token.data(), token.size(), account.data(), account.size(),
                 account_type, tag);
  }
  [[nodiscard]] bool unbind(std::string_view token, std::string_view account, std::uint64_t tag,
                            std::int32_t account_type = XG_NO_ACCOUNT_TYPE) const {
    return taken(xg_outbox_unbind_n, token.data(), token.size(), account.data(), account.size(),
                 account_type, tag);
  }
  [[nodiscard]] bool clear_token(std::string_view token, std::uint64_t tag) const {
    return taken(xg_outbox_clear_token_n, token.data(), token.size(), tag);
  }
  [[nodiscard]] bool clear_account(std::string_view account, std::uint64_t tag,
                                   std::int32_t account_type = XG_NO_ACCOUNT_TYPE) const {
    return taken(xg_outbox_clear_account_n, account.data(), account.size(), account_type, tag);
  }

  // Moves reports into the buffer; answers how many.
  std::size_t poll(const reports& into,
                   std::chrono::milliseconds timeout = std::chrono::milliseconds(0)) const noexcept {
    return xg_outbox_poll(get(), into.get(), count(timeout));
  }
  // Readable while reports wait: for poll and epoll. Belongs to the outbox.
  [[nodiscard]] int fd() const noexcept { return xg_outbox_fd(get()); }
  // Delivers without lingering; how many operations are not settled in time.
  std::size_t flush(std::chrono::milliseconds timeout) const {
    std::size_t left = 0;
    detail::call(xg_outbox_flush, get(), count(timeout), &left);
    return left;
  }
  // Delivers what is there and ends; how many operations were left.
  std::size_t close(std::chrono::milliseconds timeout) const noexcept {
    return xg_outbox_close(get(), count(timeout));
  }
  // The numbers, as JSON or for Prometheus.
  [[nodiscard]] std::string stats_json() const { return stats(xg_stats_json); }
  [[nodiscard]] std::string stats_prometheus() const { return stats(xg_stats_prometheus); }
  [[nodiscard]] const xg_outbox* get() const noexcept { return handle_.get(); }

 private:
  static std::uint64_t count(std::chrono::milliseconds timeout) noexcept {
    return timeout.count() > 0 ? static_cast<std::uint64_t>(timeout.count()) : 0;
  }
  template <typename Function, typename... Arguments>
  bool taken(Function function, Arguments... arguments) const {
    xg_error* raw = nullptr;
    const xg_status status = function(get(), arguments..., &raw);
    if (status == XG_OK) return true;
    const detail::handle<xg_error> owned(raw);
    if (status == XG_FULL) return false;
    throw error(owned.get());
  }
  template <typename Function>
  [[nodiscard]] std::string stats(Function text) const {
    const auto made = detail::make<xg_stats>(xg_outbox_stats, get());
    std::size_t length = 0;
    const char* page = text(made.get(), &length);
    return std::string(page, length);
  }

  detail::handle<xg_outbox> handle_;
};

}  // namespace xgpush

#endif  // XGPUSH_HPP

/// @file
/// The foundation of xgpush.hpp: errors, results and handles.

#ifndef XGPUSH_BASE_HPP
#define XGPUSH_BASE_HPP

#if __cplusplus < 201703L && (!defined(_MSVC_LANG) || _MSVC_LANG < 201703L)
#error "xgpush.hpp needs C++17: -std=c++17 or newer"
#endif

#include "xgpush.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#if !defined(XGPUSH_NO_EXCEPTIONS) && !defined(__cpp_exceptions)
/// Define it before the include: functions that can fail then return a result.
#define XGPUSH_NO_EXCEPTIONS
#endif

/// The inline namespace of all types: units with and without exceptions link together,
/// because their types have different names.
#ifdef XGPUSH_NO_EXCEPTIONS
#define XGPUSH_ERRORS returned
#else
#define XGPUSH_ERRORS thrown
#endif

namespace xgpush {
inline namespace XGPUSH_ERRORS {

/// A failed call. Results of items are outcomes, not errors.
class error : public std::runtime_error {
 public:
  explicit error(xg_error* taken)
      : std::runtime_error(xg_error_message(taken)), handle_(taken, xg_error_free) {}
  /// Moving copies, so that no error is ever empty.
  error(const error&) = default;
  /// As the constructor.
  error& operator=(const error&) = default;

  [[nodiscard]] xg_status status() const noexcept { return xg_error_status(handle_.get()); }
  /// The stable name of the status, such as "invalid_value".
  [[nodiscard]] std::string_view name() const noexcept { return xg_error_name(handle_.get()); }
  /// The service's return code, or -1.
  [[nodiscard]] std::int64_t code() const noexcept { return xg_error_code(handle_.get()); }
  /// The HTTP status, or 0.
  [[nodiscard]] int http_status() const noexcept { return xg_error_http_status(handle_.get()); }
  /// How long the service asks to wait, in ms, or -1.
  [[nodiscard]] std::int64_t retry_after_ms() const noexcept {
    return xg_error_retry_after_ms(handle_.get());
  }
  /// The 0-based index of the item at fault, or -1.
  [[nodiscard]] std::int64_t item() const noexcept { return xg_error_item(handle_.get()); }
  [[nodiscard]] bool is_retryable() const noexcept { return xg_error_is_retryable(handle_.get()); }

 private:
  std::shared_ptr<xg_error> handle_;
};

#ifndef XGPUSH_NO_EXCEPTIONS
/// What a function that can fail returns: the value, as errors are thrown.
template <typename T>
using result = T;
#else
/// A value or an error. Asking for the one that is not there fails as std::get does. It does
/// not convert to bool, because the value may be one.
template <typename T>
class [[nodiscard]] result {
 public:
  /// A value.
  result(T value) : held_(std::move(value)) {}
  /// An error.
  result(class error why) : held_(std::move(why)) {}
  /// Whether it is a value.
  [[nodiscard]] bool ok() const noexcept { return held_.index() == 0; }
  /// The value.
  [[nodiscard]] T& value() & { return std::get<0>(held_); }
  /// The value.
  [[nodiscard]] const T& value() const& { return std::get<0>(held_); }
  /// The value, moved out.
  [[nodiscard]] T value() && { return std::get<0>(std::move(held_)); }
  /// The error.
  [[nodiscard]] const xgpush::error& error() const { return std::get<1>(held_); }

 private:
  std::variant<T, xgpush::error> held_;
};
#endif

namespace detail {

template <typename T>
[[nodiscard]] result<T> fail(const error& why) {
#ifndef XGPUSH_NO_EXCEPTIONS
  throw error(why);
#else
  return why;
#endif
}

/// The result of a function without a value.
inline result<std::monostate> done(const std::optional<error>& why) {
  if (why) return fail<std::monostate>(*why);
  return std::monostate();
}

/// Calls a function whose last argument is xg_error **; the error, if there is one.
template <typename Function, typename... Arguments>
[[nodiscard]] std::optional<error> call(Function function, Arguments... arguments) {
  xg_error* raw = nullptr;
  if (function(arguments..., &raw) == XG_OK) return std::nullopt;
  return error(raw);
}

/// For objects that keep their first error where others throw it.
struct keep_errors_t {};

/// A handle of the library: movable, not copyable. Moved from, it is NULL to the library.
template <typename T, void (*Free)(T*)>
class handle {
 public:
  using raw = T;
  handle() = default;
  explicit handle(T* taken) noexcept : raw_(taken) {}
  [[nodiscard]] T* get() const noexcept { return raw_.get(); }
  /// The first error. Always empty where errors are thrown.
  [[nodiscard]] const std::optional<error>& failed() const noexcept { return failed_; }

 protected:
  void note(const std::optional<error>& why) {
#ifndef XGPUSH_NO_EXCEPTIONS
    if (why && !keeps_) throw error(*why);
#endif
    if (!failed_) failed_ = why;
  }
  void keep_errors() noexcept { keeps_ = true; }
  /// Makes the handle, unless something has failed before.
  template <typename Function, typename... Arguments>
  void open(Function function, Arguments... arguments) {
    T* made = nullptr;
    if (!failed_) note(call(function, arguments..., &made));
    raw_.reset(made);
  }
  template <typename Other>
  [[nodiscard]] const std::optional<error>& failed_with(const Other& other) const noexcept {
    return failed_ ? failed_ : other.failed();
  }

 private:
  struct deleter {
    void operator()(T* held) const noexcept { Free(held); }
  };
  std::unique_ptr<T, deleter> raw_;
  std::optional<error> failed_;
  bool keeps_ = false;
};

/// What a function returns through the argument before its error.
template <typename T, typename Function, typename... Arguments>
[[nodiscard]] result<T> make(const std::optional<error>& before, Function function,
                             Arguments... arguments) {
  typename T::raw* made = nullptr;
  const auto why = before ? before : call(function, arguments..., &made);
  if (why) return fail<T>(*why);
  return T(made);
}

/// Iterates over elements that have an index.
template <typename Source, typename Element>
struct iterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = Element;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = Element;

  const Source* source;
  std::size_t nth;

  [[nodiscard]] Element operator*() const noexcept { return Element(source, nth); }
  iterator& operator++() noexcept { return ++nth, *this; }
  iterator operator++(int) noexcept { return {source, nth++}; }
  [[nodiscard]] bool operator==(const iterator& o) const noexcept { return nth == o.nth; }
  [[nodiscard]] bool operator!=(const iterator& o) const noexcept { return nth != o.nth; }
};

/// A text with its length, copied, because its handle is often a temporary.
template <typename T>
[[nodiscard]] std::string text(const char* (*of)(const T*, std::size_t*), const T* handle) {
  std::size_t length = 0;
  const char* begin = of(handle, &length);
  return {begin, length};
}

/// The context of a callback.
template <typename Function>
[[nodiscard]] void* address(Function& function) noexcept {
  return const_cast<void*>(static_cast<const void*>(std::addressof(function)));
}

/// Runs a callback of the user, which must not throw into the library. `failed` gets the
/// message of an exception. pthread_exit in a callback ends the process.
template <typename Callback, typename Failed>
void guarded(Callback callback, Failed failed) noexcept {
#ifndef XGPUSH_NO_EXCEPTIONS
  try {
    callback();
  } catch (const std::exception& thrown) {
    failed(thrown.what());
  } catch (...) {
    failed("an exception that is no std::exception");
  }
#else
  static_cast<void>(failed);
  callback();
#endif
}

[[nodiscard]] inline std::uint64_t count(std::chrono::milliseconds time) noexcept {
  return time.count() > 0 ? static_cast<std::uint64_t>(time.count()) : 0;
}

}  // namespace detail
}  // namespace XGPUSH_ERRORS
}  // namespace xgpush

#endif  // XGPUSH_BASE_HPP

// What lets one test be compiled with exceptions and without.
#ifndef ERRORS_HPP
#define ERRORS_HPP

#include "../c/check.h"
#include <xgpush.hpp>

// The value of a call that must work, and the error of one that must not.
#ifdef XGPUSH_NO_EXCEPTIONS
template <typename T>
T value(xgpush::result<T> got) {
  if (!got.ok()) std::fprintf(stderr, "%s\n", got.error().what());
  CHECK(got.ok());
  return std::move(got).value();
}
template <typename T>
const xgpush::error& told(const xgpush::result<T>& got) {
  return got.error();
}
template <typename Object>
auto told(const Object& object) -> decltype(*object.failed()) {
  return *object.failed();
}
template <typename Attempt>
xgpush::error refused(Attempt attempt) {
  return told(attempt());
}
#else
template <typename T>
T value(T got) {
  return got;
}
template <typename Attempt>
xgpush::error refused(Attempt attempt) {
  try {
    (void)attempt();
  } catch (const xgpush::error& why) {
    CHECK(std::string_view(why.what()).size() > 0);
    return why;
  }
  CHECK(!"nothing was thrown");
  return xgpush::error(nullptr);
}
#endif

#endif

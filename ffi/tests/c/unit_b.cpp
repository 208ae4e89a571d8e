#include <xgpush.hpp>

const char* version_in_b();
const char* version_in_b() {
  xgpush::config config;
  return config.get() == nullptr ? nullptr : xg_version();
}

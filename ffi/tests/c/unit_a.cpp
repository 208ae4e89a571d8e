// Two units that include everything link together.
#include <xgpush.hpp>
#include <xgpush.hpp>

const char* version_in_b();

int main() {
  xgpush::check_abi();
  return xg_version() == version_in_b() ? 0 : 1;
}

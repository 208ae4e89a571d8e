// Binds two tokens to players' accounts and shows the result of each. Options
// come from the environment: XGPUSH_ACCESS_ID, XGPUSH_SECRET_KEY,
// XGPUSH_ACCESS_POINT …
#include <iostream>
#include <xgpush.hpp>

int main() try {
  xgpush::client client(xgpush::config().set_from_env());
  auto outcome = client.batch_operate(xgpush::request(XG_BIND)
                                          .add("token-of-phone-1", "alice")
                                          .add("token-of-phone-2", "bob"));
  for (auto item : outcome)
    std::cout << item.index() << ": " << item.state_name() << ' ' << item.message() << '\n';
} catch (const xgpush::error& e) {
  std::cerr << e.what() << '\n';
  return 1;
}

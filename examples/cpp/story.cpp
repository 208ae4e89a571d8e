// The story that C++, Python and Rust tell with the same words: `make demo`
// runs the three and compares what they print.
//
// One line per item: step, item, state, reason, code, found; by tabs.
#include <cstdio>
#include <string>
#include <xgpush.hpp>

namespace {

xgpush::client make_client(const std::string& base_url, const std::string& secret_key) {
  xgpush::config config;
  config.set("access_id", "1500001048").set("secret_key", secret_key).set("base_url", base_url);
  return xgpush::client(config);
}

std::string two_digits(int n) { return (n < 10 ? "0" : "") + std::to_string(n); }

// Two of the tokens are bad: the emulator refuses what begins like that.
std::string token(int n) {
  return (n == 7 || n == 31 ? "bad-token-" : "token") + two_digits(n);
}

void show(int step, const xgpush::outcome& outcome) {
  for (auto item : outcome) {
    const std::string code = item.code() < 0 ? "-" : std::to_string(item.code());
    std::string found;
    for (std::size_t nth = 0; nth < item.found_count(); nth++) {
      const auto type = item.found_account_type(nth);
      found += (nth > 0 ? "," : "") + std::string(item.found_account(nth)) + "/" +
               (type < 0 ? "-" : std::to_string(type));
    }
    std::printf("%d\t%zu\t%s\t%s\t%s\t%s\n", step, item.index(), item.state_name().data(),
                item.reason().data(), code.c_str(), found.empty() ? "-" : found.c_str());
  }
}

void tell(const std::string& base_url) {
  const auto client = make_client(base_url, "1452fcebae9f3115ba794fb0fff2fd73");

  xgpush::request bind(XG_BIND);
  for (int n = 0; n < 45; n++) bind.add(token(n), "player" + two_digits(n));
  show(1, client.batch_operate(bind));

  xgpush::request query(XG_QUERY_BY_TOKEN);
  for (int n = 0; n < 5; n++) query.add_token(token(n));
  show(2, client.query(query));

  show(3, client.batch_operate(xgpush::request(XG_UNBIND).add("token01", "player01")));
  show(4, client.batch_operate(xgpush::request(XG_CLEAR_TOKEN).add_token("token02")));
  show(5, client.batch_operate(xgpush::request(XG_CLEAR_ACCOUNT).add_account("player03")));
  show(6, client.query(query));

  const auto stranger = make_client(base_url, "0000000000000000000000000000dead");
  show(7, stranger.batch_operate(xgpush::request(XG_BIND).add("token99", "player99")));
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) return std::fputs("usage: story BASE_URL\n", stderr), 2;
  tell(argv[1]);
} catch (const xgpush::error& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}

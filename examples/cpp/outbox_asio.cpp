// An outbox in a loop of asio: operations are submitted on the loop's thread, reports
// come to it through xgpush_asio.hpp, and SIGINT or SIGTERM ends it. Options come from
// the environment: XGPUSH_ACCESS_ID, XGPUSH_SECRET_KEY, XGPUSH_ACCESS_POINT …
// Exits with 0 when every operation was accepted, else with 1.
#include <array>
#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <string_view>

#include "xgpush_asio.hpp"

namespace {

constexpr std::array<std::string_view, 3> players{"alice", "bob", "小明"};

void print(const xgpush::report& report) {
  const auto tag = report.tag();
  std::cout << tag << '\t' << (tag >= 1 && tag <= players.size() ? players[tag - 1] : "?") << '\t'
            << report.state_name() << '\t' << report.reason() << '\t' << report.code() << '\t'
            << report.message() << '\n';
}

// Tokens come from phones: one that is none is refused, and the server goes on.
void log_in(const xgpush::outbox& outbox, std::string_view phone, std::string_view player, std::uint64_t tag) {
  const auto handed = outbox.bind(phone, player, tag);
  if (!handed) std::cerr << player << ": " << handed.message() << '\n';  // full: try later
}

}  // namespace

int main() try {
  // Called on a thread of the library, until the outbox is gone.
  const auto say = [](std::string_view line) { std::cerr << "xgpush: " << line << '\n'; };
  const xgpush::outbox outbox(xgpush::config().set_from_env());
  outbox.set_log_callback(say);

  asio::io_context loop;
  asio::signal_set signals(loop, SIGINT, SIGTERM);
  std::size_t settled = 0, failed = 0;
  const auto on_report = [&](const xgpush::report& report) {
    print(report);
    failed += !report.accepted();
  };
  xgpush_asio::report_stream reports(loop.get_executor(), outbox, [&](const xgpush::report& report) {
    on_report(report);
    if (!report.is_recovered() && ++settled == players.size()) loop.stop();
  });
  signals.async_wait([&](asio::error_code error, int) {
    if (!error) loop.stop();
  });
  asio::post(loop, [&] {
    for (std::size_t n = 0; n < players.size(); n++)
      log_in(outbox, "token-of-phone-" + std::to_string(n + 1), players[n], n + 1);
    log_in(outbox, std::string(65, 'x'), "mallory", 4);
  });
  loop.run();

  reports.stop();
  const std::size_t left = outbox.close(std::chrono::seconds(2));
  const xgpush::reports rest;
  while (outbox.poll(rest) > 0)
    for (const auto report : rest) on_report(report);
  std::cout << left << " left\n";
  return left + failed == 0 ? 0 : 1;
} catch (const xgpush::error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}

// A game loop at 60 Hz that binds phones to players: the tick submits and never
// waits, epoll says when reports have come, and what is left at the end stays in
// the file. What fails in the background is logged, and the exit status is 0 when
// everything was delivered.
//
//   game_loop TICKS FILE      with XGPUSH_ACCESS_ID, XGPUSH_SECRET_KEY and
//                             XGPUSH_ACCESS_POINT (or XGPUSH_BASE_URL) set
//
// With OVER_CURL defined, libcurl carries the requests: ../c/curl_transport.c.
#include <sys/epoll.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <xgpush.hpp>
#ifdef OVER_CURL
#include "../c/curl_transport.h"
#endif

using namespace std::chrono_literals;

namespace {

struct tally {
  std::size_t submitted = 0, refused = 0, delivered = 0, superseded = 0, failed = 0;
};

// Tokens and accounts come from phones: an invalid one is refused, and the game goes on.
void check(const xgpush::submission& sent, tally& seen) {
  seen.submitted += sent.taken();
  if (sent) return;
  seen.refused++;
  // Full: the service has been down for long.
  std::cerr << sent.reason() << ": " << sent.message() << '\n';
}

// The tag is the player.
void read_reports(const xgpush::outbox& outbox, const xgpush::reports& reports, tally& seen) {
  while (outbox.poll(reports) > 0) {
    for (std::size_t n = 0; n < reports.size(); n++) {
      const auto report = reports[n];
      if (report.accepted()) {
        seen.delivered++;
      } else if (report.reason() == "superseded") {
        seen.superseded++;
      } else {
        seen.failed++;
        std::cerr << "player " << report.tag() << ": " << report.message() << '\n';
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const long ticks = argc > 1 ? std::atol(argv[1]) : 600;
  xgpush::check_abi();
  xgpush::config config;
  config.set_from_env().set("outbox_file", argc > 2 ? argv[2] : "players.outbox");
  auto log = [](xg_log_level level, std::string_view line) {
    std::cerr << (level == XG_LOG_INFO ? "info: " : "warning: ") << line << '\n';
  };
#ifdef OVER_CURL
  const xgpush::outbox outbox(config, xgpush::transport(curl_transport_new()));
#else
  const xgpush::outbox outbox(config);
#endif
  outbox.set_log_callback(log);
  const xgpush::reports reports(512);

  const int events = epoll_create1(EPOLL_CLOEXEC);
  epoll_event interest{};
  interest.events = EPOLLIN;
  if (events < 0 || epoll_ctl(events, EPOLL_CTL_ADD, outbox.fd(), &interest) != 0) return 1;

  tally seen;
  auto next = std::chrono::steady_clock::now();
  for (long tick = 0; tick < ticks; tick++) {
    // Players log in on each phone now and then; a few log out again.
    for (int n = 0; n < 32; n++) {
      const auto player = static_cast<std::uint64_t>((tick * 32 + n) % 5000);
      const std::string phone = "phone" + std::to_string(player % 1000);
      check(n % 8 == 7 ? outbox.clear_token(phone, player)
                         : outbox.bind(phone, "player" + std::to_string(player), player),
              seen);
    }
    if (tick == 0) check(outbox.bind(std::string(65, 'x'), "somebody", 0), seen);
    // The rest of the tick: the game's own work, and reports when there are any.
    next += 16667us;
    for (;;) {
      const auto left = next - std::chrono::steady_clock::now();
      if (left <= 0ms) break;
      epoll_event event{};
      const auto wait = std::chrono::ceil<std::chrono::milliseconds>(left);
      if (epoll_wait(events, &event, 1, static_cast<int>(wait.count())) > 0)
        read_reports(outbox, reports, seen);
    }
  }
  const std::size_t left = outbox.close(10s);
  read_reports(outbox, reports, seen);
  close(events);
  std::cout << seen.submitted << " submitted, " << seen.refused << " refused: " << seen.delivered << " delivered, " << seen.superseded
            << " superseded, " << seen.failed << " failed, " << left << " left in the file\n";
  return seen.failed + left == 0 ? 0 : 1;
} catch (const xgpush::error& error) {
  std::cerr << error.name() << ": " << error.what() << '\n';
  return 1;
}

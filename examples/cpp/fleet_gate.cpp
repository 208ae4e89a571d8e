// A gate of a fleet: players log in and out at any of several gates, on one machine or on
// many, and the order of each player and each phone is kept across all of them. SIGTERM or
// SIGINT ends it: it hands over and says what it did.
//
//   fleet_gate NAME [SECONDS]   with XGPUSH_OUTBOX_URL, XGPUSH_ACCESS_ID, XGPUSH_SECRET_KEY
//                               and XGPUSH_ACCESS_POINT (or XGPUSH_BASE_URL) set
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <xgpush.hpp>

using namespace std::chrono_literals;

namespace {

volatile std::sig_atomic_t ended = 0;

struct tally {
  std::size_t submitted = 0, refused = 0, delivered = 0, superseded = 0, failed = 0, inherited = 0;
};

// A player logs in on one of a few phones, which others use as well; one in four logs out.
xgpush::submission play(const xgpush::outbox& outbox, std::minstd_rand& dice) {
  const auto player = dice() % 1000;
  const std::string phone = "phone" + std::to_string(dice() % 500);
  if (dice() % 4 == 0) return outbox.clear_token(phone, player);
  return outbox.bind(phone, "player" + std::to_string(player), player);
}

// The tag is the player: it means the same in every gate, and after a restart.
void read_reports(const xgpush::outbox& outbox, const xgpush::reports& reports, tally& seen) {
  while (outbox.poll(reports) > 0) {
    for (const auto report : reports) {
      // From an earlier run with this name, which did not live to read it.
      seen.inherited += report.is_recovered();
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
  if (argc < 2) {
    std::cerr << "fleet_gate NAME [SECONDS]\n";
    return 2;
  }
  const auto time = std::chrono::seconds(argc > 2 ? std::atol(argv[2]) : 3600);
  xgpush::check_abi();
  std::signal(SIGTERM, [](int) { ended = 1; });
  std::signal(SIGINT, [](int) { ended = 1; });
  xgpush::config config;
  // The name stays over restarts: the next run takes the reports that this one leaves.
  config.set_from_env().set("outbox_name", argv[1]);
  auto log = [](std::string_view line) { std::cerr << line << '\n'; };  // Redis is away, a takeover
  const xgpush::outbox outbox(config);
  outbox.set_log_callback(log);
  const xgpush::reports reports(512);

  tally seen;
  std::minstd_rand dice(static_cast<unsigned>(std::hash<std::string>{}(argv[1])));
  const auto end = std::chrono::steady_clock::now() + time;
  while (!ended && std::chrono::steady_clock::now() < end) {
    const auto sent = play(outbox, dice);
    seen.submitted += sent.taken();
    if (!sent) {
      seen.refused++;
      std::cerr << sent.reason() << ": " << sent.message() << '\n';
    }
    read_reports(outbox, reports, seen);
    std::this_thread::sleep_for(16ms);
  }
  const std::size_t left = outbox.close(10s);
  read_reports(outbox, reports, seen);
  std::cout << argv[1] << ": " << seen.submitted << " submitted, " << seen.refused << " refused; "
            << seen.delivered << " delivered, " << seen.superseded << " superseded, " << seen.failed
            << " failed, " << seen.inherited << " of an earlier run; " << left << " left in the order\n";
  return seen.failed == 0 ? 0 : 1;
} catch (const xgpush::error& error) {
  std::cerr << error.name() << ": " << error.what() << '\n';
  return 1;
}

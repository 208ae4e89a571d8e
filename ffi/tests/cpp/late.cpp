// Calls at the very end of a program: late BASE_URL static|atexit|main_thread_local|thread_local|quick.
// Eight lines "accepted" are right.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include <xgpush.hpp>

namespace {

std::string base_url;

xgpush::config config() {
  xgpush::config config;
  config.set("access_id", "1500001048").set("secret_key", "1452fcebae9f3115ba794fb0fff2fd73");
  config.set("base_url", base_url.c_str()).set("parallel", "4");
  return config;
}

void say(bool good, const char* what) { std::puts(good ? "accepted" : what); }

// One of each: what was made before, and what is made now.
void calls(const xgpush::client& old) {
  const xgpush::client fresh(config());
  for (const xgpush::client* client : {&old, &fresh}) {
    xgpush::request many(XG_BIND);
    for (int n = 0; n < 100; n++) many.add("late" + std::to_string(n), "alice");
    say(client->batch_operate(many).all_accepted(), "batch_operate");
    say(client->batch_operate(xgpush::request(XG_CLEAR_TOKEN).add_token("late1")).all_accepted(), "clear");
    say(client->query(xgpush::request(XG_QUERY_BY_TOKEN).add_token("late2")).all_accepted(), "query");
  }
  const xgpush::outbox outbox(config());
  const bool taken{outbox.clear_token("late3", 1)};
  say(taken && outbox.close(std::chrono::seconds(10)) == 0, "outbox");
}

struct late {
  xgpush::client client{config()};
  ~late() { calls(client); }
};

// Destroyed in this order: thread_local ones first, then what atexit and statics left.
late* for_atexit;

void in_a_static() {
  static late object;
}

void in_a_thread_local() {
  thread_local late object;
  static_cast<void>(object);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  base_url = argv[1];
  const std::string when = argv[2];
  // Whatever the library keeps for a thread is made before, and so is gone by then.
  const auto early = xgpush::request(XG_CLEAR_TOKEN).add_token("early");
  say(xgpush::client(config()).batch_operate(early).all_accepted(), "early");
  if (when == "static") {
    in_a_static();
  } else if (when == "atexit") {
    for_atexit = new late;
    std::atexit([] { delete for_atexit; });
  } else if (when == "quick") {
    for_atexit = new late;
    std::at_quick_exit([] { delete for_atexit; std::fflush(stdout); });
    std::quick_exit(0);
  } else if (when == "main_thread_local") {
    in_a_thread_local();
  } else {
    std::thread(in_a_thread_local).join();
  }
  return 0;
}

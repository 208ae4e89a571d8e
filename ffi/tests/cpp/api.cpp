// xgpush.hpp against a running emulator, with exceptions and without: api BASE_URL.
#include "errors.hpp"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <type_traits>
#include <vector>

using namespace std::chrono_literals;
using std::string_view;

namespace {

std::string base_url;

template <typename T>
constexpr bool owns =
    std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
    !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;
static_assert(owns<xgpush::config> && owns<xgpush::client> && owns<xgpush::request>);
static_assert(owns<xgpush::outcome> && owns<xgpush::reply> && owns<xgpush::stats>);
static_assert(owns<xgpush::outbox> && owns<xgpush::reports>);
static_assert(!std::is_convertible_v<xg_client*, xgpush::client>);

xgpush::config options(string_view secret = "1452fcebae9f3115ba794fb0fff2fd73") {
  xgpush::config made;
  made.set("access_id", "1500001048").set("secret_key", secret).set("base_url", base_url);
  return made;
}

void admin(string_view command, string_view json = "{}") {
  const xgpush::client via(options());
  CHECK(value(via.call("/_emulator/" + std::string(command), json)).http_status() == 200);
}

void items(const xgpush::client& client) {
  xgpush::request bind(XG_BIND);
  for (int n = 0; n < 45; n++)
    bind.add((n == 7 ? "bad-" : "cpp") + std::to_string(n), "player" + std::to_string(n),
             n == 3 ? 2 : 1);
  bind.add_account("other44", 9);
  CHECK(bind.size() == 45);
  const auto outcome = value(client.batch_operate(bind));
  CHECK(outcome.size() == 45 && outcome.request_count() == 3 && !outcome.all_accepted());
  CHECK(outcome.count(XG_STATE_ACCEPTED) == 44);
  CHECK(std::count_if(outcome.begin(), outcome.end(), [](auto item) { return item.accepted(); }) ==
        44);
  std::size_t next = 0;
  for (const auto item : outcome) CHECK(item.index() == next++ && item.attempts() == 1);
  const auto bad = outcome[7], good = outcome[8];
  CHECK(bad.state() == XG_STATE_REJECTED && bad.state_name() == "rejected");
  CHECK(bad.reason() == "item_refused" && bad.code() == 1008006 && !bad.is_retryable());
  CHECK(bad.message().find("invalid") != string_view::npos);
  CHECK(good.state_name() == "accepted" && good.message().empty() && good.http_status() == 200);
  CHECK(outcome[45].state() == XG_STATE_NONE && outcome[45].state_name().empty());
  CHECK(outcome.json().find("\"accepted\":44") != std::string::npos);

  // A temporary request, and one that is kept.
  const auto found = value(client.query(
      xgpush::request(XG_QUERY_BY_TOKEN).add_token("cpp44").add_token("nobody-has-this")));
  CHECK(found[0].found_count() == 2 && found[0].found_account(0) == "player44");
  CHECK(found[0].found_account_type(1) == 9 && found[0].found_token(0).empty());
  CHECK(found[1].code() == XG_CODE_DOES_NOT_EXIST);
  auto by_account = xgpush::request(XG_QUERY_BY_ACCOUNT).add_account("player3", 2);
  CHECK(value(client.query(by_account))[0].found_token(0) == "cpp3");

  const auto twice = value(xgpush::request::batch_from_json(
      R"({"operator_type":2,"token_accounts":[{"token":"t1","account_list":[
          {"account":"ann"},{"account":"bob","account_type":0}]}]})"));
  const auto warned = value(client.batch_operate(twice));
  CHECK(warned.warning_count() == 1 && warned.warning_at(0).name == "duplicate_account_type");
  CHECK(warned.warning_at(0).item == 0 && !warned.warning_at(0).message.empty());
  auto json = value(xgpush::request::query_from_json(R"({"operator_type":2,"token_list":["t1"]})"));
  json.set_deadline(5s);
  CHECK(value(client.query(json)).all_accepted());

  admin("fault", R"({"kind":"hang","times":0})");
  const auto late = value(client.batch_operate(bind.set_deadline(-1s)));
  CHECK(late.count(XG_STATE_ACCEPTED) == 0 && late[0].is_retryable());
  admin("clear_faults");
}

void refusals(const xgpush::client& client) {
  const auto incomplete = refused([] { return xgpush::client(xgpush::config()); });
  CHECK(incomplete.status() == XG_INVALID_OPTION && incomplete.name() == "invalid_option");
  CHECK(incomplete.item() == -1 && incomplete.code() == -1 && incomplete.http_status() == 0);
  const xgpush::error copy = incomplete;
  CHECK(string_view(copy.what()) == incomplete.what() && copy.status() == incomplete.status());

  CHECK(refused([] { return std::move(xgpush::config().set("no such", "option")); }).status() ==
        XG_INVALID_OPTION);
  CHECK(refused([] { return xgpush::request(static_cast<xg_action>(99)); }).status() ==
        XG_INVALID_ARGUMENT);
  CHECK(refused([] { return xgpush::reports(0); }).status() == XG_INVALID_ARGUMENT);
  CHECK(refused([] { return xgpush::request::batch_from_json("{"); }).status() == XG_INVALID_JSON);
  const auto second =
      refused([] { return xgpush::request(XG_BIND).add("good", "alice").add("", "bob"); });
  CHECK(second.status() == XG_INVALID_VALUE && second.item() == 1);
  CHECK(refused([] { return std::move(xgpush::request(XG_BIND).set_platform("palm")); }).status() ==
        XG_INVALID_VALUE);
  CHECK(refused([&] {
          return client.batch_operate(xgpush::request(XG_QUERY_BY_TOKEN).add_token("t1"));
        }).status() == XG_INVALID_REQUEST);
  // Protocol tpns knows no operator; what is refused is the request.
  xgpush::request operated(XG_CLEAR_TOKEN);
  operated.add_token("t1").set_operator("qq", nullptr);
  CHECK(refused([&] { return client.batch_operate(operated); }).status() == XG_INVALID_REQUEST);

  const xgpush::client stranger(options("0000000000000000000000000000dead"));
  CHECK(value(stranger.batch_operate(xgpush::request(XG_CLEAR_TOKEN).add_token("t1")))[0].code() ==
        1008003);
  const auto denied = refused([&] { return stranger.call("/v3/push/app", "{}"); });
  CHECK(denied.status() == XG_CALL_REJECTED && denied.code() == 1008003);
  CHECK(denied.http_status() == 403 && !denied.is_retryable());
  stranger.close();
  CHECK(refused([&] { return stranger.call("/v3/push/app", "{}"); }).status() == XG_CLOSED);
  constexpr auto clear = R"({"operator_type":5,"token_list":["t1"]})";
  CHECK(value(client.call("/v3/device/tag", clear)).body().size() > 2);
  xgpush::call_options how;
  how.repeatable = true;
  CHECK(value(client.call("/v3/device/tag", clear, how)).http_status() == 200);
  how.content_type = "multipart/form-data; boundary=x";
  constexpr auto form = "--x\r\nContent-Disposition: form-data; name=\"file\"; "
                        "filename=\"a.txt\"\r\n\r\nalice\r\n--x--\r\n";
  CHECK(value(client.call("/v3/push/package/upload", form, how)).http_status() == 200);
  how.auth = "digest";
  CHECK(refused([&] { return client.call("/v3/x", "", how); }).status() == XG_INVALID_ARGUMENT);
}

void moves(const xgpush::client& client) {
  xgpush::request first(XG_CLEAR_TOKEN);
  first.add_token("t1");
  xgpush::request second(std::move(first));
  CHECK(second.size() == 1 && first.size() == 0 && first.get() == nullptr);  // NOLINT
  CHECK(refused([&] { return std::move(first.add_token("t2")); }).status() == XG_INVALID_ARGUMENT);
  CHECK(refused([&] { return client.batch_operate(first); }).status() == XG_INVALID_ARGUMENT);
  // What was there before is freed, and what is put there works.
  second = xgpush::request(XG_CLEAR_TOKEN).add_token("t1").add_token("t2");
  std::vector<xgpush::outcome> kept;
  for (int n = 0; n < 3; n++) kept.push_back(value(client.batch_operate(second)));
  CHECK(kept[0].all_accepted() && kept[2].size() == 2);
  xgpush::client other(options());
  other = xgpush::client(options());
  CHECK(value(other.batch_operate(second)).all_accepted());
}

#ifdef XGPUSH_NO_EXCEPTIONS
// What failed is not used by what comes after it.
void kept_errors(const xgpush::client& client) {
  const auto half = xgpush::request(XG_BIND).add("cpphalf", "alice").add("", "bob").add("t", "x");
  const auto why = refused([&] { return client.batch_operate(half); });
  CHECK(why.status() == XG_INVALID_VALUE && why.item() == 1 && half.failed()->item() == 1);
  const auto found = value(client.query(xgpush::request(XG_QUERY_BY_TOKEN).add_token("cpphalf")));
  CHECK(found[0].code() == XG_CODE_DOES_NOT_EXIST);
  auto wrong = options();
  wrong.set("no such", "option").set("deadline_ms", "1000");
  const xgpush::client none(wrong);
  CHECK(none.get() == nullptr && none.failed()->status() == XG_INVALID_OPTION);
  CHECK(refused([&] { return none.batch_operate(half); }).status() == XG_INVALID_OPTION);
  CHECK(refused([&] { return none.call("/v3/push/app", "{}"); }).status() == XG_INVALID_OPTION);
  const xgpush::outbox shut(wrong);
  auto seen = [](xgpush::report) {};
  CHECK(shut.get() == nullptr && shut.fd() == -1 && shut.close(1s) == 0);
  CHECK(shut.poll(xgpush::reports()) == 0);
  CHECK(shut.bind("t1", "alice", 1).status() == XG_INVALID_OPTION);
  CHECK(string_view(shut.bind("t1", "alice", 1).message()).find("no such") != string_view::npos);
  CHECK(shut.submit(half, 1).status() == XG_INVALID_OPTION);
  CHECK(refused([&] { return shut.flush(1s); }).status() == XG_INVALID_OPTION);
  CHECK(refused([&] { return shut.stats(); }).status() == XG_INVALID_OPTION);
  CHECK(refused([&] { return shut.set_report_callback(seen); }).status() == XG_INVALID_OPTION);
  const xgpush::outbox outbox(options());
  CHECK(outbox.submit(half, 1).status() == XG_INVALID_VALUE);
  CHECK(value(outbox.stats()).value("submitted") == 0);
}
#endif

void delivery() {
  const xgpush::outbox outbox(options());
  const xgpush::reports reports(4);
  pollfd waiting = {outbox.fd(), POLLIN, 0};
  CHECK(waiting.fd >= 0 && poll(&waiting, 1, 0) == 0);
  CHECK(outbox.bind("box1", "alice", 1) && outbox.bind("bad-1", "bob", 2, 3));
  CHECK(outbox.unbind("box3", "carol", 3, 0));
  CHECK(outbox.clear_token("box4", 4) && outbox.clear_account("dave", 5));
  const auto two = outbox.submit(
      xgpush::request(XG_CLEAR_TOKEN).add_token("box6").add_token("box7"), 6);
  CHECK(two && two.taken() == 2 && string_view(two.message()).empty());
  CHECK(refused([&] { return outbox.sync(1s); }).status() == XG_STORAGE);  // it has no file
  CHECK(value(outbox.flush(30s)) == 0 && poll(&waiting, 1, 0) == 1);
  std::vector<std::uint64_t> told;
  while (outbox.poll(reports) > 0) {
    CHECK(reports.size() <= 4 && reports[reports.size()].tag() == 0);
    for (const auto report : reports) {
      told.push_back(report.tag());
      CHECK(report.is_final() && report.attempts() >= 1 && report.http_status() == 200);
      CHECK(report.timestamp_ms() >= report.submitted_ms() && report.submitted_ms() > 0);
      CHECK(report.accepted() == (report.tag() != 2));
      if (report.tag() != 2) continue;
      CHECK(report.state() == XG_STATE_REJECTED && report.code() == 1008006);
      CHECK(report.reason() == "item_refused" && !report.message().empty());
    }
  }
  std::sort(told.begin(), told.end());
  CHECK((told == std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7}));
  const auto stats = value(outbox.stats());
  CHECK(stats.value("submitted") == 7 && stats.value("open") == 0 && stats.value("nothing") == 0);
  CHECK(stats.json().front() == '{' && stats.json().back() == '}');
  const string_view line = "xgpush_outbox_submitted_total{outbox=\"1500001048\"} 7\n";
  CHECK(stats.prometheus().find(line) != std::string::npos);
  const xgpush::outbox named(std::move(options().set("outbox_name", "ios")));
  auto both = value(named.stats());
  both.prometheus_add(stats);
  CHECK(both.prometheus().find(line) != std::string::npos);
  CHECK(both.prometheus().find("submitted_total{outbox=\"ios\"} 0\n") != std::string::npos);
  CHECK(outbox.close(1s) == 0);
  const auto late = outbox.bind("box1", "alice", 1);
  CHECK(!late && late.status() == XG_CLOSED && string_view(late.reason()) == "closed");
  CHECK(outbox.poll(reports, 1min) == 0 && reports.size() == 0);
}

void looks() {
  const xgpush::outbox outbox(std::move(options().set("base_url", "http://127.0.0.1:1")));
  CHECK(outbox.bind("look1", "alice", 1) && outbox.unbind("look1", "alice", 2));
  const auto found = value(outbox.list_pending("look1", nullptr, 9, 30s));
  CHECK(found.find(R"("tag":1,"operation":"bind","token":"look1")") != std::string::npos);
  CHECK(found.find(R"("state":"behind")") != std::string::npos);
  CHECK(value(outbox.list_pending("look2")) == "[]");
  outbox.close(0s);
  CHECK(refused([&] { return outbox.list_pending(); }).status() == XG_CLOSED);
}

void full() {
  const xgpush::outbox outbox(std::move(options().set("outbox_max_operations", "3")));
  xgpush::request four(XG_CLEAR_TOKEN);
  for (int n = 0; n < 4; n++) four.add_token("full" + std::to_string(n));
  const auto some = outbox.submit(four, 0);
  CHECK(!some && some.is_full() && some.taken() == 3);
  CHECK(outbox.bind("box1", "alice", 1).is_full() && outbox.submit(four, 0).taken() == 0);
}

// Whatever strangers send, submitting answers and the tick goes on.
void strangers() {
  const xgpush::outbox outbox(options());
  static_assert(noexcept(outbox.bind("", "", 0)) && noexcept(outbox.clear_token("", 0)));
  const std::string long_token(65, 't'), long_account(100000, 'a');
  const struct {
    string_view token, account;
    xg_status status;
  } cases[] = {{long_token, "alice", XG_INVALID_VALUE}, {"t1", "a", XG_INVALID_VALUE},
               {"", "alice", XG_INVALID_VALUE},         {"t1", "", XG_INVALID_VALUE},
               {"t\xff", "alice", XG_INVALID_ARGUMENT}, {"t1", "a\0b", XG_INVALID_VALUE},
               {"t1", "tab\tbed", XG_INVALID_VALUE},    {string_view(), "alice", XG_INVALID_VALUE}};
  for (const auto& one : cases) {
    for (const auto& handed : {outbox.bind(one.token, one.account, 1),
                               outbox.unbind(one.token, one.account, 1)}) {
      CHECK(!handed && !handed.is_full() && handed.status() == one.status && handed.taken() == 0);
      CHECK(*handed.message() && *handed.reason());
    }
  }
  CHECK(outbox.bind("stranger1", long_account, 1));
  CHECK(!outbox.clear_token(long_token, 1) && !outbox.clear_account("a", 1));
  CHECK(!outbox.submit(xgpush::request(XG_QUERY_BY_TOKEN).add_token("t1"), 1));
  CHECK(!outbox.submit(xgpush::request(XG_BIND), 1));
  for (const string_view token : {string_view("stranger2"), string_view(long_token)}) {
    xgpush::request login(XG_BIND, xgpush::keep_errors);
    login.add(token, "alice").add_account("alice@example.com", 3);
    const auto handed = outbox.submit(std::move(login), 1);
    CHECK(bool(handed) == (token.size() <= 64) && handed.taken() == (handed ? 1 : 0));
    CHECK(handed || string_view(handed.message()).find("65 bytes") != string_view::npos);
  }
}

#ifndef XGPUSH_NO_EXCEPTIONS
// What a callback throws goes no further, and everything else goes on.
void throwing_callbacks() {
  std::atomic<int> thrown{0};
  auto each = [&](const xgpush::report& report) {
    thrown++;
    if (report.tag() % 2) throw std::runtime_error("odd");
    throw 7;
  };
  std::atomic<int> failures_logged{0};
  auto line = [&](xg_log_level level, string_view text) {
    if (text.find("report callback failed") != string_view::npos) failures_logged += level == XG_LOG_ERROR;
    throw std::runtime_error("no disk left");
  };
  std::atomic<int> carried{0};
  const xgpush::transport stack([&](xgpush::transfer one) {
    if (carried++ < 8) throw std::runtime_error("no network");
    one.finish(200, R"({"ret_code":0,"result":["0"]})");
  });
  const xgpush::outbox outbox(
      std::move(options().set("throttle_base_ms", "1").set("outbox_parallel", "1")), stack);
  outbox.set_log_callback(line);
  value(outbox.set_report_callback(each));
  for (std::uint64_t n = 0; n < 6; n++) {
    CHECK(outbox.clear_token("thrown" + std::to_string(n), n));
    CHECK(value(outbox.flush(30s)) == 0);
  }
  CHECK(outbox.close(30s) == 0);
  CHECK(thrown == 6 && failures_logged == 1 && carried == 14);
  const auto stats = value(outbox.stats());
  CHECK(stats.value("callback_failures") == 6 && stats.value("reports_waiting") == 0);

  const xgpush::transport broken([](xgpush::transfer) { throw 1; });
  const xgpush::client client(std::move(options().set("max_attempts", "1")), broken);
  const auto lost = value(client.batch_operate(xgpush::request(XG_CLEAR_TOKEN).add_token("t1")));
  CHECK(lost[0].state() == XG_STATE_UNKNOWN);
  CHECK(lost[0].message().find("exception") != string_view::npos);
}
#endif

void callbacks() {
  struct {
    std::atomic<std::size_t> delivered{0}, lines{0};
    std::thread::id thread;
  } seen;
  auto each = [&](xgpush::report report) {
    seen.thread = std::this_thread::get_id();
    seen.delivered += report.accepted();
  };
  const auto line = [&](string_view text) { seen.lines += !text.empty(); };
  {
    /* One at a time: the failures come in a row, and the breaker opens. */
    const xgpush::outbox outbox(
        std::move(options().set("throttle_base_ms", "1").set("outbox_parallel", "1")));
    outbox.set_log_callback(line);
    value(outbox.set_report_callback(each));
    CHECK(refused([&] { return outbox.set_report_callback(each); }).status() == XG_INVALID_ARGUMENT);
    admin("fault", R"({"kind":"status","status":503,"times":6})");
    for (std::uint64_t n = 0; n < 50; n++)
      CHECK(outbox.clear_token("back" + std::to_string(n), n));
    CHECK(value(outbox.flush(30s)) == 0);
    outbox.set_log_callback(nullptr);
    CHECK(seen.lines >= 2);
  }
  CHECK(seen.delivered == 50 && seen.thread != std::this_thread::get_id());
}

void transports() {
  const string_view good = R"({"ret_code":0,"result":["0"]})";
  std::atomic<int> carried{0};
  xgpush::transport stack([&](xgpush::transfer one) {
    if (carried++ == 0) return;  // dropped: lost, and tried again
    std::thread([good, one = std::move(one)]() mutable {
      const string_view url = xg_http_request_url(one.request());
      CHECK(url.find("/v3/device/account/batchoperate") != string_view::npos);
      one.finish(200, good);
    }).detach();
  });
  const xgpush::client client(options(), stack);
  stack = xgpush::transport([](xgpush::transfer one) {
    one.fail(XG_SEND_CONNECT, false, "no network in this console");
  });
  const auto request = xgpush::request(XG_CLEAR_TOKEN).add_token("t1");
  const auto late = value(client.batch_operate(request));
  CHECK(late.all_accepted() && late[0].attempts() == 2 && carried == 2);
  const xgpush::client offline(std::move(options().set("max_attempts", "1")), stack);
  const auto none = value(offline.batch_operate(request));
  CHECK(none[0].reason() == "connect_failed");
  CHECK(none[0].message().find("console") != string_view::npos);
  const xgpush::outbox outbox(options(), stack);
  CHECK(outbox.clear_token("t1", 1) && outbox.close(0s) == 1);
  CHECK(refused([&] { return xgpush::client(xgpush::config(), stack); }).status() ==
        XG_INVALID_OPTION);
  CHECK(refused([] { return xgpush::transport(xgpush::transport::perform()); }).status() ==
        XG_INVALID_ARGUMENT);
  CHECK(outbox.is_drained() == false);

  auto confirmed = xgpush::request(XG_BIND).add("cppseen", "alice");
  confirmed.set_confirm(30s);
  CHECK(value(xgpush::client(options()).batch_operate(confirmed))[0].confirmed() == 1);
  CHECK(late[0].confirmed() == -1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  base_url = argv[1];
  value(xgpush::check_abi());
  admin("reset");
  const xgpush::client client(options());
  items(client);
  refusals(client);
  moves(client);
#ifdef XGPUSH_NO_EXCEPTIONS
  kept_errors(client);
  const char* name = "C++ API, without exceptions";
#else
  const char* name = "C++ API";
#endif
  delivery();
  looks();
  full();
  strangers();
  callbacks();
#ifndef XGPUSH_NO_EXCEPTIONS
  throwing_callbacks();
#endif
  transports();
  return finish(name);
}

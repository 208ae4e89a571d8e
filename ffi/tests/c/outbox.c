/* The outbox against a running emulator: outbox BASE_URL FOLDER. With OVER_CURL its
 * requests go through the transport of the examples. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xgpush.h>
#ifdef OVER_CURL
#include "../../../examples/c/curl_transport.h"

static xg_status open_outbox(const xg_config *config, xg_outbox **outbox, xg_error **error) {
  xg_transport *transport = curl_transport_new();
  xg_status status = xg_outbox_open_with_transport(config, transport, outbox, error);
  xg_transport_free(transport);
  return status;
}
#define NAME "C outbox over libcurl"
#else
#define open_outbox xg_outbox_open
#define NAME "C outbox"
#endif

static const char *base_url, *folder;

static xg_config *configured(void) {
  xg_config *config = xg_config_new();
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  xg_config_set(config, "base_url", base_url, NULL);
  return config;
}

static xg_outbox *opened(const char *option, const char *value) {
  xg_config *config = configured();
  xg_outbox *outbox = NULL;
  if (option) CHECK(xg_config_set(config, option, value, NULL) == XG_OK);
  CHECK(open_outbox(config, &outbox, NULL) == XG_OK);
  xg_config_free(config);
  return outbox;
}

static void admin(const char *command, const char *json) {
  xg_config *config = configured();
  xg_client *via = NULL;
  xg_reply *reply = NULL;
  char path[64];
  snprintf(path, sizeof path, "/_emulator/%s", command);
  CHECK(xg_client_new(config, &via, NULL) == XG_OK);
  CHECK(xg_call(via, path, json, strlen(json), &reply, NULL) == XG_OK);
  xg_reply_free(reply);
  xg_client_free(via);
  xg_config_free(config);
}

static xg_status bind_one(const xg_outbox *outbox, int n, xg_error **error) {
  char token[32], account[32];
  int token_len = snprintf(token, sizeof token, n == 7 ? "bad-" : "token%d", n);
  int account_len = snprintf(account, sizeof account, "player%d", n);
  return xg_outbox_bind_n(outbox, token, (size_t)token_len, account, (size_t)account_len,
                          XG_NO_ACCOUNT_TYPE, (uint64_t)n, error);
}

static uint64_t number(const xg_outbox *outbox, const char *name) {
  xg_stats *stats = NULL;
  CHECK(xg_outbox_stats(outbox, &stats, NULL) == XG_OK);
  uint64_t value = xg_stats_value(stats, name);
  xg_stats_free(stats);
  return value;
}

/* Every operator, the descriptor, and one report each. */
static void delivery(void) {
  xg_outbox *outbox = opened(NULL, NULL);
  xg_reports *reports = NULL;
  CHECK(xg_reports_new(16, &reports, NULL) == XG_OK);
  struct pollfd wait = {xg_outbox_fd(outbox), POLLIN, 0};
  CHECK(wait.fd >= 0 && poll(&wait, 1, 0) == 0);
  for (int n = 0; n < 45; n++) CHECK(bind_one(outbox, n, NULL) == XG_OK);
  CHECK(xg_outbox_unbind_n(outbox, "token1", 6, "player1", 7, 0, 45, NULL) == XG_OK);
  CHECK(xg_outbox_clear_token_n(outbox, "token2", 6, 46, NULL) == XG_OK);
  CHECK(xg_outbox_clear_account_n(outbox, "player3", 7, 0, 47, NULL) == XG_OK);
  xg_request *request = NULL;
  static const char json[] = "{\"operator_type\":4,\"token_list\":[\"t1\",\"t2\"]}";
  CHECK(xg_request_batch_from_json(json, sizeof json - 1, &request, NULL) == XG_OK);
  CHECK(xg_outbox_submit(outbox, request, 48, NULL) == XG_OK);
  xg_request_free(request);
  size_t left = 99, seen = 0;
  CHECK(xg_outbox_flush(outbox, 30000, &left, NULL) == XG_OK && left == 0);
  CHECK(poll(&wait, 1, 0) == 1);
  unsigned char told[50] = {0};
  for (size_t count; (count = xg_outbox_poll(outbox, reports, 0)) > 0; seen += count) {
    CHECK(count <= 16 && count == xg_reports_count(reports));
    for (size_t n = 0; n < count; n++) {
      uint64_t tag = xg_reports_tag(reports, n);
      CHECK(tag < 50 && xg_reports_is_final(reports, n) && !told[tag]++);
      /* The binding of token 2 may have been superseded by its clearing. */
      if (tag == 7) {
        CHECK(xg_reports_state(reports, n) == XG_STATE_REJECTED);
        CHECK(xg_reports_code(reports, n) == 1008006);
        CHECK(strstr(xg_reports_message(reports, n), "invalid") != NULL);
      } else if (strcmp(xg_reports_reason(reports, n), "superseded") != 0) {
        CHECK(xg_reports_state(reports, n) == XG_STATE_ACCEPTED);
        CHECK(xg_reports_attempts(reports, n) == 1 && xg_reports_http_status(reports, n) == 200);
      }
      CHECK(xg_reports_timestamp_ms(reports, n) >= xg_reports_submitted_ms(reports, n));
    }
  }
  CHECK(seen == 50 && poll(&wait, 1, 0) == 0);
  xg_stats *stats = NULL;
  CHECK(xg_outbox_stats(outbox, &stats, NULL) == XG_OK);
  CHECK(xg_stats_value(stats, "submitted") == 50 && xg_stats_value(stats, "open") == 0);
  size_t length = 0;
  CHECK(strlen(xg_stats_json(stats, &length)) == length && length > 100);
  CHECK(strstr(xg_stats_prometheus(stats, &length), "xgpush_outbox_submitted_total{outbox=\"1500001048\"} 50\n") != NULL);
  xg_stats_free(stats);
  CHECK(xg_outbox_close(outbox, 1000) == 0);
  CHECK(bind_one(outbox, 1, NULL) == XG_CLOSED);
  CHECK(poll(&wait, 1, 0) == 1 && xg_outbox_poll(outbox, reports, 60000) == 0);
  xg_reports_free(reports);
  xg_outbox_free(outbox);
}

static void refusals(void) {
  xg_outbox *outbox = opened("outbox_max_operations", "3");
  xg_error *error = NULL;
  CHECK(xg_outbox_bind_n(outbox, "t\xff", 2, "alice", 5, 0, 0, NULL) == XG_INVALID_ARGUMENT);
  CHECK(xg_outbox_bind_n(outbox, "", 0, "alice", 5, 0, 0, NULL) == XG_INVALID_VALUE);
  CHECK(xg_outbox_bind_n(outbox, "t1", 2, "a", 1, 0, 0, &error) == XG_INVALID_VALUE);
  CHECK(strstr(xg_error_message(error), "greater than 1 byte") != NULL);
  xg_error_free(error);
  error = NULL;
  int taken = 0;
  while (bind_one(outbox, taken, &error) == XG_OK) taken++;
  CHECK(taken == 3 && xg_error_status(error) == XG_FULL);
  xg_error_free(error);
  xg_outbox_free(outbox);
}

struct calls {
  pthread_mutex_t lock;
  pthread_cond_t more;
  size_t reports, lines;
  pthread_t thread;
};

static void on_reports(const xg_reports *reports, void *context) {
  struct calls *calls = context;
  pthread_mutex_lock(&calls->lock);
  calls->reports += xg_reports_count(reports);
  calls->thread = pthread_self();
  pthread_mutex_unlock(&calls->lock);
}

static void on_line(int32_t level, const char *line, void *context) {
  (void)level;
  struct calls *calls = context;
  pthread_mutex_lock(&calls->lock);
  calls->lines += strlen(line) > 0;
  pthread_cond_signal(&calls->more);
  pthread_mutex_unlock(&calls->lock);
}

/* Whether so many lines were logged within a minute. */
static int lines_come(struct calls *calls, size_t lines) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 60;
  pthread_mutex_lock(&calls->lock);
  while (calls->lines < lines && pthread_cond_timedwait(&calls->more, &calls->lock, &until) == 0) {
  }
  int come = calls->lines >= lines;
  pthread_mutex_unlock(&calls->lock);
  return come;
}

static void callbacks(void) {
  struct calls calls = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, pthread_self()};
  xg_outbox *outbox = opened("throttle_base_ms", "1");
  xg_outbox_set_log_callback(outbox, on_line, &calls);
  CHECK(xg_outbox_set_report_callback(outbox, on_reports, &calls, 0, NULL) == XG_OK);
  CHECK(xg_outbox_set_report_callback(outbox, on_reports, &calls, 0, NULL) == XG_INVALID_ARGUMENT);
  admin("fault", "{\"kind\":\"status\",\"status\":503,\"times\":0}");
  for (int n = 100; n < 200; n++) CHECK(bind_one(outbox, n, NULL) == XG_OK);
  /* Sending is paused, and later the service answers again. */
  CHECK(lines_come(&calls, 1));
  admin("clear_faults", "{}");
  CHECK(lines_come(&calls, 2));
  CHECK(xg_outbox_close(outbox, 30000) == 0);
  xg_outbox_free(outbox);
  CHECK(calls.reports == 100);
  CHECK(!pthread_equal(calls.thread, pthread_self()));
}

/* Ends a child. By exec: what its parent's threads own is no leak of the child. */
static void leave(int code) {
  char command[16];
  snprintf(command, sizeof command, "exit %d", code);
  execl("/bin/sh", "sh", "-c", command, (char *)NULL);
  _exit(3);
}

/* What a child gets that would wait minutes: 0, or 1 for a wrong answer, or 2 when all of
 * them took longer than the 100 ms that are promised. */
static void ask_in_a_child(xg_outbox *outbox) {
  struct timespec began, ended;
  clock_gettime(CLOCK_MONOTONIC, &began);
  xg_reports *reports = NULL;
  int bad = bind_one(outbox, 301, NULL) != XG_CLOSED;
  bad += xg_outbox_flush(outbox, 60000, NULL, NULL) != XG_CLOSED;
  bad += xg_outbox_sync(outbox, 60000, NULL) != XG_CLOSED;
  bad += xg_outbox_set_report_callback(outbox, on_reports, NULL, 0, NULL) != XG_CLOSED;
  bad += xg_reports_new(4, &reports, NULL) != XG_OK;
  xg_stats *stats = NULL;
  bad += xg_outbox_stats(outbox, &stats, NULL) != XG_OK || !xg_outbox_is_drained(outbox);
  bad += xg_outbox_list_pending(outbox, NULL, NULL, 9, 60000, NULL, NULL) == XG_OK;
  xg_outbox_set_log_callback(outbox, NULL, NULL);
  bad += xg_outbox_poll(outbox, reports, 60000) != 0;
  bad += xg_outbox_close(outbox, 60000) != 0;
  xg_outbox_free(outbox);
  clock_gettime(CLOCK_MONOTONIC, &ended);
  long ms = (ended.tv_sec - began.tv_sec) * 1000 + (ended.tv_nsec - began.tv_nsec) / 1000000;
  dprintf(1, "a child after fork had its answers within %ld ms\n", ms);
  leave(bad ? 1 : ms < 100 ? 0 : 2);
}

/* A child gets its answers at once, and does its parent no harm. A machine that stands
 * still does not do so for five children. */
static void in_a_child(void) {
  xg_outbox *outbox = opened(NULL, NULL);
  CHECK(bind_one(outbox, 300, NULL) == XG_OK);
  int at_once = 0;
  for (int n = 0; n < 5 && !at_once; n++) {
    int status = -1;
    pid_t child = fork();
    if (child == 0) ask_in_a_child(outbox);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 2));
    at_once = status == 0;
  }
  CHECK(at_once);
  CHECK(xg_outbox_flush(outbox, 30000, NULL, NULL) == XG_OK);
  CHECK(number(outbox, "accepted") == 1 && number(outbox, "no such number") == 0);
  xg_outbox_free(outbox);
}

static void file(void) {
  char path[512];
  snprintf(path, sizeof path, "%s/outbox", folder);
  admin("fault", "{\"kind\":\"status\",\"status\":503,\"times\":0}");
  xg_outbox *outbox = opened("outbox_file", path), *second = NULL;
  xg_config *config = configured();
  xg_error *error = NULL;
  CHECK(xg_config_set(config, "outbox_file", path, NULL) == XG_OK);
  CHECK(open_outbox(config, &second, &error) == XG_STORAGE && second == NULL);
  CHECK(strstr(xg_error_message(error), "held by") != NULL);
  xg_error_free(error);
  pid_t child = fork();
  if (child == 0) {
    xg_error *why = NULL;
    char number[32];
    snprintf(number, sizeof number, "process %d;", (int)getppid());
    xg_status status = open_outbox(config, &second, &why);
    leave(status == XG_STORAGE && strstr(xg_error_message(why), number) ? 0 : 1);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  xg_config_free(config);
  for (int n = 400; n < 410; n++) CHECK(bind_one(outbox, n, NULL) == XG_OK);
  CHECK(xg_outbox_sync(outbox, 30000, NULL) == XG_OK);
  CHECK(number(outbox, "durable") == 10);
  CHECK(xg_outbox_close(outbox, 50) == 10);
  xg_outbox_free(outbox);
  admin("clear_faults", "{}");
  outbox = opened("outbox_file", path);
  CHECK(number(outbox, "recovered") == 10);
  size_t left = 1;
  CHECK(bind_one(outbox, 410, NULL) == XG_OK);
  CHECK(xg_outbox_flush(outbox, 30000, &left, NULL) == XG_OK && left == 0);
  xg_reports *reports = NULL;
  CHECK(xg_reports_new(64, &reports, NULL) == XG_OK);
  CHECK(xg_outbox_poll(outbox, reports, 30000) == 11);
  for (size_t n = 0; n < xg_reports_count(reports); n++)
    CHECK(xg_reports_is_recovered(reports, n) == (xg_reports_tag(reports, n) != 410));
  xg_reports_free(reports);
  xg_outbox_free(outbox);
}

static void *submit(void *outbox) {
  for (int n = 1000; n < 3000; n++) {
    if (bind_one(outbox, n, NULL) != XG_OK) return outbox;
  }
  return NULL;
}

/* Several threads submit while one polls. */
static void threads(void) {
  xg_outbox *outbox = opened(NULL, NULL);
  xg_reports *reports = NULL;
  CHECK(xg_reports_new(64, &reports, NULL) == XG_OK);
  pthread_t thread[4];
  for (int n = 0; n < 4; n++) CHECK(pthread_create(&thread[n], NULL, submit, outbox) == 0);
  size_t seen = 0;
  for (size_t count; seen < 8000 && (count = xg_outbox_poll(outbox, reports, 60000)) > 0;)
    seen += count;
  for (int n = 0; n < 4; n++) {
    void *trouble = outbox;
    CHECK(pthread_join(thread[n], &trouble) == 0 && trouble == NULL);
  }
  CHECK(seen == 8000);
  xg_reports_free(reports);
  xg_outbox_free(outbox);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  base_url = argv[1];
  folder = argv[2];
  admin("reset", "{}");
  delivery();
  refusals();
  callbacks();
  in_a_child();
  file();
  threads();
  return finish(NAME);
}

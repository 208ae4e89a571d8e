/* What the system does not give: threads, descriptors, and the stack that they have.
 * outbox_limits BASE_URL */
#define _GNU_SOURCE
#include "check.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>
#include <xgpush.h>

static atomic_int none;
static atomic_size_t smallest = SIZE_MAX;

/* In place of the system's: without permission, as under a limit of processes. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument) {
  static int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  size_t stack = SIZE_MAX;
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, "pthread_create");
  if (none) return EAGAIN;
  if (attributes && pthread_attr_getstacksize(attributes, &stack) == 0 && stack < smallest)
    smallest = stack;
  return next(thread, attributes, start, argument);
}

static xg_config *configured(const char *url) {
  xg_config *config = xg_config_new();
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  xg_config_set(config, "base_url", url, NULL);
  xg_config_set(config, "allow_http", "true", NULL);
  return config;
}

static void is_refused(xg_status status, xg_error **error, const char *words) {
  CHECK(status == XG_RESOURCES && xg_error_is_retryable(*error));
  CHECK_TEXT(xg_error_name(*error), "resources");
  CHECK(strstr(xg_error_message(*error), words) != NULL);
  xg_error_free(*error);
  *error = NULL;
}

static uint64_t number(const xg_outbox *outbox, const char *name) {
  xg_stats *stats = NULL;
  CHECK(xg_outbox_stats(outbox, &stats, NULL) == XG_OK);
  uint64_t value = xg_stats_value(stats, name);
  xg_stats_free(stats);
  return value;
}

static void on_reports(const xg_reports *reports, void *context) {
  (void)reports;
  (void)context;
}

static atomic_int lines;

static void on_line(int32_t level, const char *line, void *context) {
  (void)level;
  (void)context;
  atomic_fetch_add(&lines, 1);
  CHECK(strstr(line, atomic_load(&lines) == 1 ? "could not start a thread" : "can be started again") != NULL);
}

static void threads(const char *url) {
  xg_config *config = configured(url);
  xg_error *error = NULL;
  xg_outbox *outbox = NULL;
  none = 1;
  is_refused(xg_outbox_open(config, &outbox, &error), &error, "ulimit -u");
  CHECK(outbox == NULL);
  none = 0;
  CHECK(xg_outbox_open(config, &outbox, NULL) == XG_OK);
  xg_outbox_set_log_callback(outbox, on_line, NULL);
  none = 1;
  is_refused(xg_outbox_set_report_callback(outbox, on_reports, NULL, 0, &error), &error, "pids limit");
  CHECK(xg_outbox_clear_token(outbox, "limits1", 1, NULL) == XG_OK);
  size_t left = 0;
  CHECK(xg_outbox_flush(outbox, 100, &left, NULL) == XG_OK && left == 1);
  /* It is tried again and again, and logged once. */
  while (number(outbox, "resource_failures") < 3) xg_outbox_flush(outbox, 100, &left, NULL);
  CHECK(number(outbox, "requests") == 0 && atomic_load(&lines) == 1);
  none = 0;
  CHECK(xg_outbox_flush(outbox, 60000, &left, NULL) == XG_OK && left == 0);
  CHECK(number(outbox, "accepted") == 1);
  xg_outbox_close(outbox, 60000);
  CHECK(atomic_load(&lines) == 2);
  xg_outbox_free(outbox);
  CHECK(xg_outbox_open(config, &outbox, NULL) == XG_OK);
  CHECK(xg_outbox_set_report_callback(outbox, on_reports, NULL, 0, NULL) == XG_OK);
  xg_outbox_free(outbox);
  xg_config_free(config);
  /* RUST_MIN_STACK of the environment is 16384. */
  CHECK(smallest >= 1 << 20);
}

static void look_up(void) {
  xg_config *config = configured("http://name.invalid");
  xg_client *client = NULL;
  xg_request *request = NULL;
  xg_outcome *outcome = NULL;
  xg_config_set(config, "max_attempts", "1", NULL);
  CHECK(xg_client_new(config, &client, NULL) == XG_OK);
  CHECK(xg_request_new(XG_CLEAR_TOKEN, &request, NULL) == XG_OK);
  CHECK(xg_request_add_token(request, "limits2", NULL) == XG_OK);
  none = 1;
  CHECK(xg_batch_operate(client, request, &outcome, NULL) == XG_OK);
  none = 0;
  CHECK(xg_outcome_state(outcome, 0) == XG_STATE_NOT_SENT);
  CHECK(xg_outcome_is_retryable(outcome, 0));
  CHECK(strstr(xg_outcome_message(outcome, 0), "gave no thread") != NULL);
  xg_outcome_free(outcome);
  xg_request_free(request);
  xg_client_free(client);
  xg_config_free(config);
}

static void descriptors(const char *url) {
  xg_config *config = configured(url);
  xg_outbox *outbox = NULL;
  CHECK(xg_outbox_open(config, &outbox, NULL) == XG_OK);
  struct rlimit before, none_left;
  int next = dup(0);
  CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
  none_left = before;
  none_left.rlim_cur = (rlim_t)next;
  close(next);
  /* The lowest free number is beyond the limit, or the second one is. */
  CHECK(setrlimit(RLIMIT_NOFILE, &none_left) == 0);
  CHECK(xg_outbox_fd(outbox) == -1);
  CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(xg_outbox_fd(outbox) >= 0);
  xg_outbox_free(outbox);
  xg_config_free(config);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  setenv("RUST_MIN_STACK", "16384", 1);
  threads(argv[1]);
  look_up();
  descriptors(argv[1]);
  return finish("C outbox, limits");
}

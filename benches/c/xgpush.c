/* The contender through the C ABI:
 * xgpush calls BASE_URL CALLS | parallel BASE_URL AT_ONCE ROUNDS. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xgpush.h>

static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static xg_client *client(const char *base_url, const char *at_once) {
  xg_config *config = xg_config_new();
  xg_client *made = NULL;
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  xg_config_set(config, "base_url", base_url, NULL);
  xg_config_set(config, "deadline_ms", "600000", NULL);
  xg_config_set(config, "request_timeout_ms", "30000", NULL);
  xg_config_set(config, "parallel", at_once, NULL);
  if (xg_client_new(config, &made, NULL) != XG_OK) exit(2);
  xg_config_free(config);
  return made;
}

static xg_request *bindings(long count) {
  xg_request *request = NULL;
  if (xg_request_new(XG_BIND, &request, NULL) != XG_OK) exit(2);
  for (long n = 0; n < count; n++) {
    char token[40], account[24];
    snprintf(token, sizeof token, "%036ld", n);
    snprintf(account, sizeof account, "player%08ld", n);
    if (xg_request_add_binding(request, token, account, XG_NO_ACCOUNT_TYPE, NULL) != XG_OK) exit(2);
  }
  return request;
}

static void once(const xg_client *with, const xg_request *request) {
  xg_outcome *outcome = NULL;
  if (xg_batch_operate(with, request, &outcome, NULL) != XG_OK ||
      !xg_outcome_all_accepted(outcome))
    exit(1);
  xg_outcome_free(outcome);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  if (strcmp(argv[1], "calls") == 0) {
    long calls = atol(argv[3]);
    xg_client *with = client(argv[2], "1");
    xg_request *request = bindings(20);
    once(with, request);
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
    for (long n = 0; n < calls; n++) once(with, request);
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = seconds(CLOCK_MONOTONIC) - wall;
    printf("%.2f %.2f\n", cpu * 1e6 / (double)calls, wall * 1e6 / (double)calls);
  } else {
    long at_once = atol(argv[3]), items = at_once * atol(argv[4]) * 20;
    xg_client *with = client(argv[2], argv[3]);
    once(with, bindings(at_once * 20));
    xg_request *request = bindings(items);
    double wall = seconds(CLOCK_MONOTONIC);
    once(with, request);
    printf("%.0f\n", (double)items / (seconds(CLOCK_MONOTONIC) - wall));
  }
  return 0;
}

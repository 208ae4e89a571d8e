/* The clock is stepped while an outbox is open (and a machine that was suspended is
 * the same to it): reports have the new time. clock_step BASE_URL */
#define _GNU_SOURCE
#include "check.h"
#include <dlfcn.h>
#include <stdbool.h>
#include <time.h>
#include <xgpush.h>

static _Atomic long step;

int clock_gettime(clockid_t clock, struct timespec *time) {
  static int (*next)(clockid_t, struct timespec *);
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
  int answer = next(clock, time);
  if (clock == CLOCK_REALTIME) time->tv_sec += step;
  return answer;
}

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  xg_config *config = xg_config_new();
  xg_outbox *outbox = NULL;
  xg_reports *reports = NULL;
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  CHECK(xg_config_set(config, "base_url", argv[1], NULL) == XG_OK);
  CHECK(xg_outbox_open(config, &outbox, NULL) == XG_OK);
  CHECK(xg_reports_new(1, &reports, NULL) == XG_OK);
  const long steps[] = {0, 7200, -7200, 0};
  for (size_t n = 0; n < sizeof steps / sizeof *steps; n++) {
    step = steps[n];
    long long before = now_ms();
    CHECK(xg_outbox_bind(outbox, "token1", "alice", XG_NO_ACCOUNT_TYPE, n, NULL) == XG_OK);
    CHECK(xg_outbox_poll(outbox, reports, 30000) == 1);
    long long submitted = (long long)xg_reports_submitted_ms(reports, 0);
    long long at = (long long)xg_reports_timestamp_ms(reports, 0);
    /* A second on either side, as it is promised. */
    CHECK(before - 1000 <= submitted && submitted <= at && at <= now_ms() + 1000);
  }
  xg_outbox_free(outbox);
  xg_reports_free(reports);
  xg_config_free(config);
  return finish("C steps of the clock");
}

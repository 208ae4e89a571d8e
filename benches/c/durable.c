/* When what is submitted is in the file.
 *
 *   durable latency FILE URL   32 operations at a time at 60 Hz: from the submission to
 *                              the notice that it is durable, in us: "p50 p99 worst"
 *   durable kill FILE MS       the same for a while, and SIGKILL so long after the
 *                              last 32; no server responds, so all of it stays in the file
 *   durable left FILE          how many of these 32 the file has */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <unistd.h>
#include <xgpush.h>

#include "submit.h"

enum { BEFORE = 12 };

static xg_outbox *outbox;
static uint64_t began[BURST * TICKS], took[BURST * TICKS];

static int opened(const char *file, const char *url) {
  xg_config *config = xg_config_new();
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  xg_config_set(config, "base_url", url, NULL);
  xg_config_set(config, "outbox_file", file, NULL);
  xg_config_set(config, "outbox_durable_notices", "true", NULL);
  return xg_outbox_open(config, &outbox, NULL) == XG_OK;
}

static void burst(int first) {
  for (int n = first; n < first + BURST; n++) {
    char phone[37], player[11];
    snprintf(phone, sizeof phone, "token%031d", n);
    snprintf(player, sizeof player, "play%06d", n);
    began[n] = now_ns();
    if (xg_outbox_bind_n(outbox, phone, 36, player, 10, XG_NO_ACCOUNT_TYPE, (uint64_t)n, NULL) !=
        XG_OK)
      exit(4);
  }
}

static int latency(void) {
  xg_reports *reports = NULL;
  if (xg_reports_new(1024, &reports, NULL) != XG_OK) return 5;
  int count = 0;
  uint64_t next = now_ns();
  for (int tick = 0; tick < TICKS; tick++) {
    burst(tick * BURST);
    next += 16666667;
    for (uint64_t now; (now = now_ns()) < next;) {
      xg_outbox_poll(outbox, reports, (next - now) / 1000000);
      uint64_t come = now_ns();
      for (size_t n = 0; n < xg_reports_count(reports); n++)
        if (!xg_reports_is_final(reports, n))
          took[count++] = come - began[xg_reports_tag(reports, n)];
    }
  }
  qsort(took, (size_t)count, sizeof *took, by_size);
  printf("%llu %llu %llu\n", (unsigned long long)took[count / 2] / 1000,
         (unsigned long long)took[count - count / 100 - 1] / 1000,
         (unsigned long long)took[count - 1] / 1000);
  xg_reports_free(reports);
  return 0;
}

static void sleep_until(uint64_t when) {
  struct timespec at = {(time_t)(when / 1000000000u), (long)(when % 1000000000u)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  const char *dead = "http://127.0.0.1:9";
  if (!opened(argv[2], argc > 3 && *argv[1] == 'l' ? argv[3] : dead)) return 3;
  if (strcmp(argv[1], "latency") == 0) return latency();
  if (strcmp(argv[1], "left") == 0) {
    xg_stats *stats = NULL;
    if (xg_outbox_stats(outbox, &stats, NULL) != XG_OK) return 5;
    uint64_t there = xg_stats_value(stats, "recovered"), before = BEFORE * BURST;
    printf("%d\n", there > before ? (int)(there - before) : 0);
    fflush(stdout);
    _exit(0);
  }
  uint64_t next = now_ns();
  for (int tick = 0; tick < BEFORE; tick++, sleep_until(next += 16666667)) burst(tick * BURST);
  burst(BEFORE * BURST);
  sleep_until(now_ns() + (uint64_t)atoi(argv[3]) * 1000000u);
  raise(SIGKILL);
  return 0;
}

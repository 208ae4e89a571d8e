/* Submitting until the memory is gone: it answers, and goes on when there is some. The
 * outbox's thread is kept in the log, so that it takes none. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <xgpush.h>

static atomic_int held;

static void hold(int32_t level, const char *line, void *context) {
  (void)level;
  (void)line;
  (void)context;
  held = 1;
  for (;;) pause();
}

/* What the process has mapped. */
static rlim_t mapped(void) {
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%lu", &pages) != 1) _exit(9);
  fclose(file);
  return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static xg_status submit(const xg_outbox *outbox, unsigned n) {
  char token[32], account[512];
  memset(account, 'a', sizeof account - 1);
  account[sizeof account - 1] = 0;
  snprintf(token, sizeof token, "token%u", n);
  return xg_outbox_bind(outbox, token, account, XG_NO_ACCOUNT_TYPE, n, NULL);
}

int main(void) {
  xg_config *config = xg_config_new();
  xg_outbox *outbox = NULL;
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  xg_config_set(config, "base_url", "http://127.0.0.1:1", NULL);
  xg_config_set(config, "retry_base_ms", "1", NULL);
  xg_config_set(config, "outbox_max_operations", "100000000", NULL);
  xg_config_set(config, "outbox_max_bytes", "4000000000", NULL);
  if (xg_outbox_open(config, &outbox, NULL) != XG_OK) return 9;
  xg_outbox_set_log_callback(outbox, hold, NULL);
  unsigned n = 0;
  for (const struct timespec tick = {0, 10000000}; !held; nanosleep(&tick, NULL)) {
    if (submit(outbox, n++) != XG_OK || n > 10000) return 8;
  }
  struct rlimit before, tight;
  if (getrlimit(RLIMIT_AS, &before) != 0) return 9;
  tight = before;
  tight.rlim_cur = mapped() + (48u << 20);
  if (setrlimit(RLIMIT_AS, &tight) != 0) return 9;
  xg_status status;
  while ((status = submit(outbox, n)) == XG_OK) n++;
  if (setrlimit(RLIMIT_AS, &before) != 0) return 9;
  dprintf(1, "%u operations were taken, then: %s\n", n, xg_status_name(status));
  if (status != XG_FULL || submit(outbox, n) != XG_OK) return 7;
  /* Its threads hang; nothing waits for them. */
  _exit(0);
}

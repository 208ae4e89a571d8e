/* An outbox with a file and nothing to do wakes at most once a second: outbox_idle
 * BASE_URL FILE. Counts how often its thread gave the processor away. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include <dirent.h>
#include <time.h>
#include <xgpush.h>

enum { WINDOWS = 10 };

/* A line of a file of the thread that is the outbox's own. */
static long switches(void) {
  DIR *threads = opendir("/proc/self/task");
  long count = -1;
  for (struct dirent *thread; threads && (thread = readdir(threads)) != NULL;) {
    char path[300], line[128];
    snprintf(path, sizeof path, "/proc/self/task/%.200s/status", thread->d_name);
    FILE *status = fopen(path, "r");
    int ours = 0;
    while (status && fgets(line, sizeof line, status)) {
      ours |= strcmp(line, "Name:\txgpush-outbox\n") == 0;
      if (ours) sscanf(line, "voluntary_ctxt_switches: %ld", &count);
    }
    if (status) fclose(status);
  }
  if (threads) closedir(threads);
  return count;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  xg_config *config = xg_config_new();
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  xg_config_set(config, "base_url", argv[1], NULL);
  xg_config_set(config, "outbox_file", argv[2], NULL);
  xg_outbox *outbox = NULL;
  CHECK(xg_outbox_open(config, &outbox, NULL) == XG_OK);
  CHECK(xg_outbox_bind_n(outbox, "token", 5, "alice", 5, XG_NO_ACCOUNT_TYPE, 1, NULL) == XG_OK);
  CHECK(xg_outbox_flush(outbox, 30000, NULL, NULL) == XG_OK);
  /* It looks around for a second after a submission. A busy machine makes that no longer than
   * some windows. */
  int idle = 0;
  for (int window = 0; window < WINDOWS && !idle; window++) {
    const struct timespec second = {1, 0};
    long before = switches();
    CHECK(before >= 0);
    nanosleep(&second, NULL);
    idle = switches() - before <= 1;
  }
  CHECK(idle);
  xg_outbox_free(outbox);
  xg_config_free(config);
  return finish("C idle outbox");
}

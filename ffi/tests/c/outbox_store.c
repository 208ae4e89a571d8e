/* A short run over a file: outbox_store BASE_URL FILE DURABILITY VERB.
 *
 * fill   submits ten operations while no server responds, one commit each, and prints
 *        the tags of those that were reported durable; "refused: WHY" when the
 *        file cannot be opened.
 * die    the same, and ends as by kill -9.
 * drain  delivers what the file has, and prints the tags.
 * open   prints how many operations the file has, and leaves them there.
 * twice  opens it twice. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xgpush.h>

static int print(const xg_outbox *outbox, xg_reports *reports, bool final, uint64_t wait) {
  int count = 0;
  for (size_t most; (most = xg_outbox_poll(outbox, reports, wait)) > 0; wait = 0)
    for (size_t n = 0; n < most; n++)
      if (xg_reports_is_final(reports, n) == final) {
        printf("%d\n", (int)xg_reports_tag(reports, n));
        count++;
      }
  return count;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  bool die = strcmp(argv[4], "die") == 0, fill = die || strcmp(argv[4], "fill") == 0;
  bool drain = strcmp(argv[4], "drain") == 0;
  xg_config *config = xg_config_new();
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  xg_config_set(config, "base_url", drain ? argv[1] : "http://127.0.0.1:9", NULL);
  xg_config_set(config, "outbox_file", argv[2], NULL);
  xg_config_set(config, "outbox_durability", argv[3], NULL);
  xg_config_set(config, "outbox_durable_notices", "true", NULL);
  xg_config_set(config, "outbox_linger_ms", "0", NULL);
  xg_outbox *outbox = NULL;
  xg_reports *reports = NULL;
  xg_error *error = NULL;
  if (xg_outbox_open(config, &outbox, &error) != XG_OK) {
    printf("refused: %s\n", xg_error_message(error));
    return xg_error_status(error) == XG_STORAGE && strlen(xg_error_message(error)) > 20 ? 0 : 3;
  }
  if (xg_reports_new(64, &reports, NULL) != XG_OK) return 4;
  if (strcmp(argv[4], "open") == 0) {
    xg_stats *stats = NULL;
    if (xg_outbox_stats(outbox, &stats, NULL) != XG_OK) return 7;
    printf("opened with %d\n", (int)xg_stats_value(stats, "recovered"));
    xg_stats_free(stats);
  } else if (strcmp(argv[4], "twice") == 0) {
    xg_outbox *second = NULL;
    if (xg_outbox_open(config, &second, &error) != XG_STORAGE) return 8;
    printf("%s\n", xg_error_message(error));
    xg_error_free(error);
  } else if (fill) {
    for (int n = 1; n <= 10; n++) {
      char token[16];
      int length = snprintf(token, sizeof token, "token%d", n);
      if (xg_outbox_bind_n(outbox, token, (size_t)length, "player", 6, 0, (uint64_t)n, NULL) !=
          XG_OK)
        return 5;
      /* A commit of its own; one that fails gives no notice. */
      print(outbox, reports, false, 30);
    }
    if (die) {
      /* The last commit may take longer than its notice is waited for. */
      if (xg_outbox_sync(outbox, 30000, NULL) != XG_OK) return 9;
      raise(SIGKILL);
    }
    xg_outbox_close(outbox, 0);
    print(outbox, reports, false, 0);
  } else if (drain) {
    size_t left = 1;
    if (xg_outbox_flush(outbox, 30000, &left, NULL) != XG_OK || left != 0) return 6;
    print(outbox, reports, true, 0);
  }
  xg_outbox_free(outbox);
  xg_reports_free(reports);
  xg_config_free(config);
  return 0;
}

/* Returns from main while the outbox sends: outbox_exit BASE_URL. */
#include <stdio.h>
#include <string.h>
#include <xgpush.h>

/* Where a program keeps what it never frees, so that nothing is lost at its end. */
static xg_outbox *outbox;
static xg_reports *reports;

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  xg_config *config = xg_config_new();
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  xg_config_set(config, "base_url", argv[1], NULL);
  xg_config_set(config, "outbox_linger_ms", "0", NULL);
  if (xg_outbox_open(config, &outbox, NULL) != XG_OK) return 3;
  xg_config_free(config);
  for (int n = 0; n < 500; n++) {
    char token[32];
    int length = snprintf(token, sizeof token, "exit%d", n);
    if (xg_outbox_bind_n(outbox, token, (size_t)length, "player", 6, 0, 0, NULL) != XG_OK) return 4;
  }
  if (xg_reports_new(1, &reports, NULL) != XG_OK) return 5;
  /* It is under way. */
  return xg_outbox_poll(outbox, reports, 30000) == 1 ? 0 : 6;
}

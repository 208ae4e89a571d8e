/* outbox burst|flat BASE_URL [FILE]: the cost of submitting. XGPUSH_OUTBOX_URL may name an
 * engine. */
#define _POSIX_C_SOURCE 200809L
#include "submit.h"
#include <unistd.h>
#include <xgpush.h>

static xg_outbox *outbox;

static int submit(const char *phone, const char *player, int n) {
  return xg_outbox_bind_n(outbox, phone, 36, player, 10, XG_NO_ACCOUNT_TYPE, (uint64_t)n,
                          NULL) != XG_OK;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  xg_config *config = xg_config_new();
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  xg_config_set(config, "base_url", argv[2], NULL);
  if (argc > 3) xg_config_set(config, "outbox_file", argv[3], NULL);
  if (xg_config_set_from_env(config, NULL) != XG_OK) return 4;
  if (xg_outbox_open(config, &outbox, NULL) != XG_OK) return 3;
  int bad = measure(strcmp(argv[1], "flat") == 0, submit);
  fflush(stdout);
  /* Neither what is left nor a file is of interest. */
  xg_outbox_close(outbox, 0);
  xg_outbox_free(outbox);
  xg_config_free(config);
  return bad;
}

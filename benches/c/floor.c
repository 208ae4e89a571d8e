/* floor burst|flat: what the machine lets anything cost here: 46 bytes are copied,
 * and nothing else is done. */
#define _POSIX_C_SOURCE 200809L
#include "submit.h"

static char kept[FLAT][46];

static int submit(const char *phone, const char *player, int n) {
  memcpy(kept[n], phone, 36);
  memcpy(kept[n] + 36, player, 10);
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  return measure(strcmp(argv[1], "flat") == 0, submit);
}

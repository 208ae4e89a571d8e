/* Defects on purpose: what the programs run under must catch each. broken KIND. */
#include <stdlib.h>
#include <string.h>
#include <xgpush.h>

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  const char *kind = argv[1];
  xg_error *error = NULL;
  if (xg_abi_check(0, &error) == XG_OK) return 3;
  const char *text = xg_error_message(error);
  size_t end = strlen(text);
  volatile int seen = text[end], bits = 40;
  if (strcmp(kind, "overflow") == 0) seen = text[end + 1];
  if (strcmp(kind, "shift") == 0) seen = 1 << bits;
  if (strcmp(kind, "leak") != 0) xg_error_free(error);
  if (strcmp(kind, "freed") == 0) seen = text[0];
  /* The leak has no pointer to it left, not even a stale one. */
  text = NULL, error = NULL;
  return seen == 1 ? 4 : 0;
}

/* Loads the library and exits without a call. */
#include <xgpush.h>

const char *(*const kept)(void) = xg_version;

int main(void) { return kept == NULL; }

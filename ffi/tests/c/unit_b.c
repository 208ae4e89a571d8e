#include <xgpush.h>

const char *version_in_b(void);
const char *version_in_b(void) { return xg_version(); }

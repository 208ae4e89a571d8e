/* Two units that include everything link together. */
#include <xgpush.h>
#include <xgpush.h>

const char *version_in_b(void);

int main(void) { return xg_version() == version_in_b() ? 0 : 1; }

/* A panic inside the library becomes a status, and nothing is written: run.sh looks
 * at standard error. Linked against a build with the feature test-panic. */
#include "check.h"
#include <xgpush.h>

xg_status xg_test_panic(xg_error **error);

int main(void) {
  xg_error *error = NULL;
  CHECK(xg_test_panic(&error) == XG_INTERNAL);
  CHECK(strstr(xg_error_message(error), "panicked") != NULL);
  CHECK(strstr(xg_error_message(error), "provoked") != NULL);
  xg_error_free(error);
  CHECK(xg_test_panic(NULL) == XG_INTERNAL);
  return finish("C panic");
}

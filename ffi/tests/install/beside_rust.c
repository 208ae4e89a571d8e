/* xgpush beside another Rust library; both unwind and keep thread-locals. Linked
 * against a build with the feature test-panic. */
#include "../c/check.h"
#include <xgpush.h>

int neighbour_calls(void);
xg_status xg_test_panic(xg_error **error);

int main(void) {
  for (int n = 1; n <= 3; n++) {
    xg_error *error = NULL;
    CHECK(neighbour_calls() == n);
    CHECK(xg_test_panic(&error) == XG_INTERNAL);
    CHECK(strstr(xg_error_message(error), "panicked") != NULL);
    xg_error_free(error);
  }
  return finish("beside another Rust library");
}

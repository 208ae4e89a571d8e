/* Binds two tokens to players' accounts and shows the result of each. Options
 * come from the environment: XGPUSH_ACCESS_ID, XGPUSH_SECRET_KEY,
 * XGPUSH_ACCESS_POINT … */
#include <stdio.h>
#include <xgpush.h>

int main(void) {
  xg_error *error = NULL;
  xg_client *client = NULL;
  xg_request *request = NULL;
  xg_outcome *outcome = NULL;
  xg_config *config = xg_config_new();

  if (xg_config_set_from_env(config, &error) == XG_OK &&
      xg_client_new(config, &client, &error) == XG_OK &&
      xg_request_new(XG_BIND, &request, &error) == XG_OK &&
      xg_request_add_binding(request, "token-of-phone-1", "alice", XG_NO_ACCOUNT_TYPE, &error) == XG_OK &&
      xg_request_add_binding(request, "token-of-phone-2", "bob", XG_NO_ACCOUNT_TYPE, &error) == XG_OK &&
      xg_batch_operate(client, request, &outcome, &error) == XG_OK) {
    static const char *const states[] = {"", "accepted", "rejected", "unknown", "not_sent"};
    for (size_t i = 0; i < xg_outcome_item_count(outcome); i++)
      printf("%zu: %s %s\n", i, states[xg_outcome_state(outcome, i)], xg_outcome_message(outcome, i));
  } else {
    fprintf(stderr, "%s\n", xg_error_message(error));
  }
  int failed = error != NULL;
  xg_error_free(error);
  xg_outcome_free(outcome);
  xg_request_free(request);
  xg_client_free(client);
  xg_config_free(config);
  return failed;
}

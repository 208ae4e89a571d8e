/* Blocking calls against a running emulator: client BASE_URL. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include <sys/wait.h>
#include <unistd.h>
#include <xgpush.h>

static const char *base_url;

static xg_client *client(const char *secret) {
  xg_config *config = xg_config_new();
  xg_client *made = NULL;
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", secret, NULL);
  xg_config_set(config, "base_url", base_url, NULL);
  CHECK(xg_client_new(config, &made, NULL) == XG_OK);
  xg_config_free(config);
  return made;
}

static void admin(xg_client *via, const char *command, const char *json) {
  xg_reply *reply = NULL;
  char path[64];
  snprintf(path, sizeof path, "/_emulator/%s", command);
  CHECK(xg_call(via, path, json, strlen(json), &reply, NULL) == XG_OK);
  xg_reply_free(reply);
}

static xg_outcome *operate(const xg_client *with, const xg_request *request) {
  xg_outcome *outcome = NULL;
  xg_error *error = NULL;
  CHECK(xg_batch_operate(with, request, &outcome, &error) == XG_OK);
  CHECK(error == NULL);
  return outcome;
}

static void item_by_item(xg_client *with) {
  xg_request *request = NULL;
  CHECK(xg_request_new(XG_BIND, &request, NULL) == XG_OK);
  for (int n = 0; n < 45; n++) {
    char token[16], account[16];
    snprintf(token, sizeof token, "%s%d", n == 7 ? "bad-" : "tok", n);
    snprintf(account, sizeof account, "player%d", n);
    CHECK(xg_request_add_binding(request, token, account, n == 3 ? 2 : XG_NO_ACCOUNT_TYPE, NULL) ==
          XG_OK);
  }
  CHECK(xg_request_add_account_n(request, "other44", 7, 9, NULL) == XG_OK);
  CHECK(xg_request_item_count(request) == 45);
  xg_outcome *outcome = operate(with, request);
  CHECK(xg_outcome_item_count(outcome) == 45 && xg_outcome_request_count(outcome) == 3);
  CHECK(xg_outcome_state_count(outcome, XG_STATE_ACCEPTED) == 44);
  CHECK(!xg_outcome_all_accepted(outcome));
  CHECK(xg_outcome_state(outcome, 7) == XG_STATE_REJECTED);
  CHECK(xg_outcome_code(outcome, 7) == 1008006 && xg_outcome_code(outcome, 8) == 0);
  CHECK(strcmp(xg_outcome_reason(outcome, 7), "item_refused") == 0);
  CHECK(strstr(xg_outcome_message(outcome, 7), "invalid") != NULL);
  CHECK(strcmp(xg_outcome_message(outcome, 8), "") == 0);
  CHECK(xg_outcome_attempts(outcome, 8) == 1 && xg_outcome_http_status(outcome, 8) == 200);
  CHECK(strstr(xg_outcome_json(outcome, NULL), "\"accepted\":44") != NULL);
  xg_outcome_free(outcome);
  xg_request_free(request);
}

static void queries(xg_client *with) {
  xg_request *request = NULL;
  xg_outcome *outcome = NULL;
  CHECK(xg_request_new(XG_QUERY_BY_TOKEN, &request, NULL) == XG_OK);
  CHECK(xg_request_add_token(request, "tok44", NULL) == XG_OK);
  CHECK(xg_request_add_token_n(request, "nobody-has-this", 15, NULL) == XG_OK);
  CHECK(xg_query(with, request, &outcome, NULL) == XG_OK);
  CHECK(xg_outcome_found_count(outcome, 0) == 2 && xg_outcome_found_count(outcome, 1) == 0);
  CHECK(strcmp(xg_outcome_found_account(outcome, 0, 0), "player44") == 0);
  CHECK(xg_outcome_found_account_type(outcome, 0, 1) == 9);
  CHECK(strcmp(xg_outcome_found_token(outcome, 0, 0), "") == 0);
  CHECK(xg_outcome_code(outcome, 1) == 10110008);
  xg_outcome_free(outcome);
  xg_request_free(request);

  static const char json[] =
      "{\"operator_type\":1,\"account_list\":[{\"account\":\"player3\",\"account_type\":2}]}";
  outcome = NULL;
  CHECK(xg_request_query_from_json(json, sizeof json - 1, &request, NULL) == XG_OK);
  CHECK(xg_query(with, request, &outcome, NULL) == XG_OK);
  CHECK(strcmp(xg_outcome_found_token(outcome, 0, 0), "tok3") == 0);
  xg_outcome_free(outcome);
  xg_request_free(request);
}

static void warnings_and_errors(xg_client *with) {
  static const char twice[] =
      "{\"operator_type\":2,\"token_accounts\":[{\"token\":\"t1\",\"account_list\":["
      "{\"account\":\"ann\"},{\"account\":\"bob\",\"account_type\":0}]}]}";
  xg_request *request = NULL;
  CHECK(xg_request_batch_from_json(twice, sizeof twice - 1, &request, NULL) == XG_OK);
  xg_outcome *outcome = operate(with, request);
  CHECK(xg_outcome_warning_count(outcome) == 1 && xg_outcome_warning_item(outcome, 0) == 0);
  CHECK(strcmp(xg_outcome_warning_name(outcome, 0), "duplicate_account_type") == 0);
  CHECK(strstr(xg_outcome_warning_message(outcome, 0), "later one wins") != NULL);
  xg_outcome_free(outcome);
  xg_request_free(request);

  static const char bad[] =
      "{\"operator_type\":4,\"token_list\":[\"t1\",\"t2\",\"\"]}";
  xg_error *error = NULL;
  request = NULL;
  CHECK(xg_request_batch_from_json(bad, sizeof bad - 1, &request, &error) == XG_INVALID_VALUE);
  CHECK(request == NULL && xg_error_item(error) == 2);
  CHECK(strcmp(xg_error_name(error), "invalid_value") == 0);
  xg_error_free(error);

  xg_client *stranger = client("0000000000000000000000000000dead");
  CHECK(xg_request_new(XG_CLEAR_TOKEN, &request, NULL) == XG_OK);
  CHECK(xg_request_add_token(request, "t1", NULL) == XG_OK);
  outcome = operate(stranger, request);
  CHECK(xg_outcome_code(outcome, 0) == 1008003);
  CHECK(strstr(xg_outcome_message(outcome, 0), "IP allowlist") != NULL);
  xg_outcome_free(outcome);
  error = NULL;
  xg_reply *reply = NULL;
  CHECK(xg_call(stranger, "/v3/push/app", "{}", 2, &reply, &error) == XG_CALL_REJECTED);
  CHECK(xg_error_code(error) == 1008003 && xg_error_http_status(error) == 403);
  CHECK(!xg_error_is_retryable(error));
  xg_error_free(error);
  xg_client_free(stranger);

  admin(with, "fault", "{\"kind\":\"hang\",\"times\":0}");
  CHECK(xg_request_set_deadline_ms(request, 200, NULL) == XG_OK);
  outcome = operate(with, request);
  CHECK(strcmp(xg_outcome_reason(outcome, 0), "timed_out") == 0);
  CHECK(xg_outcome_is_retryable(outcome, 0));
  xg_outcome_free(outcome);
  xg_request_free(request);
  admin(with, "clear_faults", "{}");

  size_t length = 0;
  static const char clear[] = "{\"operator_type\":5,\"token_list\":[\"t1\"]}";
  CHECK(xg_call(with, "/v3/device/tag", clear, sizeof clear - 1, &reply, NULL) == XG_OK);
  CHECK(xg_reply_http_status(reply) == 200);
  CHECK(strlen(xg_reply_body(reply, &length)) == length && length > 2);
  xg_reply_free(reply);
}

/* A child must not use its parent's connections: it would read its answers. */
static void in_a_child(xg_client *with) {
  xg_request *request = NULL;
  CHECK(xg_request_new(XG_CLEAR_TOKEN, &request, NULL) == XG_OK);
  CHECK(xg_request_add_token(request, "t1", NULL) == XG_OK);
  pid_t child = fork();
  if (child == 0) {
    xg_outcome *outcome = NULL;
    xg_status refused = xg_batch_operate(with, request, &outcome, NULL);
    xg_client_close(with);
    xg_client_free(with);
    _exit(refused == XG_CLOSED && outcome == NULL ? 0 : 1);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  xg_outcome *outcome = operate(with, request);
  CHECK(xg_outcome_all_accepted(outcome));
  xg_outcome_free(outcome);
  xg_request_free(request);
}

/* A rate that processes share: what is refused, and a Redis that is away. */
static void shared_rate(void) {
  static const char password[] = "hunter2";
  xg_config *config = xg_config_new();
  xg_client *made = NULL;
  xg_error *error = NULL;
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  xg_config_set(config, "base_url", base_url, NULL);
  CHECK(xg_config_set(config, "quota_url", "redis://:hunter2@127.0.0.1:1/x", NULL) == XG_OK);
  CHECK(xg_config_set(config, "requests_per_second", "50", NULL) == XG_OK);
  CHECK(xg_client_new(config, &made, &error) == XG_INVALID_OPTION && made == NULL);
  CHECK(strstr(xg_error_message(error), "quota_url") != NULL);
  CHECK(strstr(xg_error_message(error), password) == NULL);
  xg_error_free(error);

  CHECK(xg_config_set(config, "quota_url", "unix:/nonexistent/redis.sock", NULL) == XG_OK);
  CHECK(xg_config_set(config, "requests_per_second", "0", NULL) == XG_OK);
  CHECK(xg_client_new(config, &made, &error) == XG_INVALID_OPTION && made == NULL);
  CHECK(strstr(xg_error_message(error), "requests_per_second") != NULL);
  xg_error_free(error);

  CHECK(xg_config_set(config, "requests_per_second", "50", NULL) == XG_OK);
  CHECK(xg_client_new(config, &made, NULL) == XG_OK);
  xg_request *request = NULL;
  CHECK(xg_request_new(XG_CLEAR_TOKEN, &request, NULL) == XG_OK);
  CHECK(xg_request_add_token(request, "t1", NULL) == XG_OK);
  xg_outcome *outcome = operate(made, request);
  CHECK(xg_outcome_all_accepted(outcome));
  CHECK(strstr(xg_outcome_json(outcome, NULL), "\"shared_rate\"") != NULL);
  xg_outcome_free(outcome);
  xg_request_free(request);
  xg_client_free(made);
  xg_config_free(config);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  base_url = argv[1];
  xg_client *with = client("1452fcebae9f3115ba794fb0fff2fd73");
  admin(with, "reset", "{}");
  item_by_item(with);
  queries(with);
  warnings_and_errors(with);
  in_a_child(with);
  shared_rate();
  xg_client_free(with);
  return finish("C client");
}

/* Calls every export with NULL, bad UTF-8, zero lengths and numbers that no
 * value has: each answers a status or its stated default, and nothing crashes.
 * run.sh fails when an export of the header is missing here. */
#include "check.h"
#include <limits.h>
#include <xgpush.h>

#define BAD "\xff\xfe"

/* A call that must be refused with a status, and that must say why. */
#define REFUSED(status, call)                                     \
  do {                                                            \
    xg_error *error = NULL;                                       \
    CHECK((call) == (status));                                    \
    CHECK(error != NULL && strlen(xg_error_message(error)) > 0);  \
    CHECK(xg_error_status(error) == (status));                    \
    xg_error_free(error);                                         \
  } while (0)
#define EMPTY(call) CHECK(strcmp((call), "") == 0)

static xg_config *good_config(void) {
  xg_config *config = xg_config_new();
  CHECK(xg_config_set(config, "access_id", "1500001048", NULL) == XG_OK);
  CHECK(xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL) == XG_OK);
  CHECK(xg_config_set(config, "access_point", "guangzhou", NULL) == XG_OK);
  return config;
}

static void errors(void) {
  CHECK(xg_error_status(NULL) == XG_OK);
  EMPTY(xg_error_name(NULL));
  EMPTY(xg_error_message(NULL));
  CHECK(xg_error_code(NULL) == -1);
  CHECK(xg_error_http_status(NULL) == 0);
  CHECK(xg_error_item(NULL) == -1);
  CHECK(!xg_error_is_retryable(NULL));
  xg_error_free(NULL);
}

static void versions(void) {
  CHECK(strcmp(xg_version(), XG_VERSION) == 0);
  CHECK(xg_abi_version() == XG_ABI_VERSION);
  CHECK(xg_abi_check(XG_ABI_VERSION, NULL) == XG_OK);
  REFUSED(XG_ABI_MISMATCH, xg_abi_check(XG_ABI_VERSION + 1, &error));
  CHECK(xg_abi_check(0, NULL) == XG_ABI_MISMATCH);
}

static void names(void) {
  CHECK(strcmp(xg_state_name(XG_STATE_ACCEPTED), "accepted") == 0);
  CHECK(strcmp(xg_state_name(XG_STATE_NOT_SENT), "not_sent") == 0);
  EMPTY(xg_state_name(XG_STATE_NONE));
  EMPTY(xg_state_name(INT_MAX));
  CHECK(strcmp(xg_status_name(XG_OK), "ok") == 0);
  CHECK(strcmp(xg_status_name(XG_STORAGE), "storage") == 0);
  EMPTY(xg_status_name(-1));
}

static void configs(void) {
  xg_config *config = xg_config_new();
  REFUSED(XG_INVALID_ARGUMENT, xg_config_set(NULL, "auth", "sign", &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_config_set(config, NULL, "sign", &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_config_set(config, "auth", NULL, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_config_set(config, BAD, "sign", &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_config_set(config, "auth", BAD, &error));
  REFUSED(XG_INVALID_OPTION, xg_config_set(config, "", "", &error));
  CHECK(xg_config_set(config, "auth", "digest", NULL) == XG_INVALID_OPTION);
  REFUSED(XG_INVALID_ARGUMENT, xg_config_set_from_env(NULL, &error));
  CHECK(xg_option_count() > 20);
  EMPTY(xg_option_name(SIZE_MAX));
  EMPTY(xg_option_type(xg_option_count()));
  EMPTY(xg_option_default(SIZE_MAX));
  EMPTY(xg_option_range(SIZE_MAX));
  EMPTY(xg_option_description(SIZE_MAX));
  for (size_t i = 0; i < xg_option_count(); i++) {
    CHECK(strlen(xg_option_name(i)) > 0 && strlen(xg_option_type(i)) > 0);
    CHECK(strlen(xg_option_range(i)) > 0 && strlen(xg_option_description(i)) > 0);
    CHECK(xg_config_set(config, xg_option_name(i), xg_option_default(i), NULL) == XG_OK);
  }
  xg_config_free(config);
  xg_config_free(NULL);
}

static void codes(void) {
  CHECK(xg_code_count() > 0);
  size_t length = 0;
  const char *json = xg_codes_json(&length);
  CHECK(length > 1000 && strlen(json) == length && xg_codes_json(NULL) == json);
  CHECK(xg_code_number(xg_code_count()) == -1);
  EMPTY(xg_code_meaning(SIZE_MAX));
  EMPTY(xg_code_fault(SIZE_MAX));
  EMPTY(xg_code_retry(SIZE_MAX));
  EMPTY(xg_code_advice(SIZE_MAX));
  for (size_t i = 0; i + 1 < xg_code_count(); i++) CHECK(xg_code_number(i) < xg_code_number(i + 1));
}

static void requests(void) {
  xg_request *request = NULL;
  const int actions[] = {INT_MIN, -1, 0, 6, 100, 103, INT_MAX};
  for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
    REFUSED(XG_INVALID_ARGUMENT, xg_request_new(actions[i], &request, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_new(XG_BIND, NULL, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_batch_from_json(NULL, 5, &request, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_batch_from_json("{}", 2, NULL, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_batch_from_json(BAD, 2, &request, &error));
  REFUSED(XG_INVALID_JSON, xg_request_batch_from_json(NULL, 0, &request, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_batch_from_json("{}", SIZE_MAX, &request, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_query_from_json(NULL, 5, &request, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_query_from_json("{}", 2, NULL, &error));
  REFUSED(XG_INVALID_JSON, xg_request_query_from_json("{}", 2, &request, &error));
  CHECK(request == NULL);

  CHECK(xg_request_new(XG_BIND, &request, NULL) == XG_OK);
  const int none = XG_NO_ACCOUNT_TYPE;
  REFUSED(XG_INVALID_ARGUMENT, xg_request_add_binding(NULL, "t1", "alice", none, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_add_binding(request, NULL, "alice", none, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_add_binding(request, "t1", NULL, none, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_add_binding(request, BAD, "alice", none, &error));
  REFUSED(XG_INVALID_VALUE, xg_request_add_binding(request, "", "alice", none, &error));
  REFUSED(XG_INVALID_VALUE, xg_request_add_binding(request, "t1", "a", none, &error));
  REFUSED(XG_INVALID_ARGUMENT,
          xg_request_add_binding_n(request, NULL, 2, "alice", 5, none, &error));
  REFUSED(XG_INVALID_VALUE, xg_request_add_binding_n(request, NULL, 0, "alice", 5, none, &error));
  REFUSED(XG_INVALID_VALUE, xg_request_add_binding_n(request, "t\0x", 3, "alice", 5, none, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_add_binding_n(request, "t1", 2, BAD, 2, none, &error));
  REFUSED(XG_INVALID_REQUEST, xg_request_add_token(request, "t1", &error));
  REFUSED(XG_INVALID_REQUEST, xg_request_add_token_n(request, "t1", 2, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_add_token(NULL, "t1", &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_add_token_n(NULL, "t1", 2, &error));
  REFUSED(XG_INVALID_REQUEST, xg_request_add_account(request, "alice", none, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_add_account(NULL, "alice", none, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_add_account(request, BAD, none, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_add_account_n(request, NULL, 1, none, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_add_account_n(NULL, "ab", 2, none, &error));
  REFUSED(XG_INVALID_VALUE, xg_request_add_account_n(request, "", 0, none, &error));
  CHECK(xg_request_item_count(request) == 0);
  REFUSED(XG_INVALID_ARGUMENT, xg_request_set_platform(NULL, "ios", &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_set_platform(request, NULL, &error));
  REFUSED(XG_INVALID_VALUE, xg_request_set_platform(request, "windows", &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_set_operator(NULL, "qq", "1", &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_set_operator(request, BAD, NULL, &error));
  CHECK(xg_request_set_operator(request, NULL, NULL, NULL) == XG_OK);
  REFUSED(XG_INVALID_ARGUMENT, xg_request_set_deadline_ms(NULL, 1, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_set_confirm_ms(NULL, 1, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_set_deadline_ms(request, UINT64_MAX, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_request_set_deadline_ms(request, 86400001, &error));
  CHECK(xg_request_set_deadline_ms(request, 86400000, NULL) == XG_OK);
  CHECK(xg_request_item_count(NULL) == 0);
  xg_request_free(request);
  xg_request_free(NULL);
}

static void clients(void) {
  xg_config *empty = xg_config_new(), *config = good_config();
  xg_client *client = NULL;
  xg_request *request = NULL;
  xg_outcome *outcome = NULL;
  xg_reply *reply = NULL;
  REFUSED(XG_INVALID_ARGUMENT, xg_client_new(NULL, &client, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_client_new(config, NULL, &error));
  REFUSED(XG_INVALID_OPTION, xg_client_new(empty, &client, &error));
  CHECK(client == NULL);
  CHECK(xg_client_new(config, &client, NULL) == XG_OK);
  CHECK(xg_request_new(XG_QUERY_BY_TOKEN, &request, NULL) == XG_OK);
  REFUSED(XG_INVALID_ARGUMENT, xg_batch_operate(NULL, request, &outcome, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_batch_operate(client, NULL, &outcome, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_batch_operate(client, request, NULL, &error));
  REFUSED(XG_INVALID_REQUEST, xg_batch_operate(client, request, &outcome, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_query(NULL, request, &outcome, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_query(client, NULL, &outcome, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_query(client, request, NULL, &error));
  REFUSED(XG_INVALID_REQUEST, xg_query(client, request, &outcome, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_call(NULL, "/v3/x", "{}", 2, &reply, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_call(client, NULL, "{}", 2, &reply, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_call(client, "v3", "{}", 2, &reply, &error));
  REFUSED(XG_INVALID_JSON, xg_call(client, "/v3/x", NULL, 0, &reply, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_call(client, "/v3/x", "{}", 2, NULL, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_call_with(NULL, "/v3/x", "{}", 2, NULL, NULL, 0, 0, &reply, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_call_with(client, NULL, "{}", 2, NULL, NULL, 0, 0, &reply, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_call_with(client, "v3", "{}", 2, NULL, NULL, 0, 0, &reply, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_call_with(client, "/v3/x", NULL, 2, NULL, NULL, 0, 0, &reply, &error));
  REFUSED(XG_INVALID_JSON, xg_call_with(client, "/v3/x", "\xff", 1, NULL, NULL, 0, 0, &reply, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_call_with(client, "/v3/x", "x", 1, "a/b\n", NULL, 0, 0, &reply, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_call_with(client, "/v3/x", "x", 1, BAD, NULL, 0, 0, &reply, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_call_with(client, "/v3/x", "{}", 2, NULL, "md5", 0, 0, &reply, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_call_with(client, "/v3/x", "{}", 2, NULL, NULL, 0, 0, NULL, &error));
  CHECK(outcome == NULL && reply == NULL);
  xg_client_close(client);
  xg_client_close(client);
  xg_client_close(NULL);
  REFUSED(XG_CLOSED, xg_query(client, request, &outcome, &error));
  CHECK(xg_reply_http_status(NULL) == 0);
  EMPTY(xg_reply_body(NULL, NULL));
  xg_reply_free(NULL);
  xg_request_free(request);
  xg_client_free(client);
  xg_client_free(NULL);
  xg_config_free(empty);
  xg_config_free(config);
}

static void outcome_accessors(const xg_outcome *outcome, size_t index) {
  CHECK(xg_outcome_state(outcome, index) == XG_STATE_NONE);
  EMPTY(xg_outcome_reason(outcome, index));
  CHECK(xg_outcome_code(outcome, index) == -1);
  CHECK(xg_outcome_http_status(outcome, index) == 0);
  CHECK(xg_outcome_attempts(outcome, index) == 0);
  CHECK(xg_outcome_confirmed(NULL, 0) == -1);
  CHECK(xg_outcome_retry_after_ms(NULL, 0) == -1);
  CHECK(xg_error_retry_after_ms(NULL) == -1);
  CHECK(!xg_outcome_is_retryable(outcome, index));
  EMPTY(xg_outcome_message(outcome, index));
  CHECK(xg_outcome_found_count(outcome, index) == 0);
  EMPTY(xg_outcome_found_token(outcome, index, 0));
  EMPTY(xg_outcome_found_account(outcome, index, 0));
  CHECK(xg_outcome_found_account_type(outcome, index, 0) == -1);
  EMPTY(xg_outcome_warning_name(outcome, index));
  EMPTY(xg_outcome_warning_message(outcome, index));
  CHECK(xg_outcome_warning_item(outcome, index) == -1);
}

static void exchanges(void) {
  xg_config *config = good_config();
  xg_request *request = NULL;
  xg_exchange *exchange = NULL;
  xg_http_request *http = NULL;
  xg_outcome *outcome = NULL;
  uint32_t wave = 7;
  size_t length = 7;
  CHECK(xg_request_new(XG_CLEAR_TOKEN, &request, NULL) == XG_OK);
  REFUSED(XG_INVALID_REQUEST, xg_exchange_new(config, request, &exchange, &error));
  CHECK(xg_request_add_token(request, "t1", NULL) == XG_OK);
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_new(NULL, request, &exchange, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_new(config, NULL, &exchange, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_new(config, request, NULL, &error));
  CHECK(xg_exchange_new(config, request, &exchange, NULL) == XG_OK);
  CHECK(xg_exchange_part_count(NULL) == 0 && xg_exchange_part_count(exchange) == 1);
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_wave(NULL, 0, &wave, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_wave(exchange, 1, &wave, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_wave(exchange, 0, NULL, &error));
  CHECK(wave == 7);
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_http_request(NULL, 0, 1, &http, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_http_request(exchange, SIZE_MAX, 1, &http, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_http_request(exchange, 0, 1, NULL, &error));
  REFUSED(XG_INVALID_ARGUMENT,
          xg_exchange_on_response(exchange, 0, 200, NULL, NULL, "{}", 2, &error));
  CHECK(xg_exchange_http_request(exchange, 0, INT64_MIN, &http, NULL) == XG_OK && http != NULL);
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_on_response(NULL, 0, 200, NULL, NULL, "{}", 2, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_on_response(exchange, 0, -1, NULL, NULL, "{}", 2, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_on_response(exchange, 0, 200, BAD, NULL, "{}", 2, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_on_response(exchange, 0, 200, NULL, BAD, "{}", 2, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_on_response(exchange, 0, 200, NULL, NULL, NULL, 2, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_on_failure(NULL, 0, XG_SEND_LOST, true, "x", &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_on_failure(exchange, 0, 0, true, "x", &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_on_failure(exchange, 0, XG_SEND_LOST, true, NULL, &error));
  CHECK(xg_exchange_on_response(exchange, 0, 200, NULL, NULL, NULL, 0, NULL) == XG_OK);

  CHECK(strcmp(xg_http_request_method(http), "POST") == 0);
  EMPTY(xg_http_request_url(NULL));
  CHECK(xg_http_request_header_count(NULL) == 0);
  CHECK(xg_http_request_header_count(http) == 4);
  EMPTY(xg_http_request_header_name(http, 4));
  EMPTY(xg_http_request_header_value(NULL, 0));
  EMPTY(xg_http_request_body(NULL, &length));
  CHECK(length == 0);
  CHECK(strlen(xg_http_request_body(http, &length)) == length && length > 7);
  xg_http_request_free(http);
  xg_http_request_free(NULL);

  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_finish(NULL, &outcome, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_finish(exchange, NULL, &error));
  CHECK(xg_exchange_finish(exchange, &outcome, NULL) == XG_OK);
  REFUSED(XG_INVALID_ARGUMENT, xg_exchange_finish(exchange, &outcome, &error));
  xg_exchange_free(exchange);
  xg_exchange_free(NULL);

  CHECK(xg_outcome_item_count(NULL) == 0 && xg_outcome_item_count(outcome) == 1);
  CHECK(xg_outcome_state(outcome, 0) == XG_STATE_UNKNOWN);
  CHECK(strcmp(xg_outcome_reason(outcome, 0), "not_json") == 0);
  CHECK(xg_outcome_state_count(outcome, XG_STATE_UNKNOWN) == 1);
  CHECK(xg_outcome_state_count(outcome, INT_MAX) == 0 && xg_outcome_state_count(NULL, 1) == 0);
  CHECK(!xg_outcome_all_accepted(outcome) && !xg_outcome_all_accepted(NULL));
  CHECK(xg_outcome_request_count(outcome) == 1 && xg_outcome_request_count(NULL) == 0);
  CHECK(xg_outcome_warning_count(outcome) == 0 && xg_outcome_warning_count(NULL) == 0);
  EMPTY(xg_outcome_json(NULL, NULL));
  CHECK(strlen(xg_outcome_json(outcome, &length)) == length);
  outcome_accessors(outcome, 1);
  outcome_accessors(outcome, SIZE_MAX);
  outcome_accessors(NULL, 0);
  xg_outcome_free(outcome);
  xg_outcome_free(NULL);
  xg_request_free(request);
  xg_config_free(config);
}

static void no_reports(const xg_reports *reports, void *context) {
  (void)reports, (void)context;
}

static void report_accessors(const xg_reports *reports, size_t nth) {
  CHECK(xg_reports_tag(reports, nth) == 0 && !xg_reports_is_final(reports, nth));
  CHECK(!xg_reports_is_recovered(reports, nth));
  CHECK(xg_reports_state(reports, nth) == XG_STATE_NONE);
  EMPTY(xg_reports_reason(reports, nth));
  EMPTY(xg_reports_message(reports, nth));
  CHECK(xg_reports_code(reports, nth) == -1 && xg_reports_http_status(reports, nth) == 0);
  CHECK(xg_reports_attempts(reports, nth) == 0);
  CHECK(xg_reports_submitted_ms(reports, nth) == 0 && xg_reports_timestamp_ms(reports, nth) == 0);
}

static void outboxes(void) {
  xg_outbox *outbox = NULL;
  xg_reports *reports = NULL;
  xg_stats *stats = NULL;
  xg_config *config = good_config();
  CHECK(xg_config_set(config, "access_point", "", NULL) == XG_OK);
  CHECK(xg_config_set(config, "base_url", "http://127.0.0.1:9", NULL) == XG_OK);
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_open(NULL, &outbox, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_open(config, NULL, &error));
  CHECK(xg_config_set(config, "outbox_file", "/no/such/folder/file", NULL) == XG_OK);
  REFUSED(XG_STORAGE, xg_outbox_open(config, &outbox, &error));
  CHECK(xg_config_set(config, "outbox_file", "", NULL) == XG_OK);
  CHECK(xg_outbox_open(config, &outbox, NULL) == XG_OK);
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_bind_n(NULL, "t1", 2, "alice", 5, 0, 1, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_bind_n(outbox, NULL, 2, "alice", 5, 0, 1, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_bind_n(outbox, "t1", SIZE_MAX, "alice", 5, 0, 1, &error));
  REFUSED(XG_INVALID_VALUE, xg_outbox_bind_n(outbox, "t1", 2, NULL, 0, 0, 1, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_unbind_n(outbox, "t1", 2, "\xff\xff", 2, 0, 1, &error));
  REFUSED(XG_INVALID_VALUE, xg_outbox_clear_token_n(outbox, "t\0", 2, 1, &error));
  REFUSED(XG_INVALID_VALUE, xg_outbox_clear_token_n(outbox, "", 0, 1, &error));
  REFUSED(XG_INVALID_VALUE, xg_outbox_clear_account_n(outbox, "a", 1, 0, 1, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_bind(NULL, "t1", "alice", 0, 1, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_bind(outbox, NULL, "alice", 0, 1, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_bind(outbox, "t1", BAD, 0, 1, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_unbind(outbox, "t1", NULL, 0, 1, &error));
  REFUSED(XG_INVALID_VALUE, xg_outbox_clear_token(outbox, "", 1, &error));
  REFUSED(XG_INVALID_VALUE, xg_outbox_clear_account(outbox, "a", 0, 1, &error));
  CHECK(xg_outbox_is_drained(NULL) && !xg_outbox_is_drained(outbox));
  xg_request *request = NULL;
  CHECK(xg_request_new(XG_QUERY_BY_TOKEN, &request, NULL) == XG_OK);
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_submit(outbox, NULL, 0, &error));
  REFUSED(XG_INVALID_REQUEST, xg_outbox_submit(outbox, request, 0, &error));
  xg_request_free(request);
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_set_report_callback(outbox, NULL, NULL, 0, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_set_report_callback(NULL, no_reports, NULL, 0, &error));
  xg_outbox_set_log_callback(NULL, NULL, NULL);
  xg_outbox_set_log_callback(outbox, NULL, NULL);
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_set_report_callback(outbox, no_reports, NULL, SIZE_MAX, &error));
  xg_pending *look = NULL;
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_list_pending(NULL, NULL, NULL, 9, 1000, &look, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_list_pending(outbox, NULL, NULL, 9, 1000, NULL, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_list_pending(outbox, BAD, NULL, 9, 1000, &look, &error));
  CHECK(xg_outbox_list_pending(outbox, NULL, "alice", 9, 60000, &look, NULL) == XG_OK);
  CHECK(xg_pending_count(look) == 0 && xg_pending_count(NULL) == 0);
  CHECK(strcmp(xg_pending_json(look, NULL), "[]") == 0);
  EMPTY(xg_pending_json(NULL, NULL));
  xg_pending_free(look);
  xg_pending_free(NULL);
  xg_outbox_begin_close(NULL);
  CHECK(!xg_outbox_wait_not_full(NULL, 60000) && xg_outbox_wait_not_full(outbox, 0));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_set_secret_key(NULL, "key", &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_set_secret_key(outbox, NULL, &error));
  REFUSED(XG_INVALID_OPTION, xg_outbox_set_secret_key(outbox, "", &error));
  REFUSED(XG_INVALID_OPTION, xg_outbox_set_secret_key(outbox, "a\nb", &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_client_set_secret_key(NULL, "key", &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_flush(NULL, 0, NULL, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_sync(NULL, 0, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_stats(outbox, NULL, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_stats(NULL, &stats, &error));
  CHECK(xg_outbox_fd(NULL) == -1 && xg_outbox_close(NULL, 0) == 0);
  REFUSED(XG_INVALID_ARGUMENT, xg_reports_new(0, &reports, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_reports_new(SIZE_MAX, &reports, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_reports_new(1, NULL, &error));
  CHECK(xg_reports_new(1, &reports, NULL) == XG_OK && xg_reports_count(reports) == 0);
  CHECK(xg_reports_count(NULL) == 0);
  xg_reports_record_failure(NULL, "why");
  xg_reports_record_failure(reports, NULL);
  CHECK(xg_outbox_poll(NULL, reports, 0) == 0 && xg_outbox_poll(outbox, NULL, 0) == 0);
  CHECK(xg_outbox_poll(outbox, reports, 0) == 0);
  report_accessors(reports, 0);
  report_accessors(reports, SIZE_MAX);
  report_accessors(NULL, 0);
  CHECK(xg_outbox_stats(outbox, &stats, NULL) == XG_OK);
  size_t length = 7;
  CHECK(xg_stats_value(stats, NULL) == 0 && xg_stats_value(NULL, "open") == 0);
  EMPTY(xg_stats_trouble(NULL));
  xg_stats_prometheus_add(NULL, NULL);
  EMPTY(xg_stats_json(NULL, &length));
  CHECK(length == 0);
  EMPTY(xg_stats_prometheus(NULL, NULL));
  xg_stats_free(stats);
  xg_stats_free(NULL);
  xg_reports_free(reports);
  xg_reports_free(NULL);
  xg_outbox_free(outbox);
  xg_outbox_free(NULL);
  xg_config_free(config);
}

static void no_perform(xg_transfer *transfer, void *context) {
  (void)context;
  xg_transfer_fail(transfer, XG_SEND_CONNECT, false, BAD);
}

static void transports(void) {
  xg_transport *transport = NULL;
  xg_client *client = NULL;
  xg_outbox *outbox = NULL;
  xg_config *empty = xg_config_new(), *config = good_config();
  REFUSED(XG_INVALID_ARGUMENT, xg_transport_new(NULL, NULL, NULL, &transport, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_transport_new(no_perform, NULL, NULL, NULL, &error));
  CHECK(xg_transport_new(no_perform, NULL, NULL, &transport, NULL) == XG_OK);
  REFUSED(XG_INVALID_ARGUMENT, xg_client_new_with_transport(config, NULL, &client, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_client_new_with_transport(NULL, transport, &client, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_client_new_with_transport(config, transport, NULL, &error));
  REFUSED(XG_INVALID_OPTION, xg_client_new_with_transport(empty, transport, &client, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_open_with_transport(config, NULL, &outbox, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_open_with_transport(NULL, transport, &outbox, &error));
  REFUSED(XG_INVALID_ARGUMENT, xg_outbox_open_with_transport(config, transport, NULL, &error));
  REFUSED(XG_INVALID_OPTION, xg_outbox_open_with_transport(empty, transport, &outbox, &error));
  CHECK(xg_transfer_request(NULL) == NULL && xg_transfer_timeout_ms(NULL) == 0);
  CHECK(xg_transfer_max_response_bytes(NULL) == 0 && !xg_transfer_is_repeatable(NULL));
  CHECK(xg_transfer_is_abandoned(NULL));
  xg_transfer_add_header(NULL, BAD, NULL);
  xg_transfer_set_replayed(NULL);
  xg_transfer_finish(NULL, 200, NULL, 0);
  xg_transfer_fail(NULL, 1, false, NULL);
  xg_transport_free(transport);
  xg_transport_free(NULL);
  xg_config_free(config);
  xg_config_free(empty);
}

int main(void) {
  errors();
  versions();
  names();
  configs();
  codes();
  requests();
  clients();
  exchanges();
  outboxes();
  transports();
  return finish("C sweep");
}

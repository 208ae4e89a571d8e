/* The kinds that need no server, and the comparisons. */
#include "conformance.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEAD " name kind source options api input input_text expect "

static const char *string_of(const json_t *object, const char *key) {
  return json_string_value(json_object_get(object, key));
}

xg_config *config_of(const json_t *options, const char *base_url, xg_error **error) {
  xg_config *config = xg_config_new();
  bool own = json_object_get(options, "base_url") || json_object_get(options, "access_point");
  xg_status status = xg_config_set(config, "access_id", ACCESS_ID, error);
  if (status == XG_OK) status = xg_config_set(config, "secret_key", SECRET_KEY, error);
  if (status == XG_OK && !own) status = xg_config_set(config, "base_url", base_url, error);
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)options, key, value) {
    if (status == XG_OK) status = xg_config_set(config, key, json_string_value(value), error);
  }
  if (status == XG_OK) return config;
  xg_config_free(config);
  return NULL;
}

xg_request *request_of(const json_t *test, xg_error **error) {
  const json_t *given = json_object_get(test, "input_text");
  char *made = given ? NULL : text_of(json_object_get(test, "input"));
  const char *json = given ? json_string_value(given) : made;
  size_t length = given ? json_string_length(given) : strlen(made);
  xg_request *request = NULL;
  if (strcmp(string_of(test, "api"), "query") == 0)
    xg_request_query_from_json(json, length, &request, error);
  else
    xg_request_batch_from_json(json, length, &request, error);
  free(made);
  return request;
}

static xg_exchange *exchange_of(const json_t *test, xg_error **error) {
  xg_exchange *exchange = NULL;
  xg_config *config = config_of(json_object_get(test, "options"), "https://tpns.test", error);
  xg_request *request = config ? request_of(test, error) : NULL;
  if (request) xg_exchange_new(config, request, &exchange, error);
  xg_request_free(request);
  xg_config_free(config);
  return exchange;
}

void compare_contains(const char *text, const json_t *contains) {
  for (size_t i = 0; i < json_array_size(contains); i++) {
    const char *wanted = json_string_value(json_array_get(contains, i));
    if (strstr(text, wanted) == NULL) differ("\"%s\" is not in \"%s\"", wanted, text);
  }
}

void compare_error(xg_error *error, const json_t *expect) {
  const json_t *item = json_object_get(expect, "item");
  json_int_t wanted = json_is_integer(item) ? json_integer_value(item) : -1;
  only(expect, " error item contains ");
  if (strcmp(xg_error_name(error), string_of(expect, "error")) != 0)
    differ("error %s, expected %s: %s", xg_error_name(error), string_of(expect, "error"),
           xg_error_message(error));
  if (xg_error_item(error) != wanted)
    differ("item %lld, expected %lld", (long long)xg_error_item(error), (long long)wanted);
  compare_contains(xg_error_message(error), json_object_get(expect, "contains"));
  compare_silence(xg_error_message(error));
  xg_error_free(error);
}

static void compare_item(size_t n, const json_t *got, const json_t *expect) {
  const char *key;
  json_t *wanted;
  only(expect,
       " state reason code http_status attempts retryable retry_after_ms tokens accounts message_contains ");
  json_object_foreach((json_t *)expect, key, wanted) {
    const json_t *value = json_object_get(got, key);
    if (strcmp(key, "message_contains") == 0) {
      const char *message = string_of(got, "message");
      compare_contains(message ? message : "", wanted);
    } else if (json_is_null(wanted) ? value != NULL : !json_equal(value, wanted)) {
      char *is = text_of(got), *should = text_of(wanted);
      differ("item %zu: %s is not %s: %s", n, key, should, is);
      free(is);
      free(should);
    }
  }
}

/* The accessors say what the JSON says. */
static void compare_accessors(const xg_outcome *outcome, size_t n, const json_t *item) {
  static const char *const states[] = {"", "accepted", "rejected", "unknown", "not_sent"};
  const json_t *code = json_object_get(item, "code");
  const json_t *wait = json_object_get(item, "retry_after_ms");
  const char *message = string_of(item, "message");
  size_t found = json_array_size(json_object_get(item, "tokens")) +
                 json_array_size(json_object_get(item, "accounts"));
  if (strcmp(states[xg_outcome_state(outcome, n)], string_of(item, "state")) != 0 ||
      strcmp(xg_outcome_reason(outcome, n), string_of(item, "reason")) != 0 ||
      strcmp(xg_outcome_message(outcome, n), message ? message : "") != 0 ||
      xg_outcome_code(outcome, n) != (code ? json_integer_value(code) : -1) ||
      xg_outcome_http_status(outcome, n) !=
          (int)json_integer_value(json_object_get(item, "http_status")) ||
      (json_int_t)xg_outcome_attempts(outcome, n) !=
          json_integer_value(json_object_get(item, "attempts")) ||
      xg_outcome_is_retryable(outcome, n) != json_is_true(json_object_get(item, "retryable")) ||
      xg_outcome_retry_after_ms(outcome, n) != (wait ? json_integer_value(wait) : -1) ||
      xg_outcome_found_count(outcome, n) != found)
    differ("item %zu: the accessors differ from the JSON", n);
}

static void compare_warnings(const xg_outcome *outcome, const json_t *expect) {
  if (xg_outcome_warning_count(outcome) != json_array_size(expect))
    differ("%zu warnings, expected %zu", xg_outcome_warning_count(outcome), json_array_size(expect));
  for (size_t n = 0; n < json_array_size(expect); n++) {
    const char *wanted = json_string_value(json_array_get(expect, n));
    if (strcmp(xg_outcome_warning_name(outcome, n), wanted) != 0)
      differ("warning %s, expected %s", xg_outcome_warning_name(outcome, n), wanted);
  }
}

void compare_outcome(xg_outcome *outcome, const json_t *expect) {
  const json_t *wanted = json_object_get(expect, "items");
  json_t *json = json_loads(xg_outcome_json(outcome, NULL), JSON_ALLOW_NUL, NULL);
  const json_t *items = json_object_get(json, "items");
  compare_silence(xg_outcome_json(outcome, NULL));
  if (json_array_size(items) != json_array_size(wanted) ||
      xg_outcome_item_count(outcome) != json_array_size(wanted))
    differ("%zu items, expected %zu", json_array_size(items), json_array_size(wanted));
  for (size_t n = 0; n < json_array_size(items) && n < json_array_size(wanted); n++) {
    compare_item(n, json_array_get(items, n), json_array_get(wanted, n));
    compare_accessors(outcome, n, json_array_get(items, n));
  }
  compare_warnings(outcome, json_object_get(expect, "warnings"));
  json_t *none = json_object();
  const json_t *extra = json_object_get(expect, "extra");
  if (!json_equal(json_object_get(json, "extra"), extra ? extra : none)) differ("extra differs");
  json_decref(none);
  json_decref(json);
  xg_outcome_free(outcome);
}

static const char *header_of(const xg_http_request *http, const char *name) {
  for (size_t n = 0; n < xg_http_request_header_count(http); n++)
    if (strcasecmp(xg_http_request_header_name(http, n), name) == 0)
      return xg_http_request_header_value(http, n);
  return NULL;
}

static void compare_part(size_t n, const xg_http_request *http, const json_t *expect) {
  const char *key, *body = xg_http_request_body(http, NULL), *url = string_of(expect, "url");
  json_t *value;
  size_t index;
  only(expect, " wave url headers absent_headers body body_text ");
  if (strcmp(xg_http_request_method(http), "POST") != 0) differ("part %zu: method", n);
  if (url && strcmp(xg_http_request_url(http), url) != 0)
    differ("part %zu: url %s, expected %s", n, xg_http_request_url(http), url);
  json_object_foreach(json_object_get(expect, "headers"), key, value) {
    const char *got = header_of(http, key);
    if (!got || strcmp(got, json_string_value(value)) != 0)
      differ("part %zu: %s is %s, expected %s", n, key, got ? got : "missing",
             json_string_value(value));
  }
  json_array_foreach(json_object_get(expect, "absent_headers"), index, value) {
    if (header_of(http, json_string_value(value)))
      differ("part %zu: there is a header %s", n, json_string_value(value));
  }
  const json_t *wanted = json_object_get(expect, "body");
  if (wanted) {
    json_t *got = json_loads(body, JSON_ALLOW_NUL, NULL);
    if (!json_equal(got, wanted)) differ("part %zu: body %s", n, body);
    json_decref(got);
  }
  const char *text = string_of(expect, "body_text");
  if (text && strcmp(body, text) != 0) differ("part %zu: body %s, expected %s", n, body, text);
}

void run_request(const json_t *test) {
  xg_error *error = NULL;
  xg_exchange *exchange = exchange_of(test, &error);
  const json_t *expect = json_object_get(test, "expect");
  const json_t *parts = json_object_get(expect, "parts"), *at = json_object_get(test, "at");
  only(test, HEAD "at ");
  only(expect, " parts warnings ");
  if (!exchange) {
    differ("refused: %s", xg_error_message(error));
    xg_error_free(error);
    return;
  }
  if (xg_exchange_part_count(exchange) != json_array_size(parts))
    differ("%zu parts, expected %zu", xg_exchange_part_count(exchange), json_array_size(parts));
  for (size_t n = 0; n < json_array_size(parts) && n < xg_exchange_part_count(exchange); n++) {
    const json_t *part = json_array_get(parts, n), *wanted = json_object_get(part, "wave");
    xg_http_request *http = NULL;
    uint32_t wave = 0;
    xg_exchange_wave(exchange, n, &wave, NULL);
    if (wanted && json_integer_value(wanted) != wave) differ("part %zu: wave %u", n, wave);
    xg_exchange_http_request(exchange, n, at ? json_integer_value(at) : SAMPLE_TIME, &http, NULL);
    compare_part(n, http, part);
    xg_http_request_free(http);
    /* Settled: later waves are held back until then. */
    static const char settled[] = "{\"ret_code\":1008001}";
    xg_exchange_on_response(exchange, n, 200, NULL, NULL, settled, sizeof settled - 1, NULL);
  }
  xg_outcome *outcome = NULL;
  xg_exchange_finish(exchange, &outcome, NULL);
  compare_warnings(outcome, json_object_get(expect, "warnings"));
  compare_silence(xg_outcome_json(outcome, NULL));
  xg_outcome_free(outcome);
  xg_exchange_free(exchange);
}

static unsigned char *bytes_of(const json_t *answer, size_t *length) {
  const char *hex = string_of(answer, "body_hex");
  const json_t *text = json_object_get(answer, "body_text");
  if (hex) {
    unsigned char *bytes = malloc(strlen(hex) / 2 + 1);
    *length = strlen(hex) / 2;
    for (size_t i = 0; i < *length; i++) {
      char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
      bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return bytes;
  }
  if (text) {
    *length = json_string_length(text);
    unsigned char *bytes = malloc(*length + 1);
    memcpy(bytes, json_string_value(text), *length);
    return bytes;
  }
  char *made = text_of(json_object_get(answer, "body"));
  *length = strlen(made);
  return (unsigned char *)made;
}

static void read_response(xg_exchange *exchange, const json_t *answer) {
  static const char *const kinds[] = {"",     "connect",        "timeout",
                                      "lost", "body_too_large", "cancelled"};
  const json_t *error = json_object_get(answer, "error"), *status = json_object_get(answer, "status");
  only(answer, " status headers body body_text body_hex error ");
  if (error) {
    int kind = 1;
    only(error, " kind sent ");
    while (kind < 5 && strcmp(kinds[kind], string_of(error, "kind")) != 0) kind++;
    if (xg_exchange_on_failure(exchange, 0, kind, json_is_true(json_object_get(error, "sent")),
                           "told by the case", NULL) != XG_OK)
      differ("the failure was not taken");
    return;
  }
  const char *date = NULL, *retry_after = NULL, *key;
  json_t *value;
  json_object_foreach(json_object_get(answer, "headers"), key, value) {
    if (strcasecmp(key, "date") == 0) date = json_string_value(value);
    if (strcasecmp(key, "retry-after") == 0) retry_after = json_string_value(value);
  }
  size_t length = 0;
  unsigned char *body = bytes_of(answer, &length);
  if (xg_exchange_on_response(exchange, 0, status ? (int)json_integer_value(status) : 200, date,
                         retry_after, body, length, NULL) != XG_OK)
    differ("the answer was not taken");
  free(body);
}

/* The items that an HTTP request carries. */
static json_t *items_of(const xg_http_request *http) {
  static const char *const lists[] = {"token_accounts", "token_list", "account_list"};
  json_t *body = http ? json_loads(xg_http_request_body(http, NULL), JSON_ALLOW_NUL, NULL) : NULL;
  json_t *items = NULL;
  for (int n = 0; n < 3 && !items; n++) items = json_object_get(body, lists[n]);
  json_incref(items);
  json_decref(body);
  return items ? items : json_array();
}

void run_answer(const json_t *test) {
  const json_t *expect = json_object_get(test, "expect"), *index;
  xg_http_request *first = NULL, *next = NULL;
  size_t n;
  only(test, HEAD "answer ");
  only(expect, " items warnings extra again ");
  /* On a second exchange: what is asked for and never answered counts as lost. */
  for (int round = 0; round < 2; round++) {
    xg_error *error = NULL;
    xg_outcome *outcome = NULL;
    xg_exchange *exchange = exchange_of(test, &error);
    if (!exchange || xg_exchange_part_count(exchange) != 1) {
      differ("no exchange of one part: %s", xg_error_message(error));
      xg_error_free(error);
      xg_exchange_free(exchange);
      break;
    }
    xg_http_request_free(first);
    xg_exchange_http_request(exchange, 0, SAMPLE_TIME, &first, NULL);
    read_response(exchange, json_object_get(test, "answer"));
    if (round == 0) {
      xg_exchange_finish(exchange, &outcome, NULL);
      compare_outcome(outcome, expect);
    } else {
      xg_exchange_http_request(exchange, 0, SAMPLE_TIME + 1, &next, NULL);
      json_t *all = items_of(first), *again = items_of(next), *wanted = json_array();
      json_array_foreach(json_object_get(expect, "again"), n, index)
        json_array_append(wanted, json_array_get(all, (size_t)json_integer_value(index)));
      if (!json_equal(again, wanted)) differ("other items are sent again");
      json_decref(all);
      json_decref(again);
      json_decref(wanted);
    }
    xg_exchange_free(exchange);
  }
  xg_http_request_free(first);
  xg_http_request_free(next);
}

void run_invalid(const json_t *test) {
  xg_error *error = NULL;
  xg_exchange *exchange = exchange_of(test, &error);
  only(test, HEAD);
  if (exchange) differ("taken, expected an error");
  compare_error(error, json_object_get(test, "expect"));
  xg_exchange_free(exchange);
}

void run_call(const json_t *test) {
  xg_error *error = NULL;
  xg_client *client = NULL;
  xg_reply *reply = NULL;
  const json_t *body = json_object_get(test, "json_text");
  only(test, " name kind source options path json_text expect ");
  /* Port 9 is for discarding, and no server listens on it. */
  xg_config *config = config_of(json_object_get(test, "options"), "http://127.0.0.1:9", &error);
  if (config && xg_client_new(config, &client, &error) == XG_OK &&
      xg_call(client, string_of(test, "path"), json_string_value(body), json_string_length(body),
              &reply, &error) == XG_OK)
    differ("answered, expected an error");
  compare_error(error, json_object_get(test, "expect"));
  xg_reply_free(reply);
  xg_client_free(client);
  xg_config_free(config);
}

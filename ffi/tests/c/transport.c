/* A transport of the host's own: transport. Needs no server. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include <pthread.h>
#include <xgpush.h>

static const char good[] = "{\"ret_code\":0,\"result\":[\"0\",\"1008006\"]}";

/* What the host is to do with a request, and what it saw. */
struct host {
  void (*answer)(xg_transfer *);
  pthread_t thread;
  xg_transfer *kept;
  int requests, freed;
};

static void by_hand(xg_transfer *transfer, void *context) {
  struct host *host = context;
  const xg_http_request *request = xg_transfer_request(transfer);
  size_t len = 0, headers = xg_http_request_header_count(request), signs = 0;
  const char *body = xg_http_request_body(request, &len);
  CHECK(len == strlen(body) && strstr(body, "token_accounts") != NULL);
  CHECK(strstr(xg_http_request_url(request), "/v3/device/account/batchoperate") != NULL);
  for (size_t n = 0; n < headers; n++) signs += strcmp(xg_http_request_header_name(request, n), "Sign") == 0;
  CHECK(signs == 1);
  CHECK(xg_transfer_timeout_ms(transfer) > 0 && xg_transfer_timeout_ms(transfer) <= 10000);
  CHECK(xg_transfer_max_response_bytes(transfer) > 1000);
  CHECK(xg_transfer_is_repeatable(transfer) && !xg_transfer_is_abandoned(transfer));
  host->requests++;
  if (host->answer) {
    host->answer(transfer);
  } else {
    host->kept = transfer;
  }
}

static void freed(void *context) { ((struct host *)context)->freed++; }

static void finish_at_once(xg_transfer *transfer) {
  xg_transfer_add_header(transfer, "X-Anything", "\xff\xfe");
  xg_transfer_finish(transfer, 200, good, sizeof good - 1);
}

static void *finish_later(void *transfer) {
  finish_at_once(transfer);
  return NULL;
}

static void on_another_thread(xg_transfer *transfer) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, finish_later, transfer) == 0);
  CHECK(pthread_detach(thread) == 0);
}

static void no_route(xg_transfer *transfer) {
  xg_transfer_fail(transfer, XG_SEND_CONNECT, false, "no route to the console's network");
}
static void broken(xg_transfer *transfer) { xg_transfer_fail(transfer, 99, true, NULL); }
static void no_status(xg_transfer *transfer) { xg_transfer_finish(transfer, 70000, good, 1); }
static void no_body(xg_transfer *transfer) { xg_transfer_finish(transfer, 200, NULL, 5); }
static void html(xg_transfer *transfer) { xg_transfer_finish(transfer, 200, "<html>", 6); }
/* What may have been applied at first is not called refused. */
static void refused_twice(xg_transfer *transfer) {
  static const char busy[] = "{\"ret_code\":1008028}";
  xg_transfer_set_replayed(transfer);
  xg_transfer_finish(transfer, 200, busy, sizeof busy - 1);
}
static void throttled_once(xg_transfer *transfer) {
  static int calls;
  if (calls++ > 0) {
    finish_at_once(transfer);
    return;
  }
  xg_transfer_add_header(transfer, "retry-after", "0");
  xg_transfer_finish(transfer, 429, "", 0);
}

static xg_config *configured(const char *deadline_ms) {
  xg_config *config = xg_config_new();
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  xg_config_set(config, "access_point", "guangzhou", NULL);
  xg_config_set(config, "retry_base_ms", "1", NULL);
  xg_config_set(config, "throttle_base_ms", "1", NULL);
  CHECK(xg_config_set(config, "deadline_ms", deadline_ms, NULL) == XG_OK);
  return config;
}

/* Two bindings over a host that answers so: the states of both items. */
static void expect(void (*answer)(xg_transfer *), const char *deadline_ms, xg_state first,
                   xg_state second, const char *reason, int least) {
  static const char json[] =
      "{\"operator_type\":2,\"token_accounts\":[{\"token\":\"t1\",\"account_list\":"
      "[{\"account\":\"alice\"}]},{\"token\":\"t2\",\"account_list\":[{\"account\":\"bob\"}]}]}";
  struct host host = {.answer = answer};
  xg_transport *transport = NULL;
  xg_client *client = NULL;
  xg_request *request = NULL;
  xg_outcome *outcome = NULL;
  xg_config *config = configured(deadline_ms);
  CHECK(xg_transport_new(by_hand, freed, &host, &transport, NULL) == XG_OK);
  CHECK(xg_client_new_with_transport(config, transport, &client, NULL) == XG_OK);
  xg_transport_free(transport);
  CHECK(xg_request_batch_from_json(json, sizeof json - 1, &request, NULL) == XG_OK);
  CHECK(xg_batch_operate(client, request, &outcome, NULL) == XG_OK);
  CHECK(xg_outcome_state(outcome, 0) == first && xg_outcome_state(outcome, 1) == second);
  CHECK_TEXT(xg_outcome_reason(outcome, 0), reason);
  CHECK(host.requests >= least);
  xg_outcome_free(outcome);
  xg_request_free(request);
  CHECK(host.freed == 0);
  xg_client_free(client);
  if (host.kept) {
    CHECK(host.freed == 0 && xg_transfer_is_abandoned(host.kept));
    finish_at_once(host.kept);
  }
  CHECK(host.freed == 1);
  xg_config_free(config);
}

int main(void) {
  expect(finish_at_once, "10000", XG_STATE_ACCEPTED, XG_STATE_REJECTED, "accepted", 1);
  expect(on_another_thread, "10000", XG_STATE_ACCEPTED, XG_STATE_REJECTED, "accepted", 1);
  expect(throttled_once, "10000", XG_STATE_ACCEPTED, XG_STATE_REJECTED, "accepted", 2);
  expect(refused_twice, "10000", XG_STATE_UNKNOWN, XG_STATE_UNKNOWN, "connection_lost", 3);
  expect(no_route, "10000", XG_STATE_NOT_SENT, XG_STATE_NOT_SENT, "connect_failed", 3);
  expect(broken, "10000", XG_STATE_UNKNOWN, XG_STATE_UNKNOWN, "connection_lost", 3);
  expect(no_status, "10000", XG_STATE_UNKNOWN, XG_STATE_UNKNOWN, "connection_lost", 3);
  expect(no_body, "10000", XG_STATE_UNKNOWN, XG_STATE_UNKNOWN, "connection_lost", 3);
  expect(html, "10000", XG_STATE_UNKNOWN, XG_STATE_UNKNOWN, "not_json", 3);
  expect(NULL, "2000", XG_STATE_UNKNOWN, XG_STATE_UNKNOWN, "timed_out", 1);
  return finish("transport");
}

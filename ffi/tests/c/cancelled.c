/* pthread_cancel of a thread inside a call: the call goes on to its end, then the
 * thread ends; the process lives. The service is a socket that never answers. */
#include "check.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xgpush.h>

static xg_client *client;
static xg_outbox *outbox;
static int service;
static pthread_barrier_t cancelled;

/* What the threads run. They are cancelled before they make their call, which waits at
 * cancellation points; each ends with one of its own, and never gets past it. */
static void *operate(void *came_back) {
  pthread_barrier_wait(&cancelled);
  xg_request *request = NULL;
  xg_outcome *outcome = NULL;
  xg_request_new(XG_CLEAR_TOKEN, &request, NULL);
  xg_request_add_token(request, "token1", NULL);
  xg_batch_operate(client, request, &outcome, NULL);
  *(int *)came_back = outcome && xg_outcome_state(outcome, 0) != XG_STATE_ACCEPTED;
  xg_outcome_free(outcome);
  xg_request_free(request);
  pthread_testcancel();
  return NULL;
}

static void *ask(void *came_back) {
  pthread_barrier_wait(&cancelled);
  xg_request *request = NULL;
  xg_outcome *outcome = NULL;
  xg_request_new(XG_QUERY_BY_TOKEN, &request, NULL);
  xg_request_add_token(request, "token1", NULL);
  xg_query(client, request, &outcome, NULL);
  *(int *)came_back = outcome && xg_outcome_state(outcome, 0) != XG_STATE_ACCEPTED;
  xg_outcome_free(outcome);
  xg_request_free(request);
  pthread_testcancel();
  return NULL;
}

static void *call(void *came_back) {
  pthread_barrier_wait(&cancelled);
  xg_reply *reply = NULL;
  *(int *)came_back = xg_call(client, "/v3/push/app", "{}", 2, &reply, NULL) != XG_OK;
  pthread_testcancel();
  return NULL;
}

static void *wait_for_reports(void *came_back) {
  pthread_barrier_wait(&cancelled);
  xg_reports *reports = NULL;
  xg_reports_new(1, &reports, NULL);
  xg_outbox_bind(outbox, "token1", "alice", XG_NO_ACCOUNT_TYPE, 1, NULL);
  *(int *)came_back = xg_outbox_poll(outbox, reports, 300) == 0;
  xg_reports_free(reports);
  pthread_testcancel();
  return NULL;
}

static void *close_it(void *came_back) {
  pthread_barrier_wait(&cancelled);
  xg_outbox_close(outbox, 300);
  *(int *)came_back = 1;
  pthread_testcancel();
  return NULL;
}

static void cancel(void *(*run)(void *), const char *name) {
  pthread_t thread;
  int came_back = 0;
  void *ended = NULL;
  CHECK(pthread_create(&thread, NULL, run, &came_back) == 0);
  CHECK(pthread_cancel(thread) == 0);
  pthread_barrier_wait(&cancelled); /* not a cancellation point */
  CHECK(pthread_join(thread, &ended) == 0);
  CHECK(ended == PTHREAD_CANCELED);
  if (!came_back) fprintf(stderr, "%s\n", name);
  CHECK(came_back);
}

int main(void) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t length = sizeof address;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  service = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(bind(service, (struct sockaddr *)&address, length) == 0 && listen(service, 64) == 0);
  CHECK(getsockname(service, (struct sockaddr *)&address, &length) == 0);
  char url[64];
  snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
  xg_config *config = xg_config_new();
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  xg_config_set(config, "base_url", url, NULL);
  xg_config_set(config, "deadline_ms", "300", NULL);
  pthread_barrier_init(&cancelled, NULL, 2);
  CHECK(xg_client_new(config, &client, NULL) == XG_OK);
  CHECK(xg_outbox_open(config, &outbox, NULL) == XG_OK);
  cancel(operate, "xg_batch_operate");
  cancel(ask, "xg_query");
  cancel(call, "xg_call");
  cancel(wait_for_reports, "xg_outbox_poll");
  cancel(close_it, "xg_outbox_close");
  xg_outbox_free(outbox);
  xg_client_free(client);
  xg_config_free(config);
  close(service);
  pthread_barrier_destroy(&cancelled);
  return finish("C cancelled threads");
}

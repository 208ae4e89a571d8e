/* 200 calls in a row start no thread and look the name up once: counted by
 * standing in for the system's functions. quiet PORT. */
#define _GNU_SOURCE
#include "check.h"
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <xgpush.h>

static int threads, look_ups;

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument) {
  int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  *(void **)&next = dlsym(RTLD_NEXT, "pthread_create");
  threads++;
  return next(thread, attributes, start, argument);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result) {
  int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
  *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
  look_ups++;
  return next(node, service, hints, result);
}

static void *nothing(void *argument) { return argument; }

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  char url[64];
  snprintf(url, sizeof url, "http://localhost:%s", argv[1]);
  xg_config *config = xg_config_new();
  xg_client *client = NULL;
  xg_request *request = NULL;
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  CHECK(xg_config_set(config, "base_url", url, NULL) == XG_OK);
  CHECK(xg_client_new(config, &client, NULL) == XG_OK);
  CHECK(xg_request_new(XG_CLEAR_TOKEN, &request, NULL) == XG_OK);
  CHECK(xg_request_add_token(request, "token1", NULL) == XG_OK);
  for (int n = 0; n < 200; n++) {
    xg_outcome *outcome = NULL;
    CHECK(xg_batch_operate(client, request, &outcome, NULL) == XG_OK);
    CHECK(xg_outcome_all_accepted(outcome));
    xg_outcome_free(outcome);
  }
  CHECK(threads == 0);
  CHECK(look_ups == 1);

  /* The stand-ins are in the way: a thread of our own is counted. */
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, nothing, NULL) == 0 && threads == 1);
  pthread_join(thread, NULL);
  xg_request_free(request);
  xg_client_free(client);
  xg_config_free(config);
  return finish("C quiet");
}

/* Two coroutines on one thread, as a library that hooks the system's calls makes
 * them: wherever a call of ours would wait for its socket, the other one runs. Each
 * call is printed as "token<TAB>call<TAB>state<TAB>message"; interleaved.py compares
 * that with the log of the service.
 * coroutines BASE_URL PREFIX ROUNDS */
#define _GNU_SOURCE
#include "check.h"
#include <dlfcn.h>
#include <poll.h>
#include <sys/socket.h>
#include <ucontext.h>
#include <xgpush.h>

enum { STACK = 256 * 1024 };
static ucontext_t main_context, contexts[2];
static int current = -1, inside[2], over[2];
static long interleaved;
static unsigned seed = 1;

static unsigned dice(unsigned sides) {
  seed = seed * 1103515245u + 12345u;
  return (seed >> 16) % sides;
}

/* The system's call is about to wait: perhaps the other coroutine's turn. */
static void yield(void) {
  if (current < 0) return;
  int mine = current, other = 1 - current;
  if (over[other] || dice(3) == 0) return;
  if (inside[0] && inside[1]) interleaved++;
  current = other;
  swapcontext(&contexts[mine], &contexts[other]);
  current = mine;
}

ssize_t recv(int fd, void *buffer, size_t length, int flags) {
  static ssize_t (*next)(int, void *, size_t, int);
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, "recv");
  yield();
  return next(fd, buffer, length, flags);
}

ssize_t send(int fd, const void *buffer, size_t length, int flags) {
  static ssize_t (*next)(int, const void *, size_t, int);
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, "send");
  yield();
  ssize_t sent = next(fd, buffer, length, flags);
  yield();
  return sent;
}

int poll(struct pollfd *fds, nfds_t count, int timeout) {
  static int (*next)(struct pollfd *, nfds_t, int);
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, "poll");
  yield();
  return next(fds, count, timeout);
}

static xg_client *clients[2];
static const char *prefix;
static int rounds;

static void print(const char *token, const char *call, const char *state, const char *message) {
  printf("%s\t%s\t%s\t%s\n", token, call, state, message);
}

static void operate(xg_client *client, const char *token, int32_t kind) {
  xg_request *request = NULL;
  xg_outcome *outcome = NULL;
  CHECK(xg_request_new(kind, &request, NULL) == XG_OK);
  if (kind == XG_BIND)
    CHECK(xg_request_add_binding(request, token, "alice", XG_NO_ACCOUNT_TYPE, NULL) == XG_OK);
  else
    CHECK(xg_request_add_token(request, token, NULL) == XG_OK);
  xg_status status = kind == XG_BIND ? xg_batch_operate(client, request, &outcome, NULL)
                                     : xg_query(client, request, &outcome, NULL);
  CHECK(status == XG_OK && xg_outcome_item_count(outcome) == 1);
  print(token, kind == XG_BIND ? "operate" : "query",
        xg_state_name(xg_outcome_state(outcome, 0)), xg_outcome_message(outcome, 0));
  xg_outcome_free(outcome);
  xg_request_free(request);
}

static void other_call(xg_client *client, const char *token) {
  char body[128];
  int length = snprintf(body, sizeof body,
                        "{\"audience_type\":\"token\",\"token_list\":[\"%s\"],\"message_type\":"
                        "\"notify\",\"message\":{\"title\":\"t\",\"content\":\"c\"}}",
                        token);
  xg_reply *reply = NULL;
  xg_error *error = NULL;
  xg_status status = xg_call(client, "/v3/push/app", body, (size_t)length, &reply, &error);
  print(token, "call",
        status == XG_OK               ? "accepted"
        : status == XG_CALL_NOT_SENT  ? "not_sent"
        : status == XG_CALL_UNKNOWN   ? "unknown"
        : status == XG_CALL_REJECTED  ? "rejected"
                                      : "wrong",
        xg_error_message(error));
  xg_error_free(error);
  xg_reply_free(reply);
}

static void coroutine(int mine) {
  for (int n = 0; n < rounds; n++) {
    char token[64];
    snprintf(token, sizeof token, "%s-%d-%d.", prefix, mine, n);
    /* Now and then one without a server, so that not_sent happens, too. */
    xg_client *client = clients[dice(16) == 0];
    inside[mine] = 1;
    switch (dice(3)) {
    case 0: operate(client, token, XG_BIND); break;
    case 1: operate(client, token, XG_QUERY_BY_TOKEN); break;
    default: other_call(client, token);
    }
    inside[mine] = 0;
    /* The other one goes on alone, and this one may come back in the middle of it. */
    yield();
  }
  over[mine] = 1;
  if (!over[1 - mine]) {
    current = 1 - mine;
    swapcontext(&contexts[mine], &contexts[1 - mine]);
  }
  current = -1;
}

static xg_client *client_of(const char *url) {
  xg_config *config = xg_config_new();
  xg_client *client = NULL;
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  xg_config_set(config, "max_attempts", "1", NULL);
  CHECK(xg_config_set(config, "base_url", url, NULL) == XG_OK);
  CHECK(xg_client_new(config, &client, NULL) == XG_OK);
  xg_config_free(config);
  return client;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  prefix = argv[2];
  rounds = atoi(argv[3]);
  clients[0] = client_of(argv[1]);
  clients[1] = client_of("http://127.0.0.1:1");
  for (int n = 0; n < 2; n++) {
    getcontext(&contexts[n]);
    contexts[n].uc_stack.ss_sp = malloc(STACK);
    contexts[n].uc_stack.ss_size = STACK;
    contexts[n].uc_link = &main_context;
    makecontext(&contexts[n], (void (*)(void))coroutine, 1, n);
  }
  current = 0;
  swapcontext(&main_context, &contexts[0]);
  CHECK(over[0] && over[1]);
  for (int n = 0; n < 2; n++) {
    xg_client_free(clients[n]);
    free(contexts[n].uc_stack.ss_sp);
  }
  fprintf(stderr, "%ld\n", interleaved);
  return failed == 0 ? 0 : 1;
}

/* An outbox in a loop of libevent: operations are submitted on the loop's thread,
 * reports come to it through the outbox's descriptor, and SIGINT or SIGTERM ends it.
 * Options come from the environment: XGPUSH_ACCESS_ID, XGPUSH_SECRET_KEY,
 * XGPUSH_ACCESS_POINT … Exits with 0 when every operation was accepted, else with 1. */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <xgpush.h>

static const char *const players[] = {"alice", "bob", "小明"};
enum { PLAYERS = sizeof players / sizeof *players };

struct server {
  struct event_base *base;
  xg_outbox *outbox;
  xg_reports *reports; /* a buffer, used again and again */
  size_t settled, failed;
};

/* On a thread of the library. */
static void say(int32_t level, const char *line, void *context) {
  (void)level;
  (void)context;
  fprintf(stderr, "xgpush: %s\n", line);
}

static void read_reports(struct server *server) {
  const size_t count = xg_outbox_poll(server->outbox, server->reports, 0);
  for (size_t n = 0; n < count; n++) {
    const unsigned long long tag = xg_reports_tag(server->reports, n);
    printf("%llu\t%s\t%s\t%s\t%lld\t%s\n", tag,
           tag >= 1 && tag <= PLAYERS ? players[tag - 1] : "?",
           xg_state_name(xg_reports_state(server->reports, n)),
           xg_reports_reason(server->reports, n), (long long)xg_reports_code(server->reports, n),
           xg_reports_message(server->reports, n));
    if (!xg_reports_is_recovered(server->reports, n)) server->settled++;
    if (xg_reports_state(server->reports, n) != XG_STATE_ACCEPTED) server->failed++;
  }
}

static void on_signal(evutil_socket_t number, short events, void *context) {
  struct server *server = context;
  (void)number;
  (void)events;
  event_base_loopbreak(server->base);
}

static void on_reports(evutil_socket_t fd, short events, void *context) {
  struct server *server = context;
  (void)fd;
  (void)events;
  read_reports(server); /* what is left in the outbox makes the descriptor readable again */
  if (server->settled >= PLAYERS) event_base_loopbreak(server->base);
}

/* Tokens come from phones: one that is none is refused, and the server goes on. */
static void bind_phone(struct server *server, const char *token, const char *player, uint64_t tag) {
  xg_error *error = NULL;
  if (xg_outbox_bind(server->outbox, token, player, XG_NO_ACCOUNT_TYPE, tag, &error) != XG_OK)
    fprintf(stderr, "%s: %s\n", player, xg_error_message(error)); /* XG_FULL: try later */
  xg_error_free(error);
}

static void log_in(evutil_socket_t none, short events, void *context) {
  struct server *server = context;
  (void)none;
  (void)events;
  for (size_t n = 0; n < PLAYERS; n++) {
    char token[32];
    snprintf(token, sizeof token, "token-of-phone-%zu", n + 1);
    bind_phone(server, token, players[n], n + 1);
  }
  bind_phone(server, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "mallory", 4);
}

int main(void) {
  struct server server = {0};
  xg_error *error = NULL;
  xg_config *config = xg_config_new();
  if (xg_config_set_from_env(config, &error) != XG_OK ||
      xg_outbox_open(config, &server.outbox, &error) != XG_OK ||
      xg_reports_new(64, &server.reports, &error) != XG_OK) {
    fprintf(stderr, "%s\n", xg_error_message(error));
    return 1;
  }
  xg_config_free(config);
  xg_outbox_set_log_callback(server.outbox, say, NULL);

  server.base = event_base_new();
  struct event *const readable = event_new(server.base, xg_outbox_fd(server.outbox),
                                           EV_READ | EV_PERSIST, on_reports, &server);
  struct event *const interrupt = evsignal_new(server.base, SIGINT, on_signal, &server);
  struct event *const terminate = evsignal_new(server.base, SIGTERM, on_signal, &server);
  event_add(readable, NULL);
  event_add(interrupt, NULL);
  event_add(terminate, NULL);
  event_base_once(server.base, -1, EV_TIMEOUT, log_in, &server, NULL);
  event_base_dispatch(server.base);

  /* The descriptor is the outbox's, so its watcher goes before the outbox is closed. */
  event_free(readable);
  event_free(interrupt);
  event_free(terminate);
  event_base_free(server.base);
  const size_t left = xg_outbox_close(server.outbox, 2000);
  while (!xg_outbox_is_drained(server.outbox)) read_reports(&server);
  printf("%zu left\n", left);
  xg_reports_free(server.reports);
  xg_outbox_free(server.outbox);
  return left + server.failed == 0 ? 0 : 1;
}

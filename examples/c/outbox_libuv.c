/* An outbox in a loop of libuv: operations are submitted on the loop's thread, reports
 * come to it through the outbox's descriptor, and SIGINT or SIGTERM ends it. Options
 * come from the environment: XGPUSH_ACCESS_ID, XGPUSH_SECRET_KEY, XGPUSH_ACCESS_POINT …
 * Exits with 0 when every operation was accepted, else with 1. */
#include <signal.h>
#include <stdio.h>
#include <uv.h>
#include <xgpush.h>

static const char *const players[] = {"alice", "bob", "小明"};
enum { PLAYERS = sizeof players / sizeof *players };

struct server {
  xg_outbox *outbox;
  xg_reports *reports; /* a buffer, used again and again */
  size_t settled, failed;
  uv_poll_t readable;
  uv_signal_t interrupt, terminate;
  uv_idle_t first_round;
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

/* Every handle leaves the loop, which ends with the last one. The descriptor is the
 * outbox's, so its watcher goes before the outbox is closed. */
static void stop(struct server *server) {
  uv_close((uv_handle_t *)&server->readable, NULL);
  uv_close((uv_handle_t *)&server->interrupt, NULL);
  uv_close((uv_handle_t *)&server->terminate, NULL);
  uv_close((uv_handle_t *)&server->first_round, NULL);
}

static void on_signal(uv_signal_t *handle, int number) {
  (void)number;
  stop(handle->data);
}

static void on_reports(uv_poll_t *handle, int status, int events) {
  struct server *server = handle->data;
  (void)status;
  (void)events;
  read_reports(server); /* what is left in the outbox makes the descriptor readable again */
  if (server->settled >= PLAYERS) stop(server);
}

/* Tokens come from phones: one that is none is refused, and the server goes on. */
static void bind_phone(struct server *server, const char *token, const char *player, uint64_t tag) {
  xg_error *error = NULL;
  if (xg_outbox_bind(server->outbox, token, player, XG_NO_ACCOUNT_TYPE, tag, &error) != XG_OK)
    fprintf(stderr, "%s: %s\n", player, xg_error_message(error)); /* XG_FULL: try later */
  xg_error_free(error);
}

static void log_in(uv_idle_t *handle) {
  struct server *server = handle->data;
  uv_idle_stop(handle);
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

  uv_loop_t *loop = uv_default_loop();
  uv_poll_init(loop, &server.readable, xg_outbox_fd(server.outbox));
  uv_signal_init(loop, &server.interrupt);
  uv_signal_init(loop, &server.terminate);
  uv_idle_init(loop, &server.first_round);
  server.readable.data = server.interrupt.data = server.terminate.data = server.first_round.data = &server;
  uv_poll_start(&server.readable, UV_READABLE, on_reports);
  uv_signal_start(&server.interrupt, on_signal, SIGINT);
  uv_signal_start(&server.terminate, on_signal, SIGTERM);
  uv_idle_start(&server.first_round, log_in);
  uv_run(loop, UV_RUN_DEFAULT);

  const size_t left = xg_outbox_close(server.outbox, 2000);
  while (!xg_outbox_is_drained(server.outbox)) read_reports(&server);
  printf("%zu left\n", left);
  xg_reports_free(server.reports);
  xg_outbox_free(server.outbox);
  return left + server.failed == 0 && uv_loop_close(loop) == 0 ? 0 : 1;
}

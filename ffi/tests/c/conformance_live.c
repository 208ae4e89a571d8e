/* The cases that need a server which behaves badly: the emulator's program, once
 * without and once with TLS. */
#include "conformance.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct emulator {
  pid_t process;
  int stdin_of;
  char url[64], ca_file[64];
  xg_client *admin;
};

static struct emulator plain, with_tls;

static void start(struct emulator *emulator, bool tls) {
  int in[2], out[2];
  char line[128] = "";
  if (tls) snprintf(emulator->ca_file, sizeof emulator->ca_file, "/tmp/xgpush-ca-%d.pem", getpid());
  if (pipe(in) != 0 || pipe(out) != 0) exit(2);
  /* Or the other emulator would keep it open. */
  fcntl(in[1], F_SETFD, FD_CLOEXEC);
  emulator->process = fork();
  if (emulator->process == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    close(in[1]);
    close(out[0]);
    if (tls)
      execl(emulator_program, emulator_program, "--exit-with-parent", "--tls", "--ca-out",
            emulator->ca_file, (char *)NULL);
    else
      execl(emulator_program, emulator_program, "--exit-with-parent", (char *)NULL);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  emulator->stdin_of = in[1];
  FILE *lines = fdopen(out[0], "r");
  if (!fgets(line, sizeof line, lines) || sscanf(line, "listening on %63s", emulator->url) != 1) {
    fprintf(stderr, "the emulator did not start: %s\n", line);
    exit(2);
  }
  fclose(lines);
  json_t *options = json_object();
  if (tls) json_object_set_new(options, "ca_file", json_string(emulator->ca_file));
  xg_config *config = config_of(options, emulator->url, NULL);
  xg_client_new(config, &emulator->admin, NULL);
  xg_config_free(config);
  json_decref(options);
}

static struct emulator *get(bool tls) {
  struct emulator *emulator = tls ? &with_tls : &plain;
  if (!emulator->process) start(emulator, tls);
  return emulator;
}

void stop_emulators(void) {
  struct emulator *both[] = {&plain, &with_tls};
  for (int n = 0; n < 2; n++) {
    if (!both[n]->process) continue;
    xg_client_free(both[n]->admin);
    close(both[n]->stdin_of);
    waitpid(both[n]->process, NULL, 0);
    if (n == 1) remove(both[n]->ca_file);
  }
}

static json_t *admin(struct emulator *emulator, const char *path, const char *json) {
  xg_error *error = NULL;
  xg_reply *reply = NULL;
  if (xg_call(emulator->admin, path, json, strlen(json), &reply, &error) != XG_OK) {
    differ("%s: %s", path, xg_error_message(error));
    xg_error_free(error);
    return NULL;
  }
  json_t *answer = json_loads(xg_reply_body(reply, NULL), 0, NULL);
  xg_reply_free(reply);
  return answer;
}

static void configure(struct emulator *emulator, const json_t *given, bool tls) {
  json_t *config = given ? json_copy((json_t *)given) : json_object();
  json_object_set_new(config, "tls", json_boolean(tls));
  json_t *fresh = json_pack("{s:o}", "config", config);
  char *text = text_of(fresh);
  json_decref(admin(emulator, "/_emulator/reset", text));
  free(text);
  json_decref(fresh);
}

static void compare_log(json_t *before, json_t *after, const json_t *log) {
  static const char *const names[][2] = {
      {"requests", "received"}, {"connections", "connections"}, {"applied", "applied"}};
  only(log, " requests connections applied ");
  for (int n = 0; n < 3; n++) {
    const json_t *bounds = json_object_get(log, names[n][0]);
    if (!bounds) continue;
    const json_t *b = json_object_get(before, "counters"), *a = json_object_get(after, "counters");
    json_int_t number = json_integer_value(json_object_get(a, names[n][1])) -
                        json_integer_value(json_object_get(b, names[n][1]));
    bool pair = json_is_array(bounds);
    json_int_t least = json_integer_value(pair ? json_array_get(bounds, 0) : bounds);
    json_int_t most = json_integer_value(pair ? json_array_get(bounds, 1) : bounds);
    if (number < least || number > most)
      differ("log: %lld %s, expected %lld to %lld", (long long)number, names[n][0],
             (long long)least, (long long)most);
  }
}

static void compare_reply(xg_reply *reply, const json_t *expect) {
  json_t *body = json_loads(xg_reply_body(reply, NULL), JSON_ALLOW_NUL, NULL);
  only(expect, " http_status body ");
  if (xg_reply_http_status(reply) != (int)json_integer_value(json_object_get(expect, "http_status")) ||
      !json_equal(body, json_object_get(expect, "body")))
    differ("reply %s", xg_reply_body(reply, NULL));
  json_decref(body);
  xg_reply_free(reply);
}

static void compare_failure(xg_error *error, const json_t *expect) {
  const json_t *code = json_object_get(expect, "code"), *status = json_object_get(expect, "http_status");
  const json_t *retryable = json_object_get(expect, "retryable");
  const json_t *wait = json_object_get(expect, "retry_after_ms");
  const char *wanted = json_string_value(json_object_get(expect, "error"));
  only(expect, " error contains code http_status retryable retry_after_ms ");
  if (strcmp(xg_error_name(error), wanted) != 0)
    differ("error %s, expected %s: %s", xg_error_name(error), wanted, xg_error_message(error));
  if (xg_error_code(error) != (code ? json_integer_value(code) : -1) ||
      xg_error_http_status(error) != (int)json_integer_value(status) ||
      (wait && xg_error_retry_after_ms(error) != json_integer_value(wait)) ||
      (retryable && xg_error_is_retryable(error) != json_is_true(retryable)))
    differ("code %lld, http_status %d, retryable %d: %s", (long long)xg_error_code(error),
           xg_error_http_status(error), xg_error_is_retryable(error), xg_error_message(error));
  compare_contains(xg_error_message(error), json_object_get(expect, "contains"));
  compare_silence(xg_error_message(error));
  xg_error_free(error);
}

struct end {
  xg_outcome *outcome;
  xg_reply *reply;
  xg_error *error;
};

static struct end call(const xg_client *client, const json_t *test) {
  struct end end = {NULL, NULL, NULL};
  const json_t *path = json_object_get(test, "path"), *json = json_object_get(test, "json_text");
  if (path) {
    xg_call_with(client, json_string_value(path), json_string_value(json),
                 json_string_length(json), json_string_value(json_object_get(test, "content_type")),
                 json_string_value(json_object_get(test, "auth")),
                 json_is_true(json_object_get(test, "repeatable")), 0, &end.reply, &end.error);
    return end;
  }
  xg_request *request = request_of(test, &end.error);
  if (request && strcmp(json_string_value(json_object_get(test, "api")), "query") == 0)
    xg_query(client, request, &end.outcome, &end.error);
  else if (request)
    xg_batch_operate(client, request, &end.outcome, &end.error);
  xg_request_free(request);
  return end;
}

static void free_end(struct end end) {
  xg_outcome_free(end.outcome);
  xg_reply_free(end.reply);
  xg_error_free(end.error);
}

static long milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void compare_end(struct end end, const json_t *expect) {
  if (end.outcome && json_object_get(expect, "items")) {
    compare_outcome(end.outcome, expect);
  } else if (end.reply && json_object_get(expect, "reply")) {
    compare_reply(end.reply, json_object_get(expect, "reply"));
  } else if (end.error && json_object_get(expect, "error")) {
    compare_failure(end.error, json_object_get(expect, "error"));
  } else {
    differ("another end than expected: %s%s", xg_error_message(end.error),
           xg_outcome_json(end.outcome, NULL));
    free_end(end);
  }
}

void run_live(const json_t *test) {
  const json_t *expect = json_object_get(test, "expect"), *calls = json_object_get(test, "calls");
  const json_t *most = json_object_get(expect, "at_most_ms");
  const json_t *least = json_object_get(expect, "at_least_ms");
  bool tls = json_is_true(json_object_get(test, "tls"));
  only(test,
       " name kind source options api input input_text path json_text emulator calls content_type auth repeatable tls trust "
       "expect ");
  only(expect, " items warnings extra reply error log at_most_ms at_least_ms ");
  struct emulator *emulator = get(tls);
  configure(emulator, json_object_get(test, "emulator"), tls);

  xg_error *error = NULL;
  xg_client *client = NULL;
  xg_config *config = config_of(json_object_get(test, "options"), emulator->url, &error);
  if (config && json_is_true(json_object_get(test, "trust")))
    xg_config_set(config, "ca_file", emulator->ca_file, &error);
  if (!config || xg_client_new(config, &client, &error) != XG_OK) {
    differ("no client: %s", xg_error_message(error));
    xg_error_free(error);
    xg_config_free(config);
    return;
  }
  json_t *before = admin(emulator, "/_emulator/counters", "{}");
  struct end end = {NULL, NULL, NULL};
  long took = 0;
  for (json_int_t n = 0; n < (calls ? json_integer_value(calls) : 1); n++) {
    free_end(end);
    long started = milliseconds();
    end = call(client, test);
    took = milliseconds() - started;
  }
  json_t *after = admin(emulator, "/_emulator/counters", "{}");
  xg_client_close(client);
  compare_end(end, expect);
  compare_log(before, after, json_object_get(expect, "log"));
  if (most && took > json_integer_value(most)) differ("took %ld ms", took);
  if (least && took < json_integer_value(least)) differ("took only %ld ms", took);
  json_decref(before);
  json_decref(after);
  xg_client_free(client);
  xg_config_free(config);
}

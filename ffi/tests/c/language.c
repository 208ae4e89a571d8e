/* Messages are in English, whatever the locale: the system's own texts, which come in
 * its language and in its character set, are replaced here by one that shows. */
#define _GNU_SOURCE
#include "check.h"
#include <netdb.h>
#include <stdbool.h>
#include <xgpush.h>

static bool asked;

/* What the standard library takes texts from. */
int __xpg_strerror_r(int number, char *text, size_t length) {
  asked = true;
  snprintf(text, length, "\xb4\xed\xce\xf3 %d", number);
  return 0;
}

const char *gai_strerror(int number) {
  (void)number;
  return "\xb4\xed\xce\xf3";
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result) {
  (void)node, (void)service, (void)hints, (void)result;
  return EAI_NONAME;
}

static bool is_plain(const char *text) {
  for (; *text; text++)
    if ((unsigned char)*text > '~') return false;
  return true;
}

static xg_config *config_of(const char *name, const char *value) {
  xg_config *config = xg_config_new();
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  xg_config_set(config, "max_attempts", "1", NULL);
  if (strcmp(name, "base_url") != 0)
    CHECK(xg_config_set(config, "base_url", "https://127.0.0.1:1", NULL) == XG_OK);
  CHECK(xg_config_set(config, name, value, NULL) == XG_OK);
  return config;
}

/* The message of an item that is not sent. */
static void not_sent(const char *base_url, const char *words) {
  xg_config *config = config_of("base_url", base_url);
  xg_client *client = NULL;
  xg_request *request = NULL;
  xg_outcome *outcome = NULL;
  CHECK(xg_client_new(config, &client, NULL) == XG_OK);
  CHECK(xg_request_new(XG_CLEAR_TOKEN, &request, NULL) == XG_OK);
  CHECK(xg_request_add_token(request, "token1", NULL) == XG_OK);
  CHECK(xg_batch_operate(client, request, &outcome, NULL) == XG_OK);
  const char *message = xg_outcome_message(outcome, 0);
  CHECK(is_plain(message) && strstr(message, words) != NULL);
  xg_outcome_free(outcome);
  xg_request_free(request);
  xg_client_free(client);
  xg_config_free(config);
}

/* The message of what cannot be made. */
static void refused(bool outbox, const char *name, const char *value, const char *words) {
  xg_config *config = config_of(name, value);
  xg_client *client = NULL;
  xg_outbox *box = NULL;
  xg_error *error = NULL;
  xg_status status = outbox ? xg_outbox_open(config, &box, &error)
                            : xg_client_new(config, &client, &error);
  CHECK(status != XG_OK);
  const char *message = xg_error_message(error);
  CHECK(is_plain(message) && strstr(message, words) != NULL);
  if (failed) fprintf(stderr, "%s\n", message);
  xg_error_free(error);
  xg_config_free(config);
}

int main(void) {
  not_sent("https://127.0.0.1:1", "Connection refused");
  not_sent("https://no-such-name.test", "could not be looked up");
  refused(false, "ca_file", "/nowhere/ca.pem", "No such file");
  refused(false, "ca_file", "/", "Is a directory");
  refused(true, "outbox_file", "/dev/null/box", "Not a directory");
  refused(true, "outbox_file", "/nowhere/box", "/nowhere");
  refused(true, "outbox_file", "/proc/box", "No such file");
  /* The stand-in is the one that would be asked. */
  char text[64];
  __xpg_strerror_r(2, text, sizeof text);
  CHECK(asked && !is_plain(text));
  return finish("C language of messages");
}

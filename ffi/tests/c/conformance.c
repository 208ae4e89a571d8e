/* conformance EMULATOR FILE…: runs every case of conformance/ through the C ABI.
 * conformance/README.md says what the cases mean. */
#include "conformance.h"
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *emulator_program;
static const char *file, *name;
static int differences, passed, failed;
static const char *secret;

void differ(const char *format, ...) {
  va_list arguments;
  if (differences++ == 0) fprintf(stderr, "FAILED %s (%s)\n", name, file);
  fprintf(stderr, "    ");
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
}

void only(const json_t *object, const char *known) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)object, key, value) {
    char wanted[80];
    snprintf(wanted, sizeof wanted, " %s ", key);
    if (strstr(known, wanted) == NULL) differ("unknown field %s", key);
  }
}

char *text_of(const json_t *value) {
  return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_PRESERVE_ORDER);
}

void compare_silence(const char *text) {
  if (strlen(secret) > 0 && strstr(text, secret) != NULL) differ("the secret key is in %s", text);
  for (const char *c = text; *c; c++)
    if ((unsigned char)*c < ' ' || *c == 0x7f) {
      differ("a control character is in %s", text);
      return;
    }
}

/* The secret of the case, without the line break that some have. */
static char *secret_of(const json_t *options) {
  const json_t *given = json_object_get(options, "secret_key");
  char *copy = strdup(given ? json_string_value(given) : SECRET_KEY);
  copy[strcspn(copy, "\r\n ")] = 0;
  return copy;
}

static void run(const json_t *test) {
  static const struct {
    const char *kind;
    void (*run)(const json_t *);
  } kinds[] = {{"request", run_request},
               {"answer", run_answer},
               {"invalid", run_invalid},
               {"call", run_call},
               {"live", run_live}};
  const char *kind = json_string_value(json_object_get(test, "kind"));
  name = json_string_value(json_object_get(test, "name"));
  differences = 0;
  char *copy = secret_of(json_object_get(test, "options"));
  secret = copy;
  if (!json_is_string(json_object_get(test, "source"))) differ("no source");
  size_t at = 0;
  while (at < sizeof kinds / sizeof *kinds && strcmp(kinds[at].kind, kind ? kind : "") != 0) at++;
  if (at < sizeof kinds / sizeof *kinds)
    kinds[at].run(test);
  else
    differ("unknown kind %s", kind ? kind : "(none)");
  free(copy);
  if (differences == 0)
    passed++;
  else
    failed++;
}

int main(int argc, char **argv) {
  static const char *const wanted[] = {"answers.json", "codes.json",   "invalid.json", "live.json",
                                       "samples.json", "signing.json", "splitting.json"};
  if (argc < 3) return 2;
  signal(SIGPIPE, SIG_IGN);
  emulator_program = argv[1];
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    int n = 2;
    while (n < argc && strstr(argv[n], wanted[i]) == NULL) n++;
    if (n == argc) {
      fprintf(stderr, "%s is missing\n", wanted[i]);
      failed++;
    }
  }
  for (int n = 2; n < argc; n++) {
    json_error_t error;
    json_t *tests = json_load_file(argv[n], JSON_ALLOW_NUL, &error);
    file = argv[n];
    if (!json_is_array(tests) || json_array_size(tests) == 0) {
      fprintf(stderr, "%s: no cases: %s\n", file, error.text);
      failed++;
      continue;
    }
    for (size_t i = 0; i < json_array_size(tests); i++) run(json_array_get(tests, i));
    json_decref(tests);
  }
  stop_emulators();
  printf("C conformance cases: %d passed, %d failed\n", passed, failed);
  printf("C conformance: %d cases passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

/* The conformance runner in C: what its parts share. */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <jansson.h>
#include <stdbool.h>
#include <xgpush.h>

#define ACCESS_ID "1500001048"
#define SECRET_KEY "1452fcebae9f3115ba794fb0fff2fd73"
#define SAMPLE_TIME 1565314789

/* Notes a difference of the case that runs. */
void differ(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Makes what the page of the cases does not know a difference. `known` lists
 * the field names between spaces, as " a b ". */
void only(const json_t *object, const char *known);

/* The value as compact JSON; free it. */
char *text_of(const json_t *value);

/* A config with the options of a case, or an error. */
xg_config *config_of(const json_t *options, const char *base_url, xg_error **error);

/* The request of a case, or an error. */
xg_request *request_of(const json_t *test, xg_error **error);

/* An error against {"error", "item", "contains"}; frees it. */
void compare_error(xg_error *error, const json_t *expect);
void compare_contains(const char *text, const json_t *contains);

/* An outcome against "items", "warnings" and "extra"; frees it. */
void compare_outcome(xg_outcome *outcome, const json_t *expect);

/* No text may hold the secret or a control character. */
void compare_silence(const char *text);

void run_request(const json_t *test);
void run_answer(const json_t *test);
void run_invalid(const json_t *test);
void run_call(const json_t *test);
void run_live(const json_t *test);

/* The program of the emulator; it is started when first needed. */
extern const char *emulator_program;
void stop_emulators(void);

#endif

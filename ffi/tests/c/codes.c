/* The JSON of xg_codes_json is the table that the xg_code_ functions tell row by
 * row, with the same in Chinese. */
#include "check.h"
#include <jansson.h>
#include <xgpush.h>

static const char *text(const json_t *row, const char *key) {
  const char *value = json_string_value(json_object_get(row, key));
  return value ? value : "(none)";
}

static int has_chinese(const char *utf8) {
  for (; *utf8; utf8++)
    if ((unsigned char)*utf8 >= 0xE4 && (unsigned char)*utf8 <= 0xE9) return 1;
  return 0;
}

int main(void) {
  size_t length = 0;
  const char *json = xg_codes_json(&length);
  json_error_t error;
  json_t *rows = json_loadb(json, length, 0, &error);
  CHECK(json_array_size(rows) == xg_code_count());
  for (size_t n = 0; n < json_array_size(rows); n++) {
    const json_t *row = json_array_get(rows, n);
    CHECK(json_object_size(row) == 7);
    CHECK(json_integer_value(json_object_get(row, "code")) == xg_code_number(n));
    CHECK(strcmp(text(row, "meaning"), xg_code_meaning(n)) == 0);
    CHECK(strcmp(text(row, "fault"), xg_code_fault(n)) == 0);
    CHECK(strcmp(text(row, "retry"), xg_code_retry(n)) == 0);
    CHECK(strcmp(text(row, "advice"), xg_code_advice(n)) == 0);
    CHECK(has_chinese(text(row, "meaning_zh")));
    CHECK(has_chinese(text(row, "advice_zh")) == (xg_code_number(n) != 0));
  }
  CHECK(strlen(json) == length && xg_codes_json(NULL) == json);
  json_decref(rows);
  return finish("C codes");
}

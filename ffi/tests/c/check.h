/* The smallest test harness that says what failed and how many checks ran. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed, failed;

#define CHECK(condition)                                                   \
  do {                                                                     \
    if (condition) {                                                       \
      passed++;                                                            \
    } else {                                                               \
      failed++;                                                            \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
    }                                                                      \
  } while (0)

#define CHECK_TEXT(found, expected)                                                      \
  do {                                                                                   \
    const char *is = (found), *wanted = (expected);                                      \
    if (strcmp(is, wanted) == 0) {                                                       \
      passed++;                                                                          \
    } else {                                                                             \
      failed++;                                                                          \
      fprintf(stderr, "%s:%d: %s is %s, not %s\n", __FILE__, __LINE__, #found, is, wanted); \
    }                                                                                    \
  } while (0)

/* The line that the scripts sum up, and the exit code. */
static inline int finish(const char *name) {
  printf("%s: %d passed, %d failed\n", name, passed, failed);
  return failed == 0 ? 0 : 1;
}

#endif

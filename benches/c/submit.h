/* What the benchmarks of submitting share: time stamps, bursts at 60 Hz, percentiles. */
#ifndef SUBMIT_H
#define SUBMIT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BURST = 32, TICKS = 300, FLAT = 90000 };

/* 36 bytes of token and 10 of account. */
static char token[FLAT][37], account[FLAT][11];

static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_size(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* Submits with `one`, and prints percentiles in ns, minus the cost of reading the
 * clock: "p50 p99 p99.9". */
static inline int measure(int flat, int (*one)(const char *token, const char *account, int n)) {
  static uint64_t took[FLAT];
  for (int n = 0; n < FLAT; n++) {
    snprintf(token[n], sizeof token[n], "token%031d", n);
    snprintf(account[n], sizeof account[n], "play%06d", n);
  }
  for (int n = 0; n < FLAT; n++) {
    uint64_t began = now_ns();
    took[n] = now_ns() - began;
  }
  qsort(took, FLAT, sizeof *took, by_size);
  uint64_t clock = took[FLAT / 2];
  int count = flat ? FLAT : BURST * TICKS, n = 0;
  struct timespec next;
  clock_gettime(CLOCK_MONOTONIC, &next);
  while (n < count) {
    for (int end = flat ? count : n + BURST; n < end; n++) {
      /* A login's own texts are in the cache. */
      char own_token[37], own_account[11];
      memcpy(own_token, token[n], sizeof own_token);
      memcpy(own_account, account[n], sizeof own_account);
      uint64_t began = now_ns();
      if (one(own_token, own_account, n) != 0) return 1;
      took[n] = now_ns() - began;
    }
    if (flat) break;
    next.tv_nsec += 16666667;
    if (next.tv_nsec >= 1000000000) next.tv_nsec -= 1000000000, next.tv_sec++;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
  }
  qsort(took, (size_t)count, sizeof *took, by_size);
  int at[3] = {count / 2, count - count / 100 - 1, count - count / 1000 - 1};
  for (int p = 0; p < 3; p++) {
    uint64_t value = took[at[p]];
    printf("%llu ", (unsigned long long)(value > clock ? value - clock : 0));
  }
  printf("\n");
  return 0;
}

#endif

/* The contender over libcurl's easy interface: the same bytes, never read.
 * curl calls BASE_URL CALLS | parallel BASE_URL AT_ONCE ROUNDS, with the signed
 * request on standard input: headers, an empty line, the body. */
#define _GNU_SOURCE
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char url[512], body[64 * 1024];
static size_t body_len;
static struct curl_slist *headers;
static atomic_long next_part;
static long parts;

static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t keep(char *data, size_t size, size_t count, void *length) {
  (void)data;
  *(size_t *)length += size * count;
  return size * count;
}

static CURL *handle(void) {
  CURL *curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body_len);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 30000L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  return curl;
}

static void once(CURL *curl) {
  size_t length = 0;
  long status = 0;
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &length);
  CURLcode code = curl_easy_perform(curl);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (code != CURLE_OK || status != 200 || length == 0) {
    fprintf(stderr, "curl: %s, status %ld\n", curl_easy_strerror(code), status);
    exit(1);
  }
}

static void *worker(void *curl) {
  while (atomic_fetch_add(&next_part, 1) < parts) once(curl);
  return NULL;
}

static void run(CURL **handles, int threads, long count) {
  pthread_t *ids = calloc((size_t)threads, sizeof *ids);
  atomic_store(&next_part, 0);
  parts = count;
  for (int i = 0; i < threads; i++) pthread_create(&ids[i], NULL, worker, handles[i]);
  for (int i = 0; i < threads; i++) pthread_join(ids[i], NULL);
  free(ids);
}

static void read_request(void) {
  char line[4096];
  while (fgets(line, sizeof line, stdin) && line[0] != '\n') {
    line[strcspn(line, "\n")] = 0;
    headers = curl_slist_append(headers, line);
  }
  body_len = fread(body, 1, sizeof body, stdin);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  read_request();
  snprintf(url, sizeof url, "%s/v3/device/account/batchoperate", argv[2]);
  if (strcmp(argv[1], "calls") == 0) {
    long calls = atol(argv[3]);
    CURL *curl = handle();
    once(curl);
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
    for (long i = 0; i < calls; i++) once(curl);
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = seconds(CLOCK_MONOTONIC) - wall;
    printf("%.2f %.2f\n", cpu * 1e6 / (double)calls, wall * 1e6 / (double)calls);
  } else {
    int threads = atoi(argv[3]);
    long rounds = atol(argv[4]);
    CURL **handles = calloc((size_t)threads, sizeof *handles);
    for (int i = 0; i < threads; i++) handles[i] = handle();
    run(handles, threads, threads);
    double wall = seconds(CLOCK_MONOTONIC);
    run(handles, threads, threads * rounds);
    wall = seconds(CLOCK_MONOTONIC) - wall;
    printf("%.0f\n", (double)(threads * rounds * 20) / wall);
  }
  return 0;
}

/* One easy handle for each request that is under way, kept with its connection. */
#include "curl_transport.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { IDLE = 16 };

struct stack {
  pthread_mutex_t lock;
  CURL *idle[IDLE];
  int count;
};

/* The part of the body received so far. */
struct body {
  char *bytes;
  size_t len, most;
};

static size_t on_body(char *bytes, size_t one, size_t len, void *context) {
  struct body *body = context;
  (void)one;
  if (len > body->most - body->len) return 0; /* ends in CURLE_WRITE_ERROR */
  char *longer = realloc(body->bytes, body->len + len);
  if (!longer) return 0;
  memcpy(longer + body->len, bytes, len);
  body->bytes = longer;
  body->len += len;
  return len;
}

static size_t on_header(char *line, size_t one, size_t len, void *transfer) {
  char text[256];
  char *colon = memchr(line, ':', len);
  (void)one;
  if (!colon || len >= sizeof text) return len;
  memcpy(text, line, len);
  text[len] = 0;
  char *value = text + (colon - line);
  *value++ = 0;
  value += strspn(value, " \t");
  value[strcspn(value, "\r\n")] = 0;
  xg_transfer_add_header(transfer, text, value);
  return len;
}

static int on_progress(void *transfer, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
  (void)a, (void)b, (void)c, (void)d;
  return xg_transfer_is_abandoned(transfer);
}

static int kind_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return XG_SEND_TIMEOUT;
    case CURLE_ABORTED_BY_CALLBACK: return XG_SEND_CANCELLED;
    case CURLE_WRITE_ERROR: return XG_SEND_BODY_TOO_LARGE;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION: return XG_SEND_CONNECT;
    default: return XG_SEND_LOST;
  }
}

static void send_by(CURL *easy, bool was_idle, xg_transfer *transfer) {
  const xg_http_request *request = xg_transfer_request(transfer);
  struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
  for (size_t n = 0; n < xg_http_request_header_count(request); n++) {
    char line[1024];
    snprintf(line, sizeof line, "%s: %s", xg_http_request_header_name(request, n),
             xg_http_request_header_value(request, n));
    headers = curl_slist_append(headers, line);
  }
  size_t len = 0;
  const char *bytes = xg_http_request_body(request, &len);
  struct body body = {NULL, 0, xg_transfer_max_response_bytes(transfer)};
  curl_easy_setopt(easy, CURLOPT_URL, xg_http_request_url(request));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, bytes);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)len);
  /* libcurl sends a request again when an idle connection turns out to be closed. */
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, xg_transfer_is_repeatable(transfer) ? 0L : 1L);
  uint64_t left = xg_transfer_timeout_ms(transfer);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, left > 0 ? (long)left : 1L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, transfer);
  CURLcode code = curl_easy_perform(easy);
  if (code == CURLE_OK) {
    long status = 0, connections = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
    if (was_idle && connections > 0) xg_transfer_set_replayed(transfer);
    xg_transfer_finish(transfer, (int32_t)status, body.bytes, body.len);
  } else {
    curl_off_t ready = 0; /* stays 0 until the connection can take the request */
    curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
    xg_transfer_fail(transfer, kind_of(code), ready > 0, curl_easy_strerror(code));
  }
  curl_slist_free_all(headers);
  free(body.bytes);
}

static void perform(xg_transfer *transfer, void *context) {
  struct stack *stack = context;
  pthread_mutex_lock(&stack->lock);
  CURL *easy = stack->count > 0 ? stack->idle[--stack->count] : NULL;
  pthread_mutex_unlock(&stack->lock);
  bool was_idle = easy != NULL;
  if (!easy && !(easy = curl_easy_init())) {
    xg_transfer_fail(transfer, XG_SEND_CONNECT, false, "no memory for libcurl");
    return;
  }
  send_by(easy, was_idle, transfer);
  curl_easy_reset(easy); /* the connection stays */
  pthread_mutex_lock(&stack->lock);
  if (stack->count < IDLE) stack->idle[stack->count++] = easy, easy = NULL;
  pthread_mutex_unlock(&stack->lock);
  curl_easy_cleanup(easy);
}

static void done(void *context) {
  struct stack *stack = context;
  while (stack->count > 0) curl_easy_cleanup(stack->idle[--stack->count]);
  pthread_mutex_destroy(&stack->lock);
  free(stack);
}

xg_transport *curl_transport_new(void) {
  xg_transport *transport = NULL;
  struct stack *stack = calloc(1, sizeof *stack);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  if (stack) pthread_mutex_init(&stack->lock, NULL);
  if (stack && xg_transport_new(perform, done, stack, &transport, NULL) != XG_OK) done(stack);
  return transport;
}

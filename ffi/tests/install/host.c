/* A host with its own OpenSSL, libcurl and SQLite, which it uses before, while and
 * after xgpush works: host BASE_URL CA_FILE FOLDER BUNDLED_SQLITE_NUMBER. */
#include "../c/check.h"
#include <curl/curl.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <sqlite3.h>
#include <xgpush.h>

static const char *base_url, *ca_file;
static sqlite3 *memory;
static CURL *curl;

static size_t discard(char *data, size_t size, size_t count, void *context) {
  (void)data;
  *(size_t *)context += size * count;
  return size * count;
}

/* One thing of each library, with objects that live as long as the program. */
static void host_works(void) {
  static const unsigned char abc[4] = {0xba, 0x78, 0x16, 0xbf};
  unsigned char digest[SHA256_DIGEST_LENGTH], noise[32];
  CHECK(SHA256((const unsigned char *)"abc", 3, digest) && memcmp(digest, abc, 4) == 0);
  CHECK(RAND_bytes(noise, sizeof noise) == 1);

  sqlite3_stmt *sum = NULL;
  CHECK(sqlite3_exec(memory, "INSERT INTO players VALUES (1)", NULL, NULL, NULL) == SQLITE_OK);
  CHECK(sqlite3_prepare_v2(memory, "SELECT sum(n) FROM players", -1, &sum, NULL) == SQLITE_OK);
  CHECK(sqlite3_step(sum) == SQLITE_ROW && sqlite3_column_int(sum, 0) > 0);
  sqlite3_finalize(sum);

  char url[256];
  size_t received = 0;
  long status = 0;
  snprintf(url, sizeof url, "%s/_emulator/counters", base_url);
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &received);
  CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) fprintf(stderr, "libcurl: %s\n", curl_easy_strerror(code));
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  CHECK(code == CURLE_OK && status == 200 && received > 0);
}

static void call(const xg_config *config) {
  xg_client *client = NULL;
  xg_request *request = NULL;
  xg_outcome *outcome = NULL;
  CHECK(xg_client_new(config, &client, NULL) == XG_OK);
  CHECK(xg_request_new(XG_BIND, &request, NULL) == XG_OK);
  CHECK(xg_request_add_binding(request, "phone", "alice", XG_NO_ACCOUNT_TYPE, NULL) == XG_OK);
  CHECK(xg_batch_operate(client, request, &outcome, NULL) == XG_OK);
  CHECK(xg_outcome_state(outcome, 0) == XG_STATE_ACCEPTED);
  xg_outcome_free(outcome);
  xg_request_free(request);
  xg_client_free(client);
}

/* Its file is the work of the SQLite inside libxgpush. */
static void deliver(xg_config *config, const char *file) {
  xg_outbox *outbox = NULL;
  size_t left = 99;
  CHECK(xg_config_set(config, "outbox_file", file, NULL) == XG_OK);
  CHECK(xg_outbox_open(config, &outbox, NULL) == XG_OK);
  for (int n = 0; n < 100; n++) {
    char token[32];
    int length = snprintf(token, sizeof token, "phone%d", n);
    CHECK(xg_outbox_bind_n(outbox, token, (size_t)length, "bob", 3, XG_NO_ACCOUNT_TYPE,
                           (uint64_t)n, NULL) == XG_OK);
  }
  host_works();
  CHECK(xg_outbox_flush(outbox, 30000, &left, NULL) == XG_OK && left == 0);
  CHECK(xg_outbox_close(outbox, 30000) == 0);
  xg_outbox_free(outbox);
}

/* A database names the version of the library that wrote it last. */
static int written_by(const char *file) {
  unsigned char at[4] = {0};
  FILE *database = fopen(file, "rb");
  CHECK(database != NULL);
  if (!database) return 0;
  CHECK(fseek(database, 96, SEEK_SET) == 0 && fread(at, sizeof at, 1, database) == 1);
  fclose(database);
  return at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  base_url = argv[1];
  ca_file = argv[2];
  char own[1024], outbox[1024];
  snprintf(own, sizeof own, "%s/own.db", argv[3]);
  snprintf(outbox, sizeof outbox, "%s/outbox", argv[3]);
  CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
  CHECK(strstr(curl_version(), "OpenSSL/") != NULL);
  curl = curl_easy_init();
  CHECK(sqlite3_open(":memory:", &memory) == SQLITE_OK);
  CHECK(sqlite3_exec(memory, "CREATE TABLE players (n)", NULL, NULL, NULL) == SQLITE_OK);
  host_works();

  xg_config *config = xg_config_new();
  CHECK(xg_config_set(config, "access_id", "1500001048", NULL) == XG_OK);
  CHECK(xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL) == XG_OK);
  CHECK(xg_config_set(config, "base_url", base_url, NULL) == XG_OK);
  CHECK(xg_config_set(config, "ca_file", ca_file, NULL) == XG_OK);
  call(config);
  host_works();
  deliver(config, outbox);
  xg_config_free(config);
  host_works();

  sqlite3 *file = NULL;
  CHECK(sqlite3_open(own, &file) == SQLITE_OK);
  CHECK(sqlite3_exec(file, "CREATE TABLE t (n)", NULL, NULL, NULL) == SQLITE_OK);
  sqlite3_close(file);
  printf("the host's SQLite is %s; it wrote with %d, and xgpush with %d\n", sqlite3_libversion(),
         written_by(own), written_by(outbox));
  CHECK(strcmp(sqlite3_libversion(), SQLITE_VERSION) == 0);
  CHECK(written_by(own) == SQLITE_VERSION_NUMBER);
  CHECK(written_by(outbox) == atoi(argv[4]));
  /* The one in libxgpush was compiled so; distinguishes them if the versions are equal. */
  CHECK(!sqlite3_compileoption_used("OMIT_LOAD_EXTENSION"));
  sqlite3_close(memory);
  curl_easy_cleanup(curl);
  curl_global_cleanup();
  return finish("host");
}

/* Children that open an outbox of their own: outbox_fork BASE_URL FOLDER. */
#define _DEFAULT_SOURCE
#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xgpush.h>

enum { FORKS = 200, LONG = 60 };

static const char *base_url, *folder;
static atomic_int stop;

static xg_outbox *opened(const char *name, char why[512]) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  xg_config *config = xg_config_new();
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  xg_config_set(config, "base_url", base_url, NULL);
  xg_config_set(config, "outbox_file", path, NULL);
  xg_config_set(config, "outbox_commit_ms", "0", NULL);
  xg_config_set(config, "outbox_reports", "false", NULL);
  xg_outbox *outbox = NULL;
  xg_error *error = NULL;
  xg_outbox_open(config, &outbox, &error);
  snprintf(why, 512, "%s", xg_error_message(error));
  xg_error_free(error);
  xg_config_free(config);
  return outbox;
}

/* Keeps the outbox's thread inside the file. */
static void *submit(void *outbox) {
  for (int n = 0; !atomic_load(&stop); n++) {
    char token[32];
    int length = snprintf(token, sizeof token, "token%d", n);
    xg_outbox_clear_token_n(outbox, token, (size_t)length, (uint64_t)n, NULL);
    if (n % 8 == 0) nanosleep(&(struct timespec){0, 20000}, NULL);
  }
  return NULL;
}

/* Ends a child. By exec: what its parent's threads own is no leak of the child. */
static void leave(int code) {
  char command[16];
  snprintf(command, sizeof command, "exit %d", code);
  execl("/bin/sh", "sh", "-c", command, (char *)NULL);
  _exit(3);
}

/* Whenever a process forks: the child gets an outbox, over another file. */
static void at_any_moment(void) {
  char why[512];
  pthread_t thread;
  xg_outbox *outbox = opened("parent", why);
  CHECK(outbox != NULL && pthread_create(&thread, NULL, submit, outbox) == 0);
  for (int n = 0; n < FORKS; n++) {
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
      alarm(LONG); /* It hangs. */
      xg_outbox *own = opened("child", why);
      if (!own) fprintf(stderr, "a child: %s\n", why);
      leave(own ? 0 : 1);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    if (status != 0) break;
  }
  atomic_store(&stop, 1);
  CHECK(pthread_join(thread, NULL) == 0);
  xg_outbox_close(outbox, 0);
  xg_outbox_free(outbox);
}

/* As daemon(3) does after an opening: the child gets the file when its parent is gone,
 * and what is in it. */
static void after_the_parent(void) {
  int ready[2], gone[2];
  CHECK(pipe(ready) == 0 && pipe(gone) == 0);
  pid_t parent = fork();
  if (parent == 0) {
    char why[512], byte = 0;
    xg_outbox *outbox = opened("inherited", why);
    pid_t child = outbox ? fork() : -1;
    if (child == 0) {
      close(gone[1]);
      if (read(gone[0], &byte, 1) != 0) leave(1); /* until its parent is gone */
      outbox = opened("inherited", why);
      if (!outbox) fprintf(stderr, "after its parent: %s\n", why);
      int good = outbox && xg_outbox_clear_token(outbox, "token", 1, NULL) == XG_OK &&
                 xg_outbox_sync(outbox, 30000, NULL) == XG_OK;
      if (write(ready[1], good ? "y" : "n", 1) != 1) leave(1);
      leave(0);
    }
    raise(SIGKILL);
  }
  close(gone[1]);
  CHECK(waitpid(parent, NULL, 0) == parent);
  char answer = 0;
  close(ready[1]);
  CHECK(read(ready[0], &answer, 1) == 1 && answer == 'y');
}

static void *take_reports(void *outbox) {
  xg_reports *reports = NULL;
  if (xg_reports_new(16, &reports, NULL) != XG_OK) return outbox;
  while (!atomic_load(&stop)) xg_outbox_poll(outbox, reports, 0);
  xg_reports_free(reports);
  return NULL;
}

static void no_line(int32_t level, const char *line, void *context) {
  (void)level;
  (void)line;
  (void)context;
}

/* Whatever locks are held at a fork: what a child asks of its parent's outbox answers. */
static void asked_at_any_moment(void) {
  xg_config *config = xg_config_new();
  xg_config_set(config, "access_id", "1500001048", NULL);
  xg_config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  xg_config_set(config, "base_url", base_url, NULL);
  xg_config_set(config, "outbox_max_operations", "1000", NULL);
  xg_outbox *outbox = NULL;
  pthread_t thread[3];
  CHECK(xg_outbox_open(config, &outbox, NULL) == XG_OK);
  xg_config_free(config);
  atomic_store(&stop, 0);
  CHECK(pthread_create(&thread[0], NULL, submit, outbox) == 0);
  CHECK(pthread_create(&thread[1], NULL, submit, outbox) == 0);
  CHECK(pthread_create(&thread[2], NULL, take_reports, outbox) == 0);
  for (int n = 0; n < FORKS; n++) {
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
      alarm(LONG); /* It hangs. */
      xg_stats *stats = NULL;
      int bad = xg_outbox_stats(outbox, &stats, NULL) != XG_OK;
      bad += xg_stats_trouble(stats)[0] != 0 || !xg_outbox_is_drained(outbox);
      xg_outbox_set_log_callback(outbox, no_line, NULL);
      bad += xg_outbox_wait_not_full(outbox, 60000);
      leave(bad);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    if (status != 0) break;
  }
  atomic_store(&stop, 1);
  for (int n = 0; n < 3; n++) CHECK(pthread_join(thread[n], NULL) == 0);
  xg_outbox_close(outbox, 0);
  xg_outbox_free(outbox);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  base_url = argv[1];
  folder = argv[2];
  after_the_parent();
  at_any_moment();
  asked_at_any_moment();
  return finish("C outbox, forks");
}

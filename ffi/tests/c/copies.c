/* One file, and two copies of the library in one process: copies BASE_URL FOLDER COPY.
 * The program has one, linked in or shared, and loads COPY, another file. */
#define _DEFAULT_SOURCE
#include "check.h"
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xgpush.h>

/* The few functions of a copy that are needed here. */
struct library {
  __typeof__(&xg_config_new) config_new;
  __typeof__(&xg_config_set) config_set;
  __typeof__(&xg_config_free) config_free;
  __typeof__(&xg_outbox_open) open;
  __typeof__(&xg_outbox_close) close;
  __typeof__(&xg_outbox_free) free;
  __typeof__(&xg_error_message) message;
  __typeof__(&xg_error_free) error_free;
};

static const struct library own = {xg_config_new,   xg_config_set,  xg_config_free,   xg_outbox_open,
                                   xg_outbox_close, xg_outbox_free, xg_error_message, xg_error_free};

static void find(void *handle, const char *name, void *to) {
  void *found = dlsym(handle, name);
  CHECK(found != NULL);
  memcpy(to, &found, sizeof found);
}

static struct library loaded(const char *path) {
  struct library copy;
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) fprintf(stderr, "%s\n", dlerror());
  CHECK(handle != NULL);
  find(handle, "xg_config_new", &copy.config_new);
  find(handle, "xg_config_set", &copy.config_set);
  find(handle, "xg_config_free", &copy.config_free);
  find(handle, "xg_outbox_open", &copy.open);
  find(handle, "xg_outbox_close", &copy.close);
  find(handle, "xg_outbox_free", &copy.free);
  find(handle, "xg_error_message", &copy.message);
  find(handle, "xg_error_free", &copy.error_free);
  CHECK(copy.config_new != own.config_new);
  return copy;
}

static const char *base_url, *folder;

/* Opens a file of the folder; NULL, and *why in a buffer, where it is refused. */
static xg_outbox *opened(const struct library *by, const char *name, char why[512]) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  xg_config *config = by->config_new();
  by->config_set(config, "access_id", "1500001048", NULL);
  by->config_set(config, "secret_key", "1452fcebae9f3115ba794fb0fff2fd73", NULL);
  by->config_set(config, "base_url", base_url, NULL);
  by->config_set(config, "outbox_file", path, NULL);
  xg_outbox *outbox = NULL;
  xg_error *error = NULL;
  xg_status status = by->open(config, &outbox, &error);
  CHECK((status == XG_OK) == (outbox != NULL) && (status == XG_OK || status == XG_STORAGE));
  snprintf(why, 512, "%s", by->message(error));
  by->error_free(error);
  by->config_free(config);
  return outbox;
}

static void is_refused(const struct library *by, const char *name, const char *words) {
  char why[512];
  xg_outbox *outbox = opened(by, name, why);
  if (outbox || !strstr(why, words)) fprintf(stderr, "%s: '%s' is not in '%s'\n", name, words, why);
  CHECK(outbox == NULL && strstr(why, words));
  if (outbox) by->free(outbox);
}

static void closes(const struct library *by, xg_outbox *outbox) {
  CHECK(by->close(outbox, 10000) == 0);
  by->free(outbox);
}

/* As a host does that makes a backup, or looks what is there. */
static void read_every_file(void) {
  DIR *files = opendir(folder);
  CHECK(files != NULL);
  for (struct dirent *file; (file = readdir(files)) != NULL;) {
    char path[1024], bytes[64];
    snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
    int fd = open(path, O_RDWR);
    if (fd < 0) continue;
    CHECK(read(fd, bytes, sizeof bytes) >= 0);
    close(fd);
  }
  closedir(files);
}

/* Ends a child. By exec: what its parent's threads own is no leak of the child. */
static void leave(int code) {
  char command[16];
  snprintf(command, sizeof command, "exit %d", code);
  execl("/bin/sh", "sh", "-c", command, (char *)NULL);
  _exit(3);
}

static int in_another_process(const struct library *by, const char *name) {
  int status = -1;
  pid_t child = fork();
  if (child == 0) {
    char why[512];
    xg_outbox *outbox = opened(by, name, why);
    leave(outbox ? 1 : strstr(why, "is held by process ") ? 0 : 2);
  }
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
  return WEXITSTATUS(status);
}

/* One of them has the file: no other gets it, whatever the host does to its files. */
static void one_owner(const struct library *first, const struct library *second) {
  char why[512], real[600], link_path[600];
  xg_outbox *outbox = opened(first, "shared", why);
  CHECK(outbox != NULL);
  snprintf(real, sizeof real, "%s/shared", folder);
  snprintf(link_path, sizeof link_path, "%s/hard", folder);
  unlink(link_path);
  CHECK(link(real, link_path) == 0);
  for (int round = 0; round < 2; round++) {
    is_refused(second, "shared", "is held by another outbox of this process");
    is_refused(first, "shared", "is held by another outbox of this process");
    is_refused(second, "./../files/shared", "is held by another outbox of this process");
    is_refused(second, "hard", "another name of the same file");
    CHECK(in_another_process(second, "shared") == 0);
    read_every_file();
  }
  closes(first, outbox);
  outbox = opened(second, "shared", why);
  CHECK(outbox != NULL);
  closes(second, outbox);
}

/* A child after fork that lives on does not keep its dead parent's file. */
static void a_dead_parent(const struct library *by) {
  int ready[2], done[2];
  CHECK(pipe(ready) == 0 && pipe(done) == 0);
  pid_t parent = fork();
  if (parent == 0) {
    char why[512];
    if (!opened(by, "orphaned", why)) leave(1);
    if (fork() == 0) {
      char byte = 0;
      if (write(ready[1], "c", 1) != 1) leave(1);
      close(done[1]);
      /* Until everybody else has closed the other end. */
      leave(read(done[0], &byte, 1) == 0 ? 0 : 1);
    }
    pause();
    leave(1);
  }
  char byte = 0, why[512];
  CHECK(read(ready[0], &byte, 1) == 1);
  CHECK(in_another_process(&own, "orphaned") == 0);
  CHECK(kill(parent, SIGKILL) == 0 && waitpid(parent, NULL, 0) == parent);
  xg_outbox *outbox = opened(by, "orphaned", why);
  if (!outbox) fprintf(stderr, "after the parent's death: %s\n", why);
  CHECK(outbox != NULL);
  close(done[1]);
  if (outbox) closes(by, outbox);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  base_url = argv[1];
  folder = argv[2];
  const struct library copy = loaded(argv[3]);
  a_dead_parent(&own);
  a_dead_parent(&copy);
  one_owner(&own, &copy);
  one_owner(&copy, &own);
  return finish("C copies");
}

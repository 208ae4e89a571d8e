/* Preloaded: lets the N-th write to a file fail (XG_FAIL_AT=N, from 1), and every
 * one after it with XG_FAIL_ON=1. Counts writes, truncations and syncs of regular
 * files; XG_FAIL_COUNT=FILE is where the number goes at the end. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls;

static int fails(int fd) {
  struct stat about;
  if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) return 0;
  const char *at = getenv("XG_FAIL_AT"), *on = getenv("XG_FAIL_ON");
  long wanted = at ? atol(at) : 0, now = atomic_fetch_add(&calls, 1) + 1;
  if (wanted == 0 || now < wanted || (now > wanted && !on)) return 0;
  errno = EIO;
  return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  return fails(fd) ? -1 : REAL(pwrite64)(fd, bytes, count, at);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  return fails(fd) ? -1 : REAL(pwrite)(fd, bytes, count, at);
}
ssize_t write(int fd, const void *bytes, size_t count) {
  return fails(fd) ? -1 : REAL(write)(fd, bytes, count);
}
int ftruncate(int fd, off_t size) { return fails(fd) ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return fails(fd) ? -1 : REAL(ftruncate64)(fd, size); }
int fsync(int fd) { return fails(fd) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails(fd) ? -1 : REAL(fdatasync)(fd); }

__attribute__((destructor)) static void tell(void) {
  const char *where = getenv("XG_FAIL_COUNT");
  FILE *file = where ? fopen(where, "w") : NULL;
  if (!file) return;
  fprintf(file, "%ld", atomic_load(&calls));
  fclose(file);
}

/* Preloaded: a file system that lacks something, for the outbox's file and what is
 * beside it.
 *
 *   XG_FS=no-map      the index of a log (-shm) cannot be mapped (ENODEV)
 *   XG_FS=full        nothing can be written (ENOSPC)
 *   XG_FS=read-only   nothing can be opened for writing (EROFS)
 *   XG_FS=lock        locks fail with XG_FS_ERRNO, those of an open file and of a process
 *   XG_FS=no-ofd      there are no locks of an open file (EINVAL)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is(const char *what) {
  const char *now = getenv("XG_FS");
  return now && strcmp(now, what) == 0;
}

static int is_ours(const char *path) { return strstr(path, ".outbox") != NULL; }

static int is_ours_fd(int fd, const char *end) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  size_t tail = strlen(end);
  return is_ours(path) && (size_t)length >= tail && strcmp(path + length - tail, end) == 0;
}

static int fails(int error) {
  errno = error;
  return -1;
}

void *mmap(void *at, size_t length, int prot, int flags, int fd, off_t offset) {
  if (fd >= 0 && is("no-map") && is_ours_fd(fd, "-shm")) {
    errno = ENODEV;
    return MAP_FAILED;
  }
  return REAL(mmap)(at, length, prot, flags, fd, offset);
}
void *mmap64(void *at, size_t length, int prot, int flags, int fd, off64_t offset) {
  return mmap(at, length, prot, flags, fd, offset);
}

static int full(int fd) { return is("full") && is_ours_fd(fd, ""); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  return full(fd) ? fails(ENOSPC) : REAL(pwrite64)(fd, bytes, count, at);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  return full(fd) ? fails(ENOSPC) : REAL(pwrite)(fd, bytes, count, at);
}
ssize_t write(int fd, const void *bytes, size_t count) {
  return full(fd) ? fails(ENOSPC) : REAL(write)(fd, bytes, count);
}

#define OPEN(name)                                                                           \
  int name(const char *path, int flags, ...) {                                               \
    va_list more;                                                                            \
    va_start(more, flags);                                                                   \
    mode_t mode = (mode_t)va_arg(more, int);                                                 \
    va_end(more);                                                                            \
    if (is("read-only") && is_ours(path) && (flags & (O_WRONLY | O_RDWR | O_CREAT))) return fails(EROFS); \
    return REAL(name)(path, flags, mode);                                                    \
  }
OPEN(open)
OPEN(open64)

#define FCNTL(name)                                                                          \
  int name(int fd, int command, ...) {                                                       \
    va_list more;                                                                            \
    va_start(more, command);                                                                 \
    void *argument = va_arg(more, void *);                                                   \
    va_end(more);                                                                            \
    int ofd = command == F_OFD_SETLK;                                                        \
    if (ofd && is("no-ofd")) return fails(EINVAL);                                           \
    if ((ofd || command == F_SETLK) && is("lock") && is_ours_fd(fd, ".lock"))                \
      return fails(atoi(getenv("XG_FS_ERRNO")));                                             \
    return REAL(name)(fd, command, argument);                                                \
  }
FCNTL(fcntl)
FCNTL(fcntl64)

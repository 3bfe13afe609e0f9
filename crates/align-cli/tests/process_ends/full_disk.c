// Simulates a disk that becomes full: the FULL_DISK_AT-th call that changes the disk and all later ones fail with ENOSPC. Only changes to
// regular files and to names count; writes to terminals and pipes always succeed. When the process ends, it writes the number of counted
// calls to the file FULL_DISK_COUNT.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

static int is_full(void) {
    const char *at = getenv("FULL_DISK_AT");
    long call = atomic_fetch_add(&calls, 1) + 1;
    if (at == NULL || call < atol(at)) return 0;
    errno = ENOSPC;
    return 1;
}

static int is_file(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t count) {
    if (is_file(fd) && is_full()) return -1;
    return REAL(write)(fd, bytes, count);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (is_file(fd) && is_full()) return -1;
    return REAL(writev)(fd, parts, count);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    if (is_file(fd) && is_full()) return -1;
    return REAL(pwrite64)(fd, bytes, count, offset);
}
int ftruncate64(int fd, off64_t length) {
    if (is_full()) return -1;
    return REAL(ftruncate64)(fd, length);
}
int fsync(int fd) {
    if (is_full()) return -1;
    return REAL(fsync)(fd);
}
int fdatasync(int fd) {
    if (is_full()) return -1;
    return REAL(fdatasync)(fd);
}
int rename(const char *from, const char *to) {
    if (is_full()) return -1;
    return REAL(rename)(from, to);
}
int mkdir(const char *path, mode_t mode) {
    if (is_full()) return -1;
    return REAL(mkdir)(path, mode);
}
static int open_with(const char *name, const char *path, int flags, mode_t mode) {
    if ((flags & O_CREAT) && access(path, F_OK) != 0 && is_full()) return -1;
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name);
    return real(path, flags, mode);
}
int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = va_arg(more, mode_t);
    va_end(more);
    return open_with("open", path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = va_arg(more, mode_t);
    va_end(more);
    return open_with("open64", path, flags, mode);
}

__attribute__((destructor)) static void write_count(void) {
    const char *path = getenv("FULL_DISK_COUNT");
    long count = atomic_load(&calls);
    if (path == NULL) return;
    unsetenv("FULL_DISK_AT");
    FILE *file = fopen(path, "w");
    if (file == NULL) return;
    fprintf(file, "%ld\n", count);
    fclose(file);
}

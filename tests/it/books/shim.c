/* A disk that fails, for one process and its journal alone. Preloaded before the C library, it answers in its place for
 * files whose name ends with ".segment", while the file named by FAULTS_SWITCH says so:
 *
 *   sync ERRNO    fdatasync and fsync fail; the bytes are in the file, on the disk or not
 *   write ERRNO   pwrite and write fail; nothing is written
 *   tear ERRNO    half of one more write is written, then as `write`
 *   room BYTES    the file system of the folder "journals" has so many bytes left
 *
 * No such file: all is well. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The number behind `verb` in the switch; -1: it does not say that. */
static long ordered(const char *verb) {
    const char *path = getenv("FAULTS_SWITCH");
    char text[64] = "", format[16];
    long number = -1;
    int saved = errno;
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        if (syscall(SYS_read, fd, text, sizeof text - 1) > 0) {
            snprintf(format, sizeof format, "%s %%ld", verb);
            if (sscanf(text, format, &number) != 1) number = -1;
        }
        syscall(SYS_close, fd);
    }
    errno = saved;
    return number;
}

static int named(int fd, const char *end) {
    char link[64], path[4096];
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    errno = saved;
    size_t tail = strlen(end);
    return length >= (ssize_t)tail && memcmp(path + length - tail, end, tail) == 0;
}

static int fails(int fd, const char *verb) {
    if (!named(fd, ".segment")) return 0;
    long number = ordered(verb);
    if (number < 0) return 0;
    errno = (int)number;
    return 1;
}

/* Bytes that a torn write still writes: an odd number, so that it does not end with a record. 0: none is to be torn. */
static size_t torn(int fd, size_t count) {
    static int done;
    if (done || count < 64 || !named(fd, ".segment") || ordered("tear") < 0) return 0;
    done = 1;
    return (count / 2) | 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fdatasync(int fd) { return fails(fd, "sync") ? -1 : NEXT(fdatasync)(fd); }

int fsync(int fd) { return fails(fd, "sync") ? -1 : NEXT(fsync)(fd); }

ssize_t pwrite64(int fd, const void *from, size_t count, off64_t at) {
    size_t half = torn(fd, count);
    if (half) return NEXT(pwrite64)(fd, from, half, at);
    if (fails(fd, "write") || fails(fd, "tear")) return -1;
    return NEXT(pwrite64)(fd, from, count, at);
}

ssize_t pwrite(int fd, const void *from, size_t count, off_t at) { return pwrite64(fd, from, count, at); }

ssize_t write(int fd, const void *from, size_t count) {
    size_t half = torn(fd, count);
    if (half) return NEXT(write)(fd, from, half);
    if (fails(fd, "write") || fails(fd, "tear")) return -1;
    return NEXT(write)(fd, from, count);
}

int fstatvfs(int fd, struct statvfs *stat) {
    int answer = NEXT(fstatvfs)(fd, stat);
    long room = answer == 0 && named(fd, "/journals") ? ordered("room") : -1;
    if (room >= 0) stat->f_bavail = (fsblkcnt_t)room / stat->f_frsize;
    return answer;
}

int fstatvfs64(int fd, struct statvfs64 *stat) {
    int answer = NEXT(fstatvfs64)(fd, stat);
    long room = answer == 0 && named(fd, "/journals") ? ordered("room") : -1;
    if (room >= 0) stat->f_bavail = (fsblkcnt64_t)room / stat->f_frsize;
    return answer;
}

/* A file system recorder and fault injector: preloaded into a process (LD_PRELOAD), it writes down in order what the process
 * does to files below one folder, and makes chosen calls fail or end the process. Used by power_cut.py, where the environment
 * variables and the format of the journal are described.
 *
 * One record a call: "P7" op(1) zero(1) pid(4) inode(8) offset(8) length(8) n1(4) n2(4) data(length) path1(n1) path2(n2), native order.
 * A record is appended with one write(2) under a lock, after the call has succeeded; so the order of the records of a process
 * is one in which its calls could have happened.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1, ready = 0, fail_errno = 0, fail_on = 0;
static long seen = 0, failed = 0, kill_at = 0, fail_at = 0, fail_times = 1;
static char root[PATH_MAX] = "";
static pid_t owner = 0;
enum { WRITES = 1, SYNCS = 2, NAMES = 4 };

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define ONCE(name) static __typeof__(&name) real_##name; if (!real_##name) real_##name = REAL(name)

static long number(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text && *text ? strtol(text, NULL, 10) : otherwise;
}

/* Read the variables; again in each child of a fork, which may have been given others. */
static void set_up(void) {
    if (ready && owner == getpid()) return;
    pthread_mutex_lock(&lock);
    if (!ready || owner != getpid()) {
        ONCE(open);
        ONCE(close);
        const char *folder = getenv("POWER_CUT_ROOT"), *path = getenv("POWER_CUT_JOURNAL"), *error = getenv("POWER_CUT_ERROR");
        const char *calls = getenv("POWER_CUT_CALLS");
        if (journal >= 0) real_close(journal);
        journal = path && *path ? real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
        if (!folder || !*folder || !realpath(folder, root)) root[0] = 0;
        fail_errno = !error ? 0 : !strcmp(error, "ENOSPC") ? ENOSPC : !strcmp(error, "EROFS") ? EROFS : *error ? EIO : 0;
        fail_on = !calls || !*calls ? WRITES | SYNCS : (strstr(calls, "write") ? WRITES : 0) | (strstr(calls, "sync") ? SYNCS : 0)
            | (strstr(calls, "name") ? NAMES : 0);
        kill_at = number("POWER_CUT_KILL_AT", 0), fail_at = number("POWER_CUT_AT", 1), fail_times = number("POWER_CUT_TIMES", 1);
        seen = failed = 0, owner = getpid(), ready = 1;
    }
    pthread_mutex_unlock(&lock);
}

static int below(const char *path) {
    size_t n = strlen(root);
    return n && !strncmp(path, root, n) && (path[n] == '/' || !path[n]);
}

/* The absolute path of a name, its folder resolved; 0 if it is not below the root. */
static int place(int folder, const char *name, char *out) {
    char whole[PATH_MAX], base[PATH_MAX], *slash;
    set_up();
    if (!root[0] || !name) return 0;
    if (name[0] == '/') snprintf(whole, sizeof whole, "%s", name);
    else {
        char link[64];
        ssize_t n;
        if (folder == AT_FDCWD) { if (!getcwd(base, sizeof base)) return 0; }
        else {
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            if ((n = readlink(link, base, sizeof base - 1)) < 0) return 0;
            base[n] = 0;
        }
        if (snprintf(whole, sizeof whole, "%s/%s", base, name) >= (int)sizeof whole) return 0;
    }
    if (!(slash = strrchr(whole, '/')) || slash == whole) return 0;
    *slash = 0;
    if (!realpath(whole, base) || snprintf(out, PATH_MAX, "%s/%s", base, slash + 1) >= PATH_MAX) return 0;
    return below(out);
}

static int path_of(int fd, char *out) {
    char link[64];
    ssize_t n;
    set_up();
    if (!root[0] || fd == journal) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if ((n = readlink(link, out, PATH_MAX - 1)) < 0) return 0;
    out[n] = 0;
    return below(out);
}

/* Whether this call is to fail; sets errno. */
static int fails(int kind) {
    int now = 0;
    if (!fail_errno || !(kind & fail_on)) return 0;
    pthread_mutex_lock(&lock);
    if (++failed >= fail_at && (fail_times == 0 || failed < fail_at + fail_times)) now = 1;
    pthread_mutex_unlock(&lock);
    if (now) errno = fail_errno;
    return now;
}

static void record(char op, uint64_t inode, int64_t offset, const struct iovec *data, int parts, uint64_t length,
                   const char *one, const char *two) {
    struct iovec out[70];
    uint32_t pid = getpid(), n1 = one ? strlen(one) : 0, n2 = two ? strlen(two) : 0;
    char head[40] = "P7";
    int count = 1, kept = errno;
    uint64_t left = length;
    ONCE(writev);
    head[2] = op;
    memcpy(head + 4, &pid, 4), memcpy(head + 8, &inode, 8), memcpy(head + 16, &offset, 8), memcpy(head + 24, &length, 8);
    memcpy(head + 32, &n1, 4), memcpy(head + 36, &n2, 4);
    out[0].iov_base = head, out[0].iov_len = sizeof head;
    for (int i = 0; i < parts && left && count < 68; i++) {
        size_t n = data[i].iov_len < left ? data[i].iov_len : left;
        out[count].iov_base = data[i].iov_base, out[count++].iov_len = n, left -= n;
    }
    out[count].iov_base = (void *)one, out[count++].iov_len = n1, out[count].iov_base = (void *)two, out[count++].iov_len = n2;
    if (journal >= 0 && real_writev(journal, out, count) < 0) abort();
    if (kill_at && ++seen >= kill_at) kill(getpid(), SIGKILL);
    errno = kept;
}

static uint64_t inode_of(int fd) { struct stat s; return fstat(fd, &s) ? 0 : s.st_ino; }
static uint64_t inode_at(const char *path) { struct stat s; return lstat(path, &s) ? 0 : s.st_ino; }

/* Data written at an offset (-1: at the end of the write that has just happened). */
static void wrote(int fd, const struct iovec *data, int parts, ssize_t length, int64_t offset) {
    if (offset < 0) offset = lseek(fd, 0, SEEK_CUR) - length;
    record('w', inode_of(fd), offset, data, parts, length, NULL, NULL);
}

#define GUARDED(fd, kind, call) \
    char path[PATH_MAX]; \
    if (!path_of(fd, path)) return call; \
    if (fails(kind)) return -1; \
    pthread_mutex_lock(&lock); \
    __typeof__(call) result = call;
#define DONE pthread_mutex_unlock(&lock); return result

ssize_t write(int fd, const void *data, size_t n) {
    ONCE(write);
    GUARDED(fd, WRITES, real_write(fd, data, n));
    struct iovec one = {(void *)data, n};
    if (result > 0) wrote(fd, &one, 1, result, -1);
    DONE;
}
#define PWRITE(name, kind_of_offset) ssize_t name(int fd, const void *data, size_t n, kind_of_offset at) { \
    ONCE(name); \
    GUARDED(fd, WRITES, real_##name(fd, data, n, at)); \
    struct iovec one = {(void *)data, n}; \
    if (result > 0) wrote(fd, &one, 1, result, at); \
    DONE; }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
ssize_t writev(int fd, const struct iovec *data, int parts) {
    ONCE(writev);
    GUARDED(fd, WRITES, real_writev(fd, data, parts));
    if (result > 0) wrote(fd, data, parts, result, -1);
    DONE;
}
#define PWRITEV(name, kind_of_offset) ssize_t name(int fd, const struct iovec *data, int parts, kind_of_offset at) { \
    ONCE(name); \
    GUARDED(fd, WRITES, real_##name(fd, data, parts, at)); \
    if (result > 0) wrote(fd, data, parts, result, at); \
    DONE; }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)
/* Calls that copy in the kernel, and could not be written down, are refused: everybody falls back to write(2). */
ssize_t sendfile(int out, int in, off_t *at, size_t n) {
    char path[PATH_MAX];
    static ssize_t (*real)(int, int, off_t *, size_t);
    if (path_of(out, path)) { errno = EINVAL; return -1; }
    if (!real) real = dlsym(RTLD_NEXT, "sendfile");
    return real(out, in, at, n);
}
ssize_t sendfile64(int out, int in, off64_t *at, size_t n) { return sendfile(out, in, (off_t *)at, n); }
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t n, unsigned flags) {
    ONCE(copy_file_range);
    char path[PATH_MAX];
    if (path_of(out, path)) { errno = EXDEV; return -1; }
    return real_copy_file_range(in, from, out, to, n, flags);
}
#define TRUNCATE(name, kind_of_offset) int name(int fd, kind_of_offset n) { \
    ONCE(name); \
    GUARDED(fd, WRITES, real_##name(fd, n)); \
    if (!result) record('t', inode_of(fd), n, NULL, 0, 0, NULL, NULL); \
    DONE; }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)
#define ALLOCATE(name, kind_of_offset) int name(int fd, kind_of_offset at, kind_of_offset n) { \
    ONCE(name); \
    GUARDED(fd, WRITES, real_##name(fd, at, n)); \
    if (!result) record('g', inode_of(fd), at + n, NULL, 0, 0, NULL, NULL); \
    DONE; }
ALLOCATE(posix_fallocate, off_t)
ALLOCATE(posix_fallocate64, off64_t)
#define SYNC(name) int name(int fd) { \
    ONCE(name); \
    GUARDED(fd, SYNCS, real_##name(fd)); \
    if (!result) record('s', inode_of(fd), 0, NULL, 0, 0, path, NULL); \
    DONE; }
SYNC(fsync)
SYNC(fdatasync)
int sync_file_range(int fd, off64_t at, off64_t n, unsigned flags) { /* promises nothing of a power cut: not a sync */
    ONCE(sync_file_range);
    return real_sync_file_range(fd, at, n, flags);
}

static int opened(int fd, const char *path, int flags, uint64_t before) {
    if (fd < 0) return fd;
    uint64_t inode = inode_of(fd);
    if (!before && (flags & O_CREAT)) record('c', inode, 0, NULL, 0, 0, path, NULL);
    else if (flags & O_TRUNC) record('t', inode, 0, NULL, 0, 0, NULL, NULL);
    return fd;
}
#define OPENAT(name) int name(int folder, const char *file, int flags, ...) { \
    ONCE(name); \
    mode_t mode = 0; \
    va_list more; \
    char path[PATH_MAX]; \
    va_start(more, flags); \
    if (flags & (O_CREAT | O_TMPFILE)) mode = va_arg(more, mode_t); \
    va_end(more); \
    if (!(flags & (O_CREAT | O_TRUNC)) || !place(folder, file, path)) return real_##name(folder, file, flags, mode); \
    if (fails(NAMES)) return -1; \
    pthread_mutex_lock(&lock); \
    uint64_t before = inode_at(path); \
    int result = opened(real_##name(folder, file, flags, mode), path, flags, before); \
    DONE; }
OPENAT(openat)
OPENAT(openat64)
#define OPEN(name, at) int name(const char *file, int flags, ...) { \
    mode_t mode = 0; \
    va_list more; \
    va_start(more, flags); \
    if (flags & (O_CREAT | O_TMPFILE)) mode = va_arg(more, mode_t); \
    va_end(more); \
    return at(AT_FDCWD, file, flags, mode); }
OPEN(open, openat)
OPEN(open64, openat64)
int creat(const char *file, mode_t mode) { return open(file, O_CREAT | O_WRONLY | O_TRUNC, mode); }

/* Two names: a move ('r') or a link ('l'). A move out of the root is written down as a removal, one into it cannot be. */
static int named(int kind, int from, const char *old, int to, const char *new, unsigned flags) {
    ONCE(renameat);
    ONCE(linkat);
    char one[PATH_MAX], two[PATH_MAX];
    int mine = place(from, old, one), yours = place(to, new, two);
    if ((mine || yours) && fails(NAMES)) return -1;
    pthread_mutex_lock(&lock);
    uint64_t inode = mine ? inode_at(one) : 0;
    int result = kind == 'r' ? real_renameat(from, old, to, new) : real_linkat(from, old, to, new, flags);
    if (!result && mine && yours) record(kind, inode, 0, NULL, 0, 0, one, two);
    else if (!result && mine && kind == 'r') record('u', inode, 0, NULL, 0, 0, one, NULL);
    DONE;
}
int renameat(int from, const char *old, int to, const char *new) { return named('r', from, old, to, new, 0); }
int rename(const char *old, const char *new) { return named('r', AT_FDCWD, old, AT_FDCWD, new, 0); }
int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    if (!flags) return named('r', from, old, to, new, 0);
    errno = EINVAL;
    return -1;
}
int linkat(int from, const char *old, int to, const char *new, int flags) { return named('l', from, old, to, new, flags); }
int link(const char *old, const char *new) { return named('l', AT_FDCWD, old, AT_FDCWD, new, 0); }

int unlinkat(int folder, const char *name, int flags) {
    ONCE(unlinkat);
    char path[PATH_MAX];
    if (!place(folder, name, path)) return real_unlinkat(folder, name, flags);
    if (fails(NAMES)) return -1;
    pthread_mutex_lock(&lock);
    int result = real_unlinkat(folder, name, flags);
    if (!result) record('u', 0, 0, NULL, 0, 0, path, NULL);
    DONE;
}
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }
int mkdirat(int folder, const char *name, mode_t mode) {
    ONCE(mkdirat);
    char path[PATH_MAX];
    if (!place(folder, name, path)) return real_mkdirat(folder, name, mode);
    if (fails(NAMES)) return -1;
    pthread_mutex_lock(&lock);
    int result = real_mkdirat(folder, name, mode);
    if (!result) record('m', inode_at(path), 0, NULL, 0, 0, path, NULL);
    DONE;
}
int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

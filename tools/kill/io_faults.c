/* Faults of the disk, and of the power: preloaded, it counts the calls that touch a folder, and at the n-th does what was
 * asked for: kill the process, or fail with an error number, once or from then on.
 *
 *     nd_arm("/runs/a/", 17, ENOSPC, 1, "calls.txt");      action -1 kills; nth 0 only writes the names of the calls
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { MOST_FILES = 4096 };
static char folder[4096];
static long nth, last, seen;
static int action, armed, names = -1;
static unsigned char ours[MOST_FILES];

#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

void nd_arm(const char *in, long at, int what, long times, const char *log)
{
    snprintf(folder, sizeof folder, "%s", in);
    nth = at;
    last = at + times - 1;
    action = what;
    seen = 0;
    names = *log ? REAL(open)(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
    armed = 1;
}

static int fails(int touches, const char *call, const char *path)
{
    if (!armed || !touches)
        return 0;
    seen++;
    if (names >= 0)
        dprintf(names, "%s %s\n", call, path);
    if (!nth || seen < nth || seen > last)
        return 0;
    if (action < 0)
        kill(getpid(), SIGKILL);
    errno = action;
    return 1;
}

static int inside(const char *path) { return armed && strstr(path, folder) != NULL; }
static int own(int file) { return file >= 0 && file < MOST_FILES && ours[file]; }

static int opened(int file, const char *path)
{
    if (file >= 0 && file < MOST_FILES)
        ours[file] = inside(path);
    return file;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

#define OPEN(name) \
    int name(const char *path, int flags, ...) \
    { \
        MODE(flags) \
        return fails(inside(path), "open", path) ? -1 : opened(REAL(name)(path, flags, mode), path); \
    }
#define OPENAT(name) \
    int name(int at, const char *path, int flags, ...) \
    { \
        MODE(flags) \
        return fails(inside(path), "open", path) ? -1 : opened(REAL(name)(at, path, flags, mode), path); \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int close(int file)
{
    if (file >= 0 && file < MOST_FILES)
        ours[file] = 0;
    return REAL(close)(file);
}

ssize_t write(int file, const void *bytes, size_t count)
{
    return fails(own(file), "write", "") ? -1 : REAL(write)(file, bytes, count);
}

int fsync(int file) { return fails(own(file), "fsync", "") ? -1 : REAL(fsync)(file); }

int rename(const char *from, const char *to)
{
    return fails(inside(to), "rename", to) ? -1 : REAL(rename)(from, to);
}

int unlink(const char *path) { return fails(inside(path), "unlink", path) ? -1 : REAL(unlink)(path); }

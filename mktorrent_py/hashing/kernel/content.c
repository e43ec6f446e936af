/* The files of a unit: opened once each, checked when opened and again when done with. */
#if defined(__linux__)
#define _GNU_SOURCE /* preadv2 */
#endif
#include "unit.h"

#ifdef MKT_HAS_UNIT
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#if defined(__APPLE__)
#define MODIFIED st_mtimespec
#else
#define MODIFIED st_mtim
#endif

bool mkt_fail(MktContent *content, MktReason reason, int64_t file, int error) {
    content->fault = (MktFault){reason, file, error};
    return false;
}

void mkt_report(MktContent *content, size_t bytes) {
    if (content->progress)
        __atomic_fetch_add(content->progress, (int64_t)bytes, __ATOMIC_RELAXED);
}

bool mkt_stopped(MktContent *content) {
    if (!content->stop || !__atomic_load_n(content->stop, __ATOMIC_RELAXED))
        return false;
    mkt_fail(content, MKT_CANCELLED, -1, 0);
    return true;
}

static bool is_as_scanned(const struct stat *now, const MktStat *then) {
    return now->st_size == then->size && (int64_t)now->st_ino == then->inode &&
           (int64_t)now->MODIFIED.tv_sec * 1000000000 + now->MODIFIED.tv_nsec == then->mtime_ns;
}

static bool check(MktContent *content, int descriptor, int64_t file) {
    const MktStat *then = &content->stats[file];
    struct stat now;
    if (fstat(descriptor, &now))
        return mkt_fail(content, MKT_UNREADABLE, file, errno);
    if (!S_ISREG(now.st_mode))
        return mkt_fail(content, MKT_UNREADABLE, file, S_ISDIR(now.st_mode) ? EISDIR : EINVAL);
    return then->size < 0 || is_as_scanned(&now, then) || mkt_fail(content, MKT_CHANGED, file, 0);
}

/* Not blocking, so that a FIFO in the place of a file is refused rather than waited for. */
static int open_file(MktContent *content, int64_t file) {
    int descriptor;
    do
        descriptor = openat(content->directory, content->paths[file], O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) {
        const bool missing = errno == ENOENT || errno == ENOTDIR;
        mkt_fail(content, missing ? MKT_MISSING : MKT_UNREADABLE, file, errno);
        return -1;
    }
    if (!check(content, descriptor, file)) {
        close(descriptor);
        return -1;
    }
#ifdef POSIX_FADV_SEQUENTIAL
    if (content->sequential)
        (void)posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
    return descriptor;
}

static bool close_checked(MktContent *content, MktOpenFile *file) {
    const bool unchecked = content->stats[file->file].size < 0;
    const bool fine = unchecked || check(content, file->descriptor, file->file);
    close(file->descriptor);
    return fine;
}

/* Room for one more open file: a free entry, or that of a file not in use. There are more entries than users. */
static MktOpenFile *vacate(MktContent *content) {
    if (content->opened < MKT_OPEN_FILES)
        return &content->open[content->opened++];
    MktOpenFile *place = content->open;
    while (place->users)
        place++;
    if (close_checked(content, place))
        return place;
    *place = content->open[--content->opened];
    return NULL;
}

MktOpenFile *mkt_acquire(MktContent *content, int64_t file) {
    for (unsigned i = 0; i < content->opened; i++)
        if (content->open[i].file == file) {
            content->open[i].users++;
            return &content->open[i];
        }
    const int descriptor = open_file(content, file);
    if (descriptor < 0)
        return NULL;
    MktOpenFile *place = vacate(content);
    if (place)
        *place = (MktOpenFile){file, descriptor, 1};
    else
        close(descriptor);
    return place;
}

void mkt_release(MktOpenFile *file) { file->users--; }

bool mkt_close_all(MktContent *content) {
    bool fine = content->fault.reason == MKT_FINE;
    while (content->opened) {
        MktOpenFile *file = &content->open[--content->opened];
        if (fine)
            fine = close_checked(content, file);
        else
            close(file->descriptor);
    }
    return fine;
}

bool mkt_read(MktContent *content, const MktOpenFile *file, uint8_t *to, size_t length, int64_t offset) {
    while (length) {
        const ssize_t got = pread(file->descriptor, to, length, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return mkt_fail(content, MKT_UNREADABLE, file->file, errno);
        if (got == 0)
            return mkt_fail(content, content->stats[file->file].size < 0 ? MKT_SHORT : MKT_CHANGED, file->file, 0);
        to += got;
        length -= (size_t)got;
        offset += got;
    }
    return true;
}

size_t mkt_read_cached(const MktContent *content, const MktOpenFile *file, uint8_t *to, size_t length, int64_t offset) {
#ifdef RWF_NOWAIT
    if (!content->cold && !content->sequential) {
        const struct iovec place = {to, length};
        const ssize_t got = preadv2(file->descriptor, &place, 1, (off_t)offset, RWF_NOWAIT);
        return got > 0 ? (size_t)got : 0;
    }
#else
    (void)content, (void)file, (void)to, (void)length, (void)offset;
#endif
    return 0;
}

void mkt_expect(const MktOpenFile *file, int64_t offset, int64_t length) {
#ifdef POSIX_FADV_WILLNEED
    (void)posix_fadvise(file->descriptor, (off_t)offset, (off_t)length, POSIX_FADV_WILLNEED);
#else
    (void)file, (void)offset, (void)length;
#endif
}
#endif

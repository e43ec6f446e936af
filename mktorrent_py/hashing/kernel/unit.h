/* One unit of work: files opened, checked, read and hashed in one call. POSIX only. */
#ifndef MKT_UNIT_H
#define MKT_UNIT_H

#include "kernel.h"

#ifndef _WIN32
#define MKT_HAS_UNIT 1

/* A file as the scan saw it; with a size of -1 it is not checked. */
typedef struct {
    int64_t size, mtime_ns, inode;
} MktStat;

/* Content: `length` bytes of a file (or that many zeros, file -1), then `pad` zeros that only v1 sees.
 * A width of 0 continues the v1 stream; any other starts pieces of its own, whose trees have that many leaves. */
typedef struct {
    int64_t file, offset, length, pad, width;
} MktRow;

typedef enum { MKT_FINE, MKT_MISSING, MKT_UNREADABLE, MKT_CHANGED, MKT_SHORT, MKT_CANCELLED, MKT_NO_MEMORY } MktReason;

typedef struct {
    MktReason reason;
    int64_t file;
    int error;
} MktFault;

/* ---- content.c: the files of a unit, few of them open ---- */

enum { MKT_OPEN_FILES = MKT_MAX_LANES + 1 };

typedef struct {
    int64_t file;
    int descriptor;
    unsigned users;
} MktOpenFile;

typedef struct {
    int directory;
    const char *const *paths;
    const MktStat *stats;
    bool sequential;
    bool cold;            /* a read had to wait for the disk: announce reads in advance */
    int64_t *progress;    /* NULL, or bytes read so far */
    const int64_t *stop;  /* NULL, or not zero when the work is to end early */
    MktFault fault;
    unsigned opened;
    MktOpenFile open[MKT_OPEN_FILES];
} MktContent;

/* Each returns false (NULL) and leaves the reason in `fault` when it fails. */
MktOpenFile *mkt_acquire(MktContent *content, int64_t file);
void mkt_release(MktOpenFile *file);
bool mkt_read(MktContent *content, const MktOpenFile *file, uint8_t *to, size_t length, int64_t offset);
bool mkt_close_all(MktContent *content);

/* What can be read without waiting for a disk: up to `length` bytes. */
size_t mkt_read_cached(const MktContent *content, const MktOpenFile *file, uint8_t *to, size_t length, int64_t offset);
void mkt_expect(const MktOpenFile *file, int64_t offset, int64_t length);

void mkt_report(MktContent *content, size_t bytes);
bool mkt_stopped(MktContent *content);
bool mkt_fail(MktContent *content, MktReason reason, int64_t file, int error);

/* ---- unit.c ---- */

typedef struct {
    const MktLadder *sha1, *sha256; /* NULL: not asked for */
    const MktRow *rows;
    size_t row_count;
    int64_t piece_length;
    uint8_t *pieces, *nodes; /* room for what mkt_count_digests counts */
} MktUnit;

/* Why the rows cannot be hashed, or NULL. */
const char *mkt_refuse_rows(const MktUnit *unit, size_t files);

/* How many SHA-1 pieces and SHA-256 nodes there will be; at most SIZE_MAX / 64 of each are allowed. */
void mkt_count_digests(const MktUnit *unit, size_t *pieces, size_t *nodes);

bool mkt_hash_unit(const MktUnit *unit, MktContent *content);

#endif
#endif

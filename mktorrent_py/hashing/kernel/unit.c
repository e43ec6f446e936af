/* A unit is hashed in rounds. In each, every piece at work reads its next run into the arena, the leaves of all runs
 * are hashed side by side, then the runs themselves. The arena is small enough that what was read is still in the
 * second-level cache when it is hashed, for v2 and then again for v1.
 *
 * v1 needs as many pieces at work as there are lanes, each with its share of the arena. v2 alone needs only leaves:
 * content is read in order, and a piece gets as much of the arena as is left.
 */
#include "unit.h"

#ifdef MKT_HAS_UNIT
#include <stdlib.h>
#include <string.h>

enum {
    ARENA = 768 * 1024,
    MAX_PIECES = 256,      /* at work in one round, v2 */
    SKEW = 3 * MKT_BLOCK,  /* between runs: strides that are powers of two fall into the same cache sets */
    AHEAD = 512 * 1024,    /* how far a cold file is read ahead, per piece */
};

/* Never written to. Not const, so that it takes no room in the library's file. */
static uint8_t zeros[ARENA];

/* A place in the rows: `at` counts a row's length and pad. */
typedef struct {
    size_t row;
    int64_t at;
} Cursor;

typedef struct {
    Cursor cursor;
    int64_t left;       /* bytes not yet in a run, padding included */
    int64_t content;    /* those of them that v2 hashes */
    MktTree tree;       /* nodes NULL: not asked for */
    MktOpenFile *file;  /* the one the cursor is in, if it has been opened */
    const uint8_t *run;
    size_t run_length;
    uint8_t *digest, *node;
} Piece;

typedef struct {
    const MktUnit *unit;
    MktContent *content;
    Cursor next; /* where the next piece starts */
    size_t pieces_started, nodes_started;
    size_t at_work, most_at_work;
    size_t share; /* of the arena, for one run */
    size_t used;
    uint8_t *arena;
    MktBatch leaves;
    Piece pieces[MAX_PIECES];
    MktMessage messages[MKT_MAX_LANES]; /* message i is that of piece i; v1 has no more pieces at work */
    MktTree trees[MAX_PIECES];
} Work;

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t span(const MktRow *row) { return row->length + row->pad; }

/* ---- the rows ---- */

static bool is_power_of_two(int64_t n) { return n > 0 && !(n & (n - 1)); }

static int64_t leaf_count(int64_t length) {
    return length / MKT_LEAF_LENGTH + (length % MKT_LEAF_LENGTH != 0);
}

static const char *refuse_row(const MktUnit *unit, const MktRow *row, size_t files) {
    if (row->length < 0 || row->pad < 0 || row->length > INT64_MAX - row->pad)
        return "a row has a negative or impossible length";
    if (row->file < -1 || (row->file >= 0 && (uint64_t)row->file >= files))
        return "a row names a file that is not there";
    if (row->file >= 0 && (row->offset < 0 || row->offset > INT64_MAX - row->length))
        return "a row has a negative or impossible offset";
    if (span(row) == 0)
        return NULL;
    if (row->width == 0)
        return unit->sha1 ? NULL : "a row without a width has no v2 hash";
    if (!is_power_of_two(row->width) || row->width < leaf_count(smaller(row->length, unit->piece_length)))
        return "a row's width is not a power of two that holds its leaves";
    if (row->length == 0 || row->pad > (unit->piece_length - row->length % unit->piece_length) % unit->piece_length)
        return "a row's pad reaches past its last piece";
    return NULL;
}

const char *mkt_refuse_rows(const MktUnit *unit, size_t files) {
    const char *reason = NULL;
    for (size_t i = 0; i < unit->row_count && !reason; i++)
        reason = refuse_row(unit, &unit->rows[i], files);
    return reason;
}

static uint64_t pieces_in(uint64_t length, int64_t piece_length) {
    return length / (uint64_t)piece_length + (length % (uint64_t)piece_length != 0);
}

static uint64_t add_capped(uint64_t a, uint64_t b) {
    const uint64_t most = SIZE_MAX / 64;
    return b > most || a > most - b ? most : a + b;
}

void mkt_count_digests(const MktUnit *unit, size_t *pieces, size_t *nodes) {
    uint64_t stream = 0, in_streams = 0, of_rows = 0;
    for (size_t i = 0; i < unit->row_count; i++) {
        const MktRow *row = &unit->rows[i];
        if (row->width == 0 || span(row) == 0) {
            stream = stream + (uint64_t)span(row) < stream ? UINT64_MAX : stream + (uint64_t)span(row);
            continue;
        }
        in_streams = add_capped(in_streams, pieces_in(stream, unit->piece_length));
        of_rows = add_capped(of_rows, pieces_in((uint64_t)row->length, unit->piece_length));
        stream = 0;
    }
    in_streams = add_capped(in_streams, pieces_in(stream, unit->piece_length));
    *pieces = unit->sha1 ? (size_t)add_capped(in_streams, of_rows) : 0;
    *nodes = unit->sha256 ? (size_t)of_rows : 0;
}

/* ---- starting pieces ---- */

static void skip_finished_rows(const MktUnit *unit, Cursor *cursor) {
    while (cursor->row < unit->row_count && cursor->at == span(&unit->rows[cursor->row]))
        *cursor = (Cursor){cursor->row + 1, 0};
}

/* The v1 stream runs through rows without a width, until it has filled a piece or meets another kind of row. */
static void measure_stream_piece(Work *work, Piece *piece) {
    const MktUnit *unit = work->unit;
    piece->left = 0;
    while (piece->left < unit->piece_length && work->next.row < unit->row_count) {
        const MktRow *row = &unit->rows[work->next.row];
        if (row->width && span(row))
            break;
        const int64_t taken = smaller(unit->piece_length - piece->left, span(row) - work->next.at);
        piece->left += taken;
        work->next.at += taken;
        skip_finished_rows(unit, &work->next);
    }
}

static bool measure_row_piece(Work *work, Piece *piece, const MktRow *row) {
    const bool to_the_end = row->length - work->next.at <= work->unit->piece_length;
    const int64_t length = to_the_end ? row->length - work->next.at : work->unit->piece_length;
    piece->left = length + (to_the_end && work->unit->sha1 ? row->pad : 0);
    work->next = to_the_end ? (Cursor){work->next.row + 1, 0} : (Cursor){work->next.row, work->next.at + length};
    if (!work->unit->sha256)
        return true;
    piece->content = length;
    piece->node = work->unit->nodes + MKT_SHA256_LENGTH * work->nodes_started++;
    piece->tree.width = (uint64_t)row->width;
    piece->tree.nodes = malloc((size_t)(leaf_count(length) + 1) * MKT_SHA256_LENGTH);
    return piece->tree.nodes || mkt_fail(work->content, MKT_NO_MEMORY, -1, 0);
}

static bool is_work_left(Work *work) {
    skip_finished_rows(work->unit, &work->next);
    return work->next.row < work->unit->row_count;
}

static bool start_piece(Work *work) {
    const MktRow *row = &work->unit->rows[work->next.row];
    Piece *piece = &work->pieces[work->at_work];
    *piece = (Piece){.cursor = work->next};
    if (work->unit->sha1) {
        mkt_message_start(MKT_SHA1, &work->messages[work->at_work]);
        piece->digest = work->unit->pieces + MKT_SHA1_LENGTH * work->pieces_started++;
    }
    work->at_work++;
    if (row->width)
        return measure_row_piece(work, piece, row);
    measure_stream_piece(work, piece);
    return true;
}

/* ---- filling the arena ---- */

static const MktRow *row_at(const Work *work, Piece *piece) {
    skip_finished_rows(work->unit, &piece->cursor);
    return &work->unit->rows[piece->cursor.row];
}

static int64_t content_here(const MktRow *row, const Piece *piece) {
    return row->file < 0 ? 0 : smaller(row->length - piece->cursor.at, piece->left);
}

static bool open_here(Work *work, Piece *piece, int64_t file) {
    if (!piece->file)
        piece->file = mkt_acquire(work->content, file);
    return piece->file != NULL;
}

static void consume(Piece *piece, const MktRow *row, int64_t length) {
    piece->left -= length;
    piece->cursor.at += length;
    if (piece->file && (piece->cursor.at >= row->length || !piece->left)) {
        mkt_release(piece->file);
        piece->file = NULL;
    }
}

/* Announce to the system what the piece reads next, every AHEAD bytes. */
static bool expect_piece(Work *work, Piece *piece) {
    const MktRow *row = row_at(work, piece);
    const int64_t here = content_here(row, piece);
    if (here <= 0 || piece->cursor.at % AHEAD >= (int64_t)work->share)
        return true;
    if (!open_here(work, piece, row->file))
        return false;
    mkt_expect(piece->file, row->offset + piece->cursor.at, smaller(here, 2 * AHEAD));
    return true;
}

static bool expect_all(Work *work) {
    for (size_t i = 0; i < work->at_work; i++)
        if (work->pieces[i].left && !expect_piece(work, &work->pieces[i]))
            return false;
    return true;
}

static bool read_here(Work *work, Piece *piece, const MktRow *row, uint8_t *to, size_t length) {
    if (!open_here(work, piece, row->file))
        return false;
    const int64_t offset = row->offset + piece->cursor.at;
    const size_t cached = mkt_read_cached(work->content, piece->file, to, length, offset);
    if (cached < length) {
        if (!work->content->cold && !work->content->sequential) {
            work->content->cold = true;
            if (!expect_all(work))
                return false;
        }
        if (!mkt_read(work->content, piece->file, to + cached, length - cached, offset + (int64_t)cached))
            return false;
    }
    mkt_report(work->content, length);
    return true;
}

/* Up to `length` bytes of what comes next: of one file, or zeros. */
static int64_t fill_some(Work *work, Piece *piece, uint8_t *to, int64_t length) {
    const MktRow *row = row_at(work, piece);
    int64_t taken = smaller(content_here(row, piece), length);
    if (taken > 0) {
        if (!read_here(work, piece, row, to, (size_t)taken))
            return -1;
    } else {
        taken = smaller(span(row) - piece->cursor.at, length);
        memset(to, 0, (size_t)taken);
    }
    consume(piece, row, taken);
    return taken;
}

/* Zeros as long as a run, or to the end of the piece, need no arena. */
static bool take_zeros(Work *work, Piece *piece, int64_t length) {
    const MktRow *row = row_at(work, piece);
    if (content_here(row, piece) > 0 || span(row) - piece->cursor.at < length)
        return false;
    piece->run = zeros;
    piece->run_length = (size_t)length;
    consume(piece, row, length);
    return true;
}

static bool fill_run(Work *work, Piece *piece) {
    const size_t room = (ARENA - work->used) / MKT_LEAF_LENGTH * MKT_LEAF_LENGTH;
    const int64_t length = smaller(piece->left, (int64_t)(work->unit->sha1 ? work->share : room));
    if (take_zeros(work, piece, length))
        return true;
    uint8_t *to = work->arena + work->used + SKEW * (size_t)(piece - work->pieces);
    for (int64_t filled = 0; filled < length;) {
        const int64_t taken = fill_some(work, piece, to + filled, length - filled);
        if (taken < 0)
            return false;
        filled += taken;
    }
    piece->run = to;
    piece->run_length = (size_t)length;
    work->used += ((size_t)length + MKT_BLOCK - 1) / MKT_BLOCK * MKT_BLOCK;
    return true;
}

static bool has_room(const Work *work) {
    return work->at_work < work->most_at_work && ARENA - work->used >= MKT_LEAF_LENGTH;
}

static bool fill_arena(Work *work) {
    work->used = 0;
    if (work->content->cold && !expect_all(work))
        return false;
    for (size_t i = 0; i < work->at_work; i++)
        if (!fill_run(work, &work->pieces[i]))
            return false;
    while (has_room(work) && is_work_left(work))
        if (!start_piece(work) || !fill_run(work, &work->pieces[work->at_work - 1]))
            return false;
    return true;
}

/* ---- hashing the arena ---- */

static void add_leaves(MktBatch *leaves, Piece *piece) {
    const size_t content = (size_t)smaller((int64_t)piece->run_length, piece->content);
    for (size_t at = 0; at < content; at += MKT_LEAF_LENGTH) {
        uint8_t *node = piece->tree.nodes + MKT_SHA256_LENGTH * piece->tree.count++;
        mkt_batch_add(leaves, piece->run + at, (size_t)smaller((int64_t)(content - at), MKT_LEAF_LENGTH), node);
    }
    piece->content -= (int64_t)content;
}

static void hash_leaves(Work *work) {
    for (size_t i = 0; i < work->at_work; i++)
        if (work->pieces[i].content)
            add_leaves(&work->leaves, &work->pieces[i]);
    mkt_batch_flush(&work->leaves);
}

static void hash_runs(Work *work) {
    for (size_t i = 0; i < work->at_work; i++) {
        const Piece *piece = &work->pieces[i];
        work->messages[i].data = piece->run;
        work->messages[i].length = piece->run_length;
        work->messages[i].digest = piece->left ? NULL : piece->digest;
    }
    mkt_absorb(work->unit->sha1, work->messages, work->at_work);
}

static void collapse_finished(Work *work) {
    size_t count = 0;
    for (size_t i = 0; i < work->at_work; i++)
        if (!work->pieces[i].left && work->pieces[i].tree.nodes)
            work->trees[count++] = work->pieces[i].tree;
    mkt_collapse(work->unit->sha256, work->trees, count);
}

/* From the last to the first, so that what moves into a free place is already checked. */
static void retire_finished(Work *work) {
    for (size_t i = work->at_work; i-- > 0;) {
        Piece *piece = &work->pieces[i];
        if (piece->left)
            continue;
        if (piece->tree.nodes) {
            memcpy(piece->node, piece->tree.nodes, MKT_SHA256_LENGTH);
            free(piece->tree.nodes);
        }
        work->at_work--;
        *piece = work->pieces[work->at_work];
        if (work->unit->sha1)
            work->messages[i] = work->messages[work->at_work];
    }
}

static bool hash_rounds(Work *work) {
    while (!mkt_stopped(work->content)) {
        if (!fill_arena(work))
            return false;
        if (!work->at_work)
            return true;
        if (work->unit->sha256) {
            hash_leaves(work);
            collapse_finished(work);
        }
        if (work->unit->sha1)
            hash_runs(work);
        retire_finished(work);
    }
    return false;
}

static void prepare(Work *work, const MktUnit *unit, MktContent *content, uint8_t *arena) {
    const unsigned lanes = unit->sha1 && !content->sequential ? mkt_ladder_lanes(unit->sha1) : 1;
    work->unit = unit;
    work->content = content;
    work->next = (Cursor){0, 0};
    work->pieces_started = work->nodes_started = work->at_work = 0;
    work->most_at_work = unit->sha1 ? lanes : MAX_PIECES;
    work->share = ARENA / lanes / MKT_LEAF_LENGTH * MKT_LEAF_LENGTH;
    work->arena = arena;
    work->leaves.ladder = unit->sha256;
    work->leaves.count = 0;
}

bool mkt_hash_unit(const MktUnit *unit, MktContent *content) {
    Work *work = malloc(sizeof *work);
    uint8_t *arena = malloc(ARENA + MAX_PIECES * SKEW);
    bool fine = (work && arena) || mkt_fail(content, MKT_NO_MEMORY, -1, 0);
    if (fine) {
        prepare(work, unit, content, arena);
        fine = hash_rounds(work);
        for (size_t i = 0; i < work->at_work; i++)
            free(work->pieces[i].tree.nodes);
    }
    free(arena);
    free(work);
    return mkt_close_all(content) && fine;
}
#endif

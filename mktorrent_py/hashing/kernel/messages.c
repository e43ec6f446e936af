/* Messages of any length in lanes: a lane that finishes takes the next message at once. */
#include "kernel.h"

#include <string.h>

static const uint32_t initial[MKT_ALGORITHMS][MKT_STATE_WORDS] = {
    [MKT_SHA1] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0},
    [MKT_SHA256] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19},
};

const uint32_t mkt_sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const size_t digest_lengths[MKT_ALGORITHMS] = {[MKT_SHA1] = MKT_SHA1_LENGTH, [MKT_SHA256] = MKT_SHA256_LENGTH};

/* A message on its way through a lane: the whole blocks of its run, then (at its end) the padding. */
typedef struct {
    MktMessage *message;
    const uint8_t *at;
    size_t blocks;
    bool padded;
    uint8_t padding[2 * MKT_BLOCK];
} Lane;

typedef struct {
    const MktLadder *ladder;
    MktMessage *next, *end;
    size_t count;
    Lane *busy[MKT_MAX_LANES]; /* the first `count` are at work; a finished lane changes places with the last */
    Lane lanes[MKT_MAX_LANES];
} Lanes;

static void write_big_endian(uint8_t *to, uint32_t word) {
    to[0] = (uint8_t)(word >> 24);
    to[1] = (uint8_t)(word >> 16);
    to[2] = (uint8_t)(word >> 8);
    to[3] = (uint8_t)word;
}

/* FIPS 180-4, 5.1.1: what is left of the last block, a one bit, zeros, the length in bits. */
static void lay_padding(Lane *lane) {
    const MktMessage *message = lane->message;
    const size_t rest = message->length % MKT_BLOCK;
    const uint64_t bits = (message->hashed + message->length) * 8;
    lane->blocks = rest + 9 > MKT_BLOCK ? 2 : 1;
    memset(lane->padding, 0, sizeof lane->padding);
    if (rest)
        memcpy(lane->padding, message->data + message->length - rest, rest);
    lane->padding[rest] = 0x80;
    write_big_endian(lane->padding + lane->blocks * MKT_BLOCK - 8, (uint32_t)(bits >> 32));
    write_big_endian(lane->padding + lane->blocks * MKT_BLOCK - 4, (uint32_t)bits);
    lane->at = lane->padding;
    lane->padded = true;
}

static void finish_run(const Lane *lane, MktAlgorithm algorithm) {
    MktMessage *message = lane->message;
    message->hashed += message->length;
    if (message->digest)
        for (size_t word = 0; word < digest_lengths[algorithm] / 4; word++)
            write_big_endian(message->digest + 4 * word, message->state[word]);
}

/* The lane's next blocks: padding, or another message. False when nothing is left for it. */
static bool refill(Lane *lane, Lanes *all) {
    for (;;) {
        if (lane->message && lane->message->digest && !lane->padded) {
            lay_padding(lane);
            return true;
        }
        if (lane->message)
            finish_run(lane, all->ladder->algorithm);
        if (all->next == all->end)
            return false;
        lane->message = all->next++;
        lane->at = lane->message->data;
        lane->blocks = lane->message->length / MKT_BLOCK;
        lane->padded = false;
        if (lane->blocks)
            return true;
    }
}

unsigned mkt_ladder_lanes(const MktLadder *ladder) {
    unsigned lanes = 1;
    for (const MktRung *rung = ladder->rungs;; rung++) {
        if (rung->kernel->lanes > lanes)
            lanes = rung->kernel->lanes;
        if (rung->from <= 1)
            return lanes;
    }
}

static void start_lanes(Lanes *all, const MktLadder *ladder, MktMessage *messages, size_t count) {
    const unsigned lanes = mkt_ladder_lanes(ladder);
    all->ladder = ladder;
    all->next = messages;
    all->end = messages + count;
    all->count = 0;
    while (all->count < lanes) {
        Lane *lane = &all->lanes[all->count];
        lane->message = NULL;
        if (!refill(lane, all))
            break;
        all->busy[all->count++] = lane;
    }
}

static size_t fewest_blocks(const Lanes *all) {
    size_t fewest = all->busy[0]->blocks;
    for (size_t i = 1; i < all->count; i++)
        if (all->busy[i]->blocks < fewest)
            fewest = all->busy[i]->blocks;
    return fewest;
}

static const MktKernel *rung_for(const MktLadder *ladder, size_t waiting) {
    const MktRung *rung = ladder->rungs;
    while (rung->from > waiting)
        rung++;
    return rung->kernel;
}

/* Lanes of the kernel that have no message redo the first one's data on a state that is discarded. */
static void compress(const MktKernel *kernel, MktAlgorithm algorithm, Lane *const *busy, size_t count, size_t blocks) {
    uint32_t *states[MKT_MAX_LANES], unread[MKT_MAX_LANES][MKT_STATE_WORDS];
    const uint8_t *data[MKT_MAX_LANES];
    for (size_t lane = 0; lane < kernel->lanes; lane++) {
        const Lane *source = busy[lane < count ? lane : 0];
        data[lane] = source->at;
        states[lane] = lane < count ? source->message->state : memset(unread[lane], 0, sizeof unread[lane]);
    }
    kernel->compress[algorithm](states, data, blocks);
}

static void advance(Lanes *all, size_t blocks) {
    for (size_t from = 0; from < all->count;) {
        const size_t waiting = all->count - from;
        const MktKernel *kernel = rung_for(all->ladder, waiting);
        const size_t taken = waiting < kernel->lanes ? waiting : kernel->lanes;
        compress(kernel, all->ladder->algorithm, all->busy + from, taken, blocks);
        from += taken;
    }
    for (size_t i = 0; i < all->count; i++) {
        all->busy[i]->at += blocks * MKT_BLOCK;
        all->busy[i]->blocks -= blocks;
    }
}

/* From the last to the first, so that what moves into a free place is already checked. */
static void replace_finished(Lanes *all) {
    for (size_t i = all->count; i-- > 0;)
        if (!all->busy[i]->blocks && !refill(all->busy[i], all))
            all->busy[i] = all->busy[--all->count];
}

void mkt_message_start(MktAlgorithm algorithm, MktMessage *message) {
    memcpy(message->state, initial[algorithm], sizeof message->state);
    message->hashed = 0;
}

void mkt_absorb(const MktLadder *ladder, MktMessage *messages, size_t count) {
    Lanes all;
    start_lanes(&all, ladder, messages, count);
    while (all.count) {
        advance(&all, fewest_blocks(&all));
        replace_finished(&all);
    }
}

void mkt_batch_add(MktBatch *batch, const uint8_t *data, size_t length, uint8_t *digest) {
    MktMessage *message = &batch->messages[batch->count++];
    mkt_message_start(batch->ladder->algorithm, message);
    message->data = data;
    message->length = length;
    message->digest = digest;
    if (batch->count == MKT_BATCH)
        mkt_batch_flush(batch);
}

void mkt_batch_flush(MktBatch *batch) {
    mkt_absorb(batch->ladder, batch->messages, batch->count);
    batch->count = 0;
}

void mkt_hash_parts(const MktLadder *ladder, const uint8_t *data, size_t length, size_t part, uint8_t *digests) {
    MktBatch batch;
    batch.ladder = ladder;
    batch.count = 0;
    for (size_t at = 0; at < length; at += part) {
        mkt_batch_add(&batch, data + at, length - at < part ? length - at : part, digests);
        digests += digest_lengths[ladder->algorithm];
    }
    mkt_batch_flush(&batch);
}

/* What every part of the kernel shares: the words, and the seams between the files.
 * A file calls what stands above it here, and never below.
 *
 *   avx512.c avx2.c scalar.c   one source, lanes.h, at 16, 8 and 1 lanes
 *   shani.c armv8.c            the processor's own SHA instructions, one to three messages interleaved
 *   messages.c                 messages of any length, hashed side by side in lanes
 *   merkle.c                   roots of many trees at once
 *   dispatch.c                 which kernels this processor runs, and which to use for how many messages
 *   content.c unit.c           files opened, checked, read and hashed in one call
 *   _native.c                  the Python interface
 */
#ifndef MKT_KERNEL_H
#define MKT_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) || defined(_M_X64)
#define MKT_X86 1
#elif defined(__aarch64__) || defined(_M_ARM64)
#define MKT_ARM 1
#endif

/* Compiled for an instruction set that the build as a whole does not ask for. MSVC needs no permission. */
#if defined(__GNUC__) || defined(__clang__)
#define MKT_TARGET(features) __attribute__((target(features)))
#define MKT_INLINE static inline __attribute__((always_inline))
#define MKT_SETTLE(constraint, value) __asm__("" : constraint(value))
#else
#define MKT_TARGET(features)
#define MKT_SETTLE(constraint, value) ((void)0)
#define MKT_INLINE static __forceinline
#endif

enum {
    MKT_BLOCK = 64,          /* bytes that one compression takes: SHA-1 and SHA-256 alike */
    MKT_STATE_WORDS = 8,     /* SHA-256; SHA-1 uses the first five */
    MKT_MAX_LANES = 16,
    MKT_MAX_RUNGS = 4,
    MKT_SHA1_LENGTH = 20,
    MKT_SHA256_LENGTH = 32,
    MKT_LEAF_LENGTH = 16384, /* BEP 52: one leaf of the merkle tree */
};

typedef enum { MKT_SHA1, MKT_SHA256, MKT_ALGORITHMS } MktAlgorithm;

/* Advance `lanes` independent states by `blocks` blocks each. Nothing is aligned but the states' words. */
typedef void MktCompress(uint32_t *const states[], const uint8_t *const data[], size_t blocks);

typedef struct {
    const char *name;
    unsigned lanes;
    bool (*supported)(void);
    MktCompress *compress[MKT_ALGORITHMS];
} MktKernel;

/* Kernels of one algorithm by the number of messages that wait: the first rung whose `from` is not above it. */
typedef struct {
    unsigned from;
    const MktKernel *kernel;
} MktRung;

typedef struct {
    MktAlgorithm algorithm;
    MktRung rungs[MKT_MAX_RUNGS];
} MktLadder;

/* ---- kernels ---- */

extern const uint32_t mkt_sha256_k[64];

#define MKT_KERNEL_FUNCTIONS(name) MktCompress mkt_sha1_##name, mkt_sha256_##name
MKT_KERNEL_FUNCTIONS(scalar);
MKT_KERNEL_FUNCTIONS(avx2);
MKT_KERNEL_FUNCTIONS(avx512);
MKT_KERNEL_FUNCTIONS(shani1);
MKT_KERNEL_FUNCTIONS(shani2);
MKT_KERNEL_FUNCTIONS(shani3);
MKT_KERNEL_FUNCTIONS(armv8x1);
MKT_KERNEL_FUNCTIONS(armv8x2);
MKT_KERNEL_FUNCTIONS(armv8x3);

/* ---- messages.c ---- */

/* A message, or its next run. A run that is not the last is a whole number of blocks. */
typedef struct {
    uint32_t state[MKT_STATE_WORDS];
    uint64_t hashed;     /* bytes in the runs before this one */
    const uint8_t *data; /* this run */
    size_t length;
    uint8_t *digest;     /* where the digest goes when this run is the last; NULL before */
} MktMessage;

void mkt_message_start(MktAlgorithm algorithm, MktMessage *message);

/* How many messages a ladder takes side by side at the most. */
unsigned mkt_ladder_lanes(const MktLadder *ladder);

/* Hash the current run of each message, side by side. */
void mkt_absorb(const MktLadder *ladder, MktMessage *messages, size_t count);

/* Whole messages collected until there are enough to fill the lanes many times over. */
enum { MKT_BATCH = 128 };

typedef struct {
    const MktLadder *ladder;
    size_t count;
    MktMessage messages[MKT_BATCH];
} MktBatch;

void mkt_batch_add(MktBatch *batch, const uint8_t *data, size_t length, uint8_t *digest);
void mkt_batch_flush(MktBatch *batch);

/* The digest of each `part` bytes of `data` (the last may be short), one after the other. */
void mkt_hash_parts(const MktLadder *ladder, const uint8_t *data, size_t length, size_t part, uint8_t *digests);

/* ---- merkle.c ---- */

/* BEP 52: nodes of one level, padded to `width` (a power of two) with the roots of empty subtrees. */
typedef struct {
    uint8_t *nodes; /* room for one more than count; the root is left in the first */
    size_t count;
    uint64_t width;
} MktTree;

void mkt_collapse(const MktLadder *sha256, MktTree *trees, size_t count);

/* ---- dispatch.c ---- */

/* Every kernel compiled in, widest first, ended by one without a name. */
extern const MktKernel mkt_kernels[];

/* Bit i is set when this processor runs mkt_kernels[i] and it passes its self-check. */
unsigned mkt_available(void);

/* The ladder that the measurements recommend, or the one rung of a kernel by name. False: not available. */
bool mkt_recommended_ladder(MktAlgorithm algorithm, unsigned available, MktLadder *ladder);
bool mkt_named_ladder(MktAlgorithm algorithm, unsigned available, const char *name, MktLadder *ladder);

#endif

/* 8 messages at once: AVX2. */
#include "kernel.h"

#ifdef MKT_X86
#include <immintrin.h>

#define LANES 8
#define VECTOR __m256i
#define TARGET MKT_TARGET("avx2")
#define KERNEL(algorithm) mkt_##algorithm##_avx2

#define SPLAT(word) _mm256_set1_epi32((int)(word))
#define ADD(a, b) _mm256_add_epi32(a, b)
#define XOR(a, b) _mm256_xor_si256(a, b)
#define XOR3(a, b, c) XOR(XOR(a, b), c)
#define CHOOSE(x, y, z) XOR(z, _mm256_and_si256(x, XOR(y, z)))
#define MAJORITY(x, y, z) _mm256_or_si256(_mm256_and_si256(x, y), _mm256_and_si256(z, _mm256_or_si256(x, y)))
#define ROTATE(v, left) _mm256_or_si256(_mm256_slli_epi32(v, left), _mm256_srli_epi32(v, 32 - (left)))
#define SHIFT(v, right) _mm256_srli_epi32(v, right)
#define SETTLE(v) MKT_SETTLE("+x", v)
#define LOAD(pointer) _mm256_loadu_si256((const __m256i *)(const void *)(pointer))
#define STORE(pointer, v) _mm256_storeu_si256((__m256i *)(void *)(pointer), v)

/* Four rows of one message each: afterwards 128-bit part p of quad[j] holds word 4p + j of the four messages. */
TARGET MKT_INLINE void load_quad(__m256i quad[4], const uint8_t *const data[], size_t offset) {
    const __m256i order = _mm256_broadcastsi128_si256(
        _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
    const __m256i r0 = _mm256_shuffle_epi8(LOAD(data[0] + offset), order);
    const __m256i r1 = _mm256_shuffle_epi8(LOAD(data[1] + offset), order);
    const __m256i r2 = _mm256_shuffle_epi8(LOAD(data[2] + offset), order);
    const __m256i r3 = _mm256_shuffle_epi8(LOAD(data[3] + offset), order);
    const __m256i low01 = _mm256_unpacklo_epi32(r0, r1), high01 = _mm256_unpackhi_epi32(r0, r1);
    const __m256i low23 = _mm256_unpacklo_epi32(r2, r3), high23 = _mm256_unpackhi_epi32(r2, r3);
    quad[0] = _mm256_unpacklo_epi64(low01, low23);
    quad[1] = _mm256_unpackhi_epi64(low01, low23);
    quad[2] = _mm256_unpacklo_epi64(high01, high23);
    quad[3] = _mm256_unpackhi_epi64(high01, high23);
}

/* A block is twice as long as a vector: two 8 x 8 transpositions. A macro, so that every index is a constant: a vector
 * that is reached by a variable index lives in memory for the whole function. */
#define PLACE(first, j)                                                                                       \
    w[(first) + (j)] = _mm256_permute2x128_si256(q0[j], q1[j], 0x20);                                         \
    w[(first) + 4 + (j)] = _mm256_permute2x128_si256(q0[j], q1[j], 0x31);

TARGET MKT_INLINE void load_block(__m256i w[16], const uint8_t *const data[], size_t offset) {
    __m256i q0[4], q1[4];
    load_quad(q0, data, offset);
    load_quad(q1, data + 4, offset);
    PLACE(0, 0) PLACE(0, 1) PLACE(0, 2) PLACE(0, 3)
    load_quad(q0, data, offset + 32);
    load_quad(q1, data + 4, offset + 32);
    PLACE(8, 0) PLACE(8, 1) PLACE(8, 2) PLACE(8, 3)
}

#include "lanes.h"
#endif

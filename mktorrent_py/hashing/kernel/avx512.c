/* 16 messages at once: AVX-512 F and BW. Native rotates, and any function of three operands in one instruction. */
#include "kernel.h"

#ifdef MKT_X86
#include <immintrin.h>

#define LANES 16
#define VECTOR __m512i
#define TARGET MKT_TARGET("avx512f,avx512bw")
#define KERNEL(algorithm) mkt_##algorithm##_avx512

#define SPLAT(word) _mm512_set1_epi32((int)(word))
#define ADD(a, b) _mm512_add_epi32(a, b)
#define XOR(a, b) _mm512_xor_si512(a, b)
#define XOR3(a, b, c) _mm512_ternarylogic_epi32(a, b, c, 0x96)
#define CHOOSE(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0xca)
#define MAJORITY(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0xe8)
#define ROTATE(v, left) _mm512_rol_epi32(v, left)
#define SHIFT(v, right) _mm512_srli_epi32(v, right)
#define SETTLE(v) MKT_SETTLE("+v", v)
#define LOAD(pointer) _mm512_loadu_si512((const void *)(pointer))
#define STORE(pointer, v) _mm512_storeu_si512((void *)(pointer), v)

/* Four rows of one message each: afterwards 128-bit part p of quad[j] holds word 4p + j of the four messages. */
TARGET MKT_INLINE void load_quad(__m512i quad[4], const uint8_t *const data[], size_t offset) {
    const __m512i order = _mm512_broadcast_i32x4(
        _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
    const __m512i r0 = _mm512_shuffle_epi8(LOAD(data[0] + offset), order);
    const __m512i r1 = _mm512_shuffle_epi8(LOAD(data[1] + offset), order);
    const __m512i r2 = _mm512_shuffle_epi8(LOAD(data[2] + offset), order);
    const __m512i r3 = _mm512_shuffle_epi8(LOAD(data[3] + offset), order);
    const __m512i low01 = _mm512_unpacklo_epi32(r0, r1), high01 = _mm512_unpackhi_epi32(r0, r1);
    const __m512i low23 = _mm512_unpacklo_epi32(r2, r3), high23 = _mm512_unpackhi_epi32(r2, r3);
    quad[0] = _mm512_unpacklo_epi64(low01, low23);
    quad[1] = _mm512_unpackhi_epi64(low01, low23);
    quad[2] = _mm512_unpacklo_epi64(high01, high23);
    quad[3] = _mm512_unpackhi_epi64(high01, high23);
}

/* The same transposition one level up: 4 x 4 parts of 128 bits. A macro, so that every index is a constant: a vector
 * that is reached by a variable index lives in memory for the whole function. */
#define PLACE(j)                                                                                              \
    {                                                                                                         \
        const __m512i even01 = _mm512_shuffle_i32x4(q0[j], q1[j], 0x88);                                      \
        const __m512i even23 = _mm512_shuffle_i32x4(q2[j], q3[j], 0x88);                                      \
        const __m512i odd01 = _mm512_shuffle_i32x4(q0[j], q1[j], 0xdd);                                       \
        const __m512i odd23 = _mm512_shuffle_i32x4(q2[j], q3[j], 0xdd);                                       \
        w[j] = _mm512_shuffle_i32x4(even01, even23, 0x88);                                                    \
        w[4 + (j)] = _mm512_shuffle_i32x4(odd01, odd23, 0x88);                                                \
        w[8 + (j)] = _mm512_shuffle_i32x4(even01, even23, 0xdd);                                              \
        w[12 + (j)] = _mm512_shuffle_i32x4(odd01, odd23, 0xdd);                                               \
    }

TARGET MKT_INLINE void load_block(__m512i w[16], const uint8_t *const data[], size_t offset) {
    __m512i q0[4], q1[4], q2[4], q3[4];
    load_quad(q0, data, offset);
    load_quad(q1, data + 4, offset);
    load_quad(q2, data + 8, offset);
    load_quad(q3, data + 12, offset);
    PLACE(0) PLACE(1) PLACE(2) PLACE(3)
}

#include "lanes.h"
#endif

/* SHA-1 and SHA-256 by SHA-NI. The including file defines, and this one undefines again:
 *
 *   STREAMS             how many messages are interleaved
 *   EACH(STEP, group)   STEP(0, group) STEP(1, group) ... for each of them
 *   KERNEL(algorithm)   the name of the function
 *
 * A group is four rounds; m[i][group % 4] holds the words they take from message i's block. The steps are macros so
 * that every index and every immediate is a constant.
 *
 * SHA-NI has legacy encodings only, and on Zen 3 every switch between one of those and a 256-bit instruction costs
 * about 110 ns: nothing in here may be compiled for AVX.
 */
#include <immintrin.h>

#define TARGET MKT_TARGET("sha,sse4.1")

#define WORDS(pointer) ((__m128i *)(void *)(pointer))
#define BLOCK_WORDS(i, quarter) _mm_loadu_si128((const __m128i *)(const void *)(data[i] + at) + (quarter))
#define LOAD(i, quarter) m[i][quarter] = _mm_shuffle_epi8(BLOCK_WORDS(i, quarter), order);

#define SIXTEEN_GROUPS(STEP)                                                                                  \
    EACH(STEP, 0) EACH(STEP, 1) EACH(STEP, 2) EACH(STEP, 3) EACH(STEP, 4) EACH(STEP, 5) EACH(STEP, 6)          \
    EACH(STEP, 7) EACH(STEP, 8) EACH(STEP, 9) EACH(STEP, 10) EACH(STEP, 11) EACH(STEP, 12) EACH(STEP, 13)      \
    EACH(STEP, 14) EACH(STEP, 15)
#define TWENTY_GROUPS(STEP)                                                                                   \
    SIXTEEN_GROUPS(STEP) EACH(STEP, 16) EACH(STEP, 17) EACH(STEP, 18) EACH(STEP, 19)

/* ---- SHA-1: `abcd`, and `e` of this group and of the next ---- */

#define SHA1_OPEN(i, _)                                                                                       \
    abcd[i] = _mm_shuffle_epi32(_mm_loadu_si128(WORDS(states[i])), 0x1b);                                     \
    e[i][0] = _mm_set_epi32((int)states[i][4], 0, 0, 0);
#define SHA1_SAVE(i, _)                                                                                       \
    saved_abcd[i] = abcd[i];                                                                                  \
    saved_e[i] = e[i][0];
#define SHA1_ADD(i, _)                                                                                        \
    e[i][0] = _mm_sha1nexte_epu32(e[i][0], saved_e[i]);                                                       \
    abcd[i] = _mm_add_epi32(abcd[i], saved_abcd[i]);
#define SHA1_CLOSE(i, _)                                                                                      \
    _mm_storeu_si128(WORDS(states[i]), _mm_shuffle_epi32(abcd[i], 0x1b));                                     \
    states[i][4] = (uint32_t)_mm_extract_epi32(e[i][0], 3);

#define SHA1_GROUP(i, g)                                                                                      \
    if ((g) == 0)                                                                                             \
        e[i][0] = _mm_add_epi32(e[i][0], m[i][0]);                                                            \
    else                                                                                                      \
        e[i][(g) % 2] = _mm_sha1nexte_epu32(e[i][(g) % 2], m[i][(g) % 4]);                                    \
    e[i][((g) + 1) % 2] = abcd[i];                                                                            \
    if ((g) >= 3 && (g) <= 18)                                                                                \
        m[i][((g) + 1) % 4] = _mm_sha1msg2_epu32(m[i][((g) + 1) % 4], m[i][(g) % 4]);                         \
    abcd[i] = _mm_sha1rnds4_epu32(abcd[i], e[i][(g) % 2], (g) / 5);                                           \
    if ((g) >= 1 && (g) <= 16)                                                                                \
        m[i][((g) + 3) % 4] = _mm_sha1msg1_epu32(m[i][((g) + 3) % 4], m[i][(g) % 4]);                         \
    if ((g) >= 2 && (g) <= 17)                                                                                \
        m[i][((g) + 2) % 4] = _mm_xor_si128(m[i][((g) + 2) % 4], m[i][(g) % 4]);

TARGET void KERNEL(sha1)(uint32_t *const states[], const uint8_t *const data[], size_t blocks) {
    const __m128i order = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m128i abcd[STREAMS], e[STREAMS][2], saved_abcd[STREAMS], saved_e[STREAMS], m[STREAMS][4];
    EACH(SHA1_OPEN, _)
    for (size_t at = 0; at < blocks * MKT_BLOCK; at += MKT_BLOCK) {
        EACH(SHA1_SAVE, _)
        EACH(LOAD, 0) EACH(LOAD, 1) EACH(LOAD, 2) EACH(LOAD, 3)
        TWENTY_GROUPS(SHA1_GROUP)
        EACH(SHA1_ADD, _)
    }
    EACH(SHA1_CLOSE, _)
}

/* ---- SHA-256: the state as the instructions want it, `abef` and `cdgh` ---- */

#define SHA256_OPEN(i, _)                                                                                     \
    {                                                                                                         \
        const __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128(WORDS(states[i])), 0xb1);                      \
        const __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128(WORDS(states[i]) + 1), 0x1b);                  \
        abef[i] = _mm_alignr_epi8(badc, hgfe, 8);                                                             \
        cdgh[i] = _mm_blend_epi16(hgfe, badc, 0xf0);                                                          \
    }
#define SHA256_SAVE(i, _)                                                                                     \
    saved_abef[i] = abef[i];                                                                                  \
    saved_cdgh[i] = cdgh[i];
#define SHA256_ADD(i, _)                                                                                      \
    abef[i] = _mm_add_epi32(abef[i], saved_abef[i]);                                                          \
    cdgh[i] = _mm_add_epi32(cdgh[i], saved_cdgh[i]);
#define SHA256_CLOSE(i, _)                                                                                    \
    {                                                                                                         \
        const __m128i feba = _mm_shuffle_epi32(abef[i], 0x1b);                                                \
        const __m128i dchg = _mm_shuffle_epi32(cdgh[i], 0xb1);                                                \
        _mm_storeu_si128(WORDS(states[i]), _mm_blend_epi16(feba, dchg, 0xf0));                                \
        _mm_storeu_si128(WORDS(states[i]) + 1, _mm_alignr_epi8(dchg, feba, 8));                               \
    }

#define SHA256_GROUP(i, g)                                                                                    \
    {                                                                                                         \
        const __m128i k = _mm_loadu_si128((const __m128i *)(const void *)(mkt_sha256_k + 4 * (g)));           \
        const __m128i words = _mm_add_epi32(m[i][(g) % 4], k);                                                \
        cdgh[i] = _mm_sha256rnds2_epu32(cdgh[i], abef[i], words);                                             \
        if ((g) >= 3 && (g) <= 14) {                                                                          \
            const __m128i back7 = _mm_alignr_epi8(m[i][(g) % 4], m[i][((g) + 3) % 4], 4);                     \
            const __m128i sum = _mm_add_epi32(m[i][((g) + 1) % 4], back7);                                    \
            m[i][((g) + 1) % 4] = _mm_sha256msg2_epu32(sum, m[i][(g) % 4]);                                   \
        }                                                                                                     \
        abef[i] = _mm_sha256rnds2_epu32(abef[i], cdgh[i], _mm_shuffle_epi32(words, 0x0e));                    \
        if ((g) >= 1 && (g) <= 12)                                                                            \
            m[i][((g) + 3) % 4] = _mm_sha256msg1_epu32(m[i][((g) + 3) % 4], m[i][(g) % 4]);                   \
    }

TARGET void KERNEL(sha256)(uint32_t *const states[], const uint8_t *const data[], size_t blocks) {
    const __m128i order = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    __m128i abef[STREAMS], cdgh[STREAMS], saved_abef[STREAMS], saved_cdgh[STREAMS], m[STREAMS][4];
    EACH(SHA256_OPEN, _)
    for (size_t at = 0; at < blocks * MKT_BLOCK; at += MKT_BLOCK) {
        EACH(SHA256_SAVE, _)
        EACH(LOAD, 0) EACH(LOAD, 1) EACH(LOAD, 2) EACH(LOAD, 3)
        SIXTEEN_GROUPS(SHA256_GROUP)
        EACH(SHA256_ADD, _)
    }
    EACH(SHA256_CLOSE, _)
}

#undef STREAMS
#undef EACH
#undef KERNEL

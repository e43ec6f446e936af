/* SHA-1 and SHA-256 by the ARMv8 cryptographic extension. The including file defines, and this one undefines again:
 *
 *   STREAMS             how many messages are interleaved
 *   EACH(STEP, group)   STEP(0, group) STEP(1, group) ... for each of them
 *   KERNEL(algorithm)   the name of the function
 *
 * A group is four rounds; m[i][group % 4] holds the words they take from message i's block. The steps are macros so
 * that every index is a constant.
 */
#include <arm_neon.h>

#if defined(__clang__)
#define TARGET MKT_TARGET("sha2")
#else
#define TARGET MKT_TARGET("+crypto")
#endif

#define LOAD(i, quarter) m[i][quarter] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data[i] + at + 16 * (quarter))));

#define FIVE_GROUPS(STEP, from)                                                                               \
    EACH(STEP, from) EACH(STEP, from + 1) EACH(STEP, from + 2) EACH(STEP, from + 3) EACH(STEP, from + 4)
#define SIXTEEN_GROUPS(STEP)                                                                                  \
    FIVE_GROUPS(STEP, 0) FIVE_GROUPS(STEP, 5) FIVE_GROUPS(STEP, 10) EACH(STEP, 15)

/* ---- SHA-1 ---- */

#define SHA1_OPEN(i, _)                                                                                       \
    abcd[i] = vld1q_u32(states[i]);                                                                           \
    e[i] = states[i][4];
#define SHA1_SAVE(i, _)                                                                                       \
    saved_abcd[i] = abcd[i];                                                                                  \
    saved_e[i] = e[i];
#define SHA1_ADD(i, _)                                                                                        \
    abcd[i] = vaddq_u32(abcd[i], saved_abcd[i]);                                                              \
    e[i] += saved_e[i];
#define SHA1_CLOSE(i, _)                                                                                      \
    vst1q_u32(states[i], abcd[i]);                                                                            \
    states[i][4] = e[i];

/* The words of group g + 4 take the place of those that group g has used. */
#define SHA1_GROUP(i, g, ROUNDS, K)                                                                           \
    {                                                                                                         \
        const uint32x4_t words = vaddq_u32(m[i][(g) % 4], vdupq_n_u32(K));                                    \
        const uint32_t next_e = vsha1h_u32(vgetq_lane_u32(abcd[i], 0));                                       \
        abcd[i] = ROUNDS(abcd[i], e[i], words);                                                               \
        e[i] = next_e;                                                                                        \
        if ((g) < 16)                                                                                         \
            m[i][(g) % 4] = vsha1su1q_u32(                                                                    \
                vsha1su0q_u32(m[i][(g) % 4], m[i][((g) + 1) % 4], m[i][((g) + 2) % 4]), m[i][((g) + 3) % 4]); \
    }
#define SHA1_CHOOSE_GROUP(i, g) SHA1_GROUP(i, g, vsha1cq_u32, 0x5a827999)
#define SHA1_PARITY_GROUP(i, g) SHA1_GROUP(i, g, vsha1pq_u32, 0x6ed9eba1)
#define SHA1_MAJORITY_GROUP(i, g) SHA1_GROUP(i, g, vsha1mq_u32, 0x8f1bbcdc)
#define SHA1_LAST_GROUP(i, g) SHA1_GROUP(i, g, vsha1pq_u32, 0xca62c1d6)

TARGET void KERNEL(sha1)(uint32_t *const states[], const uint8_t *const data[], size_t blocks) {
    uint32x4_t abcd[STREAMS], saved_abcd[STREAMS], m[STREAMS][4];
    uint32_t e[STREAMS], saved_e[STREAMS];
    EACH(SHA1_OPEN, _)
    for (size_t at = 0; at < blocks * MKT_BLOCK; at += MKT_BLOCK) {
        EACH(SHA1_SAVE, _)
        EACH(LOAD, 0) EACH(LOAD, 1) EACH(LOAD, 2) EACH(LOAD, 3)
        FIVE_GROUPS(SHA1_CHOOSE_GROUP, 0)
        FIVE_GROUPS(SHA1_PARITY_GROUP, 5)
        FIVE_GROUPS(SHA1_MAJORITY_GROUP, 10)
        FIVE_GROUPS(SHA1_LAST_GROUP, 15)
        EACH(SHA1_ADD, _)
    }
    EACH(SHA1_CLOSE, _)
}

/* ---- SHA-256 ---- */

#define SHA256_OPEN(i, _)                                                                                     \
    abcd[i] = vld1q_u32(states[i]);                                                                           \
    efgh[i] = vld1q_u32(states[i] + 4);
#define SHA256_SAVE(i, _)                                                                                     \
    saved_abcd[i] = abcd[i];                                                                                  \
    saved_efgh[i] = efgh[i];
#define SHA256_ADD(i, _)                                                                                      \
    abcd[i] = vaddq_u32(abcd[i], saved_abcd[i]);                                                              \
    efgh[i] = vaddq_u32(efgh[i], saved_efgh[i]);
#define SHA256_CLOSE(i, _)                                                                                    \
    vst1q_u32(states[i], abcd[i]);                                                                            \
    vst1q_u32(states[i] + 4, efgh[i]);

#define SHA256_GROUP(i, g)                                                                                    \
    {                                                                                                         \
        const uint32x4_t words = vaddq_u32(m[i][(g) % 4], vld1q_u32(mkt_sha256_k + 4 * (g)));                 \
        const uint32x4_t before = abcd[i];                                                                    \
        abcd[i] = vsha256hq_u32(abcd[i], efgh[i], words);                                                     \
        efgh[i] = vsha256h2q_u32(efgh[i], before, words);                                                     \
        if ((g) < 12)                                                                                         \
            m[i][(g) % 4] = vsha256su1q_u32(                                                                  \
                vsha256su0q_u32(m[i][(g) % 4], m[i][((g) + 1) % 4]), m[i][((g) + 2) % 4], m[i][((g) + 3) % 4]); \
    }

TARGET void KERNEL(sha256)(uint32_t *const states[], const uint8_t *const data[], size_t blocks) {
    uint32x4_t abcd[STREAMS], efgh[STREAMS], saved_abcd[STREAMS], saved_efgh[STREAMS], m[STREAMS][4];
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

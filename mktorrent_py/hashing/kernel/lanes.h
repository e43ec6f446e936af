/* SHA-1 and SHA-256 for as many messages as a vector has lanes: lane i of every vector belongs to message i.
 *
 * The including file chooses the width and says what the machine has:
 *
 *   LANES, VECTOR, TARGET, KERNEL(algorithm)
 *   SPLAT(word) ADD(a, b) XOR3(a, b, c) CHOOSE(x, y, z) MAJORITY(x, y, z) ROTATE(v, left) SHIFT(v, right)
 *   SETTLE(v)                           v is computed by now: no sum may be regrouped across it
 *   LOAD(pointer) STORE(pointer, v)     LANES words, not aligned
 *   load_block(w, data, offset)         16 vectors: word j of each message's block, made big-endian
 */

typedef struct {
    uint32_t words[MKT_STATE_WORDS][LANES];
} LaneStates;

/* Lane-major to word-major and back: once a call, however many blocks it takes. */
TARGET MKT_INLINE void gather_states(LaneStates *to, uint32_t *const states[], int words) {
    for (int lane = 0; lane < LANES; lane++)
        for (int word = 0; word < words; word++)
            to->words[word][lane] = states[lane][word];
}

TARGET MKT_INLINE void scatter_states(const LaneStates *from, uint32_t *const states[], int words) {
    for (int lane = 0; lane < LANES; lane++)
        for (int word = 0; word < words; word++)
            states[lane][word] = from->words[word][lane];
}

#define SIXTEEN(ROUND, from)                                                                                  \
    ROUND(from) ROUND(from + 1) ROUND(from + 2) ROUND(from + 3) ROUND(from + 4) ROUND(from + 5)                \
    ROUND(from + 6) ROUND(from + 7) ROUND(from + 8) ROUND(from + 9) ROUND(from + 10) ROUND(from + 11)          \
    ROUND(from + 12) ROUND(from + 13) ROUND(from + 14) ROUND(from + 15)
#define FOUR(ROUND, from) ROUND(from) ROUND(from + 1) ROUND(from + 2) ROUND(from + 3)
#define TWENTY(ROUND, from) SIXTEEN(ROUND, from) FOUR(ROUND, from + 16)

/* A round waits for the newest `a` (SHA-1) or `e` (SHA-256) of the one before. Everything else is added up first, and
 * settled: left alone, GCC regroups the sum so that the newest comes in early, and the kernel is half as fast
 * (SHA-1 by AVX-512 on Zen 5: 5.9 GB/s instead of 11.4).
 */

/* ---- SHA-1 (FIPS 180-4, 6.1.2) ---- */

#define SHA1_SCHEDULE(t)                                                                                      \
    if ((t) >= 16)                                                                                            \
        w[(t) & 15] = ROTATE(XOR(XOR3(w[((t) + 13) & 15], w[((t) + 8) & 15], w[((t) + 2) & 15]), w[(t) & 15]), 1);

#define SHA1_ROUND(t, F, K)                                                                                   \
    {                                                                                                         \
        SHA1_SCHEDULE(t)                                                                                      \
        VECTOR early = ADD(ADD(e, ADD(w[(t) & 15], SPLAT(K))), F(b, c, d));                                   \
        SETTLE(early);                                                                                        \
        VECTOR next = ADD(early, ROTATE(a, 5));                                                               \
        e = d; d = c; c = ROTATE(b, 30); b = a; a = next;                                                     \
    }
#define SHA1_CHOOSE_ROUND(t) SHA1_ROUND(t, CHOOSE, 0x5a827999)
#define SHA1_PARITY_ROUND(t) SHA1_ROUND(t, XOR3, 0x6ed9eba1)
#define SHA1_MAJORITY_ROUND(t) SHA1_ROUND(t, MAJORITY, 0x8f1bbcdc)
#define SHA1_LAST_ROUND(t) SHA1_ROUND(t, XOR3, 0xca62c1d6)

TARGET void KERNEL(sha1)(uint32_t *const states[], const uint8_t *const data[], size_t blocks) {
    LaneStates s;
    gather_states(&s, states, 5);
    VECTOR a = LOAD(s.words[0]), b = LOAD(s.words[1]), c = LOAD(s.words[2]), d = LOAD(s.words[3]);
    VECTOR e = LOAD(s.words[4]);
    for (size_t block = 0; block < blocks; block++) {
        VECTOR w[16];
        load_block(w, data, block * MKT_BLOCK);
        const VECTOR a0 = a, b0 = b, c0 = c, d0 = d, e0 = e;
        TWENTY(SHA1_CHOOSE_ROUND, 0)
        TWENTY(SHA1_PARITY_ROUND, 20)
        TWENTY(SHA1_MAJORITY_ROUND, 40)
        TWENTY(SHA1_LAST_ROUND, 60)
        a = ADD(a, a0); b = ADD(b, b0); c = ADD(c, c0); d = ADD(d, d0); e = ADD(e, e0);
    }
    STORE(s.words[0], a); STORE(s.words[1], b); STORE(s.words[2], c); STORE(s.words[3], d);
    STORE(s.words[4], e);
    scatter_states(&s, states, 5);
}

/* ---- SHA-256 (FIPS 180-4, 6.2.2) ---- */

#define BIG_SIGMA0(x) XOR3(ROTATE(x, 30), ROTATE(x, 19), ROTATE(x, 10))
#define BIG_SIGMA1(x) XOR3(ROTATE(x, 26), ROTATE(x, 21), ROTATE(x, 7))
#define SMALL_SIGMA0(x) XOR3(ROTATE(x, 25), ROTATE(x, 14), SHIFT(x, 3))
#define SMALL_SIGMA1(x) XOR3(ROTATE(x, 15), ROTATE(x, 13), SHIFT(x, 10))

#define SHA256_SCHEDULE(t)                                                                                    \
    if ((t) >= 16)                                                                                            \
        w[(t) & 15] = ADD(ADD(w[(t) & 15], w[((t) + 9) & 15]),                                                \
                          ADD(SMALL_SIGMA0(w[((t) + 1) & 15]), SMALL_SIGMA1(w[((t) + 14) & 15])));

#define SHA256_ROUND(t)                                                                                       \
    {                                                                                                         \
        SHA256_SCHEDULE(t)                                                                                    \
        VECTOR early = ADD(ADD(h, ADD(w[(t) & 15], SPLAT(mkt_sha256_k[t]))), CHOOSE(e, f, g));                \
        SETTLE(early);                                                                                        \
        VECTOR first = ADD(early, BIG_SIGMA1(e));                                                             \
        VECTOR second = ADD(BIG_SIGMA0(a), MAJORITY(a, b, c));                                                \
        h = g; g = f; f = e; e = ADD(d, first); d = c; c = b; b = a; a = ADD(first, second);                  \
    }

TARGET void KERNEL(sha256)(uint32_t *const states[], const uint8_t *const data[], size_t blocks) {
    LaneStates s;
    gather_states(&s, states, 8);
    VECTOR a = LOAD(s.words[0]), b = LOAD(s.words[1]), c = LOAD(s.words[2]), d = LOAD(s.words[3]);
    VECTOR e = LOAD(s.words[4]), f = LOAD(s.words[5]), g = LOAD(s.words[6]), h = LOAD(s.words[7]);
    for (size_t block = 0; block < blocks; block++) {
        VECTOR w[16];
        load_block(w, data, block * MKT_BLOCK);
        const VECTOR a0 = a, b0 = b, c0 = c, d0 = d, e0 = e, f0 = f, g0 = g, h0 = h;
        SIXTEEN(SHA256_ROUND, 0)
        SIXTEEN(SHA256_ROUND, 16)
        SIXTEEN(SHA256_ROUND, 32)
        SIXTEEN(SHA256_ROUND, 48)
        a = ADD(a, a0); b = ADD(b, b0); c = ADD(c, c0); d = ADD(d, d0);
        e = ADD(e, e0); f = ADD(f, f0); g = ADD(g, g0); h = ADD(h, h0);
    }
    STORE(s.words[0], a); STORE(s.words[1], b); STORE(s.words[2], c); STORE(s.words[3], d);
    STORE(s.words[4], e); STORE(s.words[5], f); STORE(s.words[6], g); STORE(s.words[7], h);
    scatter_states(&s, states, 8);
}

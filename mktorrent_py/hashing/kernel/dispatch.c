/* Which kernels this processor runs, and which of them to use for how many messages. */
#include "kernel.h"

#include <string.h>

/* ---- what the processor and its operating system can do ---- */

#ifdef MKT_X86
#ifdef _MSC_VER
#include <intrin.h>
static void cpuid(unsigned leaf, unsigned registers[4]) { __cpuidex((int *)registers, (int)leaf, 0); }
static uint64_t enabled_states(void) { return _xgetbv(0); }
#else
#include <cpuid.h>
static void cpuid(unsigned leaf, unsigned registers[4]) {
    if (!__get_cpuid_count(leaf, 0, &registers[0], &registers[1], &registers[2], &registers[3]))
        memset(registers, 0, 4 * sizeof *registers);
}
static uint64_t enabled_states(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}
#endif

enum { EBX = 1, ECX = 2 };

static bool has(unsigned leaf, int reg, unsigned bits) {
    unsigned registers[4];
    cpuid(leaf, registers);
    return (registers[reg] & bits) == bits;
}

/* The wide registers must be saved by the operating system, not only exist: OSXSAVE, then XCR0. */
static bool saves(uint64_t states) { return has(1, ECX, 1u << 27) && (enabled_states() & states) == states; }

static bool supports_avx512(void) { return saves(0xe6) && has(7, EBX, 1u << 16 | 1u << 30); }
static bool supports_avx2(void) { return saves(0x06) && has(7, EBX, 1u << 5); }
static bool supports_shani(void) { return has(1, ECX, 1u << 9 | 1u << 19) && has(7, EBX, 1u << 29); }
#endif

#ifdef MKT_ARM
#if defined(__linux__) || defined(__FreeBSD__)
#include <sys/auxv.h>
static bool supports_armv8(void) {
    const unsigned long sha1_and_sha2 = 1ul << 5 | 1ul << 6;
#ifdef __linux__
    const unsigned long capabilities = getauxval(AT_HWCAP);
#else
    unsigned long capabilities = 0;
    elf_aux_info(AT_HWCAP, &capabilities, sizeof capabilities);
#endif
    return (capabilities & sha1_and_sha2) == sha1_and_sha2;
}
#elif defined(__APPLE__)
/* Every 64-bit ARM processor that macOS runs on has them. */
static bool supports_armv8(void) { return true; }
#elif defined(_WIN32)
#include <windows.h>
static bool supports_armv8(void) { return IsProcessorFeaturePresent(PF_ARM_V8_CRYPTO_INSTRUCTIONS_AVAILABLE); }
#else
static bool supports_armv8(void) { return false; }
#endif
#endif

static bool supports_anything(void) { return true; }

#define KERNEL(name, lanes, supported) {#name, lanes, supported, {mkt_sha1_##name, mkt_sha256_##name}}

const MktKernel mkt_kernels[] = {
#ifdef MKT_X86
    KERNEL(avx512, 16, supports_avx512),
    KERNEL(avx2, 8, supports_avx2),
    KERNEL(shani3, 3, supports_shani),
    KERNEL(shani2, 2, supports_shani),
    KERNEL(shani1, 1, supports_shani),
#endif
#ifdef MKT_ARM
    KERNEL(armv8x3, 3, supports_armv8),
    KERNEL(armv8x2, 2, supports_armv8),
    KERNEL(armv8x1, 1, supports_armv8),
#endif
    KERNEL(scalar, 1, supports_anything),
    {0},
};

/* ---- the self-check ---- */

/* Messages of bytes i % 251, the largest prime below 256: swapped blocks cannot go unseen. */
enum { VECTORS = 4, LONGEST = 200 };

static const struct {
    size_t length;
    uint8_t sha1[MKT_SHA1_LENGTH], sha256[MKT_SHA256_LENGTH];
} vectors[VECTORS] = {
    {1,
     {0x5b, 0xa9, 0x3c, 0x9d, 0xb0, 0xcf, 0xf9, 0x3f, 0x52, 0xb5,
      0x21, 0xd7, 0x42, 0x0e, 0x43, 0xf6, 0xed, 0xa2, 0x78, 0x4f},
     {0x6e, 0x34, 0x0b, 0x9c, 0xff, 0xb3, 0x7a, 0x98, 0x9c, 0xa5, 0x44, 0xe6, 0xbb, 0x78, 0x0a, 0x2c,
      0x78, 0x90, 0x1d, 0x3f, 0xb3, 0x37, 0x38, 0x76, 0x85, 0x11, 0xa3, 0x06, 0x17, 0xaf, 0xa0, 0x1d}},
    {63,
     {0x6d, 0x94, 0x2d, 0xa0, 0xc4, 0x39, 0x2b, 0x12, 0x35, 0x28,
      0xf2, 0x90, 0x5c, 0x71, 0x3a, 0x3c, 0xe2, 0x83, 0x64, 0xbd},
     {0x29, 0xaf, 0x26, 0x86, 0xfd, 0x53, 0x37, 0x4a, 0x36, 0xb0, 0x84, 0x66, 0x94, 0xcc, 0x34, 0x21,
      0x77, 0xe4, 0x28, 0xd1, 0x64, 0x75, 0x15, 0xf0, 0x78, 0x78, 0x4d, 0x69, 0xcd, 0xb9, 0xe4, 0x88}},
    {64,
     {0xc6, 0x13, 0x8d, 0x51, 0x4f, 0xfa, 0x21, 0x35, 0xbf, 0xce,
      0x0e, 0xd0, 0xb8, 0xfa, 0xc6, 0x56, 0x69, 0x91, 0x7e, 0xc7},
     {0xfd, 0xea, 0xb9, 0xac, 0xf3, 0x71, 0x03, 0x62, 0xbd, 0x26, 0x58, 0xcd, 0xc9, 0xa2, 0x9e, 0x8f,
      0x9c, 0x75, 0x7f, 0xcf, 0x98, 0x11, 0x60, 0x3a, 0x8c, 0x44, 0x7c, 0xd1, 0xd9, 0x15, 0x11, 0x08}},
    {200,
     {0x54, 0xd1, 0x1e, 0x99, 0x12, 0x7d, 0x15, 0x97, 0x99, 0xdb,
      0xce, 0x10, 0xf5, 0x1a, 0x75, 0xe6, 0x97, 0x78, 0x04, 0x78},
     {0x19, 0x01, 0xda, 0x1c, 0x9f, 0x69, 0x9b, 0x48, 0xf6, 0xb2, 0x63, 0x6e, 0x65, 0xcb, 0xf7, 0x3a,
      0xbf, 0x99, 0xd0, 0x44, 0x1e, 0xf6, 0x7f, 0x5c, 0x54, 0x0a, 0x42, 0xf7, 0x05, 0x1d, 0xec, 0x6f}},
};

static bool hashes_correctly(const MktKernel *kernel, MktAlgorithm algorithm) {
    const MktLadder ladder = {algorithm, {{1, kernel}}};
    const size_t count = kernel->lanes + VECTORS;
    uint8_t data[LONGEST], digests[MKT_MAX_LANES + VECTORS][MKT_SHA256_LENGTH];
    MktMessage messages[MKT_MAX_LANES + VECTORS];
    for (size_t i = 0; i < LONGEST; i++)
        data[i] = (uint8_t)(i % 251);
    for (size_t i = 0; i < count; i++) {
        mkt_message_start(algorithm, &messages[i]);
        messages[i].data = data;
        messages[i].length = vectors[i % VECTORS].length;
        messages[i].digest = digests[i];
    }
    mkt_absorb(&ladder, messages, count);
    for (size_t i = 0; i < count; i++) {
        const bool is_sha1 = algorithm == MKT_SHA1;
        const uint8_t *expected = is_sha1 ? vectors[i % VECTORS].sha1 : vectors[i % VECTORS].sha256;
        if (memcmp(digests[i], expected, is_sha1 ? MKT_SHA1_LENGTH : MKT_SHA256_LENGTH) != 0)
            return false;
    }
    return true;
}

unsigned mkt_available(void) {
    unsigned available = 0;
    for (unsigned i = 0; mkt_kernels[i].name; i++) {
        const MktKernel *kernel = &mkt_kernels[i];
        if (kernel->supported() && hashes_correctly(kernel, MKT_SHA1) && hashes_correctly(kernel, MKT_SHA256))
            available |= 1u << i;
    }
    return available;
}

/* ---- the rule ---- */

/* One core, data in L2, GB/s:
 *
 *                       SHA-1                           SHA-256
 *                       Zen 5   Zen 3   Emerald Rapids  Zen 5   Zen 3   Emerald Rapids
 *   avx512 (16 lanes)    10.4      -       5.2 to 5.7     5.4      -       3.2
 *   avx2 (8 lanes)        3.5     2.9      2.3            1.7      -       1.15
 *   shani3                4.4     3.2       -             3.2     3.1      1.9
 *   shani2                3.5     2.9       -             2.7     2.8      1.9
 *   shani1                2.0     1.6       -             1.9     1.5       -
 *   scalar                1.0      -        -             0.5      -        -
 *   OpenSSL 3.0           1.9     1.6      1.6            1.7     1.5      1.4
 *
 * So AVX-512 is first where there is enough to fill its lanes: a call costs the same for one message as for 16, and
 * with fewer than 7 of 16 lanes in use (SHA-1; 10 for SHA-256) three streams of SHA-NI are ahead. SHA-NI leads AVX2
 * on every processor measured that has both; AVX2 with fewer than 3 of 8 lanes in use is slower than plain C. What
 * ARM processors prefer has not been measured: their SHA units wait on themselves as SHA-NI does, so it is the same
 * rule. Plain C never leads: hashlib is better.
 */
typedef struct {
    unsigned from;
    const char *name;
} Preference;

/* In order; what the processor lacks is passed over, and a rung for a single message ends the ladder. */
static const Preference preferences[MKT_ALGORITHMS][10] = {
    [MKT_SHA1] = {{7, "avx512"}, {3, "shani3"}, {2, "shani2"}, {1, "shani1"}, {3, "avx2"},
                  {3, "armv8x3"}, {2, "armv8x2"}, {1, "armv8x1"}, {1, "scalar"}},
    [MKT_SHA256] = {{10, "avx512"}, {3, "shani3"}, {2, "shani2"}, {1, "shani1"}, {3, "avx2"},
                    {3, "armv8x3"}, {2, "armv8x2"}, {1, "armv8x1"}, {1, "scalar"}},
};

static const MktKernel *find(const char *name, unsigned available) {
    for (unsigned i = 0; mkt_kernels[i].name; i++)
        if (available & 1u << i && strcmp(mkt_kernels[i].name, name) == 0)
            return &mkt_kernels[i];
    return NULL;
}

bool mkt_recommended_ladder(MktAlgorithm algorithm, unsigned available, MktLadder *ladder) {
    *ladder = (MktLadder){algorithm, {{0, NULL}}};
    MktRung *rung = ladder->rungs;
    for (const Preference *preference = preferences[algorithm]; preference->name; preference++) {
        const MktKernel *kernel = find(preference->name, available);
        if (!kernel)
            continue;
        *rung++ = (MktRung){preference->from, kernel};
        if (preference->from == 1)
            break;
    }
    return ladder->rungs[0].from > 1 || ladder->rungs[0].kernel->lanes > 1;
}

bool mkt_named_ladder(MktAlgorithm algorithm, unsigned available, const char *name, MktLadder *ladder) {
    const MktKernel *kernel = find(name, available);
    *ladder = (MktLadder){algorithm, {{1, kernel}}};
    return kernel != NULL;
}

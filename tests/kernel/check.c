/* Every kernel that runs here against plain C, which the self-check has compared with known digests.
 *
 * For where Python is not: under an emulator (ARM, or AVX-512 on a processor without it) and under sanitizers. Messages
 * are allocated to the byte, so that a sanitizer sees the first byte read too far. `check NAME...` fails unless each of
 * the kernels named is among those that ran.
 */
#include "kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 40 };

static const size_t lengths[] = {0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000, 1024, 3073};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

static const MktKernel *find(const char *name) {
    const unsigned available = mkt_available();
    for (unsigned i = 0; mkt_kernels[i].name; i++)
        if (available >> i & 1 && strcmp(mkt_kernels[i].name, name) == 0)
            return &mkt_kernels[i];
    return NULL;
}

/* In two runs where there is a whole block to split at, so that states are carried over too. */
static void hash(const MktLadder *ladder, uint8_t *const data[], const size_t length[], size_t count,
                 uint8_t digests[][MKT_SHA256_LENGTH]) {
    MktMessage messages[MOST];
    for (size_t i = 0; i < count; i++) {
        mkt_message_start(ladder->algorithm, &messages[i]);
        messages[i].data = data[i];
        messages[i].length = length[i] / 2 / MKT_BLOCK * MKT_BLOCK;
        messages[i].digest = NULL;
    }
    mkt_absorb(ladder, messages, count);
    for (size_t i = 0; i < count; i++) {
        messages[i].data += messages[i].length;
        messages[i].length = length[i] - messages[i].length;
        messages[i].digest = digests[i];
    }
    mkt_absorb(ladder, messages, count);
}

static bool agree(const MktLadder *ladder, const MktLadder *judge, size_t count, size_t shift) {
    uint8_t *data[MOST] = {0}, ours[MOST][MKT_SHA256_LENGTH] = {{0}}, theirs[MOST][MKT_SHA256_LENGTH] = {{0}};
    size_t length[MOST] = {0};
    for (size_t i = 0; i < count; i++) {
        length[i] = lengths[(i * 7 + shift) % LENGTHS];
        data[i] = malloc(length[i] + !length[i]);
        for (size_t j = 0; j < length[i]; j++)
            data[i][j] = (uint8_t)((j + i * 13) % 251);
    }
    hash(ladder, data, length, count, ours);
    hash(judge, data, length, count, theirs);
    for (size_t i = 0; i < count; i++)
        free(data[i]);
    return memcmp(ours, theirs, sizeof ours) == 0;
}

static bool check(const MktLadder *ladder, const MktLadder *judge, const char *name) {
    for (size_t count = 1; count <= MOST; count++)
        for (size_t shift = 0; shift < LENGTHS; shift++)
            if (!agree(ladder, judge, count, shift)) {
                printf("%s: wrong for %zu messages from length %zu\n", name, count, lengths[shift]);
                return false;
            }
    return true;
}

static bool check_kernel(const MktKernel *kernel) {
    const MktKernel *scalar = find("scalar");
    for (int algorithm = 0; algorithm < MKT_ALGORITHMS; algorithm++) {
        const MktLadder ladder = {(MktAlgorithm)algorithm, {{1, kernel}}};
        const MktLadder judge = {(MktAlgorithm)algorithm, {{1, scalar}}};
        if (!check(&ladder, &judge, kernel->name))
            return false;
    }
    printf("%s: right\n", kernel->name);
    return true;
}

static bool check_recommended(MktAlgorithm algorithm) {
    const MktLadder judge = {algorithm, {{1, find("scalar")}}};
    MktLadder ladder;
    return !mkt_recommended_ladder(algorithm, mkt_available(), &ladder) || check(&ladder, &judge, "recommended");
}

int main(int count, char **names) {
    bool right = true;
    for (int i = 1; i < count; i++)
        if (!find(names[i])) {
            printf("%s: does not run here\n", names[i]);
            right = false;
        }
    for (unsigned i = 0; mkt_kernels[i].name; i++)
        if (find(mkt_kernels[i].name))
            right &= check_kernel(&mkt_kernels[i]);
    right &= check_recommended(MKT_SHA1);
    right &= check_recommended(MKT_SHA256);
    return right ? EXIT_SUCCESS : EXIT_FAILURE;
}

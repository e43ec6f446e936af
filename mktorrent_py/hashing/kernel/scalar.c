/* One message, plain C: for the few messages left over where a processor has lanes but no SHA instructions. */
#include "kernel.h"

#define LANES 1
#define VECTOR uint32_t
#define TARGET
#define KERNEL(algorithm) mkt_##algorithm##_scalar

#define SPLAT(word) ((uint32_t)(word))
#define ADD(a, b) ((a) + (b))
#define XOR(a, b) ((a) ^ (b))
#define XOR3(a, b, c) ((a) ^ (b) ^ (c))
#define CHOOSE(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define MAJORITY(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))
#define ROTATE(v, left) (((v) << (left)) | ((v) >> (32 - (left))))
#define SHIFT(v, right) ((v) >> (right))
#define SETTLE(v) MKT_SETTLE("+r", v)
#define LOAD(pointer) (*(pointer))
#define STORE(pointer, v) (*(pointer) = (v))

MKT_INLINE uint32_t load_word(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

MKT_INLINE void load_block(uint32_t w[16], const uint8_t *const data[], size_t offset) {
    for (int j = 0; j < 16; j++)
        w[j] = load_word(data[0] + offset + 4 * (size_t)j);
}

#include "lanes.h"

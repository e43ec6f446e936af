/* The ARMv8 SHA instructions: one to three messages interleaved, because a round waits for the one before it and the
 * unit does not. */
#include "kernel.h"

#ifdef MKT_ARM

#define STREAMS 1
#define EACH(STEP, group) STEP(0, group)
#define KERNEL(algorithm) mkt_##algorithm##_armv8x1
#include "armv8.h"

#define STREAMS 2
#define EACH(STEP, group) STEP(0, group) STEP(1, group)
#define KERNEL(algorithm) mkt_##algorithm##_armv8x2
#include "armv8.h"

#define STREAMS 3
#define EACH(STEP, group) STEP(0, group) STEP(1, group) STEP(2, group)
#define KERNEL(algorithm) mkt_##algorithm##_armv8x3
#include "armv8.h"

#endif

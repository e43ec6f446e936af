/* SHA-NI: one to three messages interleaved, because a round waits for the one before it and the unit does not. */
#include "kernel.h"

#ifdef MKT_X86

#define STREAMS 1
#define EACH(STEP, group) STEP(0, group)
#define KERNEL(algorithm) mkt_##algorithm##_shani1
#include "shani.h"

#define STREAMS 2
#define EACH(STEP, group) STEP(0, group) STEP(1, group)
#define KERNEL(algorithm) mkt_##algorithm##_shani2
#include "shani.h"

#define STREAMS 3
#define EACH(STEP, group) STEP(0, group) STEP(1, group) STEP(2, group)
#define KERNEL(algorithm) mkt_##algorithm##_shani3
#include "shani.h"

#endif

/* The kernels for any processor: vectors of 4, SSE2 on x86-64, NEON on AArch64. */
#define ND_VLEN 4
#define ND_SUFFIX base
#include "nd_bodies.h"

/* The kernels for AVX2 and FMA. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#pragma GCC target("avx2,fma,bmi,bmi2")
#define ND_VLEN 8
#define ND_SUFFIX avx2
#include "nd_bodies.h"
#endif

/* The kernels for AVX-512 F, VL, BW and DQ. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,bmi,bmi2")
#define ND_VLEN 16
#define ND_SUFFIX avx512
#include "nd_bodies.h"
#endif

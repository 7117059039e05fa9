/* The vector type for ND_VLEN lanes, and what GNU C has no operator for. Included once by the file of each instruction set. */
#include <math.h>
#include <stdint.h>
#include <string.h>
#include "nd_kernels.h"
#include "nd_operations.h"

#define ND_INLINE static inline __attribute__((always_inline))
#define ND_UNROLL _Pragma("GCC unroll 32")
#define ND_PANEL_VECTORS (ND_LANES / ND_VLEN)
#define ND_JOIN_(a, b) a##b
#define ND_JOIN(a, b) ND_JOIN_(a, b)
#define ND_NAME(operation) ND_JOIN(nd_##operation##_f32__, ND_SUFFIX)

typedef float vf __attribute__((vector_size(ND_VLEN * 4)));
typedef int32_t vi __attribute__((vector_size(ND_VLEN * 4)));
typedef uint32_t vu __attribute__((vector_size(ND_VLEN * 4)));
typedef float vf_any __attribute__((vector_size(ND_VLEN * 4), aligned(4), may_alias));

ND_INLINE int64_t nd_min(int64_t a, int64_t b) { return a < b ? a : b; }
ND_INLINE int64_t nd_max(int64_t a, int64_t b) { return a > b ? a : b; }
ND_INLINE int64_t nd_ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
ND_INLINE int64_t nd_images(const nd_step *s, int operand, int64_t n) { return nd_operand_of(s, operand)->image ? n : 1; }

ND_INLINE vf nd_load(const float *p) { return *(const vf_any *)p; }
ND_INLINE void nd_store(float *p, vf v) { *(vf_any *)p = v; }
/* Ask for a line ahead of its use, into the level-2 cache; the address need not exist. */
ND_INLINE void nd_fetch(const float *p) { __builtin_prefetch(p, 0, 2); }
/* In a function that only fetches, which GCC takes for one without effects: it would drop the calls. */
#define ND_KEEP_CALLS __asm__ volatile("")
ND_INLINE vf nd_splat(float s) { return s - (vf){}; }

/* 0, 1, 2, ... */
#define ND_COUNT_4 0, 1, 2, 3
#define ND_COUNT_8 ND_COUNT_4, 4, 5, 6, 7
#define ND_COUNT_16 ND_COUNT_8, 8, 9, 10, 11, 12, 13, 14, 15
ND_INLINE vi nd_count(void) { return (vi){ND_JOIN(ND_COUNT_, ND_VLEN)}; }

/* Sanitizers do not see what masked moves touch: for them, numbers move one by one. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ND_MASKED_MOVES ND_VLEN
#else
#define ND_MASKED_MOVES 0
#endif

#if ND_MASKED_MOVES == 16
ND_INLINE vf nd_load_part(const float *p, int64_t count) { return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p); }
ND_INLINE void nd_store_part(float *p, vf v, int64_t count) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)v); }
#elif ND_MASKED_MOVES == 8
static const int32_t nd_part_mask[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
ND_INLINE __m256i nd_mask_of(int64_t count) { return _mm256_loadu_si256((const __m256i *)(nd_part_mask + 8 - count)); }
ND_INLINE vf nd_load_part(const float *p, int64_t count) { return (vf)_mm256_maskload_ps(p, nd_mask_of(count)); }
ND_INLINE void nd_store_part(float *p, vf v, int64_t count) { _mm256_maskstore_ps(p, nd_mask_of(count), (__m256)v); }
#else
ND_INLINE vf nd_load_part(const float *p, int64_t count)
{
    vf v = {};
    for (int64_t i = 0; i < count; i++) v[i] = p[i];
    return v;
}
ND_INLINE void nd_store_part(float *p, vf v, int64_t count)
{
    for (int64_t i = 0; i < count; i++) p[i] = v[i];
}
#endif

/* Element lane[i] from p on into each lane i. */
ND_INLINE vf nd_load_at(const float *p, vi lane)
{
#if defined(__x86_64__) && ND_VLEN == 16
    return (vf)_mm512_i32gather_ps((__m512i)lane, p, 4);
#elif defined(__x86_64__) && ND_VLEN == 8
    return (vf)_mm256_i32gather_ps(p, (__m256i)lane, 4);
#else
    vf v = {};
    for (int i = 0; i < ND_VLEN; i++) v[i] = p[lane[i]];
    return v;
#endif
}

ND_INLINE vf nd_load_up_to(const float *p, int64_t count) { return count >= ND_VLEN ? nd_load(p) : nd_load_part(p, count); }
ND_INLINE void nd_store_up_to(float *p, vf v, int64_t count)
{
    if (count >= ND_VLEN) nd_store(p, v);
    else nd_store_part(p, v, count);
}

/* The square root, which C has no operator for on vectors. */
#if defined(__x86_64__) && ND_VLEN == 16
ND_INLINE vf nd_sqrt(vf a) { return (vf)_mm512_sqrt_ps((__m512)a); }
#elif defined(__x86_64__) && ND_VLEN == 8
ND_INLINE vf nd_sqrt(vf a) { return (vf)_mm256_sqrt_ps((__m256)a); }
#elif defined(__x86_64__)
ND_INLINE vf nd_sqrt(vf a) { return (vf)__builtin_ia32_sqrtps(a); }
#else
ND_INLINE vf nd_sqrt(vf a)
{
    for (int i = 0; i < ND_VLEN; i++) a[i] = __builtin_sqrtf(a[i]);
    return a;
}
#endif

/* mask ? a : b, lane by lane: C has no vector ?: */
ND_INLINE vf nd_select(vi mask, vf a, vf b) { return (vf)(((vi)a & mask) | ((vi)b & ~mask)); }
/* NaN wins, as in NumPy; of equals the first. (The processor's own give the second of equals, and where one is NaN.) */
#if defined(__x86_64__) && ND_VLEN == 16
#define ND_OR_NAN(wins, b) (vf)_mm512_mask_mov_ps(wins, _mm512_cmp_ps_mask(b, b, _CMP_UNORD_Q), b)
ND_INLINE vf nd_vmax(vf a, vf b) { return ND_OR_NAN(_mm512_max_ps(b, a), b); }
ND_INLINE vf nd_vmin(vf a, vf b) { return ND_OR_NAN(_mm512_min_ps(b, a), b); }
#undef ND_OR_NAN
#else
ND_INLINE vf nd_vmax(vf a, vf b) { return nd_select((a >= b) | (a != a), a, b); }
ND_INLINE vf nd_vmin(vf a, vf b) { return nd_select((a <= b) | (a != a), a, b); }
#endif
ND_INLINE vf nd_vabs(vf a) { return (vf)((vi)a & 0x7fffffff); }

/* Lanes of which something holds: a mask register where there is one. `nd_above`: a is larger, or the first NaN of the two. */
#if defined(__x86_64__) && ND_VLEN == 16
typedef __mmask16 nd_lanes;
ND_INLINE nd_lanes nd_above(vf a, vf b) { return _mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask(b, b, _CMP_ORD_Q), a, b, _CMP_NLE_UQ); }
ND_INLINE nd_lanes nd_equal(vi a, vi b) { return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b); }
ND_INLINE vf nd_put(nd_lanes where, vf a, vf b) { return (vf)_mm512_mask_mov_ps(b, where, a); }
ND_INLINE vi nd_put_int(nd_lanes where, vi a, vi b) { return (vi)_mm512_mask_mov_epi32((__m512i)b, where, (__m512i)a); }
ND_INLINE vf nd_add_in(nd_lanes where, vf a, vf b) { return (vf)_mm512_mask_add_ps(a, where, a, b); }
#else
typedef vi nd_lanes;
ND_INLINE nd_lanes nd_above(vf a, vf b) { return ~(a <= b) & (b == b); }
ND_INLINE nd_lanes nd_equal(vi a, vi b) { return a == b; }
ND_INLINE vf nd_put(nd_lanes where, vf a, vf b) { return nd_select(where, a, b); }
ND_INLINE vi nd_put_int(nd_lanes where, vi a, vi b) { return (a & where) | (b & ~where); }
ND_INLINE vf nd_add_in(nd_lanes where, vf a, vf b) { return a + (vf)((vi)b & where); }
#endif

/* The sum of the lanes, halves first. */
ND_INLINE float nd_lanes_sum(vf v)
{
    float t[ND_VLEN];
    nd_store(t, v);
    for (int width = ND_VLEN / 2; width; width /= 2)
        for (int i = 0; i < width; i++) t[i] += t[i + width];
    return t[0];
}

ND_INLINE void nd_copy_run(float *to, const float *from, int64_t count)
{
    int64_t i = 0;
    for (; i + ND_VLEN <= count; i += ND_VLEN) nd_store(to + i, nd_load(from + i));
    if (i < count) nd_store_part(to + i, nd_load_part(from + i, count - i), count - i);
}

#define ND_FAR (2 << 20) /* elements of a result that does not wait in the cache for its reader */
/* Stores that leave the cache as it is, and memory's old lines unread, to whole vectors in their places; after the last of
 * them `nd_stream_end`, before others may read. */
#if defined(__x86_64__) && ND_VLEN == 16
ND_INLINE void nd_stream(float *p, vf v) { _mm512_stream_ps(p, (__m512)v); }
ND_INLINE void nd_stream_end(void) { _mm_sfence(); }
#elif defined(__x86_64__) && ND_VLEN == 8
ND_INLINE void nd_stream(float *p, vf v) { _mm256_stream_ps(p, (__m256)v); }
ND_INLINE void nd_stream_end(void) { _mm_sfence(); }
#else
ND_INLINE void nd_stream(float *p, vf v) { nd_store(p, v); }
ND_INLINE void nd_stream_end(void) {}
#endif
ND_INLINE int nd_in_place(const float *p) { return (uintptr_t)p % (ND_VLEN * sizeof *p) == 0; }

ND_INLINE void nd_stream_run(float *to, const float *from, int64_t count)
{
    int64_t i = 0;
    for (; nd_in_place(to) && i + ND_VLEN <= count; i += ND_VLEN) nd_stream(to + i, nd_load(from + i));
    nd_copy_run(to + i, from + i, count - i);
}

ND_INLINE void nd_fill_run(float *to, float number, int64_t count)
{
    int64_t i = 0;
    for (; i + ND_VLEN <= count; i += ND_VLEN) nd_store(to + i, nd_splat(number));
    if (i < count) nd_store_part(to + i, nd_splat(number), count - i);
}

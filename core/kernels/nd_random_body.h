/* random: Philox4x32-10 (Salmon et al. 2011) of (seed, key; element, row, step). netdsl/ops/random.py says which word is whose. */
#define ND_RANDOM_BLOCK 4096 /* elements of a task; a multiple of 4 */

typedef struct { uint32_t word[4]; } nd_quad;

ND_INLINE nd_quad nd_philox(nd_quad c, uint32_t key0, uint32_t key1)
{
    ND_UNROLL for (int round = 0; round < 10; round++) {
        const uint64_t low = (uint64_t)c.word[0] * 0xD2511F53u, high = (uint64_t)c.word[2] * 0xCD9E8D57u;
        c = (nd_quad){{(uint32_t)(high >> 32) ^ c.word[1] ^ key0, (uint32_t)high, (uint32_t)(low >> 32) ^ c.word[3] ^ key1, (uint32_t)low}};
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return c;
}

/* Two normal numbers (Box and Muller 1958) of two words. */
ND_INLINE void nd_normal(uint32_t a, uint32_t b, float *to)
{
    const float scale = 5.9604644775390625e-8f;
    const float r = sqrtf(-2.0f * logf((float)((a >> 8) + 1) * scale)), angle = 6.2831853f * ((float)(b >> 8) * scale);
    to[0] = r * cosf(angle);
    to[1] = r * sinf(angle);
}

static int64_t ND_JOIN(ND_NAME(random), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    return nd_images(s, 0, n) * nd_ceil_div(s->columns, ND_RANDOM_BLOCK);
}

static void ND_JOIN(ND_NAME(random), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t blocks = nd_ceil_div(s->columns, ND_RANDOM_BLOCK), row = task / blocks, first = task % blocks * ND_RANDOM_BLOCK;
    const int64_t end = nd_min(s->columns, first + ND_RANDOM_BLOCK);
    uint32_t seed, step;
    memcpy(&seed, call->x[1], sizeof seed);
    memcpy(&step, call->x[2], sizeof step);
    const uint32_t key0 = (uint32_t)s->key ^ seed, key1 = (uint32_t)((uint64_t)s->key >> 32);
    const float p = (float)s->p;
    float *y = call->x[0] + row * s->columns;
    for (int64_t e = first; e < end; e += 4) {
        const uint64_t index = (uint64_t)e / 4;
        const nd_quad drawn = nd_philox((nd_quad){{(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)row, step}}, key0, key1);
        float numbers[4];
        for (int i = 0; i < 4; i++) numbers[i] = (float)(drawn.word[i] >> 8) * 5.9604644775390625e-8f;
        if (s->distribution == 1)
            for (int i = 0; i < 4; i++) numbers[i] = numbers[i] >= p ? 1.0f : 0.0f;
        if (s->distribution == 2) {
            nd_normal(drawn.word[0], drawn.word[1], numbers);
            nd_normal(drawn.word[2], drawn.word[3], numbers + 2);
        }
        memcpy(y + e, numbers, sizeof(float) * (size_t)nd_min(4, end - e));
    }
}

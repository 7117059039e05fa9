/* moments: mean and biased variance of each column, in two passes (one pass loses everything at mean/deviation = 1000).
 * Four phases: sums of each image, their mean in image order, sums of squared distances of each image, their mean. */
#define ND_MOMENT_COLUMNS 16
#define ND_MOMENT_ROWS 64 /* terms of a segment */

static int64_t ND_JOIN(ND_NAME(moments), _tasks)(const nd_step *s, int phase, int64_t n)
{
    const int64_t blocks = nd_ceil_div(s->columns, ND_MOMENT_COLUMNS);
    return phase & 1 ? blocks : nd_images(s, 2, n) * blocks;
}

/* The sum over an image's rows of x - centre, or of its square. */
ND_INLINE vf nd_moment(const float *x, int64_t rows, int64_t pitch, int64_t count, vf centre, const int squares)
{
    vf total = {};
    for (int64_t start = 0; start < rows; start += ND_MOMENT_ROWS) {
        vf part = {};
        for (int64_t r = start; r < nd_min(rows, start + ND_MOMENT_ROWS); r++) {
            const vf d = nd_load_up_to(x + r * pitch, count) - centre;
            part += squares ? d * d : d;
        }
        total += part;
    }
    return total;
}

/* Sums are of distances from the first pixel: a mean far from 0 would round away what the variance is made of. */
static void ND_JOIN(ND_NAME(moments), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t images = nd_images(s, 2, call->n), blocks = nd_ceil_div(s->columns, ND_MOMENT_COLUMNS);
    const int64_t image = task / blocks, first = task % blocks * ND_MOMENT_COLUMNS,
                  end = nd_min(s->columns, first + ND_MOMENT_COLUMNS);
    const int64_t pitch = nd_pitch(s, 2, s->columns);
    float *mean = call->x[0], *var = call->x[1], *parts = call->x[3];
    for (int64_t c = first; c < end; c += ND_VLEN) {
        const int64_t count = end - c;
        const float *x = call->x[2] + image * s->rows * pitch + c;
        const vf pixel = images ? nd_load_up_to(call->x[2] + c, count) : (vf){};
        if (call->phase == 0)
            nd_store_up_to(parts + image * s->columns + c, nd_moment(x, s->rows, pitch, count, pixel, 0), count);
        if (call->phase == 2)
            nd_store_up_to(parts + image * s->columns + c,
                           nd_moment(x, s->rows, pitch, count, nd_load_up_to(mean + c, count), 1), count);
        if (!(call->phase & 1)) continue;
        vf total = {};
        for (int64_t i = 0; i < images; i++) total += nd_load_up_to(parts + i * s->columns + c, count);
        total /= (float)(images * s->rows);
        nd_store_up_to((call->phase == 1 ? mean : var) + c, call->phase == 1 ? total + pixel : total, count);
    }
}

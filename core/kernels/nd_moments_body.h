/* moments: mean and biased variance of each column, in two passes (one pass loses everything at mean/deviation = 1000). Four phases: sums of
 * each image, their mean in image order, sums of squared distances of each image, their mean. */
#define ND_MOMENT_COLUMNS 16

static int64_t ND_JOIN(ND_NAME(moments), _tasks)(const nd_step *s, int phase, int64_t n)
{
    const int64_t blocks = nd_ceil_div(s->columns, ND_MOMENT_COLUMNS);
    return phase & 1 ? blocks : nd_images(s, 2, n) * blocks;
}

/* The sum over an image's rows of x - centre, squared where there is a centre. */
ND_INLINE vf nd_moment(const float *x, int64_t rows, int64_t columns, int64_t count, const float *centre)
{
    vf total = {};
    const vf middle = centre ? nd_load_up_to(centre, count) : (vf){};
    for (int64_t start = 0; start < rows; start += ND_SEGMENT) {
        vf part = {};
        for (int64_t r = start; r < nd_min(rows, start + ND_SEGMENT); r++) {
            const vf d = nd_load_up_to(x + r * columns, count) - middle;
            part += centre ? d * d : d;
        }
        total += part;
    }
    return total;
}

static void ND_JOIN(ND_NAME(moments), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t images = nd_images(s, 2, call->n), blocks = nd_ceil_div(s->columns, ND_MOMENT_COLUMNS);
    const int64_t image = task / blocks, first = task % blocks * ND_MOMENT_COLUMNS, end = nd_min(s->columns, first + ND_MOMENT_COLUMNS);
    float *parts = call->x[3];
    for (int64_t c = first; c < end; c += ND_VLEN) {
        const int64_t count = end - c;
        if (call->phase & 1) {
            vf total = {};
            for (int64_t i = 0; i < images; i++) total += nd_load_up_to(parts + i * s->columns + c, count);
            nd_store_up_to(call->x[call->phase == 1 ? 0 : 1] + c, total / (float)(images * s->rows), count);
            continue;
        }
        const float *x = call->x[2] + image * s->rows * s->columns + c;
        const vf sum = call->phase ? nd_moment(x, s->rows, s->columns, count, call->x[0] + c) : nd_moment(x, s->rows, s->columns, count, 0);
        nd_store_up_to(parts + image * s->columns + c, sum, count);
    }
}

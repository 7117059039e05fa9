/* copy: a strided window of one array into another, with a number around it: pad, slice, concat, permute, assign. */
#define ND_COPY_BLOCK 16384

typedef struct {
    int64_t lines, line, blocks, tall;
} nd_copy_shape;

static nd_copy_shape nd_copy_shape_of(const nd_step *s, int64_t n)
{
    nd_copy_shape m = {.lines = nd_images(s, 0, n) * s->size0 * s->size1 * s->size2 * s->size3, .line = s->size4};
    m.blocks = nd_ceil_div(m.line, ND_COPY_BLOCK);
    m.tall = nd_max(1, ND_COPY_BLOCK / nd_max(1, m.line));
    return m;
}

static int64_t ND_JOIN(ND_NAME(copy), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    const nd_copy_shape m = nd_copy_shape_of(s, n);
    return nd_ceil_div(m.lines, m.tall) * m.blocks;
}

ND_INLINE void nd_copy_line(float *to, int64_t to_step, const float *from, int64_t from_step, int64_t count)
{
    if (to_step == 1 && from_step == 1) nd_copy_run(to, from, count);
    else
        for (int64_t i = 0; i < count; i++) to[i * to_step] = from[i * from_step];
}

ND_INLINE void nd_fill_line(float *to, int64_t step, float number, int64_t count)
{
    if (step == 1) nd_fill_run(to, number, count);
    else
        for (int64_t i = 0; i < count; i++) to[i * step] = number;
}

static void ND_JOIN(ND_NAME(copy), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const nd_copy_shape m = nd_copy_shape_of(s, call->n);
    const nd_operand *y = nd_operand_of(s, 0), *x = nd_operand_of(s, 1);
    const int64_t *size = &s->size0, *inner = &s->inner0, *begin = &s->begin0;
    const int windowed = s->inner0 != 0;
    const int64_t c0 = task % m.blocks * ND_COPY_BLOCK, c1 = nd_min(m.line, c0 + ND_COPY_BLOCK);
    const int64_t low = windowed ? nd_min(nd_max(c0, begin[4]), c1) : c0,
                  high = windowed ? nd_max(nd_min(c1, begin[4] + inner[4]), low) : c1;
    for (int64_t line = task / m.blocks * m.tall; line < nd_min(m.lines, (task / m.blocks + 1) * m.tall); line++) {
        float *to = call->x[0];
        const float *from = call->x[1];
        int64_t index = line;
        int inside = 1;
        for (int axis = 3; axis >= 0; axis--) {
            const int64_t i = index % size[axis], source = windowed ? i - begin[axis] : i;
            inside &= !windowed || (source >= 0 && source < inner[axis]);
            to += i * y->stride[axis];
            if (inside) from += source * x->stride[axis];
            index /= size[axis];
        }
        to += index * y->image;
        from += index * x->image;
        if (!inside) {
            nd_fill_line(to + c0 * y->stride[4], y->stride[4], (float)s->fill, c1 - c0);
            continue;
        }
        nd_fill_line(to + c0 * y->stride[4], y->stride[4], (float)s->fill, low - c0);
        nd_copy_line(to + low * y->stride[4], y->stride[4], from + (windowed ? low - begin[4] : low) * x->stride[4],
                     x->stride[4], high - low);
        nd_fill_line(to + high * y->stride[4], y->stride[4], (float)s->fill, c1 - high);
    }
}

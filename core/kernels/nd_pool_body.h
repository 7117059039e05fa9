/* pool_max, pool_sum and their gradients: windows clipped to the image, vectors along the channels. */

typedef struct {
    int64_t begin, end;
} nd_range;

/* The part of a window that lies in the image. */
ND_INLINE nd_range nd_window(int64_t out, int64_t kernel, int64_t stride, int64_t pad, int64_t size)
{
    const int64_t start = out * stride - pad;
    return (nd_range){nd_max(0, start), nd_min(size, start + kernel)};
}

/* The windows that hold a position of the image. */
ND_INLINE nd_range nd_windows(int64_t in, int64_t kernel, int64_t stride, int64_t pad, int64_t count)
{
    const int64_t low = in + pad - kernel + 1;
    return (nd_range){low <= 0 ? 0 : nd_ceil_div(low, stride), nd_min(count, (in + pad) / stride + 1)};
}

static int64_t ND_JOIN(ND_NAME(pool_max), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    return nd_images(s, 1, n) * s->out_h;
}

/* A task is a row of the result. */
static void ND_JOIN(ND_NAME(pool_max), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t from = nd_pitch(s, 1, s->in_c), to = nd_pitch(s, 0, s->in_c);
    const float *x = call->x[1] + task / s->out_h * s->in_h * s->in_w * from;
    float *y = call->x[0] + task * s->out_w * to;
    const nd_range h = nd_window(task % s->out_h, s->kernel_h, s->stride_h, s->pad_top, s->in_h);
    for (int64_t ow = 0; ow < s->out_w; ow++, y += to) {
        const nd_range w = nd_window(ow, s->kernel_w, s->stride_w, s->pad_left, s->in_w);
        for (int64_t c = 0; c < s->in_c; c += ND_VLEN) {
            const int64_t count = s->in_c - c;
            vf best = nd_load_up_to(x + (h.begin * s->in_w + w.begin) * from + c, count);
            for (int64_t ih = h.begin; ih < h.end; ih++)
                for (int64_t iw = w.begin; iw < w.end; iw++)
                    best = nd_vmax(best, nd_load_up_to(x + (ih * s->in_w + iw) * from + c, count));
            nd_store_up_to(y + c, best, count);
        }
    }
}

static int64_t ND_JOIN(ND_NAME(pool_max_dx), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    return nd_images(s, 1, n) * nd_ceil_div(s->in_c, ND_LANES);
}

/* Add dy at the first maximum of one window, for up to ND_VLEN channels. */
ND_INLINE void nd_to_maximum(const nd_step *s, const float *x, float *dx, vf dy, nd_range h, nd_range w, int64_t count)
{
    const int64_t from = nd_pitch(s, 1, s->in_c), pitch = nd_pitch(s, 0, s->in_c);
    vf best = nd_load_up_to(x + (h.begin * s->in_w + w.begin) * from, count);
    vi where = {};
    int32_t tap = 0;
    for (int64_t ih = h.begin; ih < h.end; ih++)
        for (int64_t iw = w.begin; iw < w.end; iw++, tap++) {
            const vf value = nd_load_up_to(x + (ih * s->in_w + iw) * from, count);
            const vi better = (value > best) | (nd_is_nan(value) & ~nd_is_nan(best));
            best = nd_select(better, value, best);
            where = (where & ~better) | ((tap - (vi){}) & better);
        }
    tap = 0;
    for (int64_t ih = h.begin; ih < h.end; ih++)
        for (int64_t iw = w.begin; iw < w.end; iw++, tap++) {
            float *to = dx + (ih * s->in_w + iw) * pitch;
            nd_store_up_to(to, nd_load_up_to(to, count) + (vf)((vi)dy & (where == tap)), count);
        }
}

/* A task owns 16 channels of an image. */
static void ND_JOIN(ND_NAME(pool_max_dx), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t blocks = nd_ceil_div(s->in_c, ND_LANES), image = task / blocks, area = s->in_h * s->in_w;
    const int64_t end = nd_min(s->in_c, (task % blocks + 1) * ND_LANES);
    const int64_t dx_pitch = nd_pitch(s, 0, s->in_c), x_pitch = nd_pitch(s, 1, s->in_c), dy_pitch = nd_pitch(s, 2, s->in_c);
    for (int64_t c = task % blocks * ND_LANES; c < end; c += ND_VLEN) {
        const int64_t count = end - c;
        const float *x = call->x[1] + image * area * x_pitch + c,
                    *dy = call->x[2] + image * s->out_h * s->out_w * dy_pitch + c;
        float *dx = call->x[0] + image * area * dx_pitch + c;
        for (int64_t i = 0; i < area; i++) nd_store_up_to(dx + i * dx_pitch, (vf){}, count);
        for (int64_t oh = 0; oh < s->out_h; oh++)
            for (int64_t ow = 0; ow < s->out_w; ow++, dy += dy_pitch)
                nd_to_maximum(s, x, dx, nd_load_up_to(dy, count),
                              nd_window(oh, s->kernel_h, s->stride_h, s->pad_top, s->in_h),
                              nd_window(ow, s->kernel_w, s->stride_w, s->pad_left, s->in_w), count);
    }
}

static int64_t ND_JOIN(ND_NAME(pool_sum), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    return nd_images(s, 1, n) * s->out_h;
}

#define ND_POOL_RUN 32

/* The sum of a window: short runs of a line, then lines, then the window. */
ND_INLINE vf nd_window_sum(const float *x, int64_t line, int64_t pitch, nd_range h, nd_range w, int64_t count)
{
    vf total = {};
    for (int64_t ih = h.begin; ih < h.end; ih++) {
        vf row = {};
        for (int64_t start = w.begin; start < w.end; start += ND_POOL_RUN) {
            vf part = {};
            for (int64_t iw = start; iw < nd_min(w.end, start + ND_POOL_RUN); iw++)
                part += nd_load_up_to(x + ih * line + iw * pitch, count);
            row += part;
        }
        total += row;
    }
    return total;
}

static void ND_JOIN(ND_NAME(pool_sum), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t from = nd_pitch(s, 1, s->in_c), to = nd_pitch(s, 0, s->in_c);
    const float *x = call->x[1] + task / s->out_h * s->in_h * s->in_w * from;
    float *y = call->x[0] + task * s->out_w * to;
    const nd_range h = nd_window(task % s->out_h, s->kernel_h, s->stride_h, s->pad_top, s->in_h);
    for (int64_t ow = 0; ow < s->out_w; ow++, y += to) {
        const nd_range w = nd_window(ow, s->kernel_w, s->stride_w, s->pad_left, s->in_w);
        for (int64_t c = 0; c < s->in_c; c += ND_VLEN)
            nd_store_up_to(y + c, nd_window_sum(x + c, s->in_w * from, from, h, w, s->in_c - c), s->in_c - c);
    }
}

static int64_t ND_JOIN(ND_NAME(pool_sum_dx), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    return nd_images(s, 1, n) * s->in_h;
}

/* A pixel gathers from the windows that hold it. */
static void ND_JOIN(ND_NAME(pool_sum_dx), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t from = nd_pitch(s, 1, s->in_c), to = nd_pitch(s, 0, s->in_c);
    const float *dy = call->x[1] + task / s->in_h * s->out_h * s->out_w * from;
    float *dx = call->x[0] + task * s->in_w * to;
    const nd_range h = nd_windows(task % s->in_h, s->kernel_h, s->stride_h, s->pad_top, s->out_h);
    for (int64_t iw = 0; iw < s->in_w; iw++, dx += to) {
        const nd_range w = nd_windows(iw, s->kernel_w, s->stride_w, s->pad_left, s->out_w);
        for (int64_t c = 0; c < s->in_c; c += ND_VLEN)
            nd_store_up_to(dx + c, nd_window_sum(dy + c, s->out_w * from, from, h, w, s->in_c - c), s->in_c - c);
    }
}

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

/* A box of pixels: planes, lines, columns. */
typedef struct {
    nd_range d, h, w;
} nd_box;

/* The line (id, ih) of an image whose pixels lie `pitch` apart. */
ND_INLINE int64_t nd_line_at(const nd_step *s, int64_t id, int64_t ih, int64_t pitch) { return (id * s->in_h + ih) * s->in_w * pitch; }

/* The planes and lines of the image under line `line` of the result. */
ND_INLINE nd_box nd_box_of_line(const nd_step *s, int64_t line)
{
    return (nd_box){.d = nd_window(line / s->out_h, s->kernel_d, s->stride_d, s->pad_front, s->in_d),
                    .h = nd_window(line % s->out_h, s->kernel_h, s->stride_h, s->pad_top, s->in_h)};
}

ND_INLINE nd_range nd_columns_under(const nd_step *s, int64_t ow)
{
    return nd_window(ow, s->kernel_w, s->stride_w, s->pad_left, s->in_w);
}

ND_INLINE int64_t nd_in_pixels(const nd_step *s) { return s->in_d * s->in_h * s->in_w; }

static int64_t ND_JOIN(ND_NAME(pool_max), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    return nd_images(s, 1, n) * s->out_d * s->out_h;
}

/* A task is a line of the result. */
static void ND_JOIN(ND_NAME(pool_max), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t lines = s->out_d * s->out_h, from = nd_pitch(s, 1, s->in_c), to = nd_pitch(s, 0, s->in_c);
    const float *x = call->x[1] + task / lines * nd_in_pixels(s) * from;
    float *y = call->x[0] + task * s->out_w * to;
    nd_box box = nd_box_of_line(s, task % lines);
    for (int64_t ow = 0; ow < s->out_w; ow++, y += to) {
        box.w = nd_columns_under(s, ow);
        for (int64_t c = 0; c < s->in_c; c += ND_VLEN) {
            const int64_t count = s->in_c - c;
            vf best = nd_load_up_to(x + nd_line_at(s, box.d.begin, box.h.begin, from) + box.w.begin * from + c, count);
            for (int64_t id = box.d.begin; id < box.d.end; id++)
                for (int64_t ih = box.h.begin; ih < box.h.end; ih++) {
                    const float *line = x + nd_line_at(s, id, ih, from) + c;
                    for (int64_t iw = box.w.begin; iw < box.w.end; iw++)
                        best = nd_vmax(best, nd_load_up_to(line + iw * from, count));
                }
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
ND_INLINE void nd_to_maximum(const nd_step *s, const float *x, float *dx, vf dy, nd_box box, int64_t count)
{
    const int64_t from = nd_pitch(s, 1, s->in_c), pitch = nd_pitch(s, 0, s->in_c);
    vf best = nd_load_up_to(x + nd_line_at(s, box.d.begin, box.h.begin, from) + box.w.begin * from, count);
    vi where = {};
    int32_t tap = 0;
    for (int64_t id = box.d.begin; id < box.d.end; id++)
        for (int64_t ih = box.h.begin; ih < box.h.end; ih++)
            for (int64_t iw = box.w.begin; iw < box.w.end; iw++, tap++) {
                const vf value = nd_load_up_to(x + nd_line_at(s, id, ih, from) + iw * from, count);
                const vi better = (value > best) | (nd_is_nan(value) & ~nd_is_nan(best));
                best = nd_select(better, value, best);
                where = (where & ~better) | ((tap - (vi){}) & better);
            }
    tap = 0;
    for (int64_t id = box.d.begin; id < box.d.end; id++)
        for (int64_t ih = box.h.begin; ih < box.h.end; ih++)
            for (int64_t iw = box.w.begin; iw < box.w.end; iw++, tap++) {
                float *to = dx + nd_line_at(s, id, ih, pitch) + iw * pitch;
                nd_store_up_to(to, nd_load_up_to(to, count) + (vf)((vi)dy & (where == tap)), count);
            }
}

/* A task owns 16 channels of an image. */
static void ND_JOIN(ND_NAME(pool_max_dx), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t blocks = nd_ceil_div(s->in_c, ND_LANES), image = task / blocks, pixels = nd_in_pixels(s);
    const int64_t end = nd_min(s->in_c, (task % blocks + 1) * ND_LANES);
    const int64_t dx_pitch = nd_pitch(s, 0, s->in_c), x_pitch = nd_pitch(s, 1, s->in_c), dy_pitch = nd_pitch(s, 2, s->in_c);
    for (int64_t c = task % blocks * ND_LANES; c < end; c += ND_VLEN) {
        const int64_t count = end - c;
        const float *x = call->x[1] + image * pixels * x_pitch + c,
                    *dy = call->x[2] + image * nd_pixels(s) * dy_pitch + c;
        float *dx = call->x[0] + image * pixels * dx_pitch + c;
        for (int64_t i = 0; i < pixels; i++) nd_store_up_to(dx + i * dx_pitch, (vf){}, count);
        for (int64_t line = 0; line < s->out_d * s->out_h; line++) {
            nd_box box = nd_box_of_line(s, line);
            for (int64_t ow = 0; ow < s->out_w; ow++, dy += dy_pitch) {
                box.w = nd_columns_under(s, ow);
                nd_to_maximum(s, x, dx, nd_load_up_to(dy, count), box, count);
            }
        }
    }
}

static int64_t ND_JOIN(ND_NAME(pool_sum), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    return nd_images(s, 1, n) * s->out_d * s->out_h;
}

#define ND_POOL_RUN 32

/* The sum of a box of a map whose planes have `high` lines of `line` elements: short runs of a line, lines, planes, the box. */
ND_INLINE vf nd_box_sum(const float *x, int64_t high, int64_t line, int64_t pitch, nd_box box, int64_t count)
{
    vf total = {};
    for (int64_t id = box.d.begin; id < box.d.end; id++) {
        vf plane = {};
        for (int64_t ih = box.h.begin; ih < box.h.end; ih++) {
            const float *from = x + (id * high + ih) * line;
            vf row = {};
            for (int64_t start = box.w.begin; start < box.w.end; start += ND_POOL_RUN) {
                vf part = {};
                for (int64_t iw = start; iw < nd_min(box.w.end, start + ND_POOL_RUN); iw++)
                    part += nd_load_up_to(from + iw * pitch, count);
                row += part;
            }
            plane += row;
        }
        total += plane;
    }
    return total;
}

static void ND_JOIN(ND_NAME(pool_sum), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t lines = s->out_d * s->out_h, from = nd_pitch(s, 1, s->in_c), to = nd_pitch(s, 0, s->in_c);
    const float *x = call->x[1] + task / lines * nd_in_pixels(s) * from;
    float *y = call->x[0] + task * s->out_w * to;
    nd_box box = nd_box_of_line(s, task % lines);
    for (int64_t ow = 0; ow < s->out_w; ow++, y += to) {
        box.w = nd_columns_under(s, ow);
        for (int64_t c = 0; c < s->in_c; c += ND_VLEN)
            nd_store_up_to(y + c, nd_box_sum(x + c, s->in_h, s->in_w * from, from, box, s->in_c - c), s->in_c - c);
    }
}

static int64_t ND_JOIN(ND_NAME(pool_sum_dx), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    return nd_images(s, 1, n) * s->in_d * s->in_h;
}

/* A pixel gathers from the windows that hold it. */
static void ND_JOIN(ND_NAME(pool_sum_dx), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t lines = s->in_d * s->in_h, line = task % lines, from = nd_pitch(s, 1, s->in_c), to = nd_pitch(s, 0, s->in_c);
    const float *dy = call->x[1] + task / lines * nd_pixels(s) * from;
    float *dx = call->x[0] + task * s->in_w * to;
    nd_box box = {.d = nd_windows(line / s->in_h, s->kernel_d, s->stride_d, s->pad_front, s->out_d),
                  .h = nd_windows(line % s->in_h, s->kernel_h, s->stride_h, s->pad_top, s->out_h)};
    for (int64_t iw = 0; iw < s->in_w; iw++, dx += to) {
        box.w = nd_windows(iw, s->kernel_w, s->stride_w, s->pad_left, s->out_w);
        for (int64_t c = 0; c < s->in_c; c += ND_VLEN)
            nd_store_up_to(dx + c, nd_box_sum(dy + c, s->out_h, s->out_w * from, from, box, s->in_c - c), s->in_c - c);
    }
}

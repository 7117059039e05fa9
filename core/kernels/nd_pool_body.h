/* pool_max, pool_sum and their gradients: windows clipped to the image, vectors along the channels. */

typedef struct { int64_t begin, end; } nd_range;

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
typedef struct { nd_range d, h, w; } nd_box;

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

/* A window of x, or of dx: its first pixel, and the distances of its planes, lines and pixels. */
typedef struct {
    float *p;
    int64_t plane, line, pixel;
} nd_corner;

ND_INLINE nd_corner nd_corner_of(const nd_step *s, float *image, nd_box box, int64_t pitch)
{
    float *p = image + nd_line_at(s, box.d.begin, box.h.begin, pitch) + box.w.begin * pitch;
    return (nd_corner){p, s->in_h * s->in_w * pitch, s->in_w * pitch, pitch};
}

static int64_t ND_JOIN(ND_NAME(pool_max), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    return nd_images(s, 1, n) * s->out_d * s->out_h;
}

/* The largest numbers of a window of deep x high x wide pixels, for up to ND_VLEN channels from c on. */
ND_INLINE void nd_maximum(float *y, nd_corner x, int64_t deep, int64_t high, int64_t wide, int64_t c, int64_t count)
{
    vf best = nd_load_up_to(x.p + c, count);
    for (int64_t d = 0; d < deep; d++)
        ND_UNROLL for (int64_t h = 0; h < high; h++)
            ND_UNROLL for (int64_t w = 0; w < wide; w++)
                best = nd_vmax(best, nd_load_up_to(x.p + d * x.plane + h * x.line + w * x.pixel + c, count));
    nd_store_up_to(y + c, best, count);
}

/* All channels of a window; the usual windows have loops of their own. */
static void nd_maximum_of_window(float *y, nd_corner x, nd_box box, int64_t channels)
{
    const int64_t deep = box.d.end - box.d.begin, high = box.h.end - box.h.begin, wide = box.w.end - box.w.begin;
    int64_t c = 0;
    const int64_t square = deep == 1 && high == wide ? high : 0, full = channels - ND_VLEN;
    for (; square == 3 && c <= full; c += ND_VLEN) nd_maximum(y, x, 1, 3, 3, c, ND_VLEN);
    for (; square == 2 && c <= full; c += ND_VLEN) nd_maximum(y, x, 1, 2, 2, c, ND_VLEN);
    for (; c < channels; c += ND_VLEN) nd_maximum(y, x, deep, high, wide, c, channels - c);
}

/* A task is a line of the result. */
static void ND_JOIN(ND_NAME(pool_max), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t lines = s->out_d * s->out_h, from = nd_pitch(s, 1, s->in_c), to = nd_pitch(s, 0, s->in_c);
    float *x = call->x[1] + task / lines * nd_in_pixels(s) * from, *y = call->x[0] + task * s->out_w * to;
    nd_box box = nd_box_of_line(s, task % lines);
    for (int64_t ow = 0; ow < s->out_w; ow++, y += to) {
        box.w = nd_columns_under(s, ow);
        nd_maximum_of_window(y, nd_corner_of(s, x, box, from), box, s->in_c);
    }
}

#define ND_POOL_BAND 65536 /* elements of x of a task: they and their gradients stay in a level-2 cache */

/* Lines of a band, which is all of the planes. */
ND_INLINE int64_t nd_band_lines(const nd_step *s) { return nd_min(s->in_h, nd_ceil_div(ND_POOL_BAND, s->in_d * s->in_w * s->in_c)); }

static int64_t ND_JOIN(ND_NAME(pool_max_dx), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    return nd_images(s, 1, n) * nd_ceil_div(s->in_h, nd_band_lines(s));
}

/* Add dy at the first maximum of one window of deep x high x wide pixels, for up to ND_VLEN channels from c on, where that lies in the
 * window's lines [own.begin, own.end). alone: no other window has these pixels, and dx holds nothing yet. */
ND_INLINE void nd_to_maximum(nd_corner x, nd_corner dx, const float *dy, int64_t deep, int64_t high, int64_t wide, nd_range own, int64_t c,
                             int64_t count, const int alone)
{
    vf best = nd_load_up_to(x.p + c, count);
    vi where = {};
    int32_t tap = 0;
    for (int64_t d = 0; d < deep; d++)
        ND_UNROLL for (int64_t h = 0; h < high; h++)
            ND_UNROLL for (int64_t w = 0; w < wide; w++, tap++) {
                const vf value = nd_load_up_to(x.p + d * x.plane + h * x.line + w * x.pixel + c, count);
                const nd_lanes better = nd_above(value, best);
                best = nd_put(better, value, best);
                where = nd_put_int(better, tap - (vi){}, where);
            }
    const vf given = nd_load_up_to(dy + c, count);
    for (int64_t d = 0; d < deep; d++)
        ND_UNROLL for (int64_t h = own.begin; h < own.end; h++)
            ND_UNROLL for (int64_t w = 0; w < wide; w++) {
                float *to = dx.p + d * dx.plane + h * dx.line + w * dx.pixel + c;
                const nd_lanes here = nd_equal(where, (int32_t)((d * high + h) * wide + w) - (vi){});
                nd_store_up_to(to, alone ? nd_put(here, given, (vf){}) : nd_add_in(here, nd_load_up_to(to, count), given), count);
            }
}

/* All channels of a window; the usual windows have loops of their own. */
static void nd_window_to_maximum(nd_corner x, nd_corner dx, const float *dy, nd_box box, nd_range own, int64_t channels, int alone)
{
    const int64_t deep = box.d.end - box.d.begin, high = box.h.end - box.h.begin, wide = box.w.end - box.w.begin;
    const int square = deep == 1 && high == wide && own.begin == 0 && own.end == high ? (int)high : 0;
    int64_t c = 0;
    const int64_t full = channels - ND_VLEN;
    for (; square == 3 && !alone && c <= full; c += ND_VLEN) nd_to_maximum(x, dx, dy, 1, 3, 3, (nd_range){0, 3}, c, ND_VLEN, 0);
    for (; square == 2 && !alone && c <= full; c += ND_VLEN) nd_to_maximum(x, dx, dy, 1, 2, 2, (nd_range){0, 2}, c, ND_VLEN, 0);
    for (; square == 2 && alone && c <= full; c += ND_VLEN) nd_to_maximum(x, dx, dy, 1, 2, 2, (nd_range){0, 2}, c, ND_VLEN, 1);
    for (; c < channels; c += ND_VLEN) nd_to_maximum(x, dx, dy, deep, high, wide, own, c, channels - c, alone);
}

static void nd_clear_lines(const nd_step *s, float *dx, nd_range lines)
{
    const int64_t pitch = nd_pitch(s, 0, s->in_c);
    for (int64_t id = 0; id < s->in_d; id++) {
        float *to = dx + nd_line_at(s, id, lines.begin, pitch);
        const int64_t pixels = (lines.end - lines.begin) * s->in_w;
        if (pitch == s->in_c) nd_fill_run(to, 0, pixels * s->in_c);
        else for (int64_t i = 0; i < pixels; i++) nd_fill_run(to + i * pitch, 0, s->in_c);
    }
}

/* Whether each pixel of a plane lies in exactly one window. */
ND_INLINE int nd_windows_tile(const nd_step *s)
{
    return s->in_d == 1 && s->out_d == 1 && !s->pad_top && !s->pad_left && s->kernel_h == s->stride_h && s->kernel_w == s->stride_w
           && s->in_h == s->out_h * s->stride_h && s->in_w == s->out_w * s->stride_w;
}

/* A task owns a band of lines of dx, and asks every window that reaches into it. */
static void ND_JOIN(ND_NAME(pool_max_dx), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t band = nd_band_lines(s), bands = nd_ceil_div(s->in_h, band), image = task / bands, pixels = nd_in_pixels(s);
    const int64_t dx_pitch = nd_pitch(s, 0, s->in_c), x_pitch = nd_pitch(s, 1, s->in_c), dy_pitch = nd_pitch(s, 2, s->in_c);
    const nd_range lines = {task % bands * band, nd_min(s->in_h, (task % bands + 1) * band)};
    const float *dy = call->x[2] + image * nd_pixels(s) * dy_pitch;
    float *x = call->x[1] + image * pixels * x_pitch, *dx = call->x[0] + image * pixels * dx_pitch;
    const int alone = nd_windows_tile(s);
    if (!alone) nd_clear_lines(s, dx, lines);
    const int64_t first = nd_windows(lines.begin, s->kernel_h, s->stride_h, s->pad_top, s->out_h).begin,
                  end = nd_windows(lines.end - 1, s->kernel_h, s->stride_h, s->pad_top, s->out_h).end;
    for (int64_t od = 0; od < s->out_d; od++)
        for (int64_t oh = first; oh < end; oh++) {
            nd_box box = nd_box_of_line(s, od * s->out_h + oh);
            const nd_range own = {nd_max(box.h.begin, lines.begin) - box.h.begin, nd_min(box.h.end, lines.end) - box.h.begin};
            const float *given = dy + (od * s->out_h + oh) * s->out_w * dy_pitch;
            for (int64_t ow = 0; ow < s->out_w; ow++, given += dy_pitch) {
                box.w = nd_columns_under(s, ow);
                nd_window_to_maximum(nd_corner_of(s, x, box, x_pitch), nd_corner_of(s, dx, box, dx_pitch), given, box, own, s->in_c, alone);
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

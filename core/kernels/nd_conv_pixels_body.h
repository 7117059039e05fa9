/* conv of one channel to fewer than 16: pixels in the lanes.
 *
 * With output channels in the lanes most would be empty. Here a vector is a run of pixels of an output row; the lines of x that a
 * row reads are copied into the scratch with zeros at both sides, so that every tap is one load. Sums take their terms in the order of
 * the other paths, so the bits are theirs.
 */
enum { ND_PIXEL_RUN = 2 * ND_LANES, ND_PIXEL_LINE = 4 * ND_LANES, ND_PIXEL_LINES = 16 };
#define ND_PIXEL_OUTPUTS (ND_VLEN == 16 ? 8 : ND_VLEN == 8 ? 3 : 1)

/* Depends on the shape alone. */
ND_INLINE int nd_pixels_in_lanes(const nd_step *s)
{
    return s->in_c == 1 && s->out_c < ND_LANES && s->stride_w == 1 && s->out_d == 1 && s->kernel_d == 1 && s->in_d == 1
           && s->upsample_h * s->upsample_w == 1 && (s->kernel_h - 1) * s->dilation_h < ND_PIXEL_LINES && s->out_w >= ND_LANES / 2
           && ND_PIXEL_RUN + (s->kernel_w - 1) * s->dilation_w <= ND_PIXEL_LINE && s->kernel_h * s->kernel_w <= ND_SEGMENT;
}

/* P channels of one run of pixels: to[p] = sum over taps of w[tap][p] * the tap's stretch of its line. */
ND_INLINE void nd_pixel_tile(const nd_step *s, const float *lines, const float *w, float *to, const int P)
{
    vf acc[8][2 * ND_PANEL_VECTORS];
    ND_UNROLL for (int p = 0; p < P; p++)
        ND_UNROLL for (int v = 0; v < 2 * ND_PANEL_VECTORS; v++) acc[p][v] = (vf){};
    for (int64_t kh = 0; kh < s->kernel_h; kh++, lines += s->dilation_h * ND_PIXEL_LINE) {
        const float *line = lines;
        for (int64_t kw = 0; kw < s->kernel_w; kw++, line += s->dilation_w, w += ND_LANES)
            ND_UNROLL for (int v = 0; v < 2 * ND_PANEL_VECTORS; v++) {
                const vf x = nd_load(line + v * ND_VLEN);
                ND_UNROLL for (int p = 0; p < P; p++) acc[p][v] += w[p] * x;
            }
    }
    ND_UNROLL for (int p = 0; p < P; p++)
        ND_UNROLL for (int v = 0; v < 2 * ND_PANEL_VECTORS; v++) nd_store(to + p * ND_PIXEL_RUN + v * ND_VLEN, acc[p][v]);
}

static void nd_pixel_outputs(const nd_step *s, const float *lines, const float *w, float *to)
{
    for (int64_t o = 0, left = nd_ceil_div(s->out_c, ND_PIXEL_OUTPUTS); left > 0; left--) {
        const int64_t count = nd_ceil_div(s->out_c - o, left);
        float *at = to + o * ND_PIXEL_RUN;
        switch (count) {
#if ND_VLEN == 16
        case 8: nd_pixel_tile(s, lines, w + o, at, 8); break;
        case 7: nd_pixel_tile(s, lines, w + o, at, 7); break;
        case 6: nd_pixel_tile(s, lines, w + o, at, 6); break;
        case 5: nd_pixel_tile(s, lines, w + o, at, 5); break;
        case 4: nd_pixel_tile(s, lines, w + o, at, 4); break;
#endif
#if ND_VLEN >= 8
        case 3: nd_pixel_tile(s, lines, w + o, at, 3); break;
        case 2: nd_pixel_tile(s, lines, w + o, at, 2); break;
#endif
        default: nd_pixel_tile(s, lines, w + o, at, 1);
        }
        o += count;
    }
}

/* ND_PIXEL_LINES lines of an image from `first` on, the stretch of each that a run of pixels reads, zeros outside the image. */
static void nd_pixel_lines(const nd_step *s, const float *x, int64_t first, int64_t ow, float *lines)
{
    const int64_t start = ow * s->stride_w - s->pad_left, low = nd_min(nd_max(0, -start), ND_PIXEL_LINE);
    const int64_t high = nd_max(nd_min(ND_PIXEL_LINE, s->in_w - start), low), pitch = nd_pitch(s, 1, 1);
    for (int64_t ih = first; ih < first + ND_PIXEL_LINES; ih++, lines += ND_PIXEL_LINE) {
        if (ih < 0 || ih >= s->in_h) {
            nd_fill_run(lines, 0, ND_PIXEL_LINE);
            continue;
        }
        const float *from = x + (ih * s->in_w + start) * pitch;
        nd_fill_run(lines, 0, low);
        if (pitch == 1) nd_copy_run(lines + low, from + low, high - low);
        else for (int64_t i = low; i < high; i++) lines[i] = from[i * pitch];
        nd_fill_run(lines + high, 0, ND_PIXEL_LINE - high);
    }
}

/* Whether an epilogue reads numbers a channel only, so that it can be applied while pixels lie in the lanes. */
static int nd_pixel_epilogue(const nd_step *s)
{
    for (int i = 4; s->words && i < 3 + s->inputs; i++) {
        const nd_operand *o = nd_operand_of(s, i);
        if (o->image || o->stride[0] || o->stride[1]) return 0;
    }
    return s->words != 0;
}

/* Rows [r0, r1) of the result: a run of pixels of an output row at a time. */
static void nd_conv_pixels(const nd_call *call, int64_t r0, int64_t r1)
{
    const nd_step *s = call->step;
    const int64_t pitch = nd_pitch(s, 0, s->out_c);
    const int at_once = nd_pixel_epilogue(s);
    float *lines = call->scratch + ND_BYTECODE_SCRATCH, *found = lines + ND_PIXEL_LINES * ND_PIXEL_LINE;
    nd_program program = {0};
    nd_view x[ND_OPERANDS] = {{found, ND_PIXEL_RUN, 1}};
    if (at_once) program = nd_program_of(call->x[3], s->inputs, call->scratch);
    for (int k = 1; at_once && k < s->inputs; k++) x[k] = (nd_view){call->x[3 + k], nd_operand_of(s, 3 + k)->stride[2], 0};
    nd_pixel held = {-1, 0, 0, 0}; /* the pixel whose lines were copied last */
    for (int64_t r = r0; r < r1;) {
        const nd_pixel p = nd_pixel_of(s, r);
        const int64_t count = nd_min(nd_min(ND_PIXEL_RUN, s->out_w - p.ow), r1 - r), below = (p.oh - held.oh) * s->stride_h;
        const int usable = held.image == p.image && held.ow == p.ow && below + (s->kernel_h - 1) * s->dilation_h < ND_PIXEL_LINES;
        if (!usable) {
            nd_pixel_lines(s, call->x[1] + p.image * nd_operand_of(s, 1)->image, p.oh * s->stride_h - s->pad_top, p.ow, lines);
            held = p;
        }
        nd_pixel_outputs(s, lines + (usable ? below : 0) * ND_PIXEL_LINE, call->x[2], found);
        if (at_once) nd_map_window(&program, x[0], x, s->out_c, count);
        float *to = call->x[0] + r * pitch;
        for (int64_t o = 0; o < s->out_c; o++)
            for (int64_t i = 0; i < count; i++) to[i * pitch + o] = found[o * ND_PIXEL_RUN + i];
        r += count;
    }
    if (s->words && !at_once) nd_epilogue(call, r0, r1, 0, s->out_c, call->scratch);
}

/* conv_dw_lanes: dw (kernel_h, kernel_w, in_c, out_c) = sum over images and pixels of x * dy, both with the batch in the lanes.
 *
 * A tile of rows (kw, c) x output channels stays in registers, one vector an element of dw; its lanes are summed at the end. An
 * accumulator takes at most ND_SEGMENT pixels. Groups of images have sums of their own, which are merged in order: a task reads what
 * few groups left in one thread's cache.
 */
#define ND_LANE_TILE_SIDE (ND_VLEN == 16 ? 5 : 3)

/* From vectors that hold several sums as runs of 2*width partial sums, half as many that hold twice as many runs of width. */
ND_INLINE void nd_halve_runs(vf *v, const int width)
{
    const vi lane = nd_count(), run = lane / width, low = run % 2 * ND_VLEN + run / 2 * 2 * width + lane % width, high = low + width;
    ND_UNROLL for (int i = 0; i < width; i++) v[i] = __builtin_shuffle(v[i], v[i + width], low) + __builtin_shuffle(v[i], v[i + width], high);
}

/* The sums of the lanes of ND_VLEN vectors, side by side, each halves first; spoils them. */
ND_INLINE vf nd_sums_of_lanes(vf *v)
{
    if (ND_VLEN >= 16) nd_halve_runs(v, 8);
    if (ND_VLEN >= 8) nd_halve_runs(v, 4);
    nd_halve_runs(v, 2);
    nd_halve_runs(v, 1);
    return v[0];
}

/* What a tile sums: pixels of rows oh of every group of images. */
typedef struct {
    const float *x, *dy;
    int64_t x_row, x_pixel, x_image, dy_row, dy_pixel, dy_image;
    int64_t groups, high, wide; /* pixels of a group */
    float *dw;
    int64_t dw_row;
} nd_lane_sum;

ND_INLINE void nd_lane_sum_part(const nd_lane_sum *g, int64_t half, float *total, const int I, const int J)
{
    vf acc[5][5], all[5][5];
    ND_UNROLL for (int i = 0; i < I; i++)
        ND_UNROLL for (int j = 0; j < J; j++) acc[i][j] = all[i][j] = (vf){};
    int64_t terms = 0;
    for (int64_t row = 0; row < g->groups * g->high; row++) {
        const int64_t image = row / g->high, oh = row % g->high;
        const float *x = g->x + image * g->x_image + oh * g->x_row + half, *dy = g->dy + image * g->dy_image + oh * g->dy_row + half;
        for (int64_t ow = 0; ow < g->wide;) {
            const int64_t run = nd_min(g->wide - ow, ND_SEGMENT - terms);
            for (int64_t i = 0; i < run; i++, x += g->x_pixel, dy += g->dy_pixel) {
                vf d[5];
                ND_UNROLL for (int j = 0; j < J; j++) d[j] = nd_load(dy + j * ND_LANES);
                ND_UNROLL for (int k = 0; k < I; k++) {
                    const vf value = nd_load(x + k * ND_LANES);
                    ND_UNROLL for (int j = 0; j < J; j++) acc[k][j] += value * d[j];
                }
            }
            ow += run;
            if ((terms += run) < ND_SEGMENT) continue;
            ND_UNROLL for (int i = 0; i < I; i++)
                ND_UNROLL for (int j = 0; j < J; j++) {
                    all[i][j] += acc[i][j];
                    acc[i][j] = (vf){};
                }
            terms = 0;
        }
    }
    ND_UNROLL for (int first = 0; first < I * J; first += ND_VLEN) {
        vf sums[ND_VLEN];
        ND_UNROLL for (int k = first; k < first + ND_VLEN; k++)
            sums[k - first] = k < I * J ? all[k / J][k % J] + acc[k / J][k % J] : (vf){};
        nd_store(total + first, nd_load(total + first) + nd_sums_of_lanes(sums));
    }
}

ND_INLINE void nd_lane_sum_tile(const nd_lane_sum *g, const int I, const int J)
{
    float total[32] = {0};
    for (int64_t half = 0; half < ND_LANES; half += ND_VLEN) nd_lane_sum_part(g, half, total, I, J);
    for (int i = 0; i < I; i++)
        for (int j = 0; j < J; j++) g->dw[i * g->dw_row + j] = total[i * J + j];
}

typedef void nd_lane_sum_function(const nd_lane_sum *g);
#define ND_LANE_SUM(I, J) static void nd_lane_sum_##I##x##J(const nd_lane_sum *g) { nd_lane_sum_tile(g, I, J); }
#define ND_LANE_SUMS_3(J) ND_LANE_SUM(1, J) ND_LANE_SUM(2, J) ND_LANE_SUM(3, J)
#define ND_LANE_SUM_NAMES_3(J) nd_lane_sum_1x##J, nd_lane_sum_2x##J, nd_lane_sum_3x##J
#if ND_VLEN == 16
#define ND_LANE_SUMS_5(J) ND_LANE_SUMS_3(J) ND_LANE_SUM(4, J) ND_LANE_SUM(5, J)
#define ND_LANE_SUM_NAMES_5(J) {ND_LANE_SUM_NAMES_3(J), nd_lane_sum_4x##J, nd_lane_sum_5x##J}
ND_LANE_SUMS_5(1) ND_LANE_SUMS_5(2) ND_LANE_SUMS_5(3) ND_LANE_SUMS_5(4) ND_LANE_SUMS_5(5)
static nd_lane_sum_function *const nd_lane_sums[5][5] = {
    ND_LANE_SUM_NAMES_5(1), ND_LANE_SUM_NAMES_5(2), ND_LANE_SUM_NAMES_5(3), ND_LANE_SUM_NAMES_5(4), ND_LANE_SUM_NAMES_5(5)};
#else
ND_LANE_SUMS_3(1) ND_LANE_SUMS_3(2) ND_LANE_SUMS_3(3)
static nd_lane_sum_function *const nd_lane_sums[3][3] = {{ND_LANE_SUM_NAMES_3(1)}, {ND_LANE_SUM_NAMES_3(2)}, {ND_LANE_SUM_NAMES_3(3)}};
#endif

/* Taps of a kernel row side by side where none leaves the image: their rows are one run. */
ND_INLINE int64_t nd_joined_taps(const nd_step *s)
{
    const int inside = s->pad_left <= 0 && (s->out_w - 1) * s->stride_w - s->pad_left + s->kernel_w <= s->in_w;
    return inside && s->dilation_w == 1 ? s->kernel_w : 1;
}

typedef struct { int64_t joined, row_tiles, out_tiles; } nd_lane_split;

ND_INLINE nd_lane_split nd_lane_split_of(const nd_step *s)
{
    const int64_t joined = nd_joined_taps(s);
    return (nd_lane_split){joined, nd_ceil_div(joined * s->in_c, ND_LANE_TILE_SIDE), nd_ceil_div(s->out_c, ND_LANE_TILE_SIDE)};
}

ND_INLINE int64_t nd_lane_length(const nd_step *s) { return s->kernel_h * s->kernel_w * s->in_c * s->out_c; }

static int64_t ND_JOIN(ND_NAME(conv_dw_lanes), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)n;
    if (phase) return s->chunks > 1 ? nd_ceil_div(nd_lane_length(s), ND_MERGE_BLOCK) : 0;
    const nd_lane_split t = nd_lane_split_of(s);
    return s->chunks * s->kernel_h * (s->kernel_w / t.joined) * t.row_tiles;
}

/* The part [begin, end) of `size` that piece i of `pieces` has. */
ND_INLINE nd_range nd_piece(int64_t size, int64_t i, int64_t pieces) { return (nd_range){size * i / pieces, size * (i + 1) / pieces}; }

/* The outputs whose tap lies in the image. */
ND_INLINE nd_range nd_outputs_of(int64_t tap, int64_t stride, int64_t pad, int64_t dilation, int64_t in, int64_t out)
{
    const int64_t low = pad - tap * dilation, high = in + pad - tap * dilation;
    const int64_t begin = low > 0 ? nd_ceil_div(low, stride) : 0, end = high > 0 ? nd_min(out, nd_ceil_div(high, stride)) : 0;
    return (nd_range){begin, nd_max(begin, end)};
}

/* A task of phase 0 is a chunk of groups and a tile of rows, for all output channels. */
static void ND_JOIN(ND_NAME(conv_dw_lanes), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t length = nd_lane_length(s);
    if (call->phase) {
        nd_merge(call->x[0], call->x[3], s->chunks, length, task * ND_MERGE_BLOCK, nd_min(length, (task + 1) * ND_MERGE_BLOCK));
        return;
    }
    const nd_lane_split t = nd_lane_split_of(s);
    const nd_range rows = nd_piece(t.joined * s->in_c, task % t.row_tiles, t.row_tiles);
    const int64_t taps = s->kernel_w / t.joined, tap = task / t.row_tiles % (s->kernel_h * taps) * t.joined;
    const int64_t chunk = task / t.row_tiles / (s->kernel_h * taps), kh = tap / s->kernel_w, kw = tap % s->kernel_w;
    const int64_t images = nd_images(s, 1, call->n), first = nd_min(images, chunk * s->chunk_rows);
    const nd_range oh = nd_outputs_of(kh, s->stride_h, s->pad_top, s->dilation_h, s->in_h, s->out_h);
    const nd_range ow = nd_outputs_of(kw, s->stride_w, s->pad_left, s->dilation_w, s->in_w, s->out_w);
    const int64_t ih = oh.begin * s->stride_h - s->pad_top + kh * s->dilation_h,
                  iw = ow.begin * s->stride_w - s->pad_left + kw * s->dilation_w;
    float *dw = (s->chunks > 1 ? call->x[3] + chunk * length : call->x[0]) + (tap * s->in_c + rows.begin) * s->out_c;
    nd_lane_sum g = {
        .x = call->x[1] + first * nd_operand_of(s, 1)->image + ((ih * s->in_w + iw) * s->in_c + rows.begin) * ND_LANES,
        .x_row = s->stride_h * s->in_w * s->in_c * ND_LANES,
        .x_pixel = s->stride_w * s->in_c * ND_LANES,
        .x_image = nd_operand_of(s, 1)->image,
        .dy_row = s->out_w * s->out_c * ND_LANES,
        .dy_pixel = s->out_c * ND_LANES,
        .dy_image = nd_operand_of(s, 2)->image,
        .groups = nd_min(images, first + s->chunk_rows) - first,
        .high = oh.end - oh.begin,
        .wide = ow.end - ow.begin,
        .dw_row = s->out_c,
    };
    const float *dy = call->x[2] + first * g.dy_image + (oh.begin * s->out_w + ow.begin) * s->out_c * ND_LANES;
    for (int64_t i = 0; i < t.out_tiles; i++) {
        const nd_range outs = nd_piece(s->out_c, i, t.out_tiles);
        g.dy = dy + outs.begin * ND_LANES;
        g.dw = dw + outs.begin;
        nd_lane_sums[outs.end - outs.begin - 1][rows.end - rows.begin - 1](&g);
    }
}

/* conv_grouped_dw: the gradient of the weight of a conv_grouped, dw[tap, i, o] = sum over rows of x[row at tap, o/co*ci + i] * dy[row, o].
 *
 * Rows are cut into chunks and these into segments as for conv_dw. Some columns (tap, i) stay in registers over the rows of a segment,
 * each for one vector of output channels.
 */
enum { ND_SUM_COLUMNS = 9 };

typedef struct {
    const nd_step *s;
    const nd_pick *pick;
    const float *x, *dy;
    int64_t r0, r1, column, o;
    float *to;
    int accumulate;
} nd_column_sum;

ND_INLINE void nd_add_columns(const nd_column_sum *g, const int T, const int way, const int whole)
{
    const nd_step *s = g->s;
    const nd_pick *k = g->pick;
    const int64_t ci = s->in_c / s->groups, pitch = nd_pitch(s, 1, s->in_c), from = nd_pitch(s, 2, s->out_c);
    const int64_t left = s->out_c - g->o, image = nd_operand_of(s, 1)->image, step = s->stride_w * pitch;
    int64_t at[ND_SUM_COLUMNS], low = 0, high = s->in_w + s->pad_left;
    int32_t channel[ND_SUM_COLUMNS];
    vf acc[ND_SUM_COLUMNS];
    ND_UNROLL for (int t = 0; t < T; t++) {
        const int64_t tap = (g->column + t) / ci;
        acc[t] = (vf){};
        channel[t] = (int32_t)(g->column + t - tap * ci);
        at[t] = tap % s->kernel_w * s->dilation_w - s->pad_left;
        low = nd_max(low, at[t] < 0 ? nd_ceil_div(-at[t], s->stride_w) : 0);
        high = nd_min(high, s->in_w - 1 - at[t]);
    }
    high = high < 0 ? 0 : high / s->stride_w + 1;
    for (int64_t r = g->r0; r < g->r1;) {
        const nd_pixel p = nd_pixel_of(s, r);
        const int64_t end = nd_min(p.ow + g->r1 - r, s->out_w);
        const float *lines[ND_SUM_COLUMNS], *dy = g->dy + r * from + g->o;
        int missing = 0;
        ND_UNROLL for (int t = 0; t < T; t++) {
            const int64_t line = (g->column + t) / ci / s->kernel_w;
            lines[t] = nd_source_line(s, g->x + p.image * image, p, line / s->kernel_h, line % s->kernel_h);
            missing += !lines[t];
            if (lines[t]) lines[t] += at[t] * pitch + k->first;
        }
        r += end - p.ow;
        if (missing == T) continue;
        for (int64_t ow = p.ow; ow < end; ow++, dy += from) {
            const vf slope = left >= ND_VLEN ? nd_load(dy) : nd_load_part(dy, left);
            if (!missing && ow >= low && ow < high) {
                ND_UNROLL for (int t = 0; t < T; t++) {
                    const float *x = lines[t] + ow * step;
                    acc[t] += nd_channel(nd_channels(x, k, way, whole), x, k, channel[t], way) * slope;
                }
                continue;
            }
            ND_UNROLL for (int t = 0; t < T; t++) {
                const int64_t iw = ow * s->stride_w + at[t];
                if (!lines[t] || iw < 0 || iw >= s->in_w) continue;
                const float *x = lines[t] + ow * step;
                acc[t] += nd_channel(nd_channels(x, k, way, whole), x, k, channel[t], way) * slope;
            }
        }
    }
    ND_UNROLL for (int t = 0; t < T; t++) {
        float *to = g->to + t * ND_LANES;
        nd_store(to, g->accumulate ? nd_load(to) + acc[t] : acc[t]);
    }
}

typedef void nd_sum_function(const nd_column_sum *g);
#define ND_SUM(T, way, whole) static void nd_sum_##T##_##way##_##whole(const nd_column_sum *g) { nd_add_columns(g, T, way, whole); }
#define ND_SUMS(T) ND_SUM(T, 0, 0) ND_SUM(T, 0, 1) ND_SUM(T, 1, 0) ND_SUM(T, 1, 1) ND_SUM(T, 2, 0)
#define ND_SUM_NAMES(T) {{nd_sum_##T##_0_0, nd_sum_##T##_0_1}, {nd_sum_##T##_1_0, nd_sum_##T##_1_1}, {nd_sum_##T##_2_0, nd_sum_##T##_2_0}}
ND_SUMS(1) ND_SUMS(2) ND_SUMS(3) ND_SUMS(4) ND_SUMS(5) ND_SUMS(6) ND_SUMS(7) ND_SUMS(8) ND_SUMS(9)
static nd_sum_function *const nd_sums[ND_SUM_COLUMNS][3][2] = {ND_SUM_NAMES(1), ND_SUM_NAMES(2), ND_SUM_NAMES(3),
                                                               ND_SUM_NAMES(4), ND_SUM_NAMES(5), ND_SUM_NAMES(6),
                                                               ND_SUM_NAMES(7), ND_SUM_NAMES(8), ND_SUM_NAMES(9)};

ND_INLINE int64_t nd_grouped_length(const nd_step *s) { return nd_ceil_div(s->out_c, ND_LANES) * nd_depth(s) * ND_LANES; }

static int64_t ND_JOIN(ND_NAME(conv_grouped_dw), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)n;
    if (phase) return s->chunks > 1 ? nd_ceil_div(nd_grouped_length(s), ND_MERGE_BLOCK) : 0;
    return s->chunks * nd_ceil_div(s->out_c, ND_LANES);
}

/* A task is a panel of a chunk. */
static void nd_grouped_chunk(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t panels = nd_ceil_div(s->out_c, ND_LANES), panel = task % panels, chunk = task / panels;
    const int64_t rows = nd_images(s, 1, call->n) * nd_pixels(s), depth = nd_depth(s);
    const int64_t begin = nd_min(rows, chunk * s->chunk_rows), end = nd_min(rows, begin + s->chunk_rows);
    float *to = (s->chunks > 1 ? call->x[3] + chunk * nd_grouped_length(s) : call->x[0]) + panel * depth * ND_LANES;
    for (int64_t lane = 0; lane < ND_LANES; lane += ND_VLEN) {
        const int64_t o = panel * ND_LANES + lane, blocks = nd_ceil_div(depth, ND_SUM_COLUMNS);
        if (o >= s->out_c || begin >= end) {
            for (int64_t k = 0; k < depth; k++) nd_store(to + k * ND_LANES + lane, (vf){});
            continue;
        }
        const nd_pick pick = nd_pick_of(s, o);
        nd_column_sum g = {.s = s, .pick = &pick, .x = call->x[1], .dy = call->x[2], .o = o};
        for (g.r0 = begin; g.r0 < end; g.r0 = g.r1) {
            g.r1 = nd_min(end, g.r0 + ND_SEGMENT);
            g.accumulate = g.r0 > begin;
            g.column = 0;
            for (int64_t i = 0; i < blocks; i++) {
                const int64_t count = nd_ceil_div(depth - g.column, blocks - i);
                g.to = to + g.column * ND_LANES + lane;
                nd_sums[count - 1][pick.way][pick.whole](&g);
                g.column += count;
            }
        }
    }
}

static void ND_JOIN(ND_NAME(conv_grouped_dw), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    if (!call->phase) {
        nd_grouped_chunk(call, task);
        return;
    }
    const int64_t length = nd_grouped_length(s), begin = task * ND_MERGE_BLOCK;
    nd_merge(call->x[0], call->x[3], s->chunks, length, begin, nd_min(length, begin + ND_MERGE_BLOCK));
}

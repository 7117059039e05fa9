/* conv_dw: dw = sum over rows of patches(x)' * dy, in panels.
 *
 * Rows are cut into fixed chunks, chunks into segments of ND_SEGMENT pixels. A task takes a chunk, some blocks of the patches' columns
 * and a block of panels. Partial sums of the chunks are merged in order of their number.
 */
#define ND_MERGE_BLOCK 4096
enum { ND_DW_SPAN = 5, ND_DW_TASKS = 20 };

/* y[i] = sum of parts[c*length + i] over c, in order. */
static void nd_merge(float *y, const float *parts, int64_t chunks, int64_t length, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i += ND_VLEN) {
        vf total = nd_load_up_to(parts + i, end - i);
        for (int64_t c = 1; c < chunks; c++) total += nd_load_up_to(parts + c * length + i, end - i);
        nd_store_up_to(y + i, total, end - i);
    }
}

ND_INLINE int64_t nd_panel_length(const nd_step *s) { return s->groups * nd_panels(s) * nd_depth(s) * ND_LANES; }

/* Blocks of columns that a task takes, one after the other, with rows of dy that are packed once: up to ND_DW_SPAN, as long as
 * ND_DW_TASKS tasks are left. */
ND_INLINE int64_t nd_dw_span(const nd_step *s)
{
    const int64_t blocks = nd_ceil_div(nd_depth(s), ND_DW_COLUMNS);
    const int64_t tasks = s->chunks * s->groups * blocks * nd_ceil_div(nd_panels(s), ND_DW_PANELS);
    return nd_ceil_div(blocks, nd_ceil_div(blocks, nd_max(1, nd_min(ND_DW_SPAN, tasks / ND_DW_TASKS))));
}

static int64_t ND_JOIN(ND_NAME(conv_dw), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)n;
    if (phase) return s->chunks > 1 ? nd_ceil_div(nd_panel_length(s), ND_MERGE_BLOCK) : 0;
    return s->chunks * s->groups * nd_ceil_div(nd_depth(s), ND_DW_COLUMNS * nd_dw_span(s)) * nd_ceil_div(nd_panels(s), ND_DW_PANELS);
}

/* Rows [r0, r1) of dy as panels of r1 - r0 rows, lanes past the last channel 0. */
static void nd_pack_rows(const nd_step *s, const float *dy, int64_t r0, int64_t r1, int64_t first, int64_t columns, float *to)
{
    const int64_t pitch = nd_pitch(s, 2, s->out_c);
    for (int64_t c = 0; c < columns; c += ND_LANES)
        for (int64_t r = r0; r < r1; r++, to += ND_LANES) {
            const float *from = dy + r * pitch + first + c;
            ND_UNROLL for (int v = 0; v < ND_PANEL_VECTORS; v++) {
                const int64_t left = columns - c - v * ND_VLEN;
                nd_store(to + v * ND_VLEN, left > 0 ? nd_load_up_to(from + v * ND_VLEN, left) : (vf){});
            }
        }
}

static void nd_conv_dw_chunk(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t depth = nd_depth(s), panels = nd_panels(s), out = s->out_c / s->groups;
    const int64_t wide = ND_DW_COLUMNS * nd_dw_span(s), k_blocks = nd_ceil_div(depth, wide), p_blocks = nd_ceil_div(panels, ND_DW_PANELS);
    const int64_t p0 = task % p_blocks * ND_DW_PANELS, p1 = nd_min(panels, p0 + ND_DW_PANELS);
    const int64_t k0 = task / p_blocks % k_blocks * wide, k_end = nd_min(depth, k0 + wide);
    const int64_t group = task / p_blocks / k_blocks % s->groups, chunk = task / p_blocks / k_blocks / s->groups;
    const int64_t rows = nd_images(s, 1, call->n) * nd_pixels(s);
    const int64_t begin = nd_min(rows, chunk * s->chunk_rows), end = nd_min(rows, begin + s->chunk_rows);
    const int64_t first = group * out + p0 * ND_LANES, columns = nd_min(out, p1 * ND_LANES) - p0 * ND_LANES;
    float *patches = call->scratch, *gradients = call->scratch + ND_SEGMENT * ND_DW_COLUMNS;
    float *to = s->chunks > 1 ? call->x[3] + chunk * nd_panel_length(s) : call->x[0];
    nd_product g = {
        .b = gradients, .c_row = ND_LANES, .c_panel = depth * ND_LANES, .lanes = ND_LANES,
    };
    int64_t r0 = begin;
    do {
        const int64_t r1 = nd_min(end, r0 + ND_SEGMENT);
        nd_pack_rows(s, call->x[2], r0, r1, first, columns, gradients);
        g.k = r1 - r0;
        g.b_panel = g.k * ND_LANES;
        g.accumulate = r0 > begin;
        for (int64_t k = k0; k < k_end; k += ND_DW_COLUMNS) {
            const int64_t k1 = nd_min(k_end, k + ND_DW_COLUMNS);
            const nd_matrix a = nd_patch_matrix(s, call->x[1], group, r0, r1, k, k1, patches);
            g.a = a.p;
            g.a_row = a.column;
            g.a_step = a.row;
            g.c = to + ((group * panels + p0) * depth + k) * ND_LANES;
            nd_gemm(g, k1 - k, p1 - p0);
        }
        r0 = r1;
    } while (r0 < end);
}

static void ND_JOIN(ND_NAME(conv_dw), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    if (!call->phase) {
        nd_conv_dw_chunk(call, task);
        return;
    }
    const int64_t length = nd_panel_length(s), begin = task * ND_MERGE_BLOCK;
    nd_merge(call->x[0], call->x[3], s->chunks, length, begin, nd_min(length, begin + ND_MERGE_BLOCK));
}

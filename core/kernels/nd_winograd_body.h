/* conv_winograd: a convolution of stride 1 by Winograd's algorithm (Winograd 1980; Lavin and Gray 2016): F(4x4, 3x3) has 36 products for
 * 16 outputs in place of 144, F(6x6, 3x3) 64 for 36 in place of 324, F(4x4, 5x5) 64 for 16 in place of 400.
 *
 * Tiles of tile x tile outputs read tile + kernel - 1 lines of inputs. V[point][tile][channel] = Bt d B; M[point] = V[point] * U[point]; y = At M A. Fused, a task
 * takes a block of tiles through all of it in its own scratch; staged, the three parts are phases over all tiles, so that weights that
 * exceed the cache are read once. Tiles do not touch one another: blocks, threads and staging leave the bits alone.
 */
static void nd_tiles_in(const nd_call *call, const nd_tiling *t, int64_t first, int64_t end, float *v)
{
    const int64_t channels = call->step->in_c;
    for (int64_t i = first; i < end; i++) nd_tile_points(call, t, i, 0, channels, v + (i - first) * channels, t->plane_v);
}

/* Points [p0, p1) and panels [k0, k1) of the product of `tiles` tiles. */
static void nd_points(const nd_call *call, const nd_tiling *t, int64_t tiles, const float *v, float *m, int64_t p0, int64_t p1, int64_t k0, int64_t k1)
{
    const nd_step *s = call->step;
    const int64_t panels = nd_ceil_div(s->out_c, ND_LANES), segment = nd_segment(s->in_c), columns = nd_min(s->out_c, k1 * ND_LANES) - k0 * ND_LANES;
    for (int64_t point = p0; point < p1; point++)
        for (int64_t k = 0; k < s->in_c; k += segment) {
            const nd_product g = {
                .a = v + point * t->plane_v + k, .a_row = s->in_c, .a_step = 1,
                .b = call->x[2] + ((point * panels + k0) * s->in_c + k) * ND_LANES, .b_panel = s->in_c * ND_LANES,
                .c = m + point * t->plane_m + k0 * ND_LANES, .c_row = s->out_c, .c_panel = ND_LANES,
                .k = nd_min(segment, s->in_c - k), .lanes = columns - (k1 - k0 - 1) * ND_LANES, .accumulate = k > 0, .c_far = s->staged && k == 0,
            };
            nd_gemm(g, tiles, k1 - k0);
        }
}

/* Twelve points of panels [k0, k1) of the product of all tiles, the weights transformed in the scratch of the thread. */
static void nd_fresh_points(const nd_call *call, const nd_tiling *t, const float *v, float *m, int64_t pair, int64_t k0, int64_t k1)
{
    const nd_step *s = call->step;
    const int64_t segment = nd_segment(s->in_c), columns = nd_min(s->out_c, k1 * ND_LANES) - k0 * ND_LANES, plane = nd_fresh_plane(s->in_c);
    for (int64_t c = 0; c < s->in_c; c += segment) {
        const int64_t rows = nd_min(segment, s->in_c - c);
        nd_weight_line_pair(s, call->x[2], pair, k0, k1, c, c + rows, call->scratch, plane);
        for (int64_t i = 0; i < 12; i++) {
            const int64_t point = 6 * nd_line_pairs[pair][i / 6] + i % 6;
            const nd_product g = {
                .a = v + point * t->plane_v + c, .a_row = s->in_c, .a_step = 1,
                .b = call->scratch + i * plane, .b_panel = rows * ND_LANES,
                .c = m + point * t->plane_m + k0 * ND_LANES, .c_row = s->out_c, .c_panel = ND_LANES,
                .k = rows, .lanes = columns - (k1 - k0 - 1) * ND_LANES, .accumulate = c > 0,
            };
            nd_gemm(g, t->all, k1 - k0);
        }
    }
}

enum { ND_WINOGRAD_PANELS = 8 }; /* panels of one staged product */

static int64_t nd_staged_tasks(const nd_step *s, const nd_tiling *t, int phase)
{
    const int64_t panels = nd_ceil_div(s->out_c, ND_LANES);
    if (s->fresh == ND_IN_REGISTERS) return phase == 0 ? nd_few_tasks(s, t) : phase == 1 ? panels : 0;
    if (phase != 1) return t->blocks;
    return s->fresh ? 3 * nd_ceil_div(panels, ND_FRESH_PANELS) : t->points * nd_ceil_div(panels, ND_WINOGRAD_PANELS);
}

static void nd_staged_product(const nd_call *call, const nd_tiling *t, int64_t task, const float *v, float *m)
{
    const nd_step *s = call->step;
    const int64_t panels = nd_ceil_div(s->out_c, ND_LANES);
    if (s->fresh == ND_IN_REGISTERS) {
        nd_few_product(call, t, v, task);
    } else if (s->fresh) {
        const int64_t k0 = task / 3 * ND_FRESH_PANELS;
        nd_fresh_points(call, t, v, m, task % 3, k0, nd_min(panels, k0 + ND_FRESH_PANELS));
    } else {
        const int64_t parts = nd_ceil_div(panels, ND_WINOGRAD_PANELS), point = task / parts, k0 = task % parts * ND_WINOGRAD_PANELS;
        nd_points(call, t, t->all, v, m, point, point + 1, k0, nd_min(panels, k0 + ND_WINOGRAD_PANELS));
    }
}

static int64_t ND_JOIN(ND_NAME(conv_winograd), _tasks)(const nd_step *s, int phase, int64_t n)
{
    const nd_tiling t = nd_tiling_of(s, n);
    if (!t.all || (!s->staged && phase != 0)) return 0;
    return s->staged ? nd_staged_tasks(s, &t, phase) : t.blocks;
}

static void ND_JOIN(ND_NAME(conv_winograd), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const nd_tiling t = nd_tiling_of(s, call->n);
    const int64_t first = task * t.per_block, end = nd_min(t.all, first + t.per_block), panels = nd_ceil_div(s->out_c, ND_LANES);
    float *v = s->staged ? call->x[7] : call->scratch + ND_BYTECODE_SCRATCH, *m = v + t.points * t.plane_v;
    if (!s->staged) {
        if (first >= end) return;
        nd_tiles_in(call, &t, first, end, v);
        nd_points(call, &t, end - first, v, m, 0, t.points, 0, panels);
        nd_tiles_out(call, &t, first, end, m, s->out_c, t.plane_m, 0, s->out_c);
    } else if (call->phase == 1) {
        nd_staged_product(call, &t, task, v, m);
    } else if (call->phase == 0 && s->fresh == ND_IN_REGISTERS) {
        nd_few_in(call, &t, task, v);
    } else if (first < end) {
        if (call->phase == 0) nd_tiles_in(call, &t, first, end, v + first * s->in_c);
        else nd_tiles_out(call, &t, first, end, m + first * s->out_c, s->out_c, t.plane_m, 0, s->out_c);
    }
}

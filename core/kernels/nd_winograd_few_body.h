/* conv_winograd over few tiles (fresh = ND_IN_REGISTERS), bound by its weights: they are read as 3x3 panels and transformed in
 * registers, a line of six points at a time, each for a group of four tiles: 24 sums, for which two additions and two products
 * make a point. The same operations on the same numbers in the same order as from transformed weights, so the same bits.
 *
 * V[group][line][channel][point of the line][tile of the group]; tiles that do not exist are 0. A task makes all points of a panel for
 * one group after the other, M[point][tile of the group][16], and turns them into its channels of y.
 */
#define ND_LINE_LENGTH (6 * ND_WINOGRAD_GROUP)
#if ND_VLEN == 16 || !defined(__x86_64__)
#define ND_LINE_TILES 4
#else /* of 16 registers */
#define ND_LINE_TILES 2
#endif
enum { ND_FEW_CHANNELS = 64 }; /* of a task of the first phase */

static int64_t nd_few_tasks(const nd_step *s, const nd_tiling *t)
{
    return nd_ceil_div(t->all, ND_WINOGRAD_GROUP) * nd_ceil_div(s->in_c, ND_FEW_CHANNELS);
}

/* Points of a group of tiles, some channels. */
static void nd_few_in(const nd_call *call, const nd_tiling *t, int64_t task, float *v)
{
    enum { PLANE = ND_WINOGRAD_GROUP * ND_LANES };
    const nd_step *s = call->step;
    const int64_t parts = nd_ceil_div(s->in_c, ND_FEW_CHANNELS), group = task / parts, c0 = task % parts * ND_FEW_CHANNELS;
    const int64_t end = nd_min(s->in_c, c0 + ND_FEW_CHANNELS), first = group * ND_WINOGRAD_GROUP;
    const int64_t tiles = nd_min(ND_WINOGRAD_GROUP, t->all - first);
    float points[ND_POINTS * PLANE] = {0};
    v += group * ND_POINTS * ND_WINOGRAD_GROUP * s->in_c;
    for (int64_t c = c0; c < end; c += ND_LANES) {
        const int64_t lanes = nd_min(ND_LANES, end - c);
        for (int64_t i = 0; i < tiles; i++) nd_tile_points(call, t, first + i, c, lanes, points + i * ND_LANES, PLANE);
        for (int64_t line = 0; line < 6; line++)
            for (int64_t lane = 0; lane < lanes; lane++) {
                float *to = v + (line * s->in_c + c + lane) * ND_LINE_LENGTH;
                ND_UNROLL for (int i = 0; i < ND_LINE_LENGTH; i++)
                    to[i] = points[(line * 6 + i / ND_WINOGRAD_GROUP) * PLANE + i % ND_WINOGRAD_GROUP * ND_LANES + lane];
            }
    }
}

/* One line of the points of a panel: M of `tiles` tiles from k channels. */
typedef struct {
    const float *w; /* taps of the panel, `tap` apart, rows of 16 */
    int64_t tap;
    const float *next; /* weights that will be read, a sixth of them behind each line */
    const float *v;
    float *m;
    int64_t plane_m, row_m, tiles, k, lanes;
    int accumulate;
} nd_line_product;

ND_INLINE void nd_line(const nd_line_product *g, const int line)
{
    for (int t0 = 0; t0 < g->tiles; t0 += ND_LINE_TILES)
        for (int lane = 0; lane < g->lanes; lane += ND_VLEN) {
            vf acc[6][ND_LINE_TILES];
            ND_UNROLL for (int i = 0; i < 6; i++)
                ND_UNROLL for (int t = 0; t < ND_LINE_TILES; t++) acc[i][t] = (vf){};
            const float *v = g->v + t0, *w = g->w + lane, *next = g->next;
            const int64_t tap = g->tap;
            for (int64_t k = g->k; k > 0; k--) {
                vf column[3];
                ND_UNROLL for (int q = 0; q < 3; q++) {
                    const vf taps[3] = {nd_load(w + q * tap), nd_load(w + (3 + q) * tap), nd_load(w + (6 + q) * tap)};
                    column[q] = nd_weight_point(taps, line);
                }
                ND_UNROLL for (int i = 0; i < 6; i++) {
                    const vf u = nd_weight_point(column, i);
                    ND_UNROLL for (int t = 0; t < ND_LINE_TILES; t++) acc[i][t] += v[i * ND_WINOGRAD_GROUP + t] * u;
                }
                nd_fetch(next);
                if (line < 3) nd_fetch(next + 6 * tap);
                v += ND_LINE_LENGTH;
                w += ND_LANES;
                next += ND_LANES;
            }
            ND_UNROLL for (int i = 0; i < 6; i++)
                ND_UNROLL for (int t = 0; t < ND_LINE_TILES; t++)
                    if (t0 + t < g->tiles) {
                        float *m = g->m + i * g->plane_m + (t0 + t) * g->row_m + lane;
                        if (g->accumulate) acc[i][t] += nd_load_up_to(m, g->lanes - lane);
                        nd_store_up_to(m, acc[i][t], g->lanes - lane);
                    }
        }
}

static void nd_line_0(const nd_line_product *g) { nd_line(g, 0); }
static void nd_line_1(const nd_line_product *g) { nd_line(g, 1); }
static void nd_line_2(const nd_line_product *g) { nd_line(g, 2); }
static void nd_line_3(const nd_line_product *g) { nd_line(g, 3); }
static void nd_line_4(const nd_line_product *g) { nd_line(g, 4); }
static void nd_line_5(const nd_line_product *g) { nd_line(g, 5); }
static void (*const nd_lines[6])(const nd_line_product *) = {nd_line_0, nd_line_1, nd_line_2, nd_line_3, nd_line_4, nd_line_5};

/* One panel of y. Meanwhile the weights of the panel after next are asked for: the next is another thread's. */
static void nd_few_product(const nd_call *call, const nd_tiling *t, const float *v, int64_t panel)
{
    enum { PLANE = ND_WINOGRAD_GROUP * ND_LANES };
    const nd_step *s = call->step;
    const int64_t segment = nd_segment(s->in_c), tap = s->in_c * ND_LANES, c0 = panel * ND_LANES, c1 = nd_min(s->out_c, c0 + ND_LANES);
    const float *w = call->x[2] + panel * 9 * tap;
    float m[ND_POINTS * PLANE];
    for (int64_t first = 0; first < t->all; first += ND_WINOGRAD_GROUP) {
        const int64_t tiles = nd_min(ND_WINOGRAD_GROUP, t->all - first);
        for (int64_t line = 0; line < 6; line++, v += s->in_c * ND_LINE_LENGTH)
            for (int64_t c = 0; c < s->in_c; c += segment) {
                const nd_line_product g = {
                    .w = w + c * ND_LANES, .tap = tap, .next = w + (18 + line) * tap + c * ND_LANES, .v = v + c * ND_LINE_LENGTH,
                    .m = m + line * 6 * PLANE, .plane_m = PLANE, .row_m = ND_LANES, .tiles = tiles, .k = nd_min(segment, s->in_c - c),
                    .lanes = c1 - c0, .accumulate = c > 0,
                };
                nd_lines[line](&g);
            }
        nd_tiles_out(call, t, first, first + tiles, m, ND_LANES, PLANE, c0, c1);
    }
}

/* conv_dw_winograd: the weight gradient of a 3x3 convolution of stride 1 by F(4x4, 3x3): dw = Gt (sum over tiles of V * (A dy At)) G,
 * with V = Bt x B as in conv_winograd; 36 products for the 144 of a tile's 16 positions and 9 taps (Lavin and Gray 2016).
 *
 * A task takes a chunk of the tiles, a block of input channels and a block of panels. It goes through its tiles in segments, whose
 * points V[point][tile][channel] and D[point][panel][tile][16] stay in the cache, and adds each segment's 36 products to
 * U[point][panel][channel][16]; at the end it turns U into its part of dw. Chunks are merged in order of their number. Segments
 * and chunks follow from the shape and the declared batch; blocks of channels leave the bits alone.
 */

/* A of one line of four, to six. */
ND_INLINE void nd_line_gradient(const vf *y, vf *o)
{
    const vf even = y[0] + y[2], odd = y[1] + y[3], wide = y[0] + 4 * y[2], far = 2 * y[1] + 8 * y[3];
    o[0] = y[0];
    o[1] = even + odd;
    o[2] = even - odd;
    o[3] = wide + far;
    o[4] = wide - far;
    o[5] = y[3];
}

/* Gt of one line of six, to three; its factors are in Bt, as nd_weight_point says. */
ND_INLINE void nd_line_taps(const vf *u, vf *o)
{
    const vf a = u[1] + u[2], b = u[1] - u[2], c = u[3] + u[4], e = u[3] - u[4];
    o[0] = u[0] + a + c;
    o[1] = b + 2 * e;
    o[2] = a + 4 * c + u[5];
}

/* One tile of dy, `columns` channels, into panels `panel` apart; beyond the image and the last channel dy is 0. */
static void nd_tile_gradient(const nd_step *s, const float *dy, int64_t row0, int64_t column0, int64_t columns, float *d, int64_t plane, int64_t panel)
{
    const int64_t pitch = nd_pitch(s, 2, s->out_c), line = s->out_w * pitch;
    const int64_t rows = nd_min(4, s->out_h - row0), across = nd_min(4, s->out_w - column0);
    const float *corner = dy + row0 * line + column0 * pitch;
    for (int64_t c = 0; c < nd_ceil_div(columns, ND_LANES) * ND_LANES; c += ND_VLEN) {
        const int64_t left = nd_max(0, columns - c);
        float *to = d + c / ND_LANES * panel + c % ND_LANES;
        vf t[6][4], y[4], o[6];
        for (int64_t q = 0; q < 4; q++) {
            const float *p = corner + q * pitch + c;
            if (rows == 4 && across == 4 && left >= ND_VLEN) {
                ND_UNROLL for (int r = 0; r < 4; r++) {
                    y[r] = nd_load(p + r * line);
                    nd_fetch(p + r * line + 4 * pitch);
                }
            } else {
                for (int64_t r = 0; r < 4; r++) y[r] = r < rows && q < across ? nd_load_up_to(p + r * line, left) : (vf){};
            }
            nd_line_gradient(y, o);
            ND_UNROLL for (int r = 0; r < 6; r++) t[r][q] = o[r];
        }
        for (int64_t r = 0; r < 6; r++) {
            nd_line_gradient(t[r], o);
            ND_UNROLL for (int q = 0; q < 6; q++) nd_store(to + (r * 6 + q) * plane, o[q]);
        }
    }
}

/* What a task has: input channels [c0, c0 + channels), output channels [k0, k0 + columns), and its points. */
typedef struct {
    int64_t c0, channels, k0, columns, panels, row_v, plane_v, plane_d, plane_u, panel_d;
    float *v, *d, *u;
} nd_dw_block;

/* Points of tiles [first, end). */
static void nd_dw_points(const nd_call *call, const nd_dw_block *b, int64_t first, int64_t end)
{
    const nd_step *s = call->step;
    const int64_t wide = nd_ceil_div(s->out_w, 4), image = nd_ceil_div(s->out_h, 4) * wide;
    for (int64_t i = first; i < end; i++) {
        const int64_t inside = i % image, row0 = inside / wide * 4, column0 = inside % wide * 4;
        const float *x = call->x[1] + i / image * nd_operand_of(s, 1)->image + b->c0;
        const float *dy = call->x[2] + i / image * nd_operand_of(s, 2)->image + b->k0;
        nd_tile_in_4_of_6(s, x, row0 - s->pad_top, column0 - s->pad_left, b->channels, b->v + (i - first) * b->row_v, b->plane_v);
        nd_tile_gradient(s, dy, row0, column0, b->columns, b->d + (i - first) * ND_LANES, b->plane_d, b->panel_d);
    }
}

/* Gt U G into the panels of dw. */
static void nd_dw_taps(const nd_step *s, const nd_dw_block *b, float *dw)
{
    for (int64_t panel = 0; panel < b->panels; panel++)
        for (int64_t c = 0; c < b->channels; c++)
            for (int64_t lane = 0; lane < ND_LANES; lane += ND_VLEN) {
                const float *from = b->u + (panel * b->channels + c) * ND_LANES + lane;
                float *to = dw + ((b->k0 / ND_LANES + panel) * 9 * s->in_c + b->c0 + c) * ND_LANES + lane;
                vf t[3][6], u[6], o[3];
                for (int64_t q = 0; q < 6; q++) {
                    ND_UNROLL for (int r = 0; r < 6; r++) u[r] = nd_load(from + (r * 6 + q) * b->plane_u);
                    nd_line_taps(u, o);
                    ND_UNROLL for (int r = 0; r < 3; r++) t[r][q] = o[r];
                }
                for (int64_t r = 0; r < 3; r++) {
                    nd_line_taps(t[r], o);
                    ND_UNROLL for (int q = 0; q < 3; q++) nd_store(to + (r * 3 + q) * s->in_c * ND_LANES, o[q]);
                }
            }
}

static int64_t ND_JOIN(ND_NAME(conv_dw_winograd), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)n;
    if (phase) return s->chunks > 1 ? nd_ceil_div(nd_panel_length(s), ND_MERGE_BLOCK) : 0;
    return s->chunks * nd_ceil_div(s->in_c, nd_winograd_dw_block(s->in_c)) * nd_ceil_div(s->out_c, nd_winograd_dw_block(s->out_c));
}

static void nd_conv_dw_winograd_chunk(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t in = nd_winograd_dw_block(s->in_c), out = nd_winograd_dw_block(s->out_c);
    const int64_t in_blocks = nd_ceil_div(s->in_c, in), out_blocks = nd_ceil_div(s->out_c, out), chunk = task / out_blocks / in_blocks;
    nd_dw_block b = {
        .c0 = task / out_blocks % in_blocks * in, .k0 = task % out_blocks * out, .row_v = in + ND_LANES,
        .plane_v = nd_winograd_dw_plane_v(s->in_c), .plane_d = nd_winograd_dw_plane_d(s->out_c),
        .plane_u = nd_winograd_dw_plane_u(s->in_c, s->out_c), .v = call->scratch,
    };
    b.channels = nd_min(in, s->in_c - b.c0);
    b.columns = nd_min(out, s->out_c - b.k0);
    b.panels = nd_ceil_div(b.columns, ND_LANES);
    b.d = b.v + ND_POINTS * b.plane_v;
    b.u = b.d + ND_POINTS * b.plane_d;
    const int64_t all = nd_images(s, 1, call->n) * nd_ceil_div(s->out_h, 4) * nd_ceil_div(s->out_w, 4);
    const int64_t begin = nd_min(all, chunk * s->chunk_rows), end = nd_min(all, begin + s->chunk_rows);
    const int64_t segment = nd_ceil_div(s->chunk_rows, nd_ceil_div(s->chunk_rows, ND_WINOGRAD_DW_TILES));
    nd_product g = {
        .a_row = 1, .a_step = b.row_v, .c_row = ND_LANES, .c_panel = b.channels * ND_LANES, .lanes = ND_LANES,
    };
    int64_t first = begin;
    do {
        const int64_t stop = nd_min(end, first + segment);
        b.panel_d = (stop - first) * ND_LANES;
        nd_dw_points(call, &b, first, stop);
        g.k = stop - first;
        g.b_panel = b.panel_d;
        g.accumulate = first > begin;
        for (int64_t point = 0; point < ND_POINTS; point++) {
            g.a = b.v + point * b.plane_v;
            g.b = b.d + point * b.plane_d;
            g.c = b.u + point * b.plane_u;
            nd_gemm(g, b.channels, b.panels);
        }
        first = stop;
    } while (first < end);
    nd_dw_taps(s, &b, s->chunks > 1 ? call->x[3] + chunk * nd_panel_length(s) : call->x[0]);
}

static void ND_JOIN(ND_NAME(conv_dw_winograd), _run)(const nd_call *call, int64_t task)
{
    if (call->phase) ND_JOIN(ND_NAME(conv_dw), _run)(call, task);
    else nd_conv_dw_winograd_chunk(call, task);
}

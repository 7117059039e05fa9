/* conv_winograd: a 3x3 convolution of stride 1 by F(4x4, 3x3) (Winograd 1980; Lavin and Gray 2016): 36 products for 16 outputs in place of 144.
 *
 * Tiles of 4x4 outputs read 6x6 inputs. V[point][tile][channel] = Bt d B; M[point] = V[point] * U[point]; y = At M A. Fused, a task
 * takes a block of tiles through all of it in its own scratch; staged, the three parts are phases over all tiles, so that weights that
 * exceed the cache are read once. Tiles do not touch one another: blocks, threads and staging leave the bits alone.
 */
#define ND_POINTS 36

typedef struct { int64_t high, wide, image, all, plane_v, plane_m, per_block, blocks; } nd_tiling;

static nd_tiling nd_tiling_of(const nd_step *s, int64_t n)
{
    nd_tiling t = {.high = nd_ceil_div(s->out_h, 4), .wide = nd_ceil_div(s->out_w, 4)};
    t.image = t.high * t.wide;
    t.all = nd_images(s, 1, n) * t.image;
    t.per_block = nd_winograd_tiles(s);
    if (t.all < 2 * t.per_block && t.all > 1) t.per_block = nd_ceil_div(t.all, 2);
    t.blocks = nd_ceil_div(t.all, t.per_block);
    if (t.blocks > 2 && !s->block) { /* as many for each of two or four threads */
        t.per_block = nd_ceil_div(t.all, nd_ceil_div(t.blocks, 4) * 4);
        t.blocks = nd_ceil_div(t.all, t.per_block);
    }
    const int64_t kept = s->staged ? t.all : nd_winograd_tiles(s);
    t.plane_v = kept * s->in_c + ND_WINOGRAD_GAP;
    t.plane_m = kept * s->out_c + ND_WINOGRAD_GAP;
    return t;
}

/* Bt of one line of six. */
ND_INLINE void nd_line_in(const vf *d, vf *o)
{
    const vf a = d[4] - 4 * d[2], b = d[3] - 4 * d[1], c = d[4] - d[2], e = 2 * (d[3] - d[1]);
    o[0] = 4 * d[0] - 5 * d[2] + d[4];
    o[1] = a + b;
    o[2] = a - b;
    o[3] = c + e;
    o[4] = c - e;
    o[5] = 4 * d[1] - 5 * d[3] + d[5];
}

/* At of one line of six, to four. */
ND_INLINE void nd_line_out(const vf *m, vf *o)
{
    const vf a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], e = m[3] - m[4];
    o[0] = m[0] + a + c;
    o[1] = b + 2 * e;
    o[2] = a + 4 * c;
    o[3] = b + 8 * e + m[5];
}

/* One tile of x, `channels` of them from x on; row0 and column0 are its corner, which may lie outside the image: there x is 0. */
static void nd_tile_in(const nd_step *s, const float *x, int64_t row0, int64_t column0, int64_t channels, float *v, int64_t plane)
{
    const int64_t pitch = nd_pitch(s, 1, s->in_c), line = s->in_w * pitch;
    const int64_t r0 = nd_max(0, -row0), r1 = nd_min(6, s->in_h - row0), q0 = nd_max(0, -column0), q1 = nd_min(6, s->in_w - column0);
    const int whole = r0 == 0 && r1 == 6 && q0 == 0 && q1 == 6;
    const float *corner = x + row0 * line + column0 * pitch;
    for (int64_t c = 0; c < channels; c += ND_VLEN) {
        const int64_t left = channels - c;
        vf t[6][6], d[6], o[6];
        for (int64_t q = 0; q < 6; q++) {
            const float *p = corner + q * pitch + c;
            if (whole && left >= ND_VLEN) {
                ND_UNROLL for (int r = 0; r < 6; r++) {
                    d[r] = nd_load(p + r * line);
                    if (q > 1) nd_fetch(p + r * line + 4 * pitch); /* of the next tile */
                }
            } else {
                for (int64_t r = 0; r < 6; r++) d[r] = r >= r0 && r < r1 && q >= q0 && q < q1 ? nd_load_up_to(p + r * line, left) : (vf){};
            }
            nd_line_in(d, o);
            ND_UNROLL for (int r = 0; r < 6; r++) t[r][q] = o[r];
        }
        for (int64_t r = 0; r < 6; r++) {
            nd_line_in(t[r], o);
            ND_UNROLL for (int q = 0; q < 6; q++) nd_store_up_to(v + (r * 6 + q) * plane + c, o[q], left);
        }
    }
}

/* One tile of y, all channels, clipped to the image. */
static void nd_tile_out(const nd_step *s, const float *m, int64_t plane, float *y, int64_t row0, int64_t column0)
{
    const int64_t rows = nd_min(4, s->out_h - row0), columns = nd_min(4, s->out_w - column0), pitch = nd_pitch(s, 0, s->out_c);
    for (int64_t c = 0; c < s->out_c; c += ND_VLEN) {
        const int64_t left = s->out_c - c;
        vf t[4][6], d[6], o[4];
        for (int64_t q = 0; q < 6; q++) {
            ND_UNROLL for (int r = 0; r < 6; r++) d[r] = nd_load_up_to(m + (r * 6 + q) * plane + c, left);
            nd_line_out(d, o);
            ND_UNROLL for (int r = 0; r < 4; r++) t[r][q] = o[r];
        }
        for (int64_t r = 0; r < rows; r++) {
            nd_line_out(t[r], o);
            for (int64_t q = 0; q < columns; q++) nd_store_up_to(y + ((row0 + r) * s->out_w + column0 + q) * pitch + c, o[q], left);
        }
    }
}

static void nd_tiles_in(const nd_call *call, const nd_tiling *t, int64_t first, int64_t end, float *v)
{
    const nd_step *s = call->step;
    for (int64_t i = first; i < end; i++) {
        const int64_t inside = i % t->image;
        const float *x = call->x[1] + i / t->image * nd_operand_of(s, 1)->image;
        nd_tile_in(s, x, inside / t->wide * 4 - s->pad_top, inside % t->wide * 4 - s->pad_left, s->in_c, v + (i - first) * s->in_c, t->plane_v);
    }
}

/* Outputs of tiles first ... end, and the epilogue over each stretch of pixels that they complete. */
static void nd_tiles_out(const nd_call *call, const nd_tiling *t, int64_t first, int64_t end, const float *m, float *scratch)
{
    const nd_step *s = call->step;
    for (int64_t i = first; i < end;) {
        const int64_t image = i / t->image, inside = i % t->image, row0 = inside / t->wide * 4, column0 = inside % t->wide * 4;
        const int64_t stop = nd_min(end, i + t->wide - inside % t->wide), columns = nd_min(s->out_w, column0 + (stop - i) * 4) - column0;
        float *y = call->x[0] + image * nd_operand_of(s, 0)->image;
        for (int64_t j = i; j < stop; j++) nd_tile_out(s, m + (j - first) * s->out_c, t->plane_m, y, row0, column0 + (j - i) * 4);
        for (int64_t row = row0; s->words && row < nd_min(s->out_h, row0 + 4); row++) {
            const int64_t r = (image * s->out_h + row) * s->out_w + column0;
            nd_epilogue(call, r, r + columns, 0, s->out_c, scratch);
        }
        i = stop;
    }
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
                .k = nd_min(segment, s->in_c - k), .lanes = columns - (k1 - k0 - 1) * ND_LANES, .accumulate = k > 0,
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

static int64_t ND_JOIN(ND_NAME(conv_winograd), _tasks)(const nd_step *s, int phase, int64_t n)
{
    const nd_tiling t = nd_tiling_of(s, n);
    if (!t.all || (!s->staged && phase != 0)) return 0;
    if (phase == 1 && s->fresh) return 3 * nd_ceil_div(nd_ceil_div(s->out_c, ND_LANES), ND_FRESH_PANELS);
    return phase == 1 ? ND_POINTS * nd_ceil_div(nd_ceil_div(s->out_c, ND_LANES), ND_WINOGRAD_PANELS) : t.blocks;
}

static void ND_JOIN(ND_NAME(conv_winograd), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const nd_tiling t = nd_tiling_of(s, call->n);
    const int64_t first = task * t.per_block, end = nd_min(t.all, first + t.per_block), panels = nd_ceil_div(s->out_c, ND_LANES);
    float *v = s->staged ? call->x[7] : call->scratch + ND_BYTECODE_SCRATCH, *m = v + ND_POINTS * t.plane_v;
    if (!s->staged) {
        if (first >= end) return;
        nd_tiles_in(call, &t, first, end, v);
        nd_points(call, &t, end - first, v, m, 0, ND_POINTS, 0, panels);
        nd_tiles_out(call, &t, first, end, m, call->scratch);
        return;
    }
    if (call->phase == 1 && s->fresh) {
        const int64_t k0 = task / 3 * ND_FRESH_PANELS;
        nd_fresh_points(call, &t, v, m, task % 3, k0, nd_min(panels, k0 + ND_FRESH_PANELS));
    } else if (call->phase == 1) {
        const int64_t parts = nd_ceil_div(panels, ND_WINOGRAD_PANELS), point = task / parts, k0 = task % parts * ND_WINOGRAD_PANELS;
        nd_points(call, &t, t.all, v, m, point, point + 1, k0, nd_min(panels, k0 + ND_WINOGRAD_PANELS));
    } else if (first < end) {
        if (call->phase == 0) nd_tiles_in(call, &t, first, end, v + first * s->in_c);
        else nd_tiles_out(call, &t, first, end, m + first * s->out_c, call->scratch);
    }
}

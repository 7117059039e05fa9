/* Tiles of F(4x4, 3x3): how the pixels of a run are cut into them, and their way to the points and back. */
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

/* Bt of one line of six, times what nd_weight_point leaves out of G: 1/4, -1/6, -1/6, 1/24, 1/24, 1. */
ND_INLINE void nd_line_in(const vf *d, vf *o)
{
    const vf a = (4 * d[2] - d[4]) * (1.0f / 6), b = (4 * d[1] - d[3]) * (1.0f / 6);
    const vf c = (d[4] - d[2]) * (1.0f / 24), e = (d[3] - d[1]) * (1.0f / 12);
    o[0] = d[0] - 1.25f * d[2] + 0.25f * d[4];
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

/* One tile of x, `channels` of them from x on; row0 and column0 are its corner, which may lie outside the image: there x is 0.
 * Compiled once, so that all who call it get the same bits. */
static __attribute__((noinline)) void nd_tile_in(const nd_step *s, const float *x, int64_t row0, int64_t column0, int64_t channels, float *v, int64_t plane)
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
            ND_UNROLL for (int q = 0; q < 6; q++) {
                nd_store_up_to(v + (r * 6 + q) * plane + c, o[q], left);
                if (s->staged) nd_fetch(v + (r * 6 + q) * plane + s->in_c + c); /* of the next tile; staged, points lie in memory */
            }
        }
    }
}

/* Where tiles end: `columns` channels of y from y and `at` on, and what is done to them in registers, if `finish` is not NULL. */
typedef struct {
    float *y;
    int64_t columns, pitch;
    const nd_finish *finish;
    const float *at[2];
} nd_ending;

/* The largest numbers of the 2x2 windows of two lines, each ended as the convolution is and compared in pool_max's order. */
ND_INLINE void nd_store_pooled(const nd_ending *e, const vf *above, const vf *below, int64_t windows, float *y, int64_t c, int64_t left)
{
    const nd_finish *f = e->finish;
    const vf added = f->adds ? nd_load_up_to(e->at[0] + c, left) : (vf){};
    for (int64_t q = 0; q < windows; q++, above += 2, below += 2, y += e->pitch) {
        vf v[4] = {above[0], above[1], below[0], below[1]};
        nd_fetch(y + 2 * e->pitch + c); /* of the next tile */
        ND_UNROLL for (int i = 0; i < 4; i++) {
            if (f->adds) v[i] += added;
            if (f->relu) v[i] = nd_vmax(v[i], (vf){});
        }
        nd_store_up_to(y + c, nd_vmax(nd_vmax(nd_vmax(v[0], v[1]), v[2]), v[3]), left);
    }
}

/* One tile of the map, clipped to it, or of what is pooled; row0 counts lines of y in all images. */
static void nd_tile_out(const nd_step *s, const nd_ending *e, const float *m, int64_t plane, int64_t row0, int64_t column0, int64_t rows)
{
    const int64_t columns = nd_min(4, s->out_w - column0), adds = e->finish ? e->finish->adds : 0;
    const vf least = nd_splat(e->finish && e->finish->relu ? 0 : -__builtin_inff());
    for (int64_t c = 0; c < e->columns; c += ND_VLEN) {
        const int64_t left = e->columns - c;
        vf t[4][6], d[6], o[4];
        for (int64_t q = 0; q < 6; q++) {
            ND_UNROLL for (int r = 0; r < 6; r++) d[r] = nd_load_up_to(m + (r * 6 + q) * plane + c, left);
            nd_line_out(d, o);
            ND_UNROLL for (int r = 0; r < 4; r++) t[r][q] = o[r];
        }
        for (int64_t r = 0; s->pool && r + 1 < rows; r += 2) {
            const int64_t pixel = (row0 + r / 2) * (s->out_w / 2) + column0 / 2;
            vf below[4];
            nd_line_out(t[r], o);
            nd_line_out(t[r + 1], below);
            nd_store_pooled(e, o, below, columns / 2, e->y + pixel * e->pitch, c, left);
        }
        for (int64_t r = 0; !s->pool && r < rows; r++) {
            nd_line_out(t[r], o);
            for (int64_t q = 0, pixel = (row0 + r) * s->out_w + column0; q < columns; q++, pixel++) {
                vf total = o[q];
                for (int64_t i = 0; i < adds; i++) total += nd_load_up_to(e->at[i] + pixel * e->finish->row[i] + c, left);
                nd_fetch(e->y + (pixel + 4) * e->pitch + c); /* of the next tile, as the addend after the bias */
                if (adds > 1) nd_fetch(e->at[1] + (pixel + 4) * e->finish->row[1] + c);
                nd_store_up_to(e->y + pixel * e->pitch + c, e->finish ? nd_vmax(total, least) : total, left);
            }
        }
    }
}

/* The points of tile i of the run, `channels` from c on. */
static void nd_tile_points(const nd_call *call, const nd_tiling *t, int64_t i, int64_t c, int64_t channels, float *v, int64_t plane)
{
    const nd_step *s = call->step;
    const int64_t inside = i % t->image;
    const float *x = call->x[1] + i / t->image * nd_operand_of(s, 1)->image + c;
    nd_tile_in(s, x, inside / t->wide * 4 - s->pad_top, inside % t->wide * 4 - s->pad_left, channels, v, plane);
}

/* Channels [c0, c1) of the outputs of tiles first ... end, whose points stand row_m apart, and the epilogue: in registers, or over
 * each stretch of pixels that they complete. */
static void nd_tiles_out(const nd_call *call, const nd_tiling *t, int64_t first, int64_t end, const float *m, int64_t row_m, int64_t plane_m,
                         int64_t c0, int64_t c1)
{
    const nd_step *s = call->step;
    nd_ending e = {.y = call->x[0] + c0, .columns = c1 - c0, .pitch = nd_pitch(s, 0, s->out_c)};
    nd_finish finish = {.adds = (int)s->inputs - 1, .relu = (int)s->relu}; /* of what is pooled */
    if (s->pool && finish.adds) e.at[0] = call->x[4] + c0;
    if (s->pool || nd_finish_of(call, 0, c0, &finish, e.at)) e.finish = &finish;
    for (int64_t i = first; i < end;) {
        const int64_t inside = i % t->image, column0 = inside % t->wide * 4, line = inside / t->wide * 4;
        const int64_t row0 = i / t->image * (s->out_h >> s->pool) + (line >> s->pool), rows = nd_min(4, s->out_h - line);
        const int64_t stop = nd_min(end, i + t->wide - inside % t->wide), columns = nd_min(s->out_w, column0 + (stop - i) * 4) - column0;
        for (int64_t j = i; j < stop; j++) nd_tile_out(s, &e, m + (j - first) * row_m, plane_m, row0, column0 + (j - i) * 4, rows);
        for (int64_t row = row0; s->words && !e.finish && row < row0 + rows; row++)
            nd_epilogue(call, row * s->out_w + column0, row * s->out_w + column0 + columns, c0, c1 - c0, call->scratch);
        i = stop;
    }
}

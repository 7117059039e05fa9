/* Winograd's tiles of tile x tile outputs: how the pixels of a run are cut into them, and their way to the points and back. */
#define ND_POINTS 36 /* of F(4x4, 3x3) */

typedef struct { int64_t points, high, wide, image, all, plane_v, plane_m, per_block, blocks; } nd_tiling;

static nd_tiling nd_tiling_of(const nd_step *s, int64_t n)
{
    nd_tiling t = {.points = nd_winograd_points(s), .high = nd_ceil_div(s->out_h, s->tile), .wide = nd_ceil_div(s->out_w, s->tile)};
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

/* One tile of x, `channels` of them from x on; row0 and column0 are its corner, which may lie outside the image: there x is 0.
 * `points` of a line; the next tile is `tile` columns on. */
ND_INLINE void nd_tile_in_of(const nd_step *s, const float *x, int64_t row0, int64_t column0, int64_t channels, float *v, int64_t plane,
                             const int tile, const int points)
{
    const int64_t pitch = nd_pitch(s, 1, s->in_c), line = s->in_w * pitch;
    const int64_t r0 = nd_max(0, -row0), r1 = nd_min(points, s->in_h - row0), q0 = nd_max(0, -column0), q1 = nd_min(points, s->in_w - column0);
    const int whole = r0 == 0 && r1 == points && q0 == 0 && q1 == points;
    const float *corner = x + row0 * line + column0 * pitch;
    for (int64_t c = 0; c < channels; c += ND_VLEN) {
        const int64_t left = channels - c;
        vf t[8][8], d[8], o[8];
        for (int64_t q = 0; q < points; q++) {
            const float *p = corner + q * pitch + c;
            if (whole && left >= ND_VLEN) {
                ND_UNROLL for (int r = 0; r < points; r++) {
                    d[r] = nd_load(p + r * line);
                    if (q >= points - tile) nd_fetch(p + r * line + tile * pitch); /* of the next tile */
                }
            } else {
                const int64_t lanes = q >= q0 && q < q1 ? nd_min(left, ND_VLEN) : 0;
                ND_UNROLL for (int r = 0; r < points; r++) d[r] = nd_load_part(p + r * line, r >= r0 && r < r1 ? lanes : 0);
            }
            nd_line_in(d, o, points);
            ND_UNROLL for (int r = 0; r < points; r++) t[r][q] = o[r];
        }
        for (int64_t r = 0; r < points; r++) {
            nd_line_in(t[r], o, points);
            ND_UNROLL for (int q = 0; q < points; q++) {
                nd_store_up_to(v + (r * points + q) * plane + c, o[q], left);
                if (s->staged) nd_fetch(v + (r * points + q) * plane + s->in_c + c); /* of the next tile; staged, points lie in memory */
            }
        }
    }
}

/* Compiled once for each size, so that all who call it get the same bits. */
typedef void nd_tile_in_function(const nd_step *s, const float *x, int64_t row0, int64_t column0, int64_t channels, float *v, int64_t plane);
#define ND_TILE_IN(tile, points) \
    static __attribute__((noinline)) void nd_tile_in_##tile##_of_##points(const nd_step *s, const float *x, int64_t row0, int64_t column0, \
                                                                           int64_t channels, float *v, int64_t plane) \
    { nd_tile_in_of(s, x, row0, column0, channels, v, plane, tile, points); }
ND_TILE_IN(4, 6)
ND_TILE_IN(6, 8)
ND_TILE_IN(4, 8)

/* Where tiles end: `columns` channels of y from y and `at` on, and what is done to them in registers, if `finish` is not NULL. */
typedef struct {
    float *y;
    int64_t columns, pitch, row_m; /* row_m: from the points of a tile to those of the next */
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
        ND_UNROLL for (int i = 0; i < 4; i++) {
            if (f->adds) v[i] += added;
            if (f->relu) v[i] = nd_vmax(v[i], (vf){});
        }
        nd_fetch(y + windows * e->pitch + c); /* of the next tile */
        nd_store_up_to(y + c, nd_vmax(nd_vmax(nd_vmax(v[0], v[1]), v[2]), v[3]), left);
    }
}

/* One tile of the map, clipped to it, or of what is pooled; row0 counts lines of y in all images. */
ND_INLINE void nd_tile_out_of(const nd_step *s, const nd_ending *e, const float *m, int64_t plane, int64_t row0, int64_t column0, int64_t rows,
                              const int tile, const int points)
{
    const int64_t columns = nd_min(tile, s->out_w - column0), adds = e->finish ? e->finish->adds : 0;
    const int64_t step0 = adds > 0 ? e->finish->row[0] : 0, step1 = adds > 1 ? e->finish->row[1] : 0;
    const float *at0 = e->at[0], *at1 = e->at[1];
    const vf least = nd_splat(e->finish && e->finish->relu ? 0 : -__builtin_inff());
    for (int64_t c = 0; c < e->columns; c += ND_VLEN) {
        const int64_t left = e->columns - c;
        vf t[6][8], d[8], o[6];
        for (int64_t q = 0; q < points; q++) {
            ND_UNROLL for (int r = 0; r < points; r++) {
                d[r] = nd_load_up_to(m + (r * points + q) * plane + c, left);
                nd_fetch(m + (r * points + q) * plane + c + e->row_m);
            }
            nd_line_out(d, o, tile, points);
            ND_UNROLL for (int r = 0; r < tile; r++) t[r][q] = o[r];
        }
        for (int64_t r = 0; s->pool && r + 1 < rows; r += 2) {
            const int64_t pixel = (row0 + r / 2) * (s->out_w / 2) + column0 / 2;
            vf below[6];
            nd_line_out(t[r], o, tile, points);
            nd_line_out(t[r + 1], below, tile, points);
            nd_store_pooled(e, o, below, columns / 2, e->y + pixel * e->pitch, c, left);
        }
        for (int64_t r = 0; !s->pool && r < rows; r++) {
            const int64_t pixel = (row0 + r) * s->out_w + column0;
            nd_line_out(t[r], o, tile, points);
            if (columns == tile && left >= ND_VLEN) {
                ND_UNROLL for (int q = 0; q < tile; q++) {
                    if (adds > 0) o[q] += nd_load(at0 + (pixel + q) * step0 + c);
                    if (adds > 1) o[q] += nd_load(at1 + (pixel + q) * step1 + c);
                    nd_fetch(e->y + (pixel + q + tile) * e->pitch + c); /* of the next tile, as the addend after the bias */
                    if (adds > 1) nd_fetch(at1 + (pixel + q + tile) * step1 + c);
                    nd_store(e->y + (pixel + q) * e->pitch + c, e->finish ? nd_vmax(o[q], least) : o[q]);
                }
            } else {
                for (int64_t q = 0; q < columns; q++) {
                    vf total = o[q];
                    if (adds > 0) total += nd_load_up_to(at0 + (pixel + q) * step0 + c, left);
                    if (adds > 1) total += nd_load_up_to(at1 + (pixel + q) * step1 + c, left);
                    nd_store_up_to(e->y + (pixel + q) * e->pitch + c, e->finish ? nd_vmax(total, least) : total, left);
                }
            }
        }
    }
}

typedef void nd_tile_out_function(const nd_step *s, const nd_ending *e, const float *m, int64_t plane, int64_t row0, int64_t column0, int64_t rows);
#define ND_TILE_OUT(tile, points) \
    static void nd_tile_out_##tile##_of_##points(const nd_step *s, const nd_ending *e, const float *m, int64_t plane, int64_t row0, \
                                                 int64_t column0, int64_t rows) \
    { nd_tile_out_of(s, e, m, plane, row0, column0, rows, tile, points); }
ND_TILE_OUT(4, 6)
ND_TILE_OUT(6, 8)
ND_TILE_OUT(4, 8)

/* The points of tile i of the run, `channels` from c on. */
static void nd_tile_points(const nd_call *call, const nd_tiling *t, int64_t i, int64_t c, int64_t channels, float *v, int64_t plane)
{
    const nd_step *s = call->step;
    const int64_t inside = i % t->image;
    const float *x = call->x[1] + i / t->image * nd_operand_of(s, 1)->image + c;
    nd_tile_in_function *in = t->points == ND_POINTS ? nd_tile_in_4_of_6 : s->tile == 6 ? nd_tile_in_6_of_8 : nd_tile_in_4_of_8;
    in(s, x, inside / t->wide * s->tile - s->pad_top, inside % t->wide * s->tile - s->pad_left, channels, v, plane);
}

/* Channels [c0, c1) of the outputs of tiles first ... end, whose points stand row_m apart, and the epilogue: in registers, or over
 * each stretch of pixels that they complete. */
static void nd_tiles_out(const nd_call *call, const nd_tiling *t, int64_t first, int64_t end, const float *m, int64_t row_m, int64_t plane_m,
                         int64_t c0, int64_t c1)
{
    const nd_step *s = call->step;
    nd_ending e = {.y = call->x[0] + c0, .columns = c1 - c0, .pitch = nd_pitch(s, 0, s->out_c), .row_m = row_m};
    nd_finish finish = {.adds = (int)s->inputs - 1, .relu = (int)s->relu}; /* of what is pooled */
    if (s->pool && finish.adds) e.at[0] = call->x[4] + c0;
    if (s->pool || nd_finish_of(call, 0, c0, &finish, e.at)) e.finish = &finish;
    nd_tile_out_function *out = t->points == ND_POINTS ? nd_tile_out_4_of_6 : s->tile == 6 ? nd_tile_out_6_of_8 : nd_tile_out_4_of_8;
    for (int64_t i = first; i < end;) {
        const int64_t inside = i % t->image, column0 = inside % t->wide * s->tile, line = inside / t->wide * s->tile;
        const int64_t row0 = i / t->image * (s->out_h >> s->pool) + (line >> s->pool), rows = nd_min(s->tile, s->out_h - line);
        const int64_t stop = nd_min(end, i + t->wide - inside % t->wide), columns = nd_min(s->out_w, column0 + (stop - i) * s->tile) - column0;
        for (int64_t j = i; j < stop; j++) out(s, &e, m + (j - first) * row_m, plane_m, row0, column0 + (j - i) * s->tile, rows);
        for (int64_t row = row0; s->words && !e.finish && row < row0 + rows; row++)
            nd_epilogue(call, row * s->out_w + column0, row * s->out_w + column0 + columns, c0, c1 - c0, call->scratch);
        i = stop;
    }
}

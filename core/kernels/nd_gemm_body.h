/* The one product of the engine: C (rows x panels of 16) = or += A (rows x k) * B (k x 16, a panel).
 *
 * A tile of P rows x Q panels stays in registers; a[row*a_row + k*a_step], so A may be read along rows (conv) or columns
 * (conv_dw). Each element of C is one accumulator that takes its terms in order of k, whatever the tile: shapes of
 * tiles never change bits. Panels of C lie c_panel apart; `lanes` are the columns of the last panel that exist in C.
 */
/* What is done to a total before it is stored: up to two addends, whose rows lie `row` apart (0: one row for all), and max(total, 0). */
typedef struct {
    int64_t row[2];
    int adds, relu;
} nd_finish;

typedef struct {
    const float *a;
    int64_t a_row, a_step;
    const float *b;
    int64_t b_panel;
    float *c;
    int64_t c_row, c_panel;
    int64_t k;
    int64_t lanes;
    int accumulate;
    int64_t more, a_more; /* further runs of k terms, each a_more past the one before in A; B goes on */
    const int64_t *c_at;  /* or NULL: where each row lies in C, in place of c_row */
    const float *then;    /* or NULL: the panels read after the last of these, b_panel apart */
    const nd_finish *finish; /* or NULL; `finish_at` is where row 0 and column 0 of C lie in the addends */
    const float *finish_at[2];
    int c_far;            /* C lies in memory: each tile asks for the place of the next, since stores wait for the lines they write to */
    int past;             /* C is too large for the cache: its whole vectors are stored past it, unless they add to what lies there */
    int a_far;            /* A comes from memory, its rows ND_LANES apart, and B is in the cache */
    const float *soon[2]; /* or NULL: what is read behind the product, `soon_length` of each, and is asked for while it is computed */
    int64_t soon_length;
    int64_t ahead_more;
    const float *ahead;   /* of a tile: what to ask for while it is computed, a line at every k, ahead_more on at every further run */
} nd_product;

/* B comes from memory once and is met again in the cache by the tiles below: while those are computed the panels that follow are on
 * their way. A product of few rows computes nothing in that time: it asks for its own panels, a few lines ahead. */
enum { ND_FEW_ROWS = 5, ND_AHEAD = 32 * ND_LANES };

#if ND_VLEN == 16
#define ND_TILE_ROWS 14
#define ND_TILE_PANELS 2
#elif ND_VLEN == 8
#define ND_TILE_ROWS 6
#define ND_TILE_PANELS 1
#elif defined(__x86_64__)
#define ND_TILE_ROWS 2
#define ND_TILE_PANELS 1
#else
#define ND_TILE_ROWS 6
#define ND_TILE_PANELS 1
#endif

/* Where vector v of a tile's row p lies in C. */
ND_INLINE float *nd_tile_place(const nd_product *g, int p, int v)
{
    const int64_t row = g->c_at ? g->c_at[p] : p * g->c_row;
    return g->c + row + (v / ND_PANEL_VECTORS) * g->c_panel + (v % ND_PANEL_VECTORS) * ND_VLEN;
}

ND_INLINE void nd_store_total(const nd_product *g, float *c, vf total)
{
    if (g->past) nd_stream(c, total);
    else nd_store(c, total);
}

/* The end of a tile where totals are more than stored: what is to be done to them, and the lanes of the last panel. */
static void nd_tile_end(const nd_product *g, const vf *acc, int rows, int vectors)
{
    const int64_t columns = (vectors / ND_PANEL_VECTORS - 1) * ND_LANES + g->lanes;
    const nd_finish *f = g->finish;
    for (int p = 0; p < rows; p++)
        for (int v = 0; v < vectors; v++) {
            const int64_t column = v * ND_VLEN, left = columns - column;
            if (left <= 0) break;
            float *c = nd_tile_place(g, p, v);
            vf total = acc[p * vectors + v];
            if (g->accumulate) total += nd_load_up_to(c, left);
            for (int i = 0; f && i < f->adds; i++) total += nd_load_up_to(g->finish_at[i] + p * f->row[i] + column, left);
            nd_store_up_to(c, f && f->relu ? nd_vmax(total, (vf){}) : total, left);
        }
}

/* Ask for the second addend of a tile, which is an image's. */
static __attribute__((noinline)) void nd_tile_fetch(const nd_product *g, int rows)
{
    ND_KEEP_CALLS;
    const nd_finish *f = g->finish;
    for (int p = 0; f->adds > 1 && p < rows; p++)
        for (int q = 0; q < ND_TILE_PANELS; q++) nd_fetch(g->finish_at[1] + p * f->row[1] + q * ND_LANES);
}

/* The same for whole panels, in registers. */
ND_INLINE void nd_tile_finish(const nd_product *g, vf (*acc)[ND_TILE_PANELS * ND_PANEL_VECTORS], const int P, const int Q, const int accumulate,
                              const int adds)
{
    const nd_finish *f = g->finish;
    const vf least = nd_splat(f->relu ? 0 : -__builtin_inff());
    const float *a0 = g->finish_at[0], *a1 = g->finish_at[1];
    ND_UNROLL for (int p = 0; p < P; p++) {
        ND_UNROLL for (int v = 0; v < Q * ND_PANEL_VECTORS; v++) {
            float *c = nd_tile_place(g, p, v);
            vf total = acc[p][v];
            if (accumulate) total += nd_load(c);
            total += nd_load(a0 + v * ND_VLEN);
            if (adds > 1) total += nd_load(a1 + v * ND_VLEN);
            if (accumulate) nd_store(c, nd_vmax(total, least));
            else nd_store_total(g, c, nd_vmax(total, least));
        }
        a0 += f->row[0];
        if (adds > 1) a1 += f->row[1];
    }
}

ND_INLINE void nd_tile(const nd_product *g, const int P, const int Q)
{
    vf acc[ND_TILE_ROWS][ND_TILE_PANELS * ND_PANEL_VECTORS];
    ND_UNROLL for (int p = 0; p < P; p++)
        ND_UNROLL for (int v = 0; v < Q * ND_PANEL_VECTORS; v++) acc[p][v] = (vf){};
    const float *a0 = g->a, *a5 = a0 + 5 * g->a_row, *a10 = a0 + 10 * g->a_row, *b = g->b;
    const int64_t row = g->a_row, step = g->a_step, panel = g->b_panel;
    const float *ahead = g->ahead;
    if (g->finish) nd_tile_fetch(g, P);
    for (int64_t more = g->more;; more--) {
        for (int64_t k = g->k; k > 0; k--) {
            vf w[ND_TILE_PANELS * ND_PANEL_VECTORS];
            nd_fetch(ahead);
            if (P <= ND_FEW_ROWS) nd_fetch(ahead + panel);
            ahead += ND_LANES;
            ND_UNROLL for (int v = 0; v < Q * ND_PANEL_VECTORS; v++)
                w[v] = nd_load(b + (v / ND_PANEL_VECTORS) * panel + (v % ND_PANEL_VECTORS) * ND_VLEN);
            ND_UNROLL for (int p = 0; p < P; p++) {
                const float s = (p < 5 ? a0 : p < 10 ? a5 : a10)[(p % 5) * row];
                ND_UNROLL for (int v = 0; v < Q * ND_PANEL_VECTORS; v++) acc[p][v] += s * w[v];
            }
            a0 += step;
            if (P > 5) a5 += step;
            if (P > 10) a10 += step;
            b += ND_LANES;
        }
        if (!more) break;
        const int64_t back = g->a_more - g->k * step;
        a0 += back;
        if (P > 5) a5 += back;
        if (P > 10) a10 += back;
        ahead += g->ahead_more;
    }
    if (g->lanes == ND_LANES && !g->finish && !g->accumulate) {
        ND_UNROLL for (int p = 0; p < P; p++)
            ND_UNROLL for (int v = 0; v < Q * ND_PANEL_VECTORS; v++)
                nd_store_total(g, nd_tile_place(g, p, v), acc[p][v]);
        return;
    }
    if (g->lanes == ND_LANES && !g->finish) {
        ND_UNROLL for (int p = 0; p < P; p++)
            ND_UNROLL for (int v = 0; v < Q * ND_PANEL_VECTORS; v++) {
                float *c = nd_tile_place(g, p, v);
                nd_store(c, nd_load(c) + acc[p][v]);
            }
        return;
    }
    if (g->lanes == ND_LANES && g->finish->adds) {
        if (g->accumulate && g->finish->adds == 1) nd_tile_finish(g, acc, P, Q, 1, 1);
        else if (g->accumulate) nd_tile_finish(g, acc, P, Q, 1, 2);
        else if (g->finish->adds == 1) nd_tile_finish(g, acc, P, Q, 0, 1);
        else nd_tile_finish(g, acc, P, Q, 0, 2);
        return;
    }
    vf total[P * Q * ND_PANEL_VECTORS];
    ND_UNROLL for (int p = 0; p < P; p++)
        ND_UNROLL for (int v = 0; v < Q * ND_PANEL_VECTORS; v++) total[p * Q * ND_PANEL_VECTORS + v] = acc[p][v];
    nd_tile_end(g, total, P, Q * ND_PANEL_VECTORS);
}

typedef void nd_tile_function(const nd_product *g);
#define ND_TILE(P, Q) static void nd_tile_##P##x##Q(const nd_product *g) { nd_tile(g, P, Q); }
#if ND_TILE_ROWS == 14
#define ND_TILES(Q) ND_TILE(1, Q) ND_TILE(2, Q) ND_TILE(3, Q) ND_TILE(4, Q) ND_TILE(5, Q) ND_TILE(6, Q) ND_TILE(7, Q) \
    ND_TILE(8, Q) ND_TILE(9, Q) ND_TILE(10, Q) ND_TILE(11, Q) ND_TILE(12, Q) ND_TILE(13, Q) ND_TILE(14, Q)
#define ND_TILE_NAMES(Q) { nd_tile_1x##Q, nd_tile_2x##Q, nd_tile_3x##Q, nd_tile_4x##Q, nd_tile_5x##Q, \
    nd_tile_6x##Q, nd_tile_7x##Q, nd_tile_8x##Q, nd_tile_9x##Q, nd_tile_10x##Q, nd_tile_11x##Q, \
    nd_tile_12x##Q, nd_tile_13x##Q, nd_tile_14x##Q }
#elif ND_TILE_ROWS == 6
#define ND_TILES(Q) ND_TILE(1, Q) ND_TILE(2, Q) ND_TILE(3, Q) ND_TILE(4, Q) ND_TILE(5, Q) ND_TILE(6, Q)
#define ND_TILE_NAMES(Q) { nd_tile_1x##Q, nd_tile_2x##Q, nd_tile_3x##Q, nd_tile_4x##Q, nd_tile_5x##Q, nd_tile_6x##Q }
#else
#define ND_TILES(Q) ND_TILE(1, Q) ND_TILE(2, Q)
#define ND_TILE_NAMES(Q) { nd_tile_1x##Q, nd_tile_2x##Q }
#endif
ND_TILES(1)
#if ND_TILE_PANELS == 2
ND_TILES(2)
static nd_tile_function *const nd_tiles[2][ND_TILE_ROWS] = { ND_TILE_NAMES(1), ND_TILE_NAMES(2) };
#else
static nd_tile_function *const nd_tiles[1][ND_TILE_ROWS] = { ND_TILE_NAMES(1) };
#endif

/* Makes `g` the tile of product `whole` that begins at `row` and `panel`, `width` of all `panels` wide. */
ND_INLINE void nd_go_to_tile(nd_product *g, const nd_product *whole, int64_t row, int64_t panel, int64_t width, int64_t panels)
{
    g->a = whole->a + row * whole->a_row;
    g->b = whole->b + panel * whole->b_panel;
    g->c = whole->c + (whole->c_at ? 0 : row * whole->c_row) + panel * whole->c_panel;
    g->c_at = whole->c_at ? whole->c_at + row : 0;
    g->lanes = panel + width == panels ? whole->lanes : ND_LANES;
    for (int f = 0; g->finish && f < g->finish->adds; f++) g->finish_at[f] = whole->finish_at[f] + row * g->finish->row[f] + panel * ND_LANES;
}

/* Ask for the lines of C of `count` rows from `row` on and `width` panels from `panel` on. */
static void nd_fetch_place(const nd_product *g, int64_t row, int64_t count, int64_t panel, int64_t width)
{
    ND_KEEP_CALLS;
    const float *c = g->c + panel * g->c_panel;
    for (int64_t r = row; r < row + count; r++)
        for (int64_t q = 0; q < width; q++) nd_fetch(c + (g->c_at ? g->c_at[r] : r * g->c_row) + q * g->c_panel);
}

/* The whole product: rows are split evenly among tiles. */
static void nd_gemm(nd_product g, int64_t rows, int64_t panels)
{
    const int64_t tiles = nd_ceil_div(rows, ND_TILE_ROWS);
    const nd_product whole = g;
    int64_t asked = 0; /* of soon[0], then of soon[1] */
    if (g.a_far) g.ahead_more = g.a_more - g.k * ND_LANES;
    for (int64_t panel = 0; panel < panels;) {
        const int64_t width = nd_min(ND_TILE_PANELS, panels - panel), next_width = nd_min(ND_TILE_PANELS, panels - panel - width);
        const float *b = whole.b + panel * whole.b_panel, *after = next_width || !whole.then ? b + width * whole.b_panel : whole.then;
        for (int64_t i = 0, row = 0; i < tiles; i++) {
            const int64_t count = nd_ceil_div(rows - row, tiles - i), next = row + count;
            nd_go_to_tile(&g, &whole, row, panel, width, panels);
            g.ahead = g.a_far ? g.a + ND_TILE_ROWS * g.a_row : rows <= ND_FEW_ROWS ? b + ND_AHEAD : i < width ? after + i * whole.b_panel : b;
            if (i >= width && g.soon[asked >= g.soon_length] && asked < 2 * g.soon_length) {
                g.ahead = asked < g.soon_length ? g.soon[0] + asked : g.soon[1] + (asked - g.soon_length);
                asked += g.k * ND_LANES;
            }
            if (g.c_far && next < rows) nd_fetch_place(&whole, next, nd_ceil_div(rows - next, tiles - i - 1), panel, width);
            else if (g.c_far) nd_fetch_place(&whole, 0, nd_ceil_div(rows, tiles), panel + width, next_width);
            nd_tiles[width - 1][count - 1](&g);
            row = next;
        }
        panel += width;
    }
}

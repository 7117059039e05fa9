/* Batch in the lanes, for nets of few channels: 16 images side by side, as [group of 16][h][w][c][16]. Whatever the channels, no lane is
 * wasted. pack_lanes and unpack_lanes go there and back; conv_lanes is a product whose rows are output channels and whose
 * vectors are images. A sum takes its terms in the order of conv, in one accumulator, so its bits are those of conv.
 */
#define ND_LANE_OUTPUTS ND_JOIN(ND_LANE_OUTPUTS_, ND_VLEN)
#define ND_LANE_OUTPUTS_16 8
#define ND_LANE_OUTPUTS_8 6
#define ND_LANE_OUTPUTS_4 2
#define ND_LANE_PIXELS (ND_VLEN == 16 ? 3 : 1)

/* Rows become columns in a square of ND_VLEN vectors. */
ND_INLINE void nd_transpose(vf *v)
{
    ND_UNROLL for (int width = ND_VLEN / 2; width; width /= 2) {
        const vi lane = nd_count(), low = lane + (((lane & width) != 0) & (ND_VLEN - width)), high = low + width;
        ND_UNROLL for (int i = 0; i < ND_VLEN; i++) {
            if (i & width) continue;
            const vf a = v[i], b = v[i + width];
            v[i] = __builtin_shuffle(a, b, low);
            v[i + width] = __builtin_shuffle(a, b, high);
        }
    }
}

/* to[column][row] = from[row][column], 16 x 16 numbers, of which `rows` rows are read, and written columns of `columns` rows. Rows that
 * are not read count as 0. */
ND_INLINE void nd_turn_square(float *to, int64_t to_row, int64_t columns, const float *from, int64_t from_row, int64_t rows)
{
    for (int64_t r = 0; r < ND_LANES; r += ND_VLEN)
        for (int64_t c = 0; c < ND_LANES; c += ND_VLEN) {
            vf v[ND_VLEN];
            ND_UNROLL for (int i = 0; i < ND_VLEN; i++) v[i] = r + i < rows ? nd_load(from + (r + i) * from_row + c) : (vf){};
            nd_transpose(v);
            ND_UNROLL for (int i = 0; i < ND_VLEN; i++)
                if (c + i < columns) nd_store(to + (c + i) * to_row + r, v[i]);
        }
}

static int64_t ND_JOIN(ND_NAME(pack_lanes), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    return nd_ceil_div(n, ND_LANES) * nd_ceil_div(s->columns, ND_LANE_BLOCK);
}

/* Lanes past the last image are 0. */
static void ND_JOIN(ND_NAME(pack_lanes), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t blocks = nd_ceil_div(s->columns, ND_LANE_BLOCK), group = task / blocks, first = task % blocks * ND_LANE_BLOCK;
    const int64_t end = nd_min(s->columns, first + ND_LANE_BLOCK), images = nd_min(ND_LANES, call->n - group * ND_LANES);
    float *to = call->x[0] + group * ND_LANES * s->columns;
    const float *from = call->x[1] + group * ND_LANES * s->columns;
    int64_t c = first;
    for (; c + ND_LANES <= end; c += ND_LANES) nd_turn_square(to + c * ND_LANES, ND_LANES, ND_LANES, from + c, s->columns, images);
    for (; c < end; c++)
        for (int64_t lane = 0; lane < ND_LANES; lane++) to[c * ND_LANES + lane] = lane < images ? from[lane * s->columns + c] : 0;
}

static int64_t ND_JOIN(ND_NAME(unpack_lanes), _tasks)(const nd_step *s, int phase, int64_t n)
{
    return ND_JOIN(ND_NAME(pack_lanes), _tasks)(s, phase, n);
}

static void ND_JOIN(ND_NAME(unpack_lanes), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t blocks = nd_ceil_div(s->columns, ND_LANE_BLOCK), group = task / blocks, first = task % blocks * ND_LANE_BLOCK;
    const int64_t end = nd_min(s->columns, first + ND_LANE_BLOCK), images = nd_min(ND_LANES, call->n - group * ND_LANES);
    const float *from = call->x[1] + group * ND_LANES * s->columns;
    float *to = call->x[0] + group * ND_LANES * s->columns;
    int64_t c = first;
    for (; c + ND_LANES <= end; c += ND_LANES) nd_turn_square(to + c, s->columns, images, from + c * ND_LANES, ND_LANES, ND_LANES);
    for (; c < end; c++)
        for (int64_t lane = 0; lane < images; lane++) to[lane * s->columns + c] = from[c * ND_LANES + lane];
}

/* Terms that lie evenly in the weights (a_step apart) and side by side in x, b elements from the image's start. */
typedef struct { const float *a; int64_t b, k; } nd_span;

/* A tile of P output channels x Q pixels, b_pixel apart in x, and what becomes of it before it is stored. */
typedef struct {
    const nd_span *spans;
    int64_t count, a_row, a_step;
    const float *b;
    int64_t b_pixel;
    float *c;
    int64_t c_pixel;
    nd_lane_end end;
} nd_lane_product;

ND_INLINE void nd_lane_tile(const nd_lane_product *g, const int P, const int Q)
{
    vf acc[8][3 * ND_PANEL_VECTORS];
    ND_UNROLL for (int p = 0; p < P; p++)
        ND_UNROLL for (int v = 0; v < Q * ND_PANEL_VECTORS; v++) acc[p][v] = (vf){};
    const int64_t row = g->a_row, step = g->a_step, pixel = g->b_pixel;
    for (int64_t i = 0; i < g->count; i++) {
        const float *a0 = g->spans[i].a, *a4 = a0 + 4 * row, *b = g->b + g->spans[i].b;
        for (int64_t k = g->spans[i].k; k > 0; k--) {
            vf x[3 * ND_PANEL_VECTORS];
            ND_UNROLL for (int v = 0; v < Q * ND_PANEL_VECTORS; v++)
                x[v] = nd_load(b + (v / ND_PANEL_VECTORS) * pixel + (v % ND_PANEL_VECTORS) * ND_VLEN);
            ND_UNROLL for (int p = 0; p < P; p++) {
                const float w = (p < 4 ? a0 : a4)[(p % 4) * row];
                ND_UNROLL for (int v = 0; v < Q * ND_PANEL_VECTORS; v++) acc[p][v] += w * x[v];
            }
            a0 += step;
            if (P > 4) a4 += step;
            b += ND_LANES;
        }
    }
    ND_UNROLL for (int p = 0; p < P; p++) {
        const vf added = nd_lane_number(&g->end, p);
        ND_UNROLL for (int v = 0; v < Q * ND_PANEL_VECTORS; v++) {
            const int64_t at = (v / ND_PANEL_VECTORS) * g->c_pixel + p * ND_LANES + (v % ND_PANEL_VECTORS) * ND_VLEN;
            nd_store(g->c + at, nd_lane_ended(&g->end, acc[p][v], added, at));
        }
    }
}

typedef void nd_lane_function(const nd_lane_product *g);
#define ND_LANE_TILE(P, Q) static void nd_lane_tile_##P##x##Q(const nd_lane_product *g) { nd_lane_tile(g, P, Q); }
#define ND_LANE_TILES_2(Q) ND_LANE_TILE(1, Q) ND_LANE_TILE(2, Q)
#define ND_LANE_TILES_6(Q) ND_LANE_TILES_2(Q) ND_LANE_TILE(3, Q) ND_LANE_TILE(4, Q) ND_LANE_TILE(5, Q) ND_LANE_TILE(6, Q)
#define ND_LANE_NAMES_2(Q) nd_lane_tile_1x##Q, nd_lane_tile_2x##Q
#define ND_LANE_NAMES_6(Q) ND_LANE_NAMES_2(Q), nd_lane_tile_3x##Q, nd_lane_tile_4x##Q, nd_lane_tile_5x##Q, nd_lane_tile_6x##Q
#if ND_VLEN == 16
#define ND_LANE_TILES_8(Q) ND_LANE_TILES_6(Q) ND_LANE_TILE(7, Q) ND_LANE_TILE(8, Q)
#define ND_LANE_NAMES_8(Q) { ND_LANE_NAMES_6(Q), nd_lane_tile_7x##Q, nd_lane_tile_8x##Q }
ND_LANE_TILES_8(1) ND_LANE_TILES_8(2) ND_LANE_TILES_8(3)
static nd_lane_function *const nd_lane_tiles[3][8] = {ND_LANE_NAMES_8(1), ND_LANE_NAMES_8(2), ND_LANE_NAMES_8(3)};
#elif ND_VLEN == 8
ND_LANE_TILES_6(1)
static nd_lane_function *const nd_lane_tiles[1][6] = {{ND_LANE_NAMES_6(1)}};
#else
ND_LANE_TILES_2(1)
static nd_lane_function *const nd_lane_tiles[1][2] = {{ND_LANE_NAMES_2(1)}};
#endif

/* The terms of a pixel, clipped to the image, positions relative to the pixel's first tap. turned: weights of the forward convolution,
 * whose gradient this is, read backwards. */
static int64_t nd_spans_of(const nd_step *s, const float *w, int64_t oh, int64_t ow, nd_span *spans)
{
    const int64_t taps = s->kernel_h * s->kernel_w, matrix = s->in_c * s->out_c, top = oh * s->stride_h - s->pad_top;
    const int64_t left = ow * s->stride_w - s->pad_left;
    int64_t count = 0;
    for (int64_t kh = 0; kh < s->kernel_h; kh++) {
        const int64_t ih = top + kh * s->dilation_h;
        int joined = 0;
        for (int64_t kw = 0; ih >= 0 && ih < s->in_h && kw < s->kernel_w; kw++) {
            const int64_t iw = left + kw * s->dilation_w, tap = kh * s->kernel_w + kw;
            if (iw < 0 || iw >= s->in_w) continue;
            if (joined) spans[count - 1].k += s->in_c;
            else spans[count++] = (nd_span){w + (s->turned ? taps - 1 - tap : tap) * matrix,
                                            (kh * s->dilation_h * s->in_w + kw * s->dilation_w) * s->in_c * ND_LANES, s->in_c};
            joined = !s->turned && s->dilation_w == 1;
        }
    }
    return count;
}

/* Pixels [begin, stop) of an output row, all with the same terms. */
static void nd_lane_pixels(const nd_step *s, nd_lane_product g, const float *x, float *y, int64_t begin, int64_t stop)
{
    const nd_lane_end end = g.end;
    for (int64_t ow = begin, tiles = nd_ceil_div(stop - begin, ND_LANE_PIXELS); tiles > 0; tiles--) {
        const int64_t wide = nd_ceil_div(stop - ow, tiles);
        g.b = x + ow * g.b_pixel;
        const nd_span *spans = g.spans;
        nd_span shifted[ND_MOST_SPANS];
        for (int64_t o = 0, left = nd_ceil_div(s->out_c, ND_LANE_OUTPUTS); left > 0; left--) {
            const int64_t high = nd_ceil_div(s->out_c - o, left);
            for (int64_t i = 0; o && i < g.count; i++) shifted[i] = (nd_span){spans[i].a + o * g.a_row, spans[i].b, spans[i].k};
            g.spans = o ? shifted : spans;
            g.c = y + ow * g.c_pixel + o * ND_LANES;
            g.end = nd_lane_end_at(&end, ow * g.c_pixel + o * ND_LANES, o);
            nd_lane_tiles[wide - 1][high - 1](&g);
            o += high;
        }
        g.spans = spans;
        ow += wide;
    }
}

/* The epilogue of output row `row` of all. Operands without images hold a number for each channel: it is repeated along the lanes. */
static void nd_lane_epilogue(const nd_call *call, int64_t row)
{
    const nd_step *s = call->step;
    const int64_t columns = s->out_c * ND_LANES, first = row * s->out_w * columns;
    nd_program program = nd_program_of(call->x[3], s->inputs, call->scratch);
    const nd_view y = {call->x[0] + first, columns, 1};
    nd_view x[ND_OPERANDS] = {y};
    for (int k = 1; k < s->inputs; k++) {
        const nd_operand *o = nd_operand_of(s, 3 + k);
        float *repeated = call->scratch + ND_BYTECODE_SCRATCH + (k - 1) * columns;
        x[k] = o->image ? (nd_view){call->x[3 + k] + first, columns, 1} : (nd_view){repeated, 0, 1};
        for (int64_t c = 0; !o->image && c < s->out_c; c++)
            nd_fill_run(repeated + c * ND_LANES, call->x[3 + k][c * o->stride[2]], ND_LANES);
    }
    nd_map_window(&program, y, x, s->out_w, columns);
}

static int64_t ND_JOIN(ND_NAME(conv_lanes), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    return nd_images(s, 1, n) * s->out_h;
}

/* A task is a row of the result, of 16 images. */
static void ND_JOIN(ND_NAME(conv_lanes), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t oh = task % s->out_h, group = task / s->out_h;
    const float *x = call->x[1] + group * nd_operand_of(s, 1)->image
                     + ((oh * s->stride_h - s->pad_top) * s->in_w - s->pad_left) * s->in_c * ND_LANES;
    float *y = call->x[0] + (group * s->out_h + oh) * s->out_w * s->out_c * ND_LANES;
    const int64_t reach = (s->kernel_w - 1) * s->dilation_w;
    const int64_t low = nd_min(s->out_w, nd_max(0, nd_ceil_div(s->pad_left, s->stride_w)));
    const int64_t inside = s->in_w + s->pad_left - reach; /* ow*stride < inside: the last tap lies in the image */
    const int64_t high = nd_max(low, nd_min(s->out_w, inside > 0 ? nd_ceil_div(inside, s->stride_w) : 0));
    nd_span spans[ND_MOST_SPANS];
    nd_lane_product g = {
        .spans = spans,
        .a_row = s->turned ? s->in_c : 1,
        .a_step = s->turned ? 1 : s->out_c,
        .b_pixel = s->stride_w * s->in_c * ND_LANES,
        .c_pixel = s->out_c * ND_LANES,
        .end = nd_lane_end_of(call, task * s->out_w * s->out_c * ND_LANES),
    };
    for (int64_t ow = 0; ow < s->out_w;) {
        const int64_t end = ow == low && high > low ? high : ow + 1;
        g.count = nd_spans_of(s, call->x[2], oh, ow, spans);
        nd_lane_pixels(s, g, x, y, ow, end);
        ow = end;
    }
    if (s->words && g.end.kind == nd_end_none) nd_lane_epilogue(call, task);
}

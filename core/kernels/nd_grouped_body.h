/* conv_grouped and conv_grouped_dw: convolutions of few channels a group, output channels in the lanes.
 *
 * Lane o of a vector belongs to group o/co and reads channels o/co*ci ... + ci - 1 of its pixel, of ci channels a group in and co out:
 * as they lie where both are 1 (depthwise), else picked from one vector of the pixel, or gathered. No lane is idle and nothing is
 * packed. A tile is some pixels of a line, each with one vector of output channels; taps outside the image are left out. A sum is one
 * segment: longer ones are left to `conv`.
 */
#if ND_VLEN == 16
#define ND_GROUPED_PIXELS 8
#else
#define ND_GROUPED_PIXELS 6
#endif
enum { ND_GROUPED_BLOCK = 32, ND_GROUPED_WORK = 150000 };
enum { nd_way_same, nd_way_shuffled, nd_way_gathered };

/* Where a vector of output channels finds its input channels. */
typedef struct {
    int64_t first, span; /* the input channels under it */
    int way, whole;      /* whole: a full vector can be loaded from `first` on */
    vi lane;             /* each lane's channel 0, from `first` on */
} nd_pick;

static nd_pick nd_pick_of(const nd_step *s, int64_t o)
{
    const int64_t ci = s->in_c / s->groups, co = s->out_c / s->groups, last = nd_min(o + ND_VLEN, s->out_c) - 1;
    nd_pick k = {.first = o / co * ci, .span = (last / co - o / co + 1) * ci};
    for (int i = 0; i < ND_VLEN; i++) k.lane[i] = (int32_t)((nd_min(o + i, last) / co - o / co) * ci);
    k.way = ci == 1 && co == 1 ? nd_way_same : k.span <= ND_VLEN ? nd_way_shuffled : nd_way_gathered;
    k.whole = k.first + ND_VLEN <= s->in_c;
    return k;
}

ND_INLINE vf nd_channels(const float *p, const nd_pick *k, const int way, const int whole)
{
    if (way == nd_way_gathered) return (vf){};
    return whole ? nd_load(p) : nd_load_up_to(p, k->span);
}

/* Channel i of each lane's group; `v` is what nd_channels gave. */
ND_INLINE vf nd_channel(vf v, const float *p, const nd_pick *k, int64_t i, const int way)
{
    if (way == nd_way_same) return v;
    const vi lane = k->lane + (int32_t)i;
    return way == nd_way_shuffled ? __builtin_shuffle(v, lane) : nd_load_at(p, lane);
}

/* A tap of a tile: where it meets the source, from the first pixel's on, its weights, and the pixels for which it lies inside. */
typedef struct {
    int64_t x, w;
    unsigned pixels;
} nd_tap;

/* The taps that meet the image under some of the `count` pixels from `pixel` on, and whether all of them lie inside for all pixels. */
typedef struct {
    int64_t count;
    int inside;
    nd_tap tap[ND_SEGMENT];
} nd_tap_list;

static void nd_list_taps(const nd_step *s, nd_pixel pixel, int64_t count, nd_tap_list *list)
{
    const int64_t pitch = nd_pitch(s, 1, s->in_c), row = (s->in_c / s->groups) * ND_LANES, start = pixel.ow * s->stride_w - s->pad_left;
    unsigned pixels[ND_SEGMENT];
    list->inside = 1;
    for (int64_t kw = 0, at = start; kw < s->kernel_w; kw++, at += s->dilation_w) {
        const int64_t low = at < 0 ? nd_min(count, nd_ceil_div(-at, s->stride_w)) : 0;
        const int64_t high = at >= s->in_w ? 0 : nd_min(count, (s->in_w - 1 - at) / s->stride_w + 1);
        pixels[kw] = high > low ? (1u << high) - (1u << low) : 0;
        list->inside &= low == 0 && high == count;
    }
    nd_tap *tap = list->tap;
    for (int64_t kd = 0, w = 0; kd < s->kernel_d; kd++)
        for (int64_t kh = 0; kh < s->kernel_h; kh++, w += s->kernel_w * row) {
            const int64_t id = nd_source(pixel.od, kd, s->stride_d, s->pad_front, s->dilation_d, s->in_d);
            const int64_t ih = nd_source(pixel.oh, kh, s->stride_h, s->pad_top, s->dilation_h, s->in_h);
            if (id < 0 || ih < 0) continue;
            const int64_t line = (id * s->in_h + ih) * s->in_w - s->pad_left;
            for (int64_t kw = 0; kw < s->kernel_w; kw++)
                if (pixels[kw]) *tap++ = (nd_tap){(line + kw * s->dilation_w) * pitch, w + kw * row, pixels[kw]};
        }
    list->count = tap - list->tap;
}

typedef struct {
    const nd_pick *pick;
    const nd_tap *taps;
    const float *image, *w;
    float *y;
    int64_t count, step, inputs; /* taps; elements between the sources of pixels; channels a group in */
    int64_t y_step, channels;
} nd_grouped;

ND_INLINE void nd_grouped_tile(const nd_grouped *g, const int P, const int way, const int whole)
{
    const nd_pick *k = g->pick;
    const int64_t step = g->step, inputs = way == nd_way_same ? 1 : g->inputs;
    const float *image = g->image + k->first;
    vf acc[ND_GROUPED_PIXELS];
    ND_UNROLL for (int p = 0; p < P; p++) acc[p] = (vf){};
    for (const nd_tap *tap = g->taps, *end = tap + g->count; tap < end; tap++) {
        const float *from = image + tap->x, *w = g->w + tap->w;
        if (tap->pixels == (1u << P) - 1) {
            vf v[ND_GROUPED_PIXELS];
            ND_UNROLL for (int p = 0; p < P; p++) v[p] = nd_channels(from + p * step, k, way, whole);
            for (int64_t i = 0; i < inputs; i++, w += ND_LANES) {
                const vf weight = nd_load(w);
                ND_UNROLL for (int p = 0; p < P; p++) acc[p] += nd_channel(v[p], from + p * step, k, i, way) * weight;
            }
            continue;
        }
        for (int64_t i = 0; i < inputs; i++, w += ND_LANES) {
            const vf weight = nd_load(w);
            ND_UNROLL for (int p = 0; p < P; p++)
                if (tap->pixels >> p & 1) acc[p] += nd_channel(nd_channels(from + p * step, k, way, whole), from + p * step, k, i, way) * weight;
        }
    }
    ND_UNROLL for (int p = 0; p < P; p++) nd_store_up_to(g->y + p * g->y_step, acc[p], g->channels);
}

typedef void nd_grouped_function(const nd_grouped *g);
#define ND_GROUPED_TILE(P, way, whole) static void nd_grouped_##P##_##way##_##whole(const nd_grouped *g) { nd_grouped_tile(g, P, way, whole); }
#define ND_GROUPED_TILES(P) ND_GROUPED_TILE(P, 0, 0) ND_GROUPED_TILE(P, 0, 1) ND_GROUPED_TILE(P, 1, 0) ND_GROUPED_TILE(P, 1, 1) ND_GROUPED_TILE(P, 2, 0)
#define ND_GROUPED_NAMES(P) {{nd_grouped_##P##_0_0, nd_grouped_##P##_0_1}, {nd_grouped_##P##_1_0, nd_grouped_##P##_1_1}, {nd_grouped_##P##_2_0, nd_grouped_##P##_2_0}}
ND_GROUPED_TILES(1) ND_GROUPED_TILES(2) ND_GROUPED_TILES(3) ND_GROUPED_TILES(4) ND_GROUPED_TILES(5) ND_GROUPED_TILES(6)
#if ND_GROUPED_PIXELS == 8
ND_GROUPED_TILES(7) ND_GROUPED_TILES(8)
#endif
static nd_grouped_function *const nd_grouped_tiles[ND_GROUPED_PIXELS][3][2] = {
    ND_GROUPED_NAMES(1), ND_GROUPED_NAMES(2), ND_GROUPED_NAMES(3), ND_GROUPED_NAMES(4), ND_GROUPED_NAMES(5), ND_GROUPED_NAMES(6),
#if ND_GROUPED_PIXELS == 8
    ND_GROUPED_NAMES(7), ND_GROUPED_NAMES(8),
#endif
};

/* Lines [l0, l1) of a convolution, all of it or a class of it, for output channels [o0, o1); the weights of panel 0 begin at w. */
static void nd_grouped_lines(const nd_call *call, const nd_step *s, const nd_class *class, const float *w, int64_t l0, int64_t l1,
                           int64_t o0, int64_t o1)
{
    const int64_t pitch = nd_pitch(s, 0, s->out_c), panel = nd_depth(call->step) * ND_LANES, image = nd_operand_of(s, 1)->image;
    const int64_t tiles = nd_ceil_div(s->out_w, ND_GROUPED_PIXELS);
    nd_pick picks[ND_GROUPED_BLOCK];
    nd_tap_list list;
    nd_grouped g = {.taps = list.tap, .inputs = s->in_c / s->groups, .step = s->stride_w * nd_pitch(s, 1, s->in_c)};
    g.y_step = (class ? call->step->upsample_w : 1) * pitch;
    for (int64_t first = o0; first < o1; first += ND_GROUPED_BLOCK * ND_VLEN) {
        const int64_t end = nd_min(o1, first + ND_GROUPED_BLOCK * ND_VLEN);
        for (int64_t o = first, i = 0; o < end; o += ND_VLEN) picks[i++] = nd_pick_of(s, o);
        for (int64_t l = l0; l < l1; l++) {
            nd_pixel pixel = nd_pixel_of(s, l * s->out_w);
            float *y = call->x[0] + (class ? nd_row_of_class(call->step, class, pixel) : l * s->out_w) * pitch;
            int64_t listed = 0; /* pixels of a tile of this line for which the list holds */
            for (int64_t i = 0; i < tiles; i++) {
                const int64_t count = nd_ceil_div(s->out_w - pixel.ow, tiles - i), at = pixel.ow * s->stride_w - s->pad_left;
                if (count != listed || at + (count - 1) * s->stride_w + (s->kernel_w - 1) * s->dilation_w >= s->in_w) {
                    nd_list_taps(s, pixel, count, &list);
                    listed = list.inside ? count : 0;
                }
                g.image = call->x[1] + pixel.image * image + pixel.ow * g.step;
                g.count = list.count;
                for (int64_t o = first; o < end; o += ND_VLEN) {
                    g.pick = &picks[(o - first) / ND_VLEN];
                    g.w = w + o / ND_LANES * panel + o % ND_LANES;
                    g.y = y + pixel.ow * g.y_step + o;
                    g.channels = nd_min(ND_VLEN, end - o);
                    nd_grouped_tiles[count - 1][g.pick->way][g.pick->whole](&g);
                }
                pixel.ow += count;
            }
        }
    }
}

/* Neutral. A task owns whole lines (planes, where planes are spread) of cells, and some panels. */
typedef struct {
    int64_t cells, units, share, row_blocks, panels, panel_blocks;
} nd_grouped_blocks;

static nd_grouped_blocks nd_grouped_blocks_of(const nd_step *s, int64_t n)
{
    const int64_t line = nd_ceil_div(s->out_w, s->upsample_w), panels = nd_ceil_div(s->out_c, ND_LANES);
    nd_grouped_blocks b = {.cells = s->upsample_d > 1 ? line * nd_ceil_div(s->out_h, s->upsample_h) : line};
    b.units = nd_images(s, 1, n) * (nd_cells(s) / b.cells);
    const int64_t work = nd_max(1, b.cells * nd_depth(s)) * panels * ND_LANES;
    b.share = nd_max(nd_ceil_div(b.units, 32), nd_ceil_div(ND_GROUPED_WORK, work));
    b.row_blocks = nd_ceil_div(b.units, nd_max(1, b.share));
    b.panels = nd_ceil_div(panels, nd_ceil_div(8, nd_max(1, b.row_blocks)));
    b.panels = nd_min(panels, nd_max(b.panels, nd_ceil_div(ND_GROUPED_WORK, nd_max(1, b.share * work / panels))));
    b.panel_blocks = nd_ceil_div(panels, b.panels);
    return b;
}

static int64_t ND_JOIN(ND_NAME(conv_grouped), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    if (!nd_images(s, 1, n)) return 0;
    const nd_grouped_blocks b = nd_grouped_blocks_of(s, n);
    return b.row_blocks * b.panel_blocks;
}

static void ND_JOIN(ND_NAME(conv_grouped), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const nd_grouped_blocks b = nd_grouped_blocks_of(s, call->n);
    const int64_t o0 = task % b.panel_blocks * b.panels * ND_LANES, o1 = nd_min(s->out_c, o0 + b.panels * ND_LANES);
    const int64_t u0 = task / b.panel_blocks * b.share, u1 = nd_min(b.units, u0 + b.share);
    if (u0 >= u1 || o0 >= o1) return;
    const int64_t c0 = u0 * b.cells, c1 = u1 * b.cells;
    static const int64_t one[3] = {1, 1, 1};
    if (nd_is_spread(s)) {
        for (int64_t i = 0; i < nd_classes(s); i++) {
            const nd_class class = nd_class_of(s, i);
            const int64_t *size = &class.conv.out_d, wide = class.conv.out_w;
            nd_grouped_lines(call, &class.conv, &class, call->x[2] + class.tap * (s->in_c / s->groups) * ND_LANES,
                           nd_rows_before(s, c0, size, one) / wide, nd_rows_before(s, c1, size, one) / wide, o0, o1);
        }
    } else {
        nd_grouped_lines(call, s, 0, call->x[2], c0 / s->out_w, c1 / s->out_w, o0, o1);
    }
    if (!s->words) return;
    nd_epilogue(call, nd_rows_before(s, c0, &s->out_d, &s->upsample_d), nd_rows_before(s, c1, &s->out_d, &s->upsample_d), o0, o1 - o0,
                call->scratch);
}

/* pack_grouped: the panel of the conv_grouped that computes conv_dx. A task is a panel of the result. */
static int64_t ND_JOIN(ND_NAME(pack_grouped), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase, (void)n;
    return nd_ceil_div(s->in_c, ND_LANES);
}

static void ND_JOIN(ND_NAME(pack_grouped), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t ci = s->in_c / s->groups, co = s->out_c / s->groups, taps = nd_taps(s), area = s->kernel_h * s->kernel_w;
    for (int64_t tap = 0; tap < taps; tap++) {
        const int64_t turned = taps - 1 - tap, at[3] = {turned / area, turned % area / s->kernel_w, turned % s->kernel_w};
        float *to = call->x[0] + (task * taps + nd_turned_place(s, at)) * co * ND_LANES;
        for (int64_t o = 0; o < co; o++)
            for (int64_t lane = 0; lane < ND_LANES; lane++, to++) {
                const int64_t c = task * ND_LANES + lane, out = c / ci * co + o;
                *to = c < s->in_c ? call->x[1][((out / ND_LANES * taps + tap) * ci + c % ci) * ND_LANES + out % ND_LANES] : 0;
            }
    }
}

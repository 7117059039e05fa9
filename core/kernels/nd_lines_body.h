/* Convolutions of few input channels, such as a first layer: the lines of the source are copied once, with their padding, and the
 * product reads patches where they lie. A kernel line is one run of a line; a tile is a part of one line of the result. */
enum { ND_LINES_CHANNELS = 8, ND_LINES_LEAST = 8 };

/* Elements of a padded line. */
ND_INLINE int64_t nd_line_length(const nd_step *s) { return ((s->out_w - 1) * s->stride_w + s->kernel_w) * s->in_c; }
/* Lines under the kernel. */
ND_INLINE int64_t nd_line_reach(const nd_step *s) { return (s->kernel_h - 1) * s->dilation_h + 1; }

static int nd_by_lines(const nd_step *s)
{
    return s->in_c <= ND_LINES_CHANNELS && s->groups == 1 && s->out_w >= ND_LINES_LEAST && s->in_d * s->out_d * s->kernel_d == 1 && nd_pitch(s, 1, s->in_c) == s->in_c
           && nd_taps(s) > 1 && nd_depth(s) <= ND_SEGMENT && s->stride_w <= s->kernel_w && s->dilation_w == 1 && !nd_is_spread(s)
           && !s->pad_front && nd_line_length(s) <= ND_PATCH_SCRATCH && nd_line_reach(s) <= ND_PATCH_SCRATCH / nd_line_length(s);
}

/* Lines [first, first + count) of an image, padded, into `to`. */
static void nd_copy_lines(const nd_step *s, const float *image, int64_t first, int64_t count, float *to)
{
    const int64_t length = nd_line_length(s), line = s->in_w * s->in_c, pad = s->pad_left * s->in_c;
    const int64_t low = nd_min(nd_max(pad, 0), length), high = nd_max(low, nd_min(line + pad, length));
    for (int64_t ih = first; ih < first + count; ih++, to += length) {
        if (ih < 0 || ih >= s->in_h) {
            nd_fill_run(to, 0, length);
            continue;
        }
        nd_fill_run(to, 0, low);
        nd_copy_run(to + low, image + ih * line + low - pad, high - low);
        nd_fill_run(to + high, 0, length - high);
    }
}

/* A line of the result, all panels of a tile before the next tile. Sums are short, so that as much time goes into writing: the place of
 * the tile after each, of this line or of the one that follows if there are `more`, is asked for while it is computed, a line at every
 * term; of rows that other channels lie between, before. */
static void nd_line_of_tiles(nd_product g, int64_t rows, int64_t panels, int more)
{
    const int64_t tiles = nd_ceil_div(rows, ND_TILE_ROWS), terms = g.k * (g.more + 1) * ND_LANES;
    const int dense = g.c_row == (panels - 1) * ND_LANES + g.lanes;
    const nd_product whole = g;
    for (int64_t i = 0, row = 0; i < tiles; i++) {
        const int64_t count = nd_ceil_div(rows - row, tiles - i), next = row + count;
        const int64_t after = g.past ? 0 : next < rows ? nd_ceil_div(rows - next, tiles - i - 1) : more ? nd_ceil_div(rows, tiles) : 0;
        const float *c = dense && after ? whole.c + next * whole.c_row : 0;
        if (!dense) nd_fetch_place(&whole, next, after, 0, panels);
        else for (int64_t at = nd_ceil_div(panels, ND_TILE_PANELS) * terms; at < after * g.c_row; at += ND_LANES) nd_fetch(c + at);
        for (int64_t panel = 0, width; panel < panels; panel += width) {
            width = nd_min(ND_TILE_PANELS, panels - panel);
            nd_go_to_tile(&g, &whole, row, panel, width, panels);
            g.ahead = c ? c : g.b;
            if (c) c += terms;
            nd_tiles[width - 1][count - 1](&g);
        }
        row = next;
    }
}

/* Lines [l0, l1) of the result by product `g`, which has weights and the place of line l0. */
static void nd_conv_lines(const nd_call *call, nd_product g, int64_t l0, int64_t l1, int64_t panels)
{
    const nd_step *s = call->step;
    const int64_t length = nd_line_length(s), reach = nd_line_reach(s), fit = (ND_PATCH_SCRATCH / length - reach) / s->stride_h + 1;
    g.k = s->kernel_w * s->in_c;
    g.more = s->kernel_h - 1;
    g.a_more = s->dilation_h * length;
    g.a_row = s->stride_w * s->in_c;
    g.a_step = 1;
    for (int64_t l = l0; l < l1;) {
        const int64_t oh = l % s->out_h, count = nd_min(nd_min(fit, l1 - l), s->out_h - oh);
        const float *image = call->x[1] + l / s->out_h * nd_operand_of(s, 1)->image;
        nd_copy_lines(s, image, oh * s->stride_h - s->pad_top, (count - 1) * s->stride_h + reach, call->scratch);
        for (int64_t i = 0; i < count; i++) {
            g.a = call->scratch + i * s->stride_h * length;
            nd_line_of_tiles(g, s->out_w, panels, l + i + 1 < l1);
            g.c += s->out_w * g.c_row;
            for (int f = 0; g.finish && f < g.finish->adds; f++) g.finish_at[f] += s->out_w * g.finish->row[f];
        }
        l += count;
    }
}

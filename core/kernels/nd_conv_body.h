/* conv: y = epilogue(patches(x) * w), a block of rows times a block of panels a task.
 *
 * The matrix of patches is never whole: a task packs one segment of its columns for its rows and multiplies it with the
 * panels' segment; y holds the total. Where patches are pixels (1x1, dense layers) nothing is packed. The epilogue
 * follows while the block is in the cache.
 */
#define ND_TASK_WORK 400000 /* multiply-adds below which a task is not worth claiming */
enum { ND_MOST_ROWS = 448 };

typedef struct {
    int64_t all, cells, row_blocks, panels, panel_blocks;
} nd_conv_blocks;

/* Rows of one packing. */
ND_INLINE int64_t nd_most_rows(const nd_step *s)
{
    return nd_patches_are_x(s) ? 224 : nd_min(ND_MOST_ROWS, nd_max(1, ND_PATCH_SCRATCH / nd_max(1, nd_segment(nd_depth(s)))));
}

#define ND_LEAST_TASKS 16
/* Neutral: tasks of any size give the same bits. A task owns whole cells (a cell is a pixel unless the source is spread).
 *
 * Every block of panels reads, and packs, all rows; every block of rows reads all weights. Of the ways to make enough tasks, each large
 * enough to be worth claiming, that which moves least is taken. */
static nd_conv_blocks nd_conv_blocks_of(const nd_step *s, int64_t n)
{
    const int64_t all = nd_max(1, nd_images(s, 1, n) * nd_cells(s)), depth = nd_depth(s), panels = nd_panels(s), most = nd_most_rows(s);
    const int64_t stretch = nd_by_lines(s) ? s->out_w : nd_cell_stretch(s), packing = nd_patches_are_x(s) ? 1 : 3;
    const int64_t work = nd_max(1, all * depth * panels * ND_LANES), tasks = nd_min(32, nd_ceil_div(work, ND_TASK_WORK));
    int64_t rows = 1, parts = 1, least = INT64_MAX;
    for (int64_t p = 1; p <= nd_max(1, panels / 2); p *= 2) {
        const int64_t enough = nd_ceil_div(p == 1 ? tasks : nd_min(tasks, ND_LEAST_TASKS), p);
        const int64_t tiles = nd_ceil_div(nd_ceil_div(all, ND_TILE_ROWS), enough) * ND_TILE_ROWS;
        const int64_t r = nd_ceil_div(all, nd_min(most, tiles));
        if (r * p < nd_min(tasks, ND_LEAST_TASKS) && p * 2 <= nd_max(1, panels / 2)) continue;
        const int64_t moved = r * panels * ND_LANES * depth + p * packing * all * depth;
        if (moved >= least) continue;
        least = moved;
        rows = r;
        parts = p;
    }
    const int64_t block = s->task_rows ? s->task_rows : nd_ceil_div(all, rows);
    const int64_t cells = nd_ceil_div(nd_ceil_div(all, nd_ceil_div(all, nd_min(block, all))), stretch) * stretch;
    const int64_t share = nd_min(panels, s->task_panels ? s->task_panels : nd_ceil_div(nd_ceil_div(panels, parts), 2) * 2);
    return (nd_conv_blocks){all, cells, nd_ceil_div(all, cells), share, nd_ceil_div(panels, nd_max(1, share))};
}

static int64_t ND_JOIN(ND_NAME(conv), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    if (!nd_images(s, 1, n)) return 0;
    const nd_conv_blocks b = nd_conv_blocks_of(s, n);
    return b.row_blocks * s->groups * b.panel_blocks;
}

/* The element of operand i at a pixel, channel 0. */
ND_INLINE float *nd_at_pixel(const nd_call *call, int i, nd_pixel p)
{
    const nd_operand *o = nd_operand_of(call->step, i);
    return call->x[i] + p.image * o->image + (p.od * call->step->out_h + p.oh) * o->stride[0] + p.ow * o->stride[1];
}

/* Rows from `row` on over which every extra operand moves in even steps: all, to the end of the image, or of the line.
 */
static int64_t nd_even_rows(const nd_step *s, int64_t row, int64_t end)
{
    const int64_t area = nd_pixels(s), lines = s->out_d * s->out_h;
    int64_t reach = end;
    for (int i = 4; i < 3 + s->inputs; i++) {
        const nd_operand *o = nd_operand_of(s, i);
        const int64_t step = s->out_w > 1 ? o->stride[1] : o->stride[0];
        if (s->out_w > 1 && lines > 1 && o->stride[0] != o->stride[1] * s->out_w)
            reach = nd_min(reach, (row / s->out_w + 1) * s->out_w);
        else if (area == 1 ? 0 : o->image != step * area) reach = nd_min(reach, (row / area + 1) * area);
    }
    return reach;
}

static void nd_epilogue(const nd_call *call, int64_t r0, int64_t r1, int64_t c0, int64_t columns, float *scratch)
{
    const nd_step *s = call->step;
    const int64_t pitch = nd_pitch(s, 0, s->out_c);
    nd_program program = nd_program_of(call->x[3], s->inputs, scratch);
    for (int64_t r = r0; r < r1;) {
        const int64_t end = nd_even_rows(s, r, r1);
        const nd_view y = {call->x[0] + r * pitch + c0, pitch, 1};
        nd_view x[ND_OPERANDS] = {y};
        for (int k = 1; k < s->inputs; k++) {
            const nd_operand *o = nd_operand_of(s, 3 + k);
            const int64_t row = s->out_w > 1 ? o->stride[1] : s->out_d * s->out_h > 1 ? o->stride[0] : o->image;
            x[k] = (nd_view){nd_at_pixel(call, 3 + k, nd_pixel_of(s, r)) + c0 * o->stride[2], row, o->stride[2]};
        }
        nd_map_window(&program, y, x, end - r, columns);
        r = end;
    }
}

/* Whether the epilogue is a sum that ends with its tiles: y and one or two addends, and max(sum, 0); then from row `r`, column `c` on. */
static int nd_finish_of(const nd_call *call, int64_t r, int64_t c, nd_finish *f, const float **at)
{
    const nd_step *s = call->step;
    const int64_t all = nd_images(s, 1, call->n) * nd_pixels(s);
    nd_sum_map m;
    if (!s->words || !nd_is_sum_map((const int32_t *)call->x[3], &m)) return 0;
    if (m.operands > 1 && m.operand[0] && m.operand[1]) return 0; /* y is of the first pair, whose order is free */
    if (nd_even_rows(s, 0, all) < all) return 0;
    *f = (nd_finish){.relu = m.relu};
    int found = 0;
    for (int i = 0; i < m.operands; i++) {
        if (!m.operand[i] && !found++) continue;
        if (!m.operand[i]) return 0;
        const nd_operand *o = nd_operand_of(s, 3 + m.operand[i]);
        if (o->stride[2] != 1) return 0;
        f->row[f->adds] = s->out_w > 1 ? o->stride[1] : s->out_d * s->out_h > 1 ? o->stride[0] : o->image;
        if (nd_is_spread(s) && f->row[f->adds]) return 0; /* the rows of a class lie apart */
        at[f->adds] = call->x[3 + m.operand[i]] + r * f->row[f->adds] + c;
        f->adds++;
    }
    return found;
}

/* Whether y goes past the cache: it is too large to wait there for its reader, and the vectors of its panels lie in their places. */
static int nd_is_far(const nd_call *call)
{
    const nd_step *s = call->step;
    const int aligned = s->out_c / s->groups % ND_LANES == 0 && nd_pitch(s, 0, s->out_c) % ND_LANES == 0 && nd_in_place(call->x[0]);
    return aligned && nd_images(s, 1, call->n) * nd_pixels(s) * s->out_c >= ND_FAR;
}

/* Of the epilogue's operands up to two that are as large as y and lie as it does, from row `r` on; they come from memory. */
static void nd_ask_for(const nd_call *call, nd_product *g, int64_t r, int64_t rows)
{
    const nd_step *s = call->step;
    int found = 0;
    for (int k = 1; k < s->inputs && found < 2; k++) {
        const nd_operand *o = nd_operand_of(s, 3 + k);
        if (o->stride[2] == 1 && o->stride[1] == s->out_c && nd_even_rows(s, 0, nd_pixels(s) + 1) > nd_pixels(s))
            g->soon[found++] = call->x[3 + k] + r * o->stride[1];
    }
    g->soon_length = found ? rows * s->out_c : 0;
}

/* Rows [r0, r1) of convolution `s`, all of it or a class of it, by product `g`, which has weights and the place of row 0. */
static void nd_conv_rows(const nd_call *call, const nd_step *s, const nd_class *class, nd_product g, int64_t group, int64_t r0,
                         int64_t r1, int64_t panels)
{
    const int64_t depth = nd_depth(s), segment = nd_segment(depth), most = nd_most_rows(s);
    const float *b = g.b;
    const nd_finish *finish = g.finish;
    const int past = g.past;
    float *c = g.c;
    int64_t at[ND_MOST_ROWS], k;
    for (int64_t end; r0 < r1; r0 = end) {
        end = nd_min(r1, r0 + most);
        if (class) {
            nd_pixel pixel = nd_pixel_of(s, r0);
            for (int64_t r = r0; r < end; r++, nd_next_pixel(s, &pixel))
                at[r - r0] = nd_row_of_class(call->step, class, pixel) * g.c_row;
            g.c_at = at;
        } else {
            g.c = c + r0 * g.c_row;
        }
        k = 0;
        do {
            g.k = nd_min(segment, depth - k);
            g.b = b + k * ND_LANES;
            g.then = k + segment < depth ? g.b + segment * ND_LANES : 0;
            g.accumulate = k > 0;
            g.past = past && depth <= segment;
            g.c_far = k == 0 && !g.past;
            g.finish = g.then ? 0 : finish;
            g.soon_length = 0;
            if (s->words && !g.then && !finish && !class && panels == nd_panels(s)) nd_ask_for(call, &g, r0, end - r0);
            if (g.k) {
                const nd_matrix a = nd_patch_matrix(s, call->x[1], group, r0, end, k, k + g.k, call->scratch);
                g.a = a.p;
                g.a_row = a.row;
                g.a_step = a.column;
            }
            nd_gemm(g, end - r0, panels);
            k += segment;
        } while (k < depth);
        for (int i = 0; finish && i < finish->adds; i++) g.finish_at[i] += (end - r0) * finish->row[i];
    }
}

#include "nd_conv_pixels_body.h"

static void ND_JOIN(ND_NAME(conv), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const nd_conv_blocks b = nd_conv_blocks_of(s, call->n);
    const int64_t part = task % b.panel_blocks, group = task / b.panel_blocks % s->groups;
    const int64_t c0 = task / b.panel_blocks / s->groups * b.cells, c1 = nd_min(b.all, c0 + b.cells);
    const int64_t out = s->out_c / s->groups, p0 = part * b.panels, p1 = nd_min(nd_panels(s), p0 + b.panels);
    if (c0 >= c1 || p0 >= p1) return;
    if (nd_pixels_in_lanes(s)) {
        nd_conv_pixels(call, c0, c1);
        return;
    }
    const int64_t first = group * out + p0 * ND_LANES, columns = nd_min(out, p1 * ND_LANES) - p0 * ND_LANES;
    nd_product g = {
        .b = call->x[2] + (group * nd_panels(s) + p0) * nd_depth(s) * ND_LANES,
        .b_panel = nd_depth(s) * ND_LANES,
        .c = call->x[0] + first,
        .c_row = nd_pitch(s, 0, s->out_c),
        .c_panel = ND_LANES,
        .lanes = columns - (p1 - p0 - 1) * ND_LANES,
    };
    nd_finish finish;
    if (nd_finish_of(call, c0, first, &finish, g.finish_at)) g.finish = &finish;
    g.past = (!s->words || g.finish) && nd_is_far(call);
    int64_t r0 = c0, r1 = c1;
    if (nd_by_lines(s)) {
        nd_product lines = g;
        lines.c += r0 * g.c_row;
        nd_conv_lines(call, lines, r0 / s->out_w, r1 / s->out_w, p1 - p0);
    } else if (!nd_is_spread(s)) {
        nd_conv_rows(call, s, 0, g, group, r0, r1, p1 - p0);
    } else {
        static const int64_t one[3] = {1, 1, 1};
        for (int64_t i = 0; i < nd_classes(s); i++) {
            const nd_class class = nd_class_of(s, i);
            const int64_t *size = &class.conv.out_d;
            nd_product of_class = g;
            of_class.b += class.tap * (s->in_c / s->groups) * ND_LANES;
            nd_conv_rows(call, &class.conv, &class, of_class, group, nd_rows_before(s, c0, size, one), nd_rows_before(s, c1, size, one),
                         p1 - p0);
        }
        r0 = nd_rows_before(s, c0, &s->out_d, &s->upsample_d);
        r1 = nd_rows_before(s, c1, &s->out_d, &s->upsample_d);
    }
    if (g.past) nd_stream_end();
    if (s->words && !g.finish) nd_epilogue(call, r0, r1, first, columns, call->scratch);
}

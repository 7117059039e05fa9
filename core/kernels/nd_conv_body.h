/* conv: y = epilogue(patches(x) * w), a block of rows times a block of panels a task.
 *
 * The matrix of patches is never whole: a task packs one segment of its columns for its rows and multiplies it with the
 * panels' segment; y holds the total. Where patches are pixels (1x1, dense layers) nothing is packed. The epilogue
 * follows while the block is in the cache.
 */
#define ND_TASK_WORK 400000 /* multiply-adds below which a task is not worth claiming */

typedef struct {
    int64_t rows, row_blocks, panels, panel_blocks;
} nd_conv_blocks;

/* Neutral: tiles of any size give the same bits. */
static nd_conv_blocks nd_conv_blocks_of(const nd_step *s, int64_t n)
{
    const int64_t rows = nd_images(s, 1, n) * s->out_h * s->out_w, depth = nd_depth(s), panels = nd_panels(s);
    const int64_t most = nd_patches_are_x(s) ? 224 : nd_min(448, nd_max(1, ND_PATCH_SCRATCH / nd_segment(depth)));
    const int64_t least = nd_ceil_div(ND_TASK_WORK, depth * panels * ND_LANES);
    int64_t block = nd_min(most, nd_max(least, nd_ceil_div(rows, 32)));
    block = nd_min(most, nd_ceil_div(block, ND_TILE_ROWS) * ND_TILE_ROWS);
    const int64_t row_blocks = nd_max(1, nd_ceil_div(rows, block));
    const int64_t work = nd_max(1, rows / row_blocks) * depth * ND_LANES;
    int64_t share = nd_ceil_div(panels, nd_ceil_div(16, row_blocks));
    share = nd_min(panels, nd_max(nd_ceil_div(share, 2) * 2, nd_ceil_div(ND_TASK_WORK, work)));
    return (nd_conv_blocks){nd_ceil_div(rows, row_blocks), row_blocks, share, nd_ceil_div(panels, share)};
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
    return call->x[i] + p.image * o->image + p.oh * o->stride[0] + p.ow * o->stride[1];
}

/* Rows from `row` on over which every extra operand moves in even steps: all, to the end of the image, or of the line.
 */
static int64_t nd_even_rows(const nd_step *s, int64_t row, int64_t end)
{
    const int64_t area = s->out_h * s->out_w;
    int64_t reach = end;
    for (int i = 4; i < 3 + s->inputs; i++) {
        const nd_operand *o = nd_operand_of(s, i);
        const int64_t step = s->out_w > 1 ? o->stride[1] : o->stride[0];
        if (s->out_w > 1 && s->out_h > 1 && o->stride[0] != o->stride[1] * s->out_w)
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
            const int64_t row = s->out_w > 1 ? o->stride[1] : s->out_h > 1 ? o->stride[0] : o->image;
            x[k] = (nd_view){nd_at_pixel(call, 3 + k, nd_pixel_of(s, r)) + c0 * o->stride[2], row, o->stride[2]};
        }
        nd_map_window(&program, y, x, end - r, columns);
        r = end;
    }
}

static void ND_JOIN(ND_NAME(conv), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const nd_conv_blocks b = nd_conv_blocks_of(s, call->n);
    const int64_t rows = nd_images(s, 1, call->n) * s->out_h * s->out_w, depth = nd_depth(s),
                  segment = nd_segment(depth);
    const int64_t part = task % b.panel_blocks, group = task / b.panel_blocks % s->groups;
    const int64_t r0 = task / b.panel_blocks / s->groups * b.rows, r1 = nd_min(rows, r0 + b.rows);
    const int64_t out = s->out_c / s->groups, p0 = part * b.panels, p1 = nd_min(nd_panels(s), p0 + b.panels);
    if (r0 >= r1 || p0 >= p1) return;
    const int64_t first = group * out + p0 * ND_LANES, columns = nd_min(out, p1 * ND_LANES) - p0 * ND_LANES;
    const int64_t pitch = nd_pitch(s, 0, s->out_c);
    nd_product g = {
        .b_panel = depth * ND_LANES,
        .c = call->x[0] + r0 * pitch + first,
        .c_row = pitch,
        .c_panel = ND_LANES,
        .lanes = columns - (p1 - p0 - 1) * ND_LANES,
    };
    for (int64_t k = 0; k < depth; k += segment) {
        g.k = nd_min(segment, depth - k);
        g.b = call->x[2] + ((group * nd_panels(s) + p0) * depth + k) * ND_LANES;
        g.accumulate = k > 0;
        const nd_matrix a = nd_patch_matrix(s, call->x[1], group, r0, r1, k, k + g.k, call->scratch);
        g.a = a.p;
        g.a_row = a.row;
        g.a_step = a.column;
        nd_gemm(g, r1 - r0, p1 - p0);
    }
    if (s->words) nd_epilogue(call, r0, r1, first, columns, call->scratch);
}

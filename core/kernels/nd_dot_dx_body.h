/* dot_dx: y (rows, K) = dy (rows, M) * W', from the panels of W (K, M) as they are: blocks of 16 columns of W, each K rows of 16.
 *
 * The product is computed turned: its rows are rows of W and its lanes are rows of dy, ND_LANES at a time. So the largest matrices of a
 * net, those of dense layers, are never copied for their gradient.
 */
ND_INLINE int64_t nd_dot_rows(const nd_step *s, int64_t n) { return nd_images(s, 1, n) * nd_pixels(s); }

/* Terms of one segment, whole blocks. */
ND_INLINE int64_t nd_block_segment(int64_t terms)
{
    const int64_t blocks = nd_ceil_div(terms, ND_LANES);
    return nd_ceil_div(blocks, nd_ceil_div(blocks, ND_SEGMENT / ND_LANES)) * ND_LANES;
}

static int64_t ND_JOIN(ND_NAME(dot_dx), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    return nd_ceil_div(nd_dot_rows(s, n), ND_DOT_ROWS) * nd_ceil_div(s->out_c, ND_DOT_BLOCK);
}

/* Rows of dy as panels: to[panel][column][row of 16], zeros past the last row and column. */
static void nd_turn_rows(const float *dy, int64_t pitch, int64_t rows, int64_t columns, int64_t length, float *to)
{
    for (int64_t r = 0; r < nd_ceil_div(rows, ND_LANES) * ND_LANES; r++) {
        float *at = to + r / ND_LANES * length * ND_LANES + r % ND_LANES;
        for (int64_t c = 0; c < length; c++) at[c * ND_LANES] = r < rows && c < columns ? dy[r * pitch + c] : 0;
    }
}

static void ND_JOIN(ND_NAME(dot_dx), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t blocks = nd_ceil_div(s->out_c, ND_DOT_BLOCK), r0 = task / blocks * ND_DOT_ROWS, k0 = task % blocks * ND_DOT_BLOCK;
    const int64_t rows = nd_min(nd_dot_rows(s, call->n) - r0, ND_DOT_ROWS), count = nd_min(s->out_c - k0, ND_DOT_BLOCK);
    const int64_t length = nd_ceil_div(s->in_c, ND_LANES) * ND_LANES, segment = nd_block_segment(s->in_c);
    const int64_t panels = nd_ceil_div(rows, ND_LANES), from = nd_pitch(s, 1, s->in_c), pitch = nd_pitch(s, 0, s->out_c);
    float *turned = call->scratch + ND_BYTECODE_SCRATCH, *found = turned + ND_DOT_ROWS * length;
    nd_turn_rows(call->x[1] + r0 * from, from, rows, s->in_c, length, turned);
    for (int64_t m = 0; m < length; m += segment) {
        const nd_product g = {
            .a = call->x[2] + m * s->out_c + k0 * ND_LANES, .a_row = ND_LANES, .a_step = 1,
            .b = turned + m * ND_LANES, .b_panel = length * ND_LANES,
            .c = found, .c_row = ND_DOT_ROWS, .c_panel = ND_LANES,
            .k = ND_LANES, .more = nd_min(segment, length - m) / ND_LANES - 1, .a_more = s->out_c * ND_LANES,
            .lanes = ND_LANES, .accumulate = m > 0, .a_far = 1,
        };
        nd_gemm(g, count, panels);
    }
    for (int64_t r = 0; r < rows; r++) {
        float *y = call->x[0] + (r0 + r) * pitch + k0;
        for (int64_t k = 0; k < count; k++) y[k] = found[k * ND_DOT_ROWS + r];
    }
    if (s->words) nd_epilogue(call, r0, r0 + rows, k0, count, call->scratch);
}

/* map: an expression over operands that broadcast. Axes along which every operand moves evenly are walked as one. */
#define ND_WINDOW 16384 /* elements of a task */

/* Axes, batch first, of up to ND_OPERANDS operands. */
typedef struct {
    int rank, operands;
    int64_t size[ND_DIMS + 1], stride[ND_DIMS + 1][ND_OPERANDS];
} nd_walk;

static void nd_add_axis(nd_walk *w, int64_t size, const int64_t *stride)
{
    if (size == 1) return;
    if (w->rank) {
        const int last = w->rank - 1;
        int even = 1;
        for (int k = 0; k < w->operands; k++) even &= w->stride[last][k] == stride[k] * size;
        if (even) {
            w->size[last] *= size;
            memcpy(w->stride[last], stride, sizeof(int64_t) * (size_t)w->operands);
            return;
        }
    }
    w->size[w->rank] = size;
    memcpy(w->stride[w->rank], stride, sizeof(int64_t) * (size_t)w->operands);
    w->rank++;
}

/* The walk of the operands named in `which`; the batch comes from operand `lead`. */
static nd_walk nd_walk_of(const nd_step *s, int64_t n, int lead, int operands, const int *which)
{
    nd_walk w = {.operands = operands};
    const int64_t *sizes = &s->size0;
    for (int axis = -1; axis < ND_DIMS; axis++) {
        int64_t stride[ND_OPERANDS];
        for (int k = 0; k < operands; k++) {
            const nd_operand *o = nd_operand_of(s, which[k]);
            stride[k] = axis < 0 ? o->image : o->stride[axis];
        }
        nd_add_axis(&w, axis < 0 ? nd_images(s, lead, n) : sizes[axis], stride);
    }
    return w;
}

typedef struct {
    nd_walk walk;
    int64_t outer, rows, columns, tall, wide, row_blocks, column_blocks;
} nd_map_shape;

static nd_map_shape nd_map_shape_of(const nd_step *s, int64_t n)
{
    static const int which[ND_OPERANDS] = {0, 2, 3, 4, 5, 6, 7};
    nd_map_shape m = {.walk = nd_walk_of(s, n, 0, 1 + (int)s->inputs, which), .outer = 1, .rows = 1, .columns = 1};
    const int rank = m.walk.rank;
    if (rank > 0) m.columns = m.walk.size[rank - 1];
    if (rank > 1) m.rows = m.walk.size[rank - 2];
    for (int axis = 0; axis < rank - 2; axis++) m.outer *= m.walk.size[axis];
    if (!m.columns) m.rows = 0;
    m.wide = nd_max(1, nd_min(m.columns, ND_WINDOW));
    m.tall = ND_WINDOW / m.wide;
    m.row_blocks = nd_ceil_div(m.rows, m.tall);
    m.column_blocks = nd_ceil_div(m.columns, m.wide);
    return m;
}

static int64_t ND_JOIN(ND_NAME(map), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    const nd_map_shape m = nd_map_shape_of(s, n);
    return m.outer * m.row_blocks * m.column_blocks;
}

static void ND_JOIN(ND_NAME(map), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const nd_map_shape m = nd_map_shape_of(s, call->n);
    const int rank = m.walk.rank;
    const int64_t c = task % m.column_blocks * m.wide, r = task / m.column_blocks % m.row_blocks * m.tall;
    nd_program program = nd_program_of(call->x[1], s->inputs, call->scratch);
    nd_view view[ND_OPERANDS];
    for (int k = 0; k <= s->inputs; k++) {
        const int64_t row = rank > 1 ? m.walk.stride[rank - 2][k] : 0,
                      column = rank > 0 ? m.walk.stride[rank - 1][k] : 0;
        float *p = call->x[k ? k + 1 : 0] + r * row + c * column;
        int64_t index = task / m.column_blocks / m.row_blocks;
        for (int axis = rank - 3; axis >= 0; axis--) {
            p += index % m.walk.size[axis] * m.walk.stride[axis][k];
            index /= m.walk.size[axis];
        }
        view[k] = (nd_view){p, row, column};
    }
    program.far = m.outer * m.rows * m.columns >= ND_FAR;
    for (int k = 1; k <= s->inputs; k++) program.far &= view[k].p != view[0].p;
    nd_map_window(&program, view[0], view + 1, nd_min(m.tall, m.rows - r), nd_min(m.wide, m.columns - c));
    if (program.far) nd_stream_end();
}

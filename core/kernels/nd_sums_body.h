/* sums: for each column, the sums over all rows of one or two expressions of the same operands, which are read once.
 *
 * A task takes a chunk of rows and up to ND_TILE_LENGTH columns, a tile at a time. Few columns are widened: `fold` rows side by side
 * have sums of their own, which are added at the end in order. After ND_SEGMENT rows (of that width) a sum starts from zero, and is
 * added to the total. */
#define ND_SUMS_WIDTH 128

typedef struct {
    int64_t images, terms, width, groups, fold, tall;
    int even; /* whether all inputs move evenly from image to image */
} nd_sums_shape;

static nd_sums_shape nd_sums_shape_of(const nd_step *s, int64_t n)
{
    nd_sums_shape m = {.images = 1, .even = 1};
    for (int i = 4; i < 4 + s->inputs; i++) {
        const nd_operand *o = nd_operand_of(s, i);
        if (o->image) m.images = n;
        m.even &= o->image == o->stride[0] * s->rows;
    }
    m.terms = m.images * s->rows;
    m.width = nd_min(s->columns, ND_TILE_LENGTH);
    m.groups = nd_ceil_div(s->columns, m.width);
    m.fold = nd_max(1, ND_SUMS_WIDTH / m.width);
    m.tall = ND_TILE_LENGTH / m.width / m.fold * m.fold;
    return m;
}

static int64_t ND_JOIN(ND_NAME(sums), _tasks)(const nd_step *s, int phase, int64_t n)
{
    if (phase) return s->chunks > 1 ? nd_ceil_div(s->columns, ND_MERGE_BLOCK) : 0;
    return s->chunks * nd_sums_shape_of(s, n).groups;
}

/* Sums of one output, side by side. */
typedef struct {
    float part[ND_TILE_LENGTH], total[ND_TILE_LENGTH];
} nd_side_sums;

/* Lines of `width` numbers, and a last one of `rest`, join the sums. */
static void nd_add_lines(nd_side_sums *to, const float *from, int64_t lines, int64_t width, int64_t rest)
{
    for (int64_t c = 0; c < width; c += ND_VLEN) {
        const int64_t count = width - c;
        vf sum = nd_load_up_to(to->part + c, count);
        if (count >= ND_VLEN)
            for (int64_t i = 0; i < lines; i++) sum += nd_load(from + i * width + c);
        else
            for (int64_t i = 0; i < lines; i++) sum += nd_load_part(from + i * width + c, count);
        if (c < rest) sum += nd_load_up_to(from + lines * width + c, rest - c);
        nd_store_up_to(to->part + c, sum, count);
    }
}

static void nd_end_segment(nd_side_sums *sums, int64_t width)
{
    for (int64_t c = 0; c < width; c += ND_VLEN) {
        nd_store_up_to(sums->total + c, nd_load_up_to(sums->total + c, width - c) + nd_load_up_to(sums->part + c, width - c), width - c);
        nd_store_up_to(sums->part + c, (vf){}, width - c);
    }
}

/* Where output k of the tile lies: a mere copy of an operand is read where that is. */
static const float *nd_output_of_tile(nd_program *p, const nd_step *s, int k, int64_t count)
{
    if (!s->words) return p->place[ND_PLACE_INPUT];
    const int32_t *w = p->words + 2 + 5 * (p->words[0] - s->outputs + k);
    if (w[0] == nd_code_copy) return p->place[w[2]];
    p->place[w[1]] = p->scratch + w[1] * ND_TILE_LENGTH;
    nd_execute_one(p, w, count);
    return p->place[w[1]];
}

/* Rows [r, end) of the inputs join the sums of all outputs. */
static void nd_sum_rows(nd_program *p, const nd_step *s, const nd_sums_shape *m, const nd_view *x, int64_t rows, int64_t width,
                        nd_side_sums *sums, int64_t *lines)
{
    memset(p->replicated, 0, sizeof p->replicated);
    for (int64_t r = 0; r < rows; r += m->tall) {
        const int64_t count = nd_min(m->tall, rows - r);
        nd_view tile[ND_OPERANDS] = {};
        for (int k = 0; k < s->inputs; k++) tile[k] = (nd_view){x[k].p + r * x[k].row, x[k].row, x[k].column};
        nd_place_inputs(p, tile, count, width, m->tall);
        if (s->words) nd_execute_but(p, (int32_t)s->outputs, count * width);
        for (int k = 0; k < s->outputs; k++)
            nd_add_lines(&sums[k], nd_output_of_tile(p, s, k, count * width), count / m->fold, m->fold * width, count % m->fold * width);
        if ((*lines += m->tall / m->fold) + m->tall / m->fold <= ND_SEGMENT) continue;
        for (int k = 0; k < s->outputs; k++) nd_end_segment(&sums[k], m->fold * width);
        *lines = 0;
    }
}

static void nd_sums_chunk(const nd_call *call, const nd_sums_shape *m, int64_t chunk, int64_t first, int64_t width)
{
    const nd_step *s = call->step;
    const int64_t end = nd_min(m->terms, (chunk + 1) * s->chunk_rows);
    nd_program p = {.inputs = (int)s->inputs, .scratch = call->scratch};
    if (s->words) p = nd_program_of(call->x[2], s->inputs, call->scratch);
    nd_side_sums sums[ND_MAX_OUTPUTS] = {};
    int64_t lines = 0;
    for (int64_t t = nd_min(m->terms, chunk * s->chunk_rows); t < end;) {
        const int64_t image = t / s->rows, row = t % s->rows, rows = m->even ? end - t : nd_min(end - t, s->rows - row);
        nd_view x[ND_OPERANDS] = {};
        for (int k = 0; k < s->inputs; k++) {
            const nd_operand *o = nd_operand_of(s, 4 + k);
            float *at = call->x[4 + k] + image * o->image + row * o->stride[0] + first * o->stride[1];
            x[k] = (nd_view){at, o->stride[0], o->stride[1]};
        }
        nd_sum_rows(&p, s, m, x, rows, width, sums, &lines);
        t += rows;
    }
    for (int k = 0; k < s->outputs; k++) {
        nd_end_segment(&sums[k], m->fold * width);
        float *to = (s->chunks > 1 ? call->x[3] + (chunk * s->outputs + k) * s->columns : call->x[k]) + first;
        for (int64_t c = 0; c < width; c++) {
            float sum = sums[k].total[c];
            for (int64_t f = 1; f < m->fold; f++) sum += sums[k].total[f * width + c];
            to[c] = sum;
        }
    }
}

static void ND_JOIN(ND_NAME(sums), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const nd_sums_shape m = nd_sums_shape_of(s, call->n);
    if (!call->phase) {
        const int64_t first = task % m.groups * m.width;
        nd_sums_chunk(call, &m, task / m.groups, first, nd_min(m.width, s->columns - first));
        return;
    }
    const int64_t begin = task * ND_MERGE_BLOCK, end = nd_min(s->columns, begin + ND_MERGE_BLOCK);
    for (int k = 0; k < s->outputs; k++)
        nd_merge(call->x[k], call->x[3] + k * s->columns, s->chunks, s->outputs * s->columns, begin, end);
}

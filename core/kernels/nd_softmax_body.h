/* softmax and cross-entropy along the last axis, a row at a time. */
#define ND_ROW_NUMBERS 4096 /* numbers below which further rows share a task */

ND_INLINE int64_t nd_rows_of_task(const nd_step *s) { return nd_max(1, ND_ROW_NUMBERS / nd_max(1, s->columns)); }

static int64_t nd_row_tasks(const nd_step *s, int64_t n)
{
    return nd_ceil_div(nd_images(s, 1, n) * s->rows, nd_rows_of_task(s));
}

ND_INLINE nd_range nd_rows_range(const nd_call *call, int64_t task)
{
    const int64_t rows = nd_images(call->step, 1, call->n) * call->step->rows, block = nd_rows_of_task(call->step);
    return (nd_range){task * block, nd_min(rows, (task + 1) * block)};
}

static float nd_row_maximum(const float *x, int64_t count)
{
    float best = x[0], lanes[ND_VLEN];
    int64_t i = 0;
    if (count >= ND_VLEN) {
        vf most = nd_load(x);
        for (i = ND_VLEN; i + ND_VLEN <= count; i += ND_VLEN) most = nd_vmax(most, nd_load(x + i));
        nd_store(lanes, most);
        for (int k = 0; k < ND_VLEN; k++) best = best >= lanes[k] || best != best ? best : lanes[k];
    }
    for (; i < count; i++) best = best >= x[i] || best != best ? best : x[i];
    return best;
}

/* y = exp(x - most); returns the sum. */
static float nd_row_exponents(float *y, const float *x, float most, int64_t count)
{
    for (int64_t i = 0; i < count; i += ND_VLEN)
        nd_store_up_to(y + i, nd_exp(nd_load_up_to(x + i, count - i) - most), count - i);
    return nd_run_sum(y, count);
}

/* y = exp(x - max)/sum */
static void nd_row_softmax(float *y, const float *x, int64_t count)
{
    const float sum = nd_row_exponents(y, x, nd_row_maximum(x, count), count);
    for (int64_t i = 0; i < count; i += ND_VLEN)
        nd_store_up_to(y + i, nd_load_up_to(y + i, count - i) / sum, count - i);
}

static int64_t ND_JOIN(ND_NAME(softmax), _tasks)(const nd_step *s, int phase, int64_t n)
{
    return (void)phase, nd_row_tasks(s, n);
}

static void ND_JOIN(ND_NAME(softmax), _run)(const nd_call *call, int64_t task)
{
    const int64_t columns = call->step->columns;
    const nd_range rows = nd_rows_range(call, task);
    for (int64_t r = rows.begin; r < rows.end; r++)
        nd_row_softmax(call->x[0] + r * columns, call->x[1] + r * columns, columns);
}

static int64_t ND_JOIN(ND_NAME(softmax_dx), _tasks)(const nd_step *s, int phase, int64_t n)
{
    return (void)phase, nd_row_tasks(s, n);
}

/* dx = y*(dy - sum of y*dy) */
static void ND_JOIN(ND_NAME(softmax_dx), _run)(const nd_call *call, int64_t task)
{
    const int64_t columns = call->step->columns;
    const nd_range rows = nd_rows_range(call, task);
    for (int64_t r = rows.begin; r < rows.end; r++) {
        float *dx = call->x[0] + r * columns;
        const float *y = call->x[1] + r * columns, *dy = call->x[2] + r * columns;
        float dot = 0;
        for (int64_t start = 0; start < columns; start += ND_SEGMENT * ND_VLEN) {
            const int64_t end = nd_min(columns, start + ND_SEGMENT * ND_VLEN);
            vf part = {};
            for (int64_t i = start; i < end; i += ND_VLEN)
                part += nd_load_up_to(y + i, end - i) * nd_load_up_to(dy + i, end - i);
            dot += nd_lanes_sum(part);
        }
        for (int64_t i = 0; i < columns; i += ND_VLEN) {
            const int64_t left = columns - i;
            nd_store_up_to(dx + i, nd_load_up_to(y + i, left) * (nd_load_up_to(dy + i, left) - dot), left);
        }
    }
}

static int64_t ND_JOIN(ND_NAME(softmax_xent), _tasks)(const nd_step *s, int phase, int64_t n)
{
    return (void)phase, nd_row_tasks(s, n);
}

/* A label as a column, or -1 outside the columns. */
ND_INLINE int64_t nd_label(const float *labels, int64_t row, int64_t columns)
{
    int32_t label;
    memcpy(&label, labels + row, sizeof label);
    return label >= 0 && label < columns ? label : -1;
}

static void ND_JOIN(ND_NAME(softmax_xent), _run)(const nd_call *call, int64_t task)
{
    const int64_t columns = call->step->columns;
    const nd_range rows = nd_rows_range(call, task);
    for (int64_t r = rows.begin; r < rows.end; r++) {
        const float *x = call->x[1] + r * columns;
        const int64_t label = nd_label(call->x[2], r, columns);
        const float most = nd_row_maximum(x, columns), sum = nd_row_exponents(call->scratch, x, most, columns);
        call->x[0][r] = label < 0 ? NAN : logf(sum) - (x[label] - most);
    }
}

static int64_t ND_JOIN(ND_NAME(softmax_xent_dx), _tasks)(const nd_step *s, int phase, int64_t n)
{
    return (void)phase, nd_row_tasks(s, n);
}

/* dx = (softmax(x) - onehot(label))*dloss */
static void ND_JOIN(ND_NAME(softmax_xent_dx), _run)(const nd_call *call, int64_t task)
{
    const int64_t columns = call->step->columns;
    const nd_range rows = nd_rows_range(call, task);
    for (int64_t r = rows.begin; r < rows.end; r++) {
        float *dx = call->x[0] + r * columns;
        const int64_t label = nd_label(call->x[2], r, columns);
        const float scale = label < 0 ? NAN : call->x[3][r];
        nd_row_softmax(dx, call->x[1] + r * columns, columns);
        if (label >= 0) dx[label] -= 1.0f;
        for (int64_t i = 0; i < columns; i += ND_VLEN)
            nd_store_up_to(dx + i, nd_load_up_to(dx + i, columns - i) * scale, columns - i);
    }
}

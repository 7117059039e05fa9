/* reduce: sums over any axes. Terms are numbered along the axes that are summed, the batch first; a chunk is a run of terms, and within
 * it segments of ND_SEGMENT go to an accumulator of their own. Results along the innermost axis are summed side by side where
 * that axis stays; where it is summed, ND_LANES terms go side by side. */
#define ND_REDUCE_COLUMNS 64
#define ND_REDUCE_TERMS 16384 /* terms below which further results share a task */

typedef struct {
    int kept, summed;
    int64_t kept_size[ND_DIMS + 1], kept_x[ND_DIMS + 1], kept_y[ND_DIMS + 1];
    int64_t size[ND_DIMS + 1], step[ND_DIMS + 1];
    int64_t results, terms, columns, length, block;
} nd_sum;

static nd_sum nd_sum_of(const nd_step *s, int64_t n)
{
    static const int which[2] = {0, 1};
    const nd_walk w = nd_walk_of(s, n, 1, 2, which);
    nd_sum m = {.results = 1, .terms = 1, .columns = 1, .length = 1};
    for (int axis = 0; axis < w.rank; axis++)
        if (w.stride[axis][0]) {
            m.kept_size[m.kept] = w.size[axis];
            m.kept_y[m.kept] = w.stride[axis][0];
            m.kept_x[m.kept++] = w.stride[axis][1];
            m.results *= w.size[axis];
        } else {
            m.size[m.summed] = w.size[axis];
            m.step[m.summed++] = w.stride[axis][1];
            m.terms *= w.size[axis];
        }
    m.length = m.results;
    if (m.kept && m.kept_x[m.kept - 1] == 1 && m.kept_y[m.kept - 1] == 1) {
        m.columns = m.kept_size[--m.kept];
        m.results = nd_max(1, m.results / nd_max(1, m.columns)) * nd_ceil_div(m.columns, ND_REDUCE_COLUMNS);
    }
    m.block = nd_ceil_div(ND_REDUCE_TERMS, nd_max(1, nd_min(m.terms, s->chunk_rows) * nd_min(m.columns, ND_REDUCE_COLUMNS)));
    return m;
}

static int64_t ND_JOIN(ND_NAME(reduce), _tasks)(const nd_step *s, int phase, int64_t n)
{
    const nd_sum m = nd_sum_of(s, n);
    if (!m.length) return 0;
    if (phase) return s->chunks > 1 ? nd_ceil_div(m.length, ND_MERGE_BLOCK) : 0;
    return s->chunks * nd_ceil_div(m.results, m.block);
}

/* Where terms [t, ...) start in x, and how many lie evenly from there on, `*step` apart. */
ND_INLINE int64_t nd_terms_run(const nd_sum *m, int64_t t, int64_t end, int64_t *start, int64_t *step)
{
    *start = 0;
    *step = m->summed ? m->step[m->summed - 1] : 0;
    if (!m->summed) return end - t;
    const int64_t run = nd_min(end - t, m->size[m->summed - 1] - t % m->size[m->summed - 1]);
    for (int axis = m->summed - 1; axis >= 0; axis--) {
        *start += t % m->size[axis] * m->step[axis];
        t /= m->size[axis];
    }
    return run;
}

/* Up to ND_REDUCE_COLUMNS results side by side. */
static void nd_sum_columns(const nd_sum *m, const float *x, float *y, int64_t t0, int64_t t1, int64_t columns)
{
    for (int64_t c = 0; c < columns; c += ND_VLEN) {
        const int64_t count = columns - c;
        vf total = {}, part = {};
        int64_t terms = 0, start, step;
        for (int64_t t = t0; t < t1;) {
            int64_t run = nd_min(nd_terms_run(m, t, t1, &start, &step), ND_SEGMENT - terms);
            const float *p = x + start + c;
            for (int64_t i = 0; i < run; i++, p += step) part += nd_load_up_to(p, count);
            t += run;
            if ((terms += run) < ND_SEGMENT) continue;
            total += part;
            part = (vf){};
            terms = 0;
        }
        nd_store_up_to(y + c, total + part, count);
    }
}

/* The sum of a contiguous run: ND_LANES partial sums, in segments. */
ND_INLINE float nd_run_sum(const float *p, int64_t count)
{
    vf total[ND_PANEL_VECTORS] = {};
    while (count > 0) {
        const int64_t most = nd_min(count, ND_SEGMENT * ND_LANES);
        vf part[ND_PANEL_VECTORS] = {};
        for (int64_t i = 0; i < most; i += ND_LANES)
            ND_UNROLL for (int v = 0; v < ND_PANEL_VECTORS; v++) {
                const int64_t left = most - i - v * ND_VLEN;
                if (left > 0) part[v] += nd_load_up_to(p + i + v * ND_VLEN, left);
            }
        ND_UNROLL for (int v = 0; v < ND_PANEL_VECTORS; v++) total[v] += part[v];
        p += most;
        count -= most;
    }
    float sums[ND_LANES];
    ND_UNROLL for (int v = 0; v < ND_PANEL_VECTORS; v++) nd_store(sums + v * ND_VLEN, total[v]);
    for (int width = ND_LANES / 2; width; width /= 2)
        for (int i = 0; i < width; i++) sums[i] += sums[i + width];
    return sums[0];
}

static float nd_sum_one(const nd_sum *m, const float *x, int64_t t0, int64_t t1)
{
    float total = 0, part = 0;
    int64_t terms = 0, start, step;
    for (int64_t t = t0; t < t1;) {
        int64_t run = nd_terms_run(m, t, t1, &start, &step);
        const float *p = x + start;
        if (step == 1) {
            total += nd_run_sum(p, run);
            t += run;
            continue;
        }
        run = nd_min(run, ND_SEGMENT - terms);
        for (int64_t i = 0; i < run; i++, p += step) part += *p;
        t += run;
        if ((terms += run) < ND_SEGMENT) continue;
        total += part;
        part = 0;
        terms = 0;
    }
    return total + part;
}

static void ND_JOIN(ND_NAME(reduce), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const nd_sum m = nd_sum_of(s, call->n);
    if (call->phase) {
        nd_merge(call->x[0], call->x[2], s->chunks, m.length, task * ND_MERGE_BLOCK, nd_min(m.length, (task + 1) * ND_MERGE_BLOCK));
        return;
    }
    const int64_t blocks = nd_ceil_div(m.results, m.block), chunk = task / blocks, groups = nd_ceil_div(m.columns, ND_REDUCE_COLUMNS);
    const int64_t t0 = nd_min(m.terms, chunk * s->chunk_rows), t1 = nd_min(m.terms, t0 + s->chunk_rows);
    for (int64_t i = task % blocks * m.block; i < nd_min(m.results, (task % blocks + 1) * m.block); i++) {
        const int64_t column = i % groups * ND_REDUCE_COLUMNS;
        int64_t index = i / groups;
        const float *x = call->x[1] + column;
        float *y = (s->chunks > 1 ? call->x[2] + chunk * m.length : call->x[0]) + column;
        for (int axis = m.kept - 1; axis >= 0; axis--) {
            x += index % m.kept_size[axis] * m.kept_x[axis];
            y += index % m.kept_size[axis] * m.kept_y[axis];
            index /= m.kept_size[axis];
        }
        if (m.columns > 1) nd_sum_columns(&m, x, y, t0, t1, nd_min(ND_REDUCE_COLUMNS, m.columns - column));
        else *y = nd_sum_one(&m, x, t0, t1);
    }
}

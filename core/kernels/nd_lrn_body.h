/* lrn_sum: y[c] = sum of x[c - before ... c + after], a row at a time, from a copy with zeros at both ends. */

static int64_t ND_JOIN(ND_NAME(lrn_sum), _tasks)(const nd_step *s, int phase, int64_t n)
{
    return (void)phase, nd_row_tasks(s, n);
}

static void ND_JOIN(ND_NAME(lrn_sum), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t columns = s->columns, before = nd_min(s->before, columns - 1), after = nd_min(s->after, columns - 1);
    const nd_range rows = nd_rows_range(call, task);
    float *line = call->scratch;
    nd_fill_run(line, 0, before + columns + after);
    for (int64_t r = rows.begin; r < rows.end; r++) {
        nd_copy_run(line + before, call->x[1] + r * columns, columns);
        for (int64_t c = 0; c < columns; c += ND_VLEN) {
            const int64_t left = columns - c;
            vf total = nd_load_up_to(line + c, left);
            for (int64_t shift = 1; shift <= before + after; shift++) total += nd_load_up_to(line + c + shift, left);
            nd_store_up_to(call->x[0] + r * columns + c, total, left);
        }
    }
}

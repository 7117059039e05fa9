/* resample and its gradient: what a result takes of a source is the product of its shares along depth, height and width. */

enum { ND_NEAREST, ND_BILINEAR, ND_AREA };

/* An axis of n sources and m results. */
typedef struct { int64_t rule, n, m; } nd_resampled;

/* Where a result lies among the sources, in 2m-ths of one. */
ND_INLINE int64_t nd_between(nd_resampled a, int64_t o) { return nd_max(0, (2 * o + 1) * a.n - a.m); }

/* The sources of result o. */
ND_INLINE nd_range nd_sources(nd_resampled a, int64_t o)
{
    if (a.rule == ND_AREA) return (nd_range){o * a.n / a.m, nd_ceil_div((o + 1) * a.n, a.m)};
    if (a.rule == ND_NEAREST) return (nd_range){o * a.n / a.m, o * a.n / a.m + 1};
    const int64_t at = nd_between(a, o), i = at / (2 * a.m);
    return (nd_range){i, nd_min(a.n, i + 1 + (at % (2 * a.m) > 0))};
}

/* The results that take of source i. */
ND_INLINE nd_range nd_takers(nd_resampled a, int64_t i)
{
    if (a.rule == ND_AREA) return (nd_range){i * a.m / a.n, nd_ceil_div((i + 1) * a.m, a.n)};
    if (a.rule == ND_NEAREST) return (nd_range){nd_ceil_div(i * a.m, a.n), nd_ceil_div((i + 1) * a.m, a.n)};
    return (nd_range){i ? ((2 * i - 1) * a.m / a.n + 1) / 2 : 0, nd_min(a.m, nd_ceil_div((2 * i + 3) * a.m, a.n) / 2)};
}

/* What result o takes of one of its sources. */
ND_INLINE float nd_share(nd_resampled a, int64_t o, int64_t i)
{
    const nd_range from = nd_sources(a, o);
    if (a.rule != ND_BILINEAR || from.end - from.begin == 1) return 1 / (float)(from.end - from.begin);
    const int64_t second = nd_between(a, o) % (2 * a.m);
    return (float)(i == from.begin ? 2 * a.m - second : second) / (float)(2 * a.m);
}

/* The positions of the operand that is read, under position p of the one that is written; and its part of one of them. */
ND_INLINE nd_range nd_read_by(nd_resampled a, int64_t p, int back) { return back ? nd_takers(a, p) : nd_sources(a, p); }
ND_INLINE float nd_part_of(nd_resampled a, int64_t p, int64_t q, int back) { return back ? nd_share(a, q, p) : nd_share(a, p, q); }

/* The operand that is written: planes, lines, pixels of a line. */
ND_INLINE int64_t nd_planes_made(const nd_step *s, int back) { return back ? s->in_d : s->out_d; }
ND_INLINE int64_t nd_lines_made(const nd_step *s, int back) { return back ? s->in_h : s->out_h; }
ND_INLINE int64_t nd_pixels_made(const nd_step *s, int back) { return back ? s->in_w : s->out_w; }

/* Lines of a task, of all planes: they share the table of shares along a line. */
ND_INLINE int64_t nd_resample_band(const nd_step *s, int back)
{
    const int64_t lines = nd_planes_made(s, back) * nd_lines_made(s, back);
    return nd_min(lines, nd_ceil_div(ND_POOL_BAND / 4, nd_pixels_made(s, back) * s->in_c));
}

ND_INLINE int64_t nd_resample_tasks(const nd_step *s, int64_t n, int back)
{
    return nd_images(s, 1, n) * nd_ceil_div(nd_planes_made(s, back) * nd_lines_made(s, back), nd_resample_band(s, back));
}

/* The sum of a range of pixels, each times its share, in short runs. */
ND_INLINE vf nd_shared_sum(const float *from, int64_t pitch, const float *share, nd_range r, int64_t count)
{
    vf total = {};
    for (int64_t start = r.begin; start < r.end; start += ND_POOL_RUN) {
        vf part = {};
        for (int64_t i = start; i < nd_min(r.end, start + ND_POOL_RUN); i++)
            part += nd_load_up_to(from + i * pitch, count) * share[i - r.begin];
        total += part;
    }
    return total;
}

/* The shares of every pixel of a line, one after the other, and their ranges behind them. */
static void nd_share_line(const nd_step *s, float *share, int32_t *range, int back)
{
    const nd_resampled w = {s->rule, s->in_w, s->out_w};
    for (int64_t p = 0; p < nd_pixels_made(s, back); p++, range += 2) {
        const nd_range r = nd_read_by(w, p, back);
        range[0] = (int32_t)r.begin, range[1] = (int32_t)r.end;
        for (int64_t q = r.begin; q < r.end; q++) *share++ = nd_part_of(w, p, q, back);
    }
}

/* Add a line of what is read to the line `to`, `part` times; fresh: there is nothing yet. */
static void nd_add_line(const nd_call *call, float *to, const float *from, float part, int fresh, int back)
{
    const nd_step *s = call->step;
    const int64_t to_pitch = nd_pitch(s, 0, s->in_c), from_pitch = nd_pitch(s, 1, s->in_c);
    const float *share = call->scratch;
    const int32_t *range = (const int32_t *)(call->scratch + nd_resample_shares(s));
    for (int64_t p = 0; p < nd_pixels_made(s, back); p++, range += 2, to += to_pitch) {
        const nd_range r = {range[0], range[1]};
        for (int64_t c = 0; c < s->in_c; c += ND_VLEN) {
            const vf sum = part * nd_shared_sum(from + c, from_pitch, share, r, s->in_c - c);
            nd_store_up_to(to + c, fresh ? sum : sum + nd_load_up_to(to + c, s->in_c - c), s->in_c - c);
        }
        share += r.end - r.begin;
    }
}

ND_INLINE void nd_resample_task(const nd_call *call, int64_t task, const int back)
{
    const nd_step *s = call->step;
    const nd_resampled d = {s->rule, s->in_d, s->out_d}, h = {s->rule, s->in_h, s->out_h};
    const int64_t high = nd_lines_made(s, back), wide = nd_pixels_made(s, back), lines = nd_planes_made(s, back) * high;
    const int64_t read_high = nd_lines_made(s, !back), read_wide = nd_pixels_made(s, !back);
    const int64_t to_pitch = nd_pitch(s, 0, s->in_c), from_pitch = nd_pitch(s, 1, s->in_c);
    const int64_t band = nd_resample_band(s, back), bands = nd_ceil_div(lines, band), image = task / bands;
    const float *from = call->x[1] + image * nd_planes_made(s, !back) * read_high * read_wide * from_pitch;
    nd_share_line(s, call->scratch, (int32_t *)(call->scratch + nd_resample_shares(s)), back);
    for (int64_t line = task % bands * band; line < nd_min(lines, (task % bands + 1) * band); line++) {
        const nd_range ds = nd_read_by(d, line / high, back), hs = nd_read_by(h, line % high, back);
        float *to = call->x[0] + (image * lines + line) * wide * to_pitch;
        if (ds.begin == ds.end || hs.begin == hs.end)
            for (int64_t p = 0; p < wide; p++) nd_fill_run(to + p * to_pitch, 0, s->in_c);
        for (int64_t id = ds.begin; id < ds.end; id++)
            for (int64_t ih = hs.begin; ih < hs.end; ih++) {
                const float part = nd_part_of(d, line / high, id, back) * nd_part_of(h, line % high, ih, back);
                const float *read = from + (id * read_high + ih) * read_wide * from_pitch;
                nd_add_line(call, to, read, part, id == ds.begin && ih == hs.begin, back);
            }
    }
}

static int64_t ND_JOIN(ND_NAME(resample), _tasks)(const nd_step *s, int phase, int64_t n)
{
    return (void)phase, nd_resample_tasks(s, n, 0);
}

static void ND_JOIN(ND_NAME(resample), _run)(const nd_call *call, int64_t task) { nd_resample_task(call, task, 0); }

static int64_t ND_JOIN(ND_NAME(resample_dx), _tasks)(const nd_step *s, int phase, int64_t n)
{
    return (void)phase, nd_resample_tasks(s, n, 1);
}

static void ND_JOIN(ND_NAME(resample_dx), _run)(const nd_call *call, int64_t task) { nd_resample_task(call, task, 1); }

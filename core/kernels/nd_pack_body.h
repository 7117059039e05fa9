/* pack_panel, unpack_panel, pack_flip: weights between their canonical order (kernel_h, kernel_w, in/groups, out) and
 * panels. A task is one panel of the result; for unpack_panel, of the source. */

static int64_t ND_JOIN(ND_NAME(pack_panel), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase, (void)n;
    return s->groups * nd_panels(s);
}

static void ND_JOIN(ND_NAME(pack_panel), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t depth = nd_depth(s), out = s->out_c / s->groups, group = task / nd_panels(s),
                  first = task % nd_panels(s) * ND_LANES;
    const int64_t columns = nd_min(ND_LANES, out - first);
    const float *from = call->x[1] + group * out + first;
    float *to = call->x[0] + task * depth * ND_LANES;
    for (int64_t k = 0; k < depth; k++, from += s->out_c, to += ND_LANES) {
        nd_copy_run(to, from, columns);
        for (int64_t c = columns; c < ND_LANES; c++) to[c] = 0;
    }
}

static int64_t ND_JOIN(ND_NAME(unpack_panel), _tasks)(const nd_step *s, int phase, int64_t n)
{
    return ND_JOIN(ND_NAME(pack_panel), _tasks)(s, phase, n);
}

static void ND_JOIN(ND_NAME(unpack_panel), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t depth = nd_depth(s), out = s->out_c / s->groups, group = task / nd_panels(s),
                  first = task % nd_panels(s) * ND_LANES;
    const float *from = call->x[1] + task * depth * ND_LANES;
    float *to = call->x[0] + group * out + first;
    for (int64_t k = 0; k < depth; k++, from += ND_LANES, to += s->out_c)
        nd_copy_run(to, from, nd_min(ND_LANES, out - first));
}

static int64_t ND_JOIN(ND_NAME(pack_flip), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase, (void)n;
    return s->groups * nd_ceil_div(s->in_c / s->groups, ND_LANES);
}

/* Where the turned kernel's tap (kd, kh, kw) lies among all: along each axis those of one remainder by `stride` are together. */
static int64_t nd_turned_place(const nd_step *s, const int64_t *tap)
{
    int64_t before[3], taps[3], place = 0;
    for (int axis = 0; axis < 3; axis++) {
        const int64_t kernel = (&s->kernel_d)[axis], step = (&s->stride_d)[axis], q = tap[axis] % step;
        before[axis] = nd_taps_before(kernel, step, q);
        taps[axis] = nd_ceil_div(kernel - q, step);
        place = place * taps[axis] + tap[axis] / step;
    }
    return place + before[0] * s->kernel_h * s->kernel_w + taps[0] * (before[1] * s->kernel_w + taps[1] * before[2]);
}

static void ND_JOIN(ND_NAME(pack_flip), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t channels = s->in_c / s->groups, out = s->out_c / s->groups, taps = nd_taps(s), depth = taps * channels;
    const int64_t blocks = nd_ceil_div(channels, ND_LANES), group = task / blocks, first = task % blocks * ND_LANES;
    const int64_t columns = nd_min(ND_LANES, channels - first);
    for (int64_t tap = 0; tap < taps; tap++) {
        const int64_t turned = taps - 1 - tap, area = s->kernel_h * s->kernel_w;
        const int64_t at[3] = {turned / area, turned % area / s->kernel_w, turned % s->kernel_w};
        float *to = call->x[0] + (task * taps + nd_turned_place(s, at)) * out * ND_LANES;
        for (int64_t o = 0; o < out; o++, to += ND_LANES) {
            const float *from = call->x[1]
                                + ((group * nd_panels(s) + o / ND_LANES) * depth + tap * channels + first) * ND_LANES
                                + o % ND_LANES;
            for (int64_t c = 0; c < columns; c++) to[c] = from[c * ND_LANES];
            for (int64_t c = columns; c < ND_LANES; c++) to[c] = 0;
        }
    }
}

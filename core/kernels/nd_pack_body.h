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

static void ND_JOIN(ND_NAME(pack_flip), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t channels = s->in_c / s->groups, out = s->out_c / s->groups, taps = s->kernel_h * s->kernel_w,
                  depth = taps * channels;
    const int64_t blocks = nd_ceil_div(channels, ND_LANES), group = task / blocks, first = task % blocks * ND_LANES;
    const int64_t columns = nd_min(ND_LANES, channels - first);
    float *to = call->x[0] + task * taps * out * ND_LANES;
    for (int64_t tap = taps - 1; tap >= 0; tap--)
        for (int64_t o = 0; o < out; o++, to += ND_LANES) {
            const float *from = call->x[1]
                                + ((group * nd_panels(s) + o / ND_LANES) * depth + tap * channels + first) * ND_LANES
                                + o % ND_LANES;
            for (int64_t c = 0; c < columns; c++) to[c] = from[c * ND_LANES];
            for (int64_t c = columns; c < ND_LANES; c++) to[c] = 0;
        }
}

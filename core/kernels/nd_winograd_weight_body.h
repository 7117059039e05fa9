/* The weights of Winograd's convolution: U = G g Gt of each 3x3 kernel, once for many runs (pack_winograd), or a few columns at a
 * time as the product reads them. The same operations on the same numbers, so the same bits. */

/* Point i of G of a line of three. G's factors of 1/4, 1/6 and 1/24 are in Bt of the tiles, whose points are shared by all columns:
 * here are sums alone, and factors that are exact. */
ND_INLINE vf nd_weight_point(const vf *g, const int64_t i)
{
    const vf even = g[0] + g[2], wide = g[0] + 4 * g[2];
    return i == 0 ? g[0] : i == 1 ? even + g[1] : i == 2 ? even - g[1] : i == 3 ? wide + 2 * g[1] : i == 4 ? wide - 2 * g[1] : g[2];
}

ND_INLINE void nd_line_weight(const vf *g, vf *o)
{
    ND_UNROLL for (int i = 0; i < 6; i++) o[i] = nd_weight_point(g, i);
}

/* Two lines of G that share their terms. */
static const int64_t nd_line_pairs[3][2] = {{0, 5}, {1, 2}, {3, 4}};

/* The points of a pair of lines, channels [c0, c1) of panels [k0, k1) of a 3x3 panel: twelve planes of panels of c1 - c0 rows. */
ND_INLINE void nd_weight_lines(const nd_step *s, const float *panel, const int64_t pair, int64_t k0, int64_t k1, int64_t c0, int64_t c1, float *to, int64_t plane)
{
    for (int64_t k = k0; k < k1; k++)
        for (int64_t c = c0; c < c1; c++, to += ND_LANES)
            for (int64_t lane = 0; lane < ND_LANES; lane += ND_VLEN) {
                const float *from = panel + (k * 9 * s->in_c + c) * ND_LANES + lane;
                vf a[3], b[3], g[3], o[6];
                ND_UNROLL for (int q = 0; q < 3; q++) {
                    ND_UNROLL for (int r = 0; r < 3; r++) g[r] = nd_load(from + (r * 3 + q) * s->in_c * ND_LANES);
                    a[q] = nd_weight_point(g, pair == 0 ? 0 : 2 * pair - 1);
                    b[q] = nd_weight_point(g, pair == 0 ? 5 : 2 * pair);
                }
                nd_line_weight(a, o);
                ND_UNROLL for (int q = 0; q < 6; q++) nd_store(to + q * plane + lane, o[q]);
                nd_line_weight(b, o);
                ND_UNROLL for (int q = 0; q < 6; q++) nd_store(to + (6 + q) * plane + lane, o[q]);
            }
}

static void nd_weight_line_pair(const nd_step *s, const float *panel, int64_t pair, int64_t k0, int64_t k1, int64_t c0, int64_t c1, float *to, int64_t plane)
{
    if (pair == 0) nd_weight_lines(s, panel, 0, k0, k1, c0, c1, to, plane);
    else if (pair == 1) nd_weight_lines(s, panel, 1, k0, k1, c0, c1, to, plane);
    else nd_weight_lines(s, panel, 2, k0, k1, c0, c1, to, plane);
}

/* Point i of G of a line of three or five taps, of eight points. */
ND_INLINE vf nd_weight_point_8(const vf *g, const int64_t i, const int taps)
{
    const vf zero = {}, g3 = taps == 5 ? g[3] : zero, g4 = taps == 5 ? g[4] : zero;
    const vf even = (g[0] + g[2] + g4) * (-2.0f / 9), odd = (g[1] + g3) * (-2.0f / 9);
    const vf near_even = (g[0] + 4 * g[2] + 16 * g4) * (1.0f / 90), near_odd = (2 * g[1] + 8 * g3) * (1.0f / 90);
    const vf far_even = (16 * g[0] + 4 * g[2] + g4) * (2.0f / 45), far_odd = (8 * g[1] + 2 * g3) * (2.0f / 45);
    return i == 0 ? g[0] : i == 1 ? even + odd : i == 2 ? even - odd : i == 3 ? near_even + near_odd : i == 4 ? near_even - near_odd
        : i == 5 ? far_even + far_odd : i == 6 ? far_even - far_odd : g[taps - 1];
}

ND_INLINE void nd_pack_points(const nd_call *call, int64_t panel, const int points, const int taps)
{
    const nd_step *s = call->step;
    const int64_t plane = nd_panels(s) * s->in_c * ND_LANES;
    for (int64_t c = 0; c < s->in_c; c++)
        for (int64_t lane = 0; lane < ND_LANES; lane += ND_VLEN) {
            const float *from = call->x[1] + (panel * taps * taps * s->in_c + c) * ND_LANES + lane;
            float *to = call->x[0] + (panel * s->in_c + c) * ND_LANES + lane;
            vf t[8][5], g[5];
            for (int q = 0; q < taps; q++) {
                ND_UNROLL for (int r = 0; r < taps; r++) g[r] = nd_load(from + (r * taps + q) * s->in_c * ND_LANES);
                ND_UNROLL for (int r = 0; r < points; r++) t[r][q] = points == 6 ? nd_weight_point(g, r) : nd_weight_point_8(g, r, taps);
            }
            for (int r = 0; r < points; r++)
                ND_UNROLL for (int q = 0; q < points; q++)
                    nd_store(to + (r * points + q) * plane, points == 6 ? nd_weight_point(t[r], q) : nd_weight_point_8(t[r], q, taps));
        }
}

/* pack_winograd: U[point][panel][channel][16] = G g Gt of a panel of 3x3 or 5x5 kernels. A task is one panel. */
static int64_t ND_JOIN(ND_NAME(pack_winograd), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase, (void)n;
    return nd_panels(s);
}

static void ND_JOIN(ND_NAME(pack_winograd), _run)(const nd_call *call, int64_t task)
{
    if (nd_winograd_points(call->step) == 36) nd_pack_points(call, task, 6, 3);
    else if (call->step->kernel_h == 3) nd_pack_points(call, task, 8, 3);
    else nd_pack_points(call, task, 8, 5);
}

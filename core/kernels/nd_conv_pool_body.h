/* conv_pool: the largest number of each 2x2 window of max(conv(x) + b, 0), for one input channel and few outputs.
 *
 * As in nd_conv_pixels a vector is a run of pixels of an output row; two rows of the convolution become one of the result, while they
 * are in the cache. Neighbours of a window are compared first, as pool_max does.
 */

/* Rows of the result that the lines of one copy serve. */
ND_INLINE int64_t nd_pooled_rows(const nd_step *s)
{
    const int64_t free = ND_PIXEL_LINES - 1 - (s->kernel_h - 1) * s->dilation_h;
    return nd_max(1, (free / s->stride_h + 1) / 2);
}

static int64_t ND_JOIN(ND_NAME(conv_pool), _tasks)(const nd_step *s, int phase, int64_t n)
{
    (void)phase;
    return nd_images(s, 1, n) * nd_ceil_div(s->out_h / 2, nd_pooled_rows(s));
}

/* The larger of each two neighbours of 2 * ND_VLEN numbers. */
ND_INLINE vf nd_larger_of_pairs(vf a, vf b)
{
    const vi even = 2 * nd_count();
    return nd_vmax(__builtin_shuffle(a, b, even), __builtin_shuffle(a, b, even + 1));
}

/* to[o][pixel] of the two rows found[0] and found[1], each [o][ND_PIXEL_RUN]. */
ND_INLINE void nd_pool_rows(const nd_step *s, const float *found, const float *bias, float *to)
{
    const float *below = found + ND_LANES * ND_PIXEL_RUN;
    for (int64_t o = 0; o < s->out_c; o++, found += ND_PIXEL_RUN, below += ND_PIXEL_RUN, to += ND_LANES) {
        const vf added = nd_splat(bias ? bias[o] : 0);
        for (int i = 0; i < ND_LANES; i += ND_VLEN) {
            vf v[4];
            ND_UNROLL for (int k = 0; k < 4; k++) {
                v[k] = nd_load((k < 2 ? found : below) + 2 * i + k % 2 * ND_VLEN);
                if (bias) v[k] += added;
                if (s->relu) v[k] = nd_vmax(v[k], (vf){});
            }
            nd_store(to + i, nd_vmax(nd_larger_of_pairs(v[0], v[1]), nd_larger_of_pairs(v[2], v[3])));
        }
    }
}

/* A task is some rows of an image's result. */
static void ND_JOIN(ND_NAME(conv_pool), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t high = s->out_h / 2, wide = s->out_w / 2, tall = nd_pooled_rows(s), bands = nd_ceil_div(high, tall);
    const int64_t image = task / bands, first = task % bands * tall, end = nd_min(high, first + tall);
    const float *x = call->x[1] + image * nd_operand_of(s, 1)->image, *bias = s->inputs > 1 ? call->x[3] : 0;
    float *y = call->x[0] + image * high * wide * s->out_c;
    float *lines = call->scratch, *found = lines + ND_PIXEL_LINES * ND_PIXEL_LINE, *pooled = found + 2 * ND_LANES * ND_PIXEL_RUN;
    for (int64_t ow = 0; ow < wide; ow += ND_LANES) {
        const int64_t count = nd_min(ND_LANES, wide - ow);
        nd_pixel_lines(s, x, 2 * first * s->stride_h - s->pad_top, 2 * ow, lines);
        for (int64_t oh = first; oh < end; oh++) {
            for (int64_t k = 0; k < 2; k++) {
                const float *from = lines + (2 * (oh - first) + k) * s->stride_h * ND_PIXEL_LINE;
                nd_pixel_outputs(s, from, call->x[2], found + k * ND_LANES * ND_PIXEL_RUN);
            }
            nd_pool_rows(s, found, bias, pooled);
            float *to = y + (oh * wide + ow) * s->out_c;
            for (int64_t i = 0; i < count; i++, to += s->out_c)
                for (int64_t o = 0; o < s->out_c; o++) to[o] = pooled[o * ND_LANES + i];
        }
    }
}

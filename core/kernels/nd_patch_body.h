/* Patches of an image as rows of a matrix: row r = (image, od, oh, ow), columns (kd, kh, kw, channel of the group). */
typedef struct {
    int64_t image, od, oh, ow;
} nd_pixel;

/* Pixels of a result's image. */
ND_INLINE int64_t nd_pixels(const nd_step *s) { return s->out_d * s->out_h * s->out_w; }

ND_INLINE nd_pixel nd_pixel_of(const nd_step *s, int64_t row)
{
    const int64_t line = row / s->out_w, plane = line / s->out_h;
    return (nd_pixel){plane / s->out_d, plane % s->out_d, line % s->out_h, row % s->out_w};
}

ND_INLINE void nd_next_pixel(const nd_step *s, nd_pixel *p)
{
    if (++p->ow < s->out_w) return;
    p->ow = 0;
    if (++p->oh < s->out_h) return;
    p->oh = 0;
    if (++p->od < s->out_d) return;
    p->od = 0;
    p->image++;
}

/* The position in the source of tap `tap`, or -1 where there is only padding. */
ND_INLINE int64_t nd_source(int64_t out, int64_t tap, int64_t stride, int64_t pad, int64_t dilation, int64_t size)
{
    const int64_t at = out * stride - pad + tap * dilation;
    return at >= 0 && at < size ? at : -1;
}

/* The line of an image that a pixel's kernel line (kd, kh) meets, or NULL where there is only padding. */
ND_INLINE const float *nd_source_line(const nd_step *s, const float *image, nd_pixel p, int64_t kd, int64_t kh)
{
    const int64_t id = nd_source(p.od, kd, s->stride_d, s->pad_front, s->dilation_d, s->in_d);
    const int64_t ih = nd_source(p.oh, kh, s->stride_h, s->pad_top, s->dilation_h, s->in_h);
    return id < 0 || ih < 0 ? 0 : image + (id * s->in_h + ih) * s->in_w * nd_pitch(s, 1, s->in_c);
}

/* Columns [begin, end) of one kernel line, tap by tap. */
static void nd_patch_taps(const nd_step *s, const float *line, int64_t ow, int64_t begin, int64_t end, float *to)
{
    const int64_t channels = s->in_c / s->groups, pitch = nd_pitch(s, 1, s->in_c);
    while (begin < end) {
        const int64_t tap = begin / channels, c = begin - tap * channels, count = nd_min(end - begin, channels - c);
        const int64_t iw = nd_source(ow, tap, s->stride_w, s->pad_left, s->dilation_w, s->in_w);
        if (iw < 0) nd_fill_run(to, 0, count);
        else nd_copy_run(to, line + iw * pitch + c, count);
        begin += count;
        to += count;
    }
}

/* The same where the taps of a kernel line lie side by side: one run, clipped at both edges of the image. */
ND_INLINE void nd_patch_run(const nd_step *s, const float *line, int64_t ow, int64_t begin, int64_t end, float *to)
{
    const int64_t start = (ow * s->stride_w - s->pad_left) * s->in_c;
    const int64_t low = nd_min(nd_max(begin, -start), end), high = nd_max(nd_min(end, s->in_w * s->in_c - start), low);
    if (low > begin) nd_fill_run(to, 0, low - begin);
    nd_copy_run(to + (low - begin), line + start + low, high - low);
    if (high < end) nd_fill_run(to + (high - begin), 0, end - high);
}

/* Columns [k0, k1) of rows [r0, r1), densely, into `to`. */
static void nd_patches(const nd_step *s, const float *x, int64_t group, int64_t r0, int64_t r1, int64_t k0, int64_t k1,
                       float *to)
{
    const int64_t channels = s->in_c / s->groups, width = s->kernel_w * channels, image = nd_operand_of(s, 1)->image;
    const int64_t line0 = width ? k0 / width : 0, kd0 = s->kernel_h ? line0 / s->kernel_h : 0;
    const int in_one_run = s->groups == 1 && s->dilation_w == 1 && nd_pitch(s, 1, s->in_c) == s->in_c;
    nd_pixel pixel = nd_pixel_of(s, r0);
    for (int64_t r = r0; r < r1; r++) {
        const float *source = x + pixel.image * image + group * channels;
        int64_t kd = kd0, kh = line0 - kd0 * s->kernel_h, begin = k0 - line0 * width;
        for (int64_t left = k1 - k0; left > 0;) {
            const int64_t end = nd_min(width, begin + left);
            const float *line = nd_source_line(s, source, pixel, kd, kh);
            if (!line) nd_fill_run(to, 0, end - begin);
            else if (in_one_run) nd_patch_run(s, line, pixel.ow, begin, end, to);
            else nd_patch_taps(s, line, pixel.ow, begin, end, to);
            to += end - begin;
            left -= end - begin;
            begin = 0;
            if (++kh < s->kernel_h) continue;
            kh = 0;
            kd++;
        }
        nd_next_pixel(s, &pixel);
    }
}

/* A line of one column: position `tap` of the kernel for pixels ow ... ow + count - 1 of a one-channel image. */
ND_INLINE void nd_patch_line(const nd_step *s, const float *line, int64_t tap, int64_t ow, int64_t count, float *to)
{
    const int64_t start = ow * s->stride_w - s->pad_left + tap * s->dilation_w;
    if (s->stride_w == 1) {
        const int64_t low = nd_min(nd_max(0, -start), count), high = nd_max(nd_min(count, s->in_w - start), low);
        nd_fill_run(to, 0, low);
        nd_copy_run(to + low, line + start + low, high - low);
        nd_fill_run(to + high, 0, count - high);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        const int64_t iw = start + i * s->stride_w;
        to[i] = iw >= 0 && iw < s->in_w ? line[iw] : 0;
    }
}

/* The same matrix of a one-channel image, column after column: whole lines of pixels move at a time. */
static void nd_patches_by_column(const nd_step *s, const float *x, int64_t r0, int64_t r1, int64_t k0, int64_t k1,
                                 float *to)
{
    const int64_t image = nd_operand_of(s, 1)->image;
    for (int64_t k = k0; k < k1; k++) {
        const int64_t kw = k % s->kernel_w, kh = k / s->kernel_w % s->kernel_h, kd = k / s->kernel_w / s->kernel_h;
        nd_pixel pixel = nd_pixel_of(s, r0);
        for (int64_t r = r0; r < r1;) {
            const int64_t count = nd_min(r1 - r, s->out_w - pixel.ow);
            const float *line = nd_source_line(s, x + pixel.image * image, pixel, kd, kh);
            if (!line) nd_fill_run(to, 0, count);
            else nd_patch_line(s, line, kw, pixel.ow, count, to);
            to += count;
            r += count;
            pixel.ow = s->out_w - 1;
            nd_next_pixel(s, &pixel);
        }
    }
}

/* Taps of the kernel. */
ND_INLINE int64_t nd_taps(const nd_step *s) { return s->kernel_d * s->kernel_h * s->kernel_w; }

/* Whether the rows of the matrix lie in x as they are. */
ND_INLINE int nd_patches_are_x(const nd_step *s)
{
    return nd_taps(s) * s->stride_d * s->stride_h * s->stride_w == 1 && !s->pad_front && !s->pad_top && !s->pad_left
           && s->in_d == s->out_d && s->in_h == s->out_h && s->in_w == s->out_w;
}

/* Element (r, k) lies at p[r*row + k*column]. */
typedef struct {
    const float *p;
    int64_t row, column;
} nd_matrix;

/* Rows [r0, r1) and columns [k0, k1) of the matrix, in x itself or packed into the scratch. */
static nd_matrix nd_patch_matrix(const nd_step *s, const float *x, int64_t group, int64_t r0, int64_t r1, int64_t k0,
                                 int64_t k1, float *scratch)
{
    const int64_t pitch = nd_pitch(s, 1, s->in_c);
    if (nd_patches_are_x(s)) return (nd_matrix){x + r0 * pitch + group * (s->in_c / s->groups) + k0, pitch, 1};
    if (s->in_c == 1 && pitch == 1) {
        nd_patches_by_column(s, x, r0, r1, k0, k1, scratch);
        return (nd_matrix){scratch, 1, r1 - r0};
    }
    nd_patches(s, x, group, r0, r1, k0, k1, scratch);
    return (nd_matrix){scratch, k1 - k0, 1};
}

ND_INLINE int64_t nd_depth(const nd_step *s) { return nd_taps(s) * (s->in_c / s->groups); }
ND_INLINE int64_t nd_panels(const nd_step *s) { return nd_ceil_div(s->out_c / s->groups, ND_LANES); }
/* Terms of one segment: a function of the length of the sum alone, since it decides bits. */
ND_INLINE int64_t nd_segment(int64_t terms) { return nd_ceil_div(terms, nd_max(1, nd_ceil_div(terms, ND_SEGMENT))); }

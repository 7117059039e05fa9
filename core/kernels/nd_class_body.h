/* The classes of a convolution over an upsampled source (conv_dx, transposed convolutions).
 *
 * The pixels of the result whose positions leave one remainder by `upsample` meet the same taps, and these meet pixels of the source
 * that are neighbours: a class is a convolution of stride 1 of its own with a share of the taps, and nothing is multiplied by the
 * zeros between spread pixels. A class without taps is 0. With g = gcd(dilation, upsample) the taps of a class stand upsample/g apart;
 * in the panel they lie together, for pack_flip orders taps by their remainders by upsample/g.
 *
 * A cell is upsample_d x upsample_h x upsample_w pixels of the result, one of each class. Cells are numbered as pixels are.
 */
typedef struct {
    nd_step conv; /* the convolution of the class's pixels */
    int64_t tap;  /* its first tap in the panel */
    int64_t at[3]; /* its pixel in each cell */
} nd_class;

ND_INLINE int64_t nd_tap_step(int64_t dilation, int64_t upsample)
{
    int64_t a = upsample, b = dilation;
    while (b) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return upsample / a;
}

/* Taps of an axis whose remainder by `step` is less than q. */
ND_INLINE int64_t nd_taps_before(int64_t kernel, int64_t step, int64_t q)
{
    return q * (kernel / step) + nd_min(q, kernel % step);
}

ND_INLINE int nd_is_spread(const nd_step *s) { return s->upsample_d > 1 || s->upsample_h > 1 || s->upsample_w > 1; }

/* Classes that have pixels. */
ND_INLINE int64_t nd_classes(const nd_step *s)
{
    return nd_min(s->upsample_d, s->out_d) * nd_min(s->upsample_h, s->out_h) * nd_min(s->upsample_w, s->out_w);
}

/* Class `index`, in the order of their pixels in a cell. */
static nd_class nd_class_of(const nd_step *s, int64_t index)
{
    nd_class c = {.conv = *s};
    int64_t before[3], taps[3];
    for (int axis = 2; axis >= 0; axis--) {
        const int64_t up = (&s->upsample_d)[axis], dilation = (&s->dilation_d)[axis], kernel = (&s->kernel_d)[axis];
        const int64_t step = nd_tap_step(dilation, up), residues = nd_min(up, (&s->out_d)[axis]);
        c.at[axis] = index % residues;
        index /= residues;
        const int64_t start = c.at[axis] - (&s->pad_front)[axis];
        int64_t q = 0;
        while (q < nd_min(step, kernel) && (start + q * dilation) % up) q++;
        const int found = q < nd_min(step, kernel);
        before[axis] = found ? nd_taps_before(kernel, step, q) : 0;
        taps[axis] = found ? nd_ceil_div(kernel - q, step) : 0;
        (&c.conv.kernel_d)[axis] = taps[axis];
        (&c.conv.dilation_d)[axis] = dilation * step / up;
        (&c.conv.pad_front)[axis] = found ? -((start + q * dilation) / up) : 0;
        (&c.conv.upsample_d)[axis] = 1;
        (&c.conv.out_d)[axis] = nd_ceil_div((&s->out_d)[axis] - c.at[axis], up);
    }
    c.tap = before[0] * s->kernel_h * s->kernel_w + taps[0] * (before[1] * s->kernel_w + taps[1] * before[2]);
    return c;
}

/* Cells of an image. */
ND_INLINE int64_t nd_cells(const nd_step *s)
{
    return nd_ceil_div(s->out_d, s->upsample_d) * nd_ceil_div(s->out_h, s->upsample_h) * nd_ceil_div(s->out_w, s->upsample_w);
}

/* Cells in one stretch of the result: to one cell's width where only lines are spread, else a line or a plane of cells. */
ND_INLINE int64_t nd_cell_stretch(const nd_step *s)
{
    const int64_t line = nd_ceil_div(s->out_w, s->upsample_w);
    return s->upsample_d > 1 ? line * nd_ceil_div(s->out_h, s->upsample_h) : s->upsample_h > 1 ? line : 1;
}

/* The rows that come before cell `cell` among those of a map `size` that has `each` rows of a cell along each axis. */
static int64_t nd_rows_before(const nd_step *s, int64_t cell, const int64_t *size, const int64_t *each)
{
    int64_t at[3];
    for (int axis = 2; axis >= 0; axis--) {
        const int64_t cells = nd_ceil_div((&s->out_d)[axis], (&s->upsample_d)[axis]);
        at[axis] = cell % cells;
        cell /= cells;
    }
    int64_t row = cell, past = 0;
    for (int axis = 0; axis < 3; axis++) {
        const int64_t place = past ? 0 : nd_min(at[axis] * each[axis], size[axis]);
        past |= place == size[axis];
        row = row * size[axis] + place;
    }
    return row;
}

/* The row of the result that is row `row` of a class. */
ND_INLINE int64_t nd_row_of_class(const nd_step *s, const nd_class *c, nd_pixel p)
{
    return ((p.image * s->out_d + p.od * s->upsample_d + c->at[0]) * s->out_h + p.oh * s->upsample_h + c->at[1]) * s->out_w
           + p.ow * s->upsample_w + c->at[2];
}

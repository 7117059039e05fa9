/* The proof, before the first run, that no step of a plan leaves its buffers. Every rule mirrors what nd_operations.h says of the kernel. */
#include <string.h>
#include "nd_kernels.h"
#include "nd_operations.h"

typedef struct {
    const nd_step *step;
    const nd_size *sizes;
    int64_t buffers, batch;
    const char *reason;
} checker;

static const int64_t most = (int64_t)1 << 30, huge = (int64_t)1 << 60;

static void expect(checker *c, int truth, const char *reason)
{
    if (!truth && !c->reason) c->reason = reason;
}

/* Products and sums that stay at `huge`. */
static int64_t times(int64_t a, int64_t b)
{
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) || product > huge ? huge : product;
}

static int64_t plus(int64_t a, int64_t b) { return a + b > huge ? huge : a + b; }

static void positive(checker *c, const int64_t *fields, int count, const char *reason)
{
    for (int i = 0; i < count; i++) expect(c, fields[i] >= 1 && fields[i] <= most, reason);
}

/* Operand i touches `span` elements from its offset on, for each image if it has images. */
static void extent(checker *c, int i, int64_t span)
{
    const nd_operand *o = nd_operand_of(c->step, i);
    expect(c, o->buffer >= 0 && o->buffer < c->buffers, "an operand lies in no buffer");
    expect(c, o->offset >= 0 && o->offset < huge && o->image >= 0 && o->image < huge, "an operand's offset or image is out of range");
    if (c->reason) return;
    const nd_size size = c->sizes[o->buffer];
    const int64_t images = o->image ? c->batch : 1, one = plus(o->offset, span), all = plus(one, times(o->image, images - 1));
    expect(c, one <= plus(size.fixed, o->image ? size.image : 0), "an operand reaches past its buffer");
    expect(c, all <= plus(size.fixed, o->image ? times(size.image, images) : 0), "an operand reaches past its buffer");
}

/* Operand i is `length` contiguous elements, one after the other for each image if `batched`. */
static void dense(checker *c, int i, int64_t length, int batched)
{
    expect(c, nd_operand_of(c->step, i)->image == (batched ? length : 0), "an operand has the wrong distance between images");
    extent(c, i, length);
}

/* Operand i over `count` axes with its own strides. */
static void strided(checker *c, int i, const int64_t *sizes, int count)
{
    const nd_operand *o = nd_operand_of(c->step, i);
    int64_t span = 1;
    for (int axis = 0; axis < count; axis++) {
        expect(c, sizes[axis] >= 1 && sizes[axis] <= huge, "a size is out of range");
        expect(c, o->stride[axis] >= 0 && o->stride[axis] <= huge, "a stride is out of range");
        if (c->reason) return;
        span = plus(span, times(sizes[axis] - 1, o->stride[axis]));
    }
    extent(c, i, span);
}

static int batched(const checker *c, int i) { return nd_operand_of(c->step, i)->image != 0; }
static int64_t images(const checker *c, int i) { return batched(c, i) ? c->batch : 1; }

static int64_t panel_length(const nd_step *s)
{
    const int64_t panels = (s->out_c / s->groups + ND_LANES - 1) / ND_LANES;
    return times(times(s->groups * panels, times(s->kernel_h, s->kernel_w)), s->in_c / s->groups * ND_LANES);
}

static void weights(checker *c)
{
    const nd_step *s = c->step;
    const int64_t fields[] = {s->kernel_h, s->kernel_w, s->in_c, s->out_c, s->groups};
    positive(c, fields, 5, "a size of the weights is out of range");
    if (!c->reason) expect(c, s->in_c % s->groups == 0 && s->out_c % s->groups == 0, "`groups` does not divide the channels");
}

static void geometry(checker *c)
{
    const nd_step *s = c->step;
    const int64_t fields[] = {s->in_h, s->in_w, s->in_c, s->out_h, s->out_w, s->out_c, s->stride_h, s->stride_w,
                              s->dilation_h, s->dilation_w, s->upsample_h, s->upsample_w};
    positive(c, fields, 12, "a size of the convolution is out of range");
    expect(c, s->pad_top >= -most && s->pad_top <= most && s->pad_left >= -most && s->pad_left <= most, "a pad is out of range");
    weights(c);
}

static void program(checker *c, int code, int first, int own)
{
    const nd_step *s = c->step;
    expect(c, s->inputs >= own && s->inputs <= ND_OPERANDS - first + own, "`inputs` is out of range");
    expect(c, s->words >= 7 && s->words <= most, "`words` is out of range");
    expect(c, !batched(c, code), "an expression has images");
    extent(c, code, s->words);
}

static void check_conv(checker *c)
{
    const nd_step *s = c->step;
    const int64_t map[] = {s->out_h, s->out_w, s->out_c};
    geometry(c);
    if (c->reason) return;
    dense(c, 0, times(times(s->out_h, s->out_w), s->out_c), batched(c, 1));
    dense(c, 1, times(times(s->in_h, s->in_w), s->in_c), batched(c, 1));
    dense(c, 2, panel_length(s), 0);
    if (!s->words) return;
    program(c, 3, 4, 1);
    for (int i = 4; i < 3 + s->inputs && !c->reason; i++) {
        strided(c, i, map, 3);
        expect(c, batched(c, 1) || !batched(c, i), "an operand has images where the result has none");
    }
}

/* Thirty-six matrices of panels with a row for each input channel. */
static int64_t transformed_length(const nd_step *s) { return times(36 * ((s->out_c + ND_LANES - 1) / ND_LANES), s->in_c * ND_LANES); }

static void plain_3x3(checker *c)
{
    const nd_step *s = c->step;
    expect(c, s->kernel_h == 3 && s->kernel_w == 3 && s->groups == 1, "the kernel is not 3x3 in one group");
}

static void check_conv_winograd(checker *c)
{
    const nd_step *s = c->step;
    const int64_t map[] = {s->out_h, s->out_w, s->out_c};
    geometry(c);
    plain_3x3(c);
    expect(c, s->stride_h * s->stride_w * s->dilation_h * s->dilation_w * s->upsample_h * s->upsample_w == 1, "a step of the window is not 1");
    if (c->reason) return;
    dense(c, 0, times(times(s->out_h, s->out_w), s->out_c), batched(c, 1));
    dense(c, 1, times(times(s->in_h, s->in_w), s->in_c), batched(c, 1));
    dense(c, 2, transformed_length(s), 0);
    if (s->staged) {
        const int64_t tiles = times(images(c, 1), ((s->out_h + 3) / 4) * ((s->out_w + 3) / 4));
        dense(c, 7, times(36, plus(times(tiles, s->in_c + s->out_c), 2 * ND_WINOGRAD_GAP)), 0);
    }
    if (!s->words) return;
    program(c, 3, 4, 1);
    expect(c, s->inputs <= 4, "`inputs` is out of range");
    for (int i = 4; i < 3 + s->inputs && !c->reason; i++) {
        strided(c, i, map, 3);
        expect(c, batched(c, 1) || !batched(c, i), "an operand has images where the result has none");
    }
}

static void check_pack_winograd(checker *c)
{
    weights(c);
    plain_3x3(c);
    if (c->reason) return;
    dense(c, 0, transformed_length(c->step), 0);
    dense(c, 1, panel_length(c->step), 0);
}

static void check_chunks(checker *c, int partials, int64_t length, int64_t terms)
{
    const nd_step *s = c->step;
    expect(c, s->chunks >= 1 && s->chunks <= most && s->chunk_rows >= 0 && s->chunk_rows <= huge, "`chunks` or `chunk_rows` is out of range");
    expect(c, times(s->chunks, s->chunk_rows) >= terms, "the chunks do not cover the sum");
    if (s->chunks > 1) dense(c, partials, times(s->chunks, length), 0);
}

static void check_conv_dw(checker *c)
{
    const nd_step *s = c->step;
    geometry(c);
    expect(c, s->upsample_h == 1 && s->upsample_w == 1, "`upsample` has no meaning here");
    if (c->reason) return;
    const int64_t area = times(s->out_h, s->out_w);
    dense(c, 0, panel_length(s), 0);
    dense(c, 1, times(times(s->in_h, s->in_w), s->in_c), batched(c, 1));
    dense(c, 2, times(area, s->out_c), batched(c, 1));
    check_chunks(c, 3, panel_length(s), times(images(c, 1), area));
}

static void check_pack(checker *c, int panel, int canonical)
{
    const nd_step *s = c->step;
    weights(c);
    if (c->reason) return;
    dense(c, panel, panel_length(s), 0);
    dense(c, canonical, times(times(s->kernel_h, s->kernel_w), times(s->in_c / s->groups, s->out_c)), 0);
}

static void check_pack_panel(checker *c) { check_pack(c, 0, 1); }
static void check_unpack_panel(checker *c) { check_pack(c, 1, 0); }

static void check_pack_flip(checker *c)
{
    const nd_step *s = c->step;
    weights(c);
    if (c->reason) return;
    nd_step turned = *s;
    turned.in_c = s->out_c;
    turned.out_c = s->in_c;
    dense(c, 0, panel_length(&turned), 0);
    dense(c, 1, panel_length(s), 0);
}

static void check_pool(checker *c, int lead, int x, int y)
{
    const nd_step *s = c->step;
    const int64_t fields[] = {s->in_h, s->in_w, s->in_c, s->out_h, s->out_w, s->kernel_h, s->kernel_w, s->stride_h, s->stride_w};
    positive(c, fields, 9, "a size of the window is out of range");
    expect(c, s->pad_top >= 0 && s->pad_top < s->kernel_h && s->pad_left >= 0 && s->pad_left < s->kernel_w, "a pad is out of range");
    if (c->reason) return;
    expect(c, (s->out_h - 1) * s->stride_h - s->pad_top < s->in_h && (s->out_w - 1) * s->stride_w - s->pad_left < s->in_w, "a window is empty");
    const int64_t in = times(times(s->in_h, s->in_w), s->in_c), out = times(times(s->out_h, s->out_w), s->in_c);
    dense(c, x, in, batched(c, lead));
    dense(c, y, out, batched(c, lead));
}

static void check_pool_max(checker *c) { check_pool(c, 1, 1, 0); }
static void check_pool_sum(checker *c) { check_pool(c, 1, 1, 0); }
static void check_pool_sum_dx(checker *c) { check_pool(c, 1, 0, 1); }

static void check_pool_max_dx(checker *c)
{
    check_pool(c, 1, 0, 2);
    check_pool(c, 1, 1, 2);
}

static void check_map(checker *c)
{
    const nd_step *s = c->step;
    program(c, 1, 2, 0);
    strided(c, 0, &s->size0, ND_DIMS);
    for (int i = 2; i < 2 + s->inputs && !c->reason; i++) {
        strided(c, i, &s->size0, ND_DIMS);
        expect(c, batched(c, 0) || !batched(c, i), "an operand has images where the result has none");
    }
}

static void check_reduce(checker *c)
{
    const nd_step *s = c->step;
    const int64_t *sizes = &s->size0;
    const nd_operand *y = nd_operand_of(s, 0);
    int64_t length = 1, terms = batched(c, 0) ? 1 : images(c, 1), last = 0;
    strided(c, 0, sizes, ND_DIMS);
    strided(c, 1, sizes, ND_DIMS);
    expect(c, batched(c, 1) || !batched(c, 0), "the result has images where the operand has none");
    for (int axis = 0; axis < ND_DIMS && !c->reason; axis++) {
        if (y->stride[axis]) length = times(length, sizes[axis]);
        else terms = times(terms, sizes[axis]);
        last = plus(last, times(sizes[axis] - 1, y->stride[axis]));
    }
    check_chunks(c, 2, length, terms);
    if (s->chunks > 1) expect(c, !batched(c, 0) && last < length, "partial sums need a contiguous result without images");
}

static void check_moments(checker *c)
{
    const nd_step *s = c->step;
    positive(c, &s->rows, 2, "`rows` or `columns` is out of range");
    if (c->reason) return;
    dense(c, 0, s->columns, 0);
    dense(c, 1, s->columns, 0);
    dense(c, 2, times(s->rows, s->columns), batched(c, 2));
    dense(c, 3, times(images(c, 2), s->columns), 0);
}

/* Operand i holds `columns` numbers for each row. */
static void rows_of(checker *c, int i, int64_t columns) { dense(c, i, times(c->step->rows, columns), batched(c, 1)); }

static void check_rows(checker *c, int wide, int narrow)
{
    const nd_step *s = c->step;
    positive(c, &s->rows, 2, "`rows` or `columns` is out of range");
    for (int i = 0; i < ND_OPERANDS && !c->reason; i++) {
        if (wide >> i & 1) rows_of(c, i, s->columns);
        if (narrow >> i & 1) rows_of(c, i, 1);
    }
}

static void check_softmax(checker *c) { check_rows(c, 3, 0); }
static void check_softmax_dx(checker *c) { check_rows(c, 7, 0); }
static void check_softmax_xent(checker *c) { check_rows(c, 2, 5); }
static void check_softmax_xent_dx(checker *c) { check_rows(c, 3, 12); }

static void check_lrn_sum(checker *c)
{
    check_rows(c, 3, 0);
    expect(c, c->step->before >= 0 && c->step->after >= 0, "`before` or `after` is out of range");
}

static void check_random(checker *c)
{
    const nd_step *s = c->step;
    positive(c, &s->columns, 1, "`columns` is out of range");
    expect(c, s->distribution >= 0 && s->distribution <= 2, "`distribution` is out of range");
    dense(c, 0, s->columns, batched(c, 0));
    dense(c, 1, 1, 0);
    dense(c, 2, 1, 0);
}

static void check_copy(checker *c)
{
    const nd_step *s = c->step;
    strided(c, 0, &s->size0, ND_DIMS);
    strided(c, 1, s->inner0 ? &s->inner0 : &s->size0, ND_DIMS);
    for (int axis = 0; axis < ND_DIMS; axis++)
        expect(c, (&s->begin0)[axis] >= -huge && (&s->begin0)[axis] <= huge, "`begin` is out of range");
    expect(c, batched(c, 0) || !batched(c, 1), "an operand has images where the result has none");
}

#define ND_CHECK(operation, written, phases) check_##operation,
static void (*const checks[])(checker *) = {ND_RULES(ND_CHECK)};

nd_fault nd_check(const nd_step *steps, int64_t count, const nd_size *sizes, int64_t buffers, int64_t batch)
{
    if (batch < 1 || batch > most || count < 0 || count > most / 16) return (nd_fault){0, "the batch or the number of steps is out of range"};
    for (int64_t i = 0; i < buffers; i++)
        if (sizes[i].fixed < 0 || sizes[i].image < 0 || sizes[i].fixed > huge || sizes[i].image > huge) return (nd_fault){0, "a buffer's size is out of range"};
    for (int64_t i = 0; i < count; i++) {
        checker c = {steps + i, sizes, buffers, batch, 0};
        if (steps[i].kernel < 0 || steps[i].kernel >= ND_KERNEL_COUNT) return (nd_fault){i, "`kernel` is no row of the table"};
        if (!nd_isa_usable(nd_kernel_of(steps[i].kernel)->isa)) return (nd_fault){i, "this processor does not have the kernel's instruction set"};
        if (steps[i].cost < 0 || steps[i].cost > huge) return (nd_fault){i, "`cost` is out of range"};
        checks[steps[i].kernel % ND_OPERATION_COUNT](&c);
        if (c.reason) return (nd_fault){i, c.reason};
    }
    return (nd_fault){-1, 0};
}

/* The proof, before the first run, that no step of a plan leaves its buffers. Every rule mirrors what nd_operations.h
 * says of the kernel; those of products are in nd_check_product.c and nd_check_grouped.c. */
#include "nd_checker.h"

static void check_pool(checker *c, int lead, int x, int y)
{
    const nd_step *s = c->step;
    int64_t in = 1, out = 1;
    positive(c, &s->in_c, 1, "a size of the window is out of range");
    for (int axis = 0; axis < 3; axis++) {
        const int64_t fields[] = {(&s->in_d)[axis], (&s->out_d)[axis], (&s->kernel_d)[axis], (&s->stride_d)[axis]};
        const int64_t pad = (&s->pad_front)[axis];
        positive(c, fields, 4, "a size of the window is out of range");
        expect(c, pad >= 0 && pad < fields[2], "a pad is out of range");
        if (c->reason) return;
        expect(c, (fields[1] - 1) * fields[3] - pad < fields[0], "a window is empty");
        in = times(in, fields[0]);
        out = times(out, fields[1]);
    }
    pixels(c, x, in, s->in_c, batched(c, lead));
    pixels(c, y, out, s->in_c, batched(c, lead));
}

void nd_check_pool_max(checker *c) { check_pool(c, 1, 1, 0); }
void nd_check_pool_sum(checker *c) { check_pool(c, 1, 1, 0); }
void nd_check_pool_sum_dx(checker *c) { check_pool(c, 1, 0, 1); }

void nd_check_pool_max_dx(checker *c)
{
    check_pool(c, 1, 0, 2);
    check_pool(c, 1, 1, 2);
}

static void check_resample(checker *c, int x, int y)
{
    const nd_step *s = c->step;
    positive(c, &s->in_d, 3, "a size of the image is out of range");
    positive(c, &s->out_d, 3, "a size of the image is out of range");
    positive(c, &s->in_c, 1, "a size of the image is out of range");
    expect(c, s->rule >= 0 && s->rule <= 2, "`rule` is out of range");
    if (c->reason) return;
    expect(c, nd_resample_scratch(s) <= most, "a line is too long");
    pixels(c, x, times(times(s->in_d, s->in_h), s->in_w), s->in_c, batched(c, 1));
    pixels(c, y, times(times(s->out_d, s->out_h), s->out_w), s->in_c, batched(c, 1));
}

void nd_check_resample(checker *c) { check_resample(c, 1, 0); }
void nd_check_resample_dx(checker *c) { check_resample(c, 0, 1); }

/* Every element of operand i is touched once: an output has one owner, and a walk is no longer than its memory. */
static void touched_once(checker *c, int i)
{
    for (int axis = 0; axis < ND_DIMS; axis++)
        expect(c, (&c->step->size0)[axis] <= 1 || nd_operand_of(c->step, i)->stride[axis] > 0, "an operand stands still");
}

void nd_check_map(checker *c)
{
    const nd_step *s = c->step;
    program(c, 1, 2, 0);
    touched_once(c, 0);
    strided(c, 0, &s->size0, ND_DIMS);
    for (int i = 2; i < 2 + s->inputs && !c->reason; i++) {
        strided(c, i, &s->size0, ND_DIMS);
        expect(c, batched(c, 0) || !batched(c, i), "an operand has images where the result has none");
    }
}

void nd_check_reduce(checker *c)
{
    const nd_step *s = c->step;
    const int64_t *sizes = &s->size0;
    const nd_operand *y = nd_operand_of(s, 0);
    int64_t length = 1, terms = batched(c, 0) ? 1 : images(c, 1), last = 0;
    touched_once(c, 1);
    strided(c, 0, sizes, ND_DIMS);
    strided(c, 1, sizes, ND_DIMS);
    expect(c, batched(c, 1) || !batched(c, 0), "the result has images where the operand has none");
    for (int axis = 0; axis < ND_DIMS && !c->reason; axis++) {
        if (y->stride[axis]) length = times(length, sizes[axis]);
        else terms = times(terms, sizes[axis]);
        last = plus(last, times(sizes[axis] - 1, y->stride[axis]));
    }
    check_chunks(c, 2, length, terms);
    if (s->chunks > 1)
        expect(c, !batched(c, 0) && last < length, "partial sums need a contiguous result without images");
}

void nd_check_sums(checker *c)
{
    const nd_step *s = c->step;
    const int64_t sizes[] = {s->rows, s->columns};
    int any = 0;
    positive(c, sizes, 2, "`rows` or `columns` is out of range");
    expect(c, s->inputs >= 1 && s->inputs <= ND_OPERANDS - 4, "`inputs` is out of range");
    expect(c, s->outputs >= 1 && s->outputs <= (s->words ? ND_MAX_OUTPUTS : 1), "`outputs` is out of range");
    if (c->reason) return;
    if (s->words) program(c, 2, 4, 0);
    for (int i = 4; i < 4 + s->inputs && !c->reason; i++) {
        strided(c, i, sizes, 2);
        expect(c, times(nd_operand_of(c->step, i)->stride[0], s->rows) < huge, "a stride is out of range");
        any |= batched(c, i);
    }
    for (int i = 0; i < s->outputs; i++) dense(c, i, s->columns, 0);
    check_chunks(c, 3, times(s->outputs, s->columns), times(any ? c->batch : 1, s->rows));
}

void nd_check_moments(checker *c)
{
    const nd_step *s = c->step;
    positive(c, &s->rows, 2, "`rows` or `columns` is out of range");
    positive(c, &s->chunks, 2, "`chunks` or `chunk_rows` is out of range");
    if (c->reason) return;
    expect(c, times(s->chunks, s->chunk_rows) >= s->rows, "the chunks do not cover the rows");
    dense(c, 0, s->columns, 0);
    dense(c, 1, s->columns, 0);
    pixels(c, 2, s->rows, s->columns, batched(c, 2));
    dense(c, 3, times(times(images(c, 2), s->chunks), 3 * s->columns), 0);
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

void nd_check_softmax(checker *c) { check_rows(c, 3, 0); }
void nd_check_softmax_dx(checker *c) { check_rows(c, 7, 0); }
void nd_check_softmax_xent(checker *c) { check_rows(c, 2, 5); }
void nd_check_softmax_xent_dx(checker *c) { check_rows(c, 3, 12); }

void nd_check_lrn_sum(checker *c)
{
    check_rows(c, 3, 0);
    expect(c, c->step->before >= 0 && c->step->after >= 0, "`before` or `after` is out of range");
}

void nd_check_random(checker *c)
{
    const nd_step *s = c->step;
    positive(c, &s->columns, 1, "`columns` is out of range");
    expect(c, s->distribution >= 0 && s->distribution <= 2, "`distribution` is out of range");
    dense(c, 0, s->columns, batched(c, 0));
    dense(c, 1, 1, 0);
    dense(c, 2, 1, 0);
}

void nd_check_copy(checker *c)
{
    const nd_step *s = c->step;
    touched_once(c, 0);
    strided(c, 0, &s->size0, ND_DIMS);
    strided(c, 1, s->inner0 ? &s->inner0 : &s->size0, ND_DIMS);
    for (int axis = 0; axis < ND_DIMS; axis++)
        expect(c, (&s->begin0)[axis] >= -huge && (&s->begin0)[axis] <= huge, "`begin` is out of range");
    expect(c, batched(c, 0) || !batched(c, 1), "an operand has images where the result has none");
}

#define ND_CHECK(operation, written, phases) nd_check_##operation,
static void (*const checks[])(checker *) = {ND_RULES(ND_CHECK)};
#define ND_PHASES(operation, written, phases) phases,
static const int phases_of[] = {ND_RULES(ND_PHASES)};

nd_fault nd_check(const nd_step *steps, int64_t count, const nd_size *sizes, int64_t buffers, int64_t batch)
{
    if (batch < 1 || batch > most || count < 0 || count > most / 16)
        return (nd_fault){0, "the batch or the number of steps is out of range"};
    for (int64_t i = 0; i < buffers; i++)
        if (sizes[i].fixed < 0 || sizes[i].image < 0 || sizes[i].fixed > huge || sizes[i].image > huge)
            return (nd_fault){0, "a buffer's size is out of range"};
    for (int64_t i = 0; i < count; i++) {
        checker c = {steps + i, sizes, buffers, 0, batch, 0};
        if (steps[i].first_image < 0 || steps[i].first_image >= batch || steps[i].most_images < 0
            || (steps[i].first_image && !steps[i].most_images) || (steps[i].lanes && steps[i].most_images))
            return (nd_fault){i, "the images of a step are out of range"};
        c.first = steps[i].first_image;
        if (steps[i].most_images && steps[i].most_images < batch - c.first) c.batch = steps[i].most_images;
        else c.batch = batch - c.first;
        if (steps[i].kernel < 0 || steps[i].kernel >= ND_KERNEL_COUNT)
            return (nd_fault){i, "`kernel` is no row of the table"};
        if (!nd_isa_usable(nd_kernel_of(steps[i].kernel)->isa))
            return (nd_fault){i, "this processor does not have the kernel's instruction set"};
        if (steps[i].lanes != 0 && steps[i].lanes != ND_LANES) return (nd_fault){i, "`lanes` is neither 0 nor 16"};
        if (steps[i].lanes) c.batch = (batch + ND_LANES - 1) / ND_LANES;
        if (steps[i].cost < 0 || steps[i].cost > huge) return (nd_fault){i, "`cost` is out of range"};
        for (int k = 0; k < ND_OPERANDS; k++) {
            const nd_operand *o = nd_operand_of(steps + i, k);
            expect(&c, o->buffer >= ND_NOWHERE && o->buffer < buffers, "an operand lies in no buffer");
            expect(&c, o->offset >= 0 && o->offset < huge, "an operand's offset or image is out of range");
        }
        checks[steps[i].kernel % ND_OPERATION_COUNT](&c);
        for (int phase = 0; phase < phases_of[steps[i].kernel % ND_OPERATION_COUNT] && !c.reason; phase++)
            expect(&c, nd_kernel_of(steps[i].kernel)->tasks(steps + i, phase, c.batch) <= most, "a step has too many tasks");
        if (c.reason) return (nd_fault){i, c.reason};
    }
    return (nd_fault){-1, 0};
}

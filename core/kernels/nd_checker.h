/* What the rules of nd_check share: the step at hand, the first thing wrong with it, the extents of operands. */
#ifndef ND_CHECKER_H
#define ND_CHECKER_H

#include "nd_kernels.h"
#include "nd_operations.h"

typedef struct {
    const nd_step *step;
    const nd_size *sizes;
    int64_t buffers, first, batch; /* the step sees up to `batch` images from `first` on */
    const char *reason;
} checker;

static const int64_t most = (int64_t)1 << 30, huge = (int64_t)1 << 60;

static inline void expect(checker *c, int truth, const char *reason)
{
    if (!truth && !c->reason) c->reason = reason;
}

/* Products and sums that stay at `huge`. */
static inline int64_t times(int64_t a, int64_t b)
{
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) || product > huge ? huge : product;
}

static inline int64_t plus(int64_t a, int64_t b) { return a + b > huge ? huge : a + b; }

static inline void positive(checker *c, const int64_t *fields, int count, const char *reason)
{
    for (int i = 0; i < count; i++) expect(c, fields[i] >= 1 && fields[i] <= most, reason);
}

/* Operand i touches `span` elements from its offset on, for each image if it has images. */
static inline void extent(checker *c, int i, int64_t span)
{
    const nd_operand *o = nd_operand_of(c->step, i);
    expect(c, o->buffer >= 0 && o->buffer < c->buffers, "an operand lies in no buffer");
    expect(c, o->offset >= 0 && o->offset < huge && o->image >= 0 && o->image < huge,
           "an operand's offset or image is out of range");
    if (c->reason) return;
    const nd_size size = c->sizes[o->buffer];
    const int64_t images = o->image ? c->batch : 1, one = plus(o->offset, span),
                  all = plus(one, times(o->image, images - 1));
    expect(c, one <= plus(size.fixed, o->image ? times(size.image, c->first + 1) : 0), "an operand reaches past its buffer");
    expect(c, all <= plus(size.fixed, o->image ? times(size.image, c->first + images) : 0), "an operand reaches past its buffer");
}

/* Operand i is `length` contiguous elements, one after the other for each image if `batched`. */
static inline void dense(checker *c, int i, int64_t length, int batched)
{
    expect(c, nd_operand_of(c->step, i)->image == (batched ? length : 0),
           "an operand has the wrong distance between images");
    extent(c, i, length);
}

/* Operand i is `count` pixels of `channels` elements, as far apart as its pitch says, image after image if `batched`. */
static inline void pixels(checker *c, int i, int64_t count, int64_t channels, int batched)
{
    const int64_t pitch = nd_pitch(c->step, i, channels);
    expect(c, pitch >= channels && pitch <= most, "an operand's pitch is out of range");
    expect(c, nd_operand_of(c->step, i)->image == (batched ? times(count, pitch) : 0),
           "an operand has the wrong distance between images");
    extent(c, i, plus(times(count - 1, pitch), channels));
}

/* Operand i over `count` axes with its own strides. */
static inline void strided(checker *c, int i, const int64_t *sizes, int count)
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

static inline int batched(const checker *c, int i) { return nd_operand_of(c->step, i)->image != 0; }
static inline int64_t images(const checker *c, int i) { return batched(c, i) ? c->batch : 1; }

static inline void program(checker *c, int code, int first, int own)
{
    const nd_step *s = c->step;
    expect(c, s->inputs >= own && s->inputs <= ND_OPERANDS - first + own, "`inputs` is out of range");
    expect(c, s->words >= 7 && s->words <= most, "`words` is out of range");
    expect(c, !batched(c, code), "an expression has images");
    extent(c, code, s->words);
}

static inline void check_chunks(checker *c, int partials, int64_t length, int64_t terms)
{
    const nd_step *s = c->step;
    expect(c, s->chunks >= 1 && s->chunks <= most && s->chunk_rows >= 0 && s->chunk_rows <= huge,
           "`chunks` or `chunk_rows` is out of range");
    const int64_t covered = times(s->chunks, s->chunk_rows);
    expect(c, covered >= terms && covered < huge, "the chunks do not cover the sum");
    if (s->chunks > 1) dense(c, partials, times(s->chunks, length), 0);
}

/* One rule for each operation. */
#define ND_RULE_OF(operation, written, phases) void nd_check_##operation(checker *c);
ND_RULES(ND_RULE_OF)
#undef ND_RULE_OF

#endif

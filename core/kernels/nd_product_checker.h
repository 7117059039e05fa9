/* What the rules of products share. */
#ifndef ND_PRODUCT_CHECKER_H
#define ND_PRODUCT_CHECKER_H
#include "nd_checker.h"

static inline int64_t panel_length(const nd_step *s)
{
    const int64_t panels = (s->out_c / s->groups + ND_LANES - 1) / ND_LANES;
    const int64_t taps = times(times(s->kernel_d, s->kernel_h), s->kernel_w);
    return times(times(s->groups * panels, taps), s->in_c / s->groups * ND_LANES);
}

static inline void weights(checker *c)
{
    const nd_step *s = c->step;
    const int64_t fields[] = {s->kernel_d, s->kernel_h, s->kernel_w, s->in_c, s->out_c, s->groups};
    positive(c, fields, 6, "a size of the weights is out of range");
    if (!c->reason)
        expect(c, s->in_c % s->groups == 0 && s->out_c % s->groups == 0, "`groups` does not divide the channels");
}

/* Positions reach at most so far outside of an image: their products with a line's length must fit int64. */
static const int64_t beyond = 1 << 24;

static inline void geometry(checker *c)
{
    const nd_step *s = c->step;
    weights(c);
    for (int axis = 0; axis < 3; axis++) {
        const int64_t fields[] = {(&s->in_d)[axis], (&s->out_d)[axis], (&s->stride_d)[axis], (&s->dilation_d)[axis],
                                  (&s->upsample_d)[axis]};
        const int64_t pad = (&s->pad_front)[axis];
        positive(c, fields, 5, "a size of the convolution is out of range");
        expect(c, pad >= -beyond && pad <= beyond, "a pad is out of range");
        if (c->reason) return;
        const int64_t last = plus(times(fields[1] - 1, fields[2]), times((&s->kernel_d)[axis] - 1, fields[3]));
        expect(c, last <= plus(times(fields[0], fields[4]), beyond), "a window lies far outside the image");
        expect(c, fields[2] == 1 || (s->upsample_d == 1 && s->upsample_h == 1 && s->upsample_w == 1), "a spread source has stride 1");
    }
}

static inline int64_t volume(const int64_t *size) { return times(times(size[0], size[1]), size[2]); }

/* Result and source. */
static inline void ends(checker *c)
{
    pixels(c, 0, volume(&c->step->out_d), c->step->out_c, batched(c, 1));
    pixels(c, 1, volume(&c->step->in_d), c->step->in_c, batched(c, 1));
}

static inline void epilogue(checker *c, int64_t inputs)
{
    const nd_step *s = c->step;
    const int64_t map[] = {times(s->out_d, s->out_h), s->out_w, s->out_c};
    if (!s->words) return;
    program(c, 3, 4, 1);
    expect(c, s->inputs <= inputs, "`inputs` is out of range");
    for (int i = 4; i < 3 + s->inputs && !c->reason; i++) {
        strided(c, i, map, 3);
        expect(c, batched(c, 1) || !batched(c, i), "an operand has images where the result has none");
    }
}

/* A gradient of weights of so many elements, summed over so many terms of an image. */
static inline void weight_gradient(checker *c, int64_t length, int64_t terms)
{
    const nd_step *s = c->step;
    dense(c, 0, length, 0);
    pixels(c, 1, volume(&s->in_d), s->in_c, batched(c, 1));
    pixels(c, 2, volume(&s->out_d), s->out_c, batched(c, 1));
    check_chunks(c, 3, length, times(images(c, 1), terms));
}

static inline void no_upsample(checker *c)
{
    const nd_step *s = c->step;
    expect(c, s->upsample_d == 1 && s->upsample_h == 1 && s->upsample_w == 1, "`upsample` has no meaning here");
}

/* Weights, and their flip with inputs and outputs exchanged. */
static inline void turned_weights(checker *c, int64_t (*length)(const nd_step *))
{
    const nd_step *s = c->step;
    weights(c);
    positive(c, &s->stride_d, 3, "a size of the weights is out of range");
    if (c->reason) return;
    nd_step turned = *s;
    turned.in_c = s->out_c;
    turned.out_c = s->in_c;
    dense(c, 0, length(&turned), 0);
    dense(c, 1, length(s), 0);
}
#endif

/* The rules of products of few channels a group. */
#include "nd_product_checker.h"

/* A panel of one group for all outputs. */
static int64_t grouped_length(const nd_step *s)
{
    nd_step one = *s;
    one.in_c = s->in_c / s->groups;
    one.groups = 1;
    return panel_length(&one);
}

void nd_check_conv_grouped(checker *c)
{
    geometry(c);
    if (c->reason) return;
    expect(c, times(volume(&c->step->kernel_d), c->step->in_c / c->step->groups) <= ND_SEGMENT, "a sum is longer than a segment");
    ends(c);
    dense(c, 2, grouped_length(c->step), 0);
    epilogue(c, ND_OPERANDS - 3);
}

void nd_check_conv_grouped_dw(checker *c)
{
    geometry(c);
    no_upsample(c);
    if (!c->reason) weight_gradient(c, grouped_length(c->step), volume(&c->step->out_d));
}

void nd_check_pack_grouped(checker *c) { turned_weights(c, grouped_length); }

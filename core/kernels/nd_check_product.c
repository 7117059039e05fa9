/* The rules of products and of the layouts of their weights. */
#include "nd_product_checker.h"

void nd_check_conv(checker *c)
{
    geometry(c);
    expect(c, c->step->task_rows >= 0 && c->step->task_rows <= most && c->step->task_panels >= 0 && c->step->task_panels <= most,
           "`task_rows` or `task_panels` is out of range");
    if (c->reason) return;
    ends(c);
    dense(c, 2, panel_length(c->step), 0);
    epilogue(c, ND_OPERANDS - 3);
}

/* Matrices of panels with a row for each input channel, one for each point of a tile. */
static int64_t transformed_length(const nd_step *s)
{
    return times(nd_winograd_points(s) * ((s->out_c + ND_LANES - 1) / ND_LANES), s->in_c * ND_LANES);
}

static void plain_3x3(checker *c)
{
    const nd_step *s = c->step;
    expect(c, s->kernel_d == 1 && s->kernel_h == 3 && s->kernel_w == 3 && s->groups == 1, "the kernel is not 3x3 in one group");
}

/* The sizes that transforms are known for. */
static void tile_and_kernel(checker *c)
{
    const nd_step *s = c->step;
    const int known = s->kernel_h == 3 ? s->tile == 4 || s->tile == 6 : s->kernel_h == 5 && s->tile == 4;
    expect(c, known && s->kernel_d == 1 && s->kernel_w == s->kernel_h && s->groups == 1,
           "neither 3x3 in tiles of 4 or 6 nor 5x5 in tiles of 4, in one group");
}

/* Every step of the window on a plane is 1. */
static void plain_steps(checker *c)
{
    const nd_step *s = c->step;
    expect(c, s->in_d == 1 && s->out_d == 1 && !s->pad_front, "the map has depth");
    expect(c, s->block >= 0 && s->block <= ND_MOST_BLOCK, "`block` is out of range");
    for (int axis = 0; axis < 3; axis++)
        expect(c, (&s->stride_d)[axis] == 1 && (&s->dilation_d)[axis] == 1 && (&s->upsample_d)[axis] == 1, "a step of the window is not 1");
}

/* What ends a convolution before its map is pooled, a number a channel being operand `bias`; and the map has a window of 2x2. */
static void pooled_end(checker *c, int bias)
{
    const nd_step *s = c->step;
    expect(c, s->out_h > 1 && s->out_w > 1, "the map has no window to pool");
    expect(c, s->relu == 0 || s->relu == 1, "`relu` is neither 0 nor 1");
    expect(c, s->inputs == 1 || s->inputs == 2, "`inputs` is neither 1 nor 2");
    if (s->inputs == 2 && !c->reason) dense(c, bias, s->out_c, 0);
}

static int64_t pooled_pixels(const nd_step *s) { return times(s->out_h / 2, s->out_w / 2); }

void nd_check_conv_winograd(checker *c)
{
    const nd_step *s = c->step;
    geometry(c);
    tile_and_kernel(c);
    plain_steps(c);
    expect(c, s->pool == 0 || s->pool == 1, "`pool` is neither 0 nor 1");
    expect(c, !s->pool || !s->words, "a convolution that is pooled has no expression");
    if (s->pool) pooled_end(c, 4);
    if (c->reason) return;
    pixels(c, 0, s->pool ? pooled_pixels(s) : volume(&s->out_d), s->out_c, batched(c, 1));
    pixels(c, 1, volume(&s->in_d), s->in_c, batched(c, 1));
    expect(c, s->fresh >= 0 && s->fresh <= ND_IN_REGISTERS && (!s->fresh || s->staged), "`fresh` weights need stages");
    expect(c, !s->fresh || nd_winograd_points(s) == 36, "`fresh` weights are those of 36 points");
    dense(c, 2, s->fresh ? panel_length(s) : transformed_length(s), 0);
    if (s->staged) {
        const int64_t tiles = times(images(c, 1), ((s->out_h + s->tile - 1) / s->tile) * ((s->out_w + s->tile - 1) / s->tile));
        const int64_t groups = (tiles + ND_WINOGRAD_GROUP - 1) / ND_WINOGRAD_GROUP;
        const int64_t registers = times(groups * ND_WINOGRAD_GROUP, s->in_c), points = plus(times(tiles, s->in_c + s->out_c), 2 * ND_WINOGRAD_GAP);
        dense(c, 7, times(nd_winograd_points(s), s->fresh == ND_IN_REGISTERS ? registers : points), 0);
    }
    if (!s->pool) epilogue(c, 4);
}

void nd_check_dot_dx(checker *c)
{
    const nd_step *s = c->step;
    const int64_t fields[] = {s->out_d, s->out_h, s->out_w, s->out_c, s->in_c};
    positive(c, fields, 5, "a size of the product is out of range");
    if (c->reason) return;
    pixels(c, 0, volume(&s->out_d), s->out_c, batched(c, 1));
    pixels(c, 1, volume(&s->out_d), s->in_c, batched(c, 1));
    dense(c, 2, times((s->in_c + ND_LANES - 1) / ND_LANES * ND_LANES, s->out_c), 0);
    epilogue(c, 5);
}

/* Lines of x under two rows, and numbers of a line under a run of pixels, are at most those that the scratch holds. */
void nd_check_conv_pool(checker *c)
{
    const nd_step *s = c->step;
    geometry(c);
    expect(c, s->in_d == 1 && s->out_d == 1 && s->kernel_d == 1 && !s->pad_front, "there is no depth in a pooled convolution");
    expect(c, s->in_c == 1 && s->out_c < ND_LANES && s->groups == 1 && s->stride_w == 1, "the convolution is not one that is pooled");
    expect(c, s->upsample_h == 1 && s->upsample_w == 1, "the convolution is not one that is pooled");
    pooled_end(c, 3);
    if (c->reason) return;
    const int64_t lines = plus(s->stride_h, times(s->kernel_h - 1, s->dilation_h)), reach = times(s->kernel_w - 1, s->dilation_w);
    expect(c, lines < 16 && reach <= 32 && times(s->kernel_h, s->kernel_w) <= ND_SEGMENT, "a window is too large to be pooled");
    dense(c, 0, times(pooled_pixels(s), s->out_c), batched(c, 1));
    pixels(c, 1, volume(&s->in_d), 1, batched(c, 1));
    dense(c, 2, panel_length(s), 0);
}

/* Products with batch in the lanes: one group, and no zeros between pixels. */
static void in_lanes(checker *c)
{
    const nd_step *s = c->step;
    geometry(c);
    expect(c, s->lanes == ND_LANES, "`lanes` is not 16");
    expect(c, s->groups == 1 && s->upsample_d == 1 && s->upsample_h == 1 && s->upsample_w == 1, "`groups` or `upsample` is not 1");
    expect(c, s->in_d == 1 && s->out_d == 1 && s->kernel_d == 1 && !s->pad_front, "there is no depth in the lanes");
}

static int64_t lane_plane(int64_t h, int64_t w, int64_t channels) { return times(times(h, w), times(channels, ND_LANES)); }

void nd_check_conv_lanes(checker *c)
{
    const nd_step *s = c->step;
    in_lanes(c);
    expect(c, s->turned == 0 || s->turned == 1, "`turned` is neither 0 nor 1");
    if (c->reason) return;
    const int64_t taps = times(s->kernel_h, s->kernel_w);
    expect(c, taps <= ND_MOST_SPANS && times(taps, s->in_c) <= ND_SEGMENT, "a sum has too many terms for the lanes");
    dense(c, 0, lane_plane(s->out_h, s->out_w, s->out_c), batched(c, 1));
    dense(c, 1, lane_plane(s->in_h, s->in_w, s->in_c), batched(c, 1));
    dense(c, 2, times(taps, times(s->in_c, s->out_c)), 0);
    if (!s->words) return;
    program(c, 3, 4, 1);
    for (int i = 4; i < 3 + s->inputs && !c->reason; i++) {
        if (batched(c, i)) {
            expect(c, batched(c, 1), "an operand has images where the result has none");
            dense(c, i, lane_plane(s->out_h, s->out_w, s->out_c), 1);
            continue;
        }
        expect(c, nd_operand_of(s, i)->stride[2] >= 0 && nd_operand_of(s, i)->stride[2] <= 1,
               "an operand is no number for each channel");
        if (!c->reason) extent(c, i, (s->out_c - 1) * nd_operand_of(s, i)->stride[2] + 1);
    }
}

void nd_check_conv_dw_lanes(checker *c)
{
    const nd_step *s = c->step;
    in_lanes(c);
    if (c->reason) return;
    const int64_t length = times(times(s->kernel_h, s->kernel_w), times(s->in_c, s->out_c));
    dense(c, 0, length, 0);
    dense(c, 1, lane_plane(s->in_h, s->in_w, s->in_c), batched(c, 1));
    dense(c, 2, lane_plane(s->out_h, s->out_w, s->out_c), batched(c, 1));
    check_chunks(c, 3, length, images(c, 1));
}

/* Operand `wide` has its images in the lanes, operand `plain` has not. */
static void check_lanes_copy(checker *c, int wide, int plain)
{
    const nd_step *s = c->step;
    positive(c, &s->columns, 1, "`columns` is out of range");
    expect(c, !s->lanes && batched(c, plain), "images are packed one by one");
    if (c->reason) return;
    dense(c, plain, s->columns, 1);
    checker groups = *c;
    groups.batch = (c->batch + ND_LANES - 1) / ND_LANES;
    dense(&groups, wide, times(s->columns, ND_LANES), 1);
    c->reason = groups.reason;
}

void nd_check_pack_lanes(checker *c) { check_lanes_copy(c, 0, 1); }
void nd_check_unpack_lanes(checker *c) { check_lanes_copy(c, 1, 0); }

void nd_check_pack_winograd(checker *c)
{
    weights(c);
    tile_and_kernel(c);
    if (c->reason) return;
    dense(c, 0, transformed_length(c->step), 0);
    dense(c, 1, panel_length(c->step), 0);
}

void nd_check_conv_dw(checker *c)
{
    geometry(c);
    no_upsample(c);
    if (!c->reason) weight_gradient(c, panel_length(c->step), volume(&c->step->out_d));
}

void nd_check_conv_dw_winograd(checker *c)
{
    const nd_step *s = c->step;
    geometry(c);
    plain_3x3(c);
    plain_steps(c);
    if (!c->reason) weight_gradient(c, panel_length(s), times((s->out_h + 3) / 4, (s->out_w + 3) / 4));
}

static void check_pack(checker *c, int panel, int canonical)
{
    const nd_step *s = c->step;
    weights(c);
    if (c->reason) return;
    dense(c, panel, panel_length(s), 0);
    dense(c, canonical, times(volume(&s->kernel_d), times(s->in_c / s->groups, s->out_c)), 0);
}

void nd_check_pack_panel(checker *c) { check_pack(c, 0, 1); }
void nd_check_unpack_panel(checker *c) { check_pack(c, 1, 0); }

void nd_check_pack_flip(checker *c) { turned_weights(c, panel_length); }

/* The usual epilogues of conv_lanes, on results that are still in registers: the bits of the interpreter.
 *
 *     x0 + b    max(x0 + b, 0)    max(x0, 0)        b a number for each channel, or one
 *     where(x > 0, x0, 0)                           x lies like the result: the gradient of a ReLU
 */
enum { nd_end_none, nd_end_add, nd_end_add_max, nd_end_max, nd_end_mask };

/* `x`: where the operand of the tile's first number is; `step`: of numbers, from channel to channel. */
typedef struct {
    int kind;
    int64_t step;
    const float *x;
} nd_lane_end;

/* The input k of where(x_k > 0, x0, 0), or 0 if the words are something else. */
static int nd_is_mask(const int32_t *words)
{
    const int32_t *test = words + 2, *pick = words + 7, *numbers = words + 12;
    if (words[0] != 2 || words[1] != 1 || test[0] != nd_code_gt || pick[0] != nd_code_where || numbers[0] != 0) return 0;
    const int from_test = test[3] == ND_PLACE_CONSTANT && pick[2] == test[1] && pick[3] == ND_PLACE_INPUT && pick[4] == ND_PLACE_CONSTANT;
    return from_test ? nd_max(0, nd_operand_of_place(test[2])) : 0;
}

/* How the results from element `first` on end; none where that takes the interpreter. */
static nd_lane_end nd_lane_end_of(const nd_call *call, int64_t first)
{
    const nd_step *s = call->step;
    if (!s->words) return (nd_lane_end){nd_end_none, 0, 0};
    const int32_t *words = (const int32_t *)call->x[3];
    const int mask = nd_is_mask(words);
    if (mask && nd_operand_of(s, 3 + mask)->image) return (nd_lane_end){nd_end_mask, 0, call->x[3 + mask] + first};
    nd_sum_map sum;
    if (!nd_is_sum_map(words, &sum) || sum.operands > 2 || (sum.operand[0] && sum.operand[1])) return (nd_lane_end){nd_end_none, 0, 0};
    const int k = sum.operand[0] + sum.operand[1];
    if (sum.operands == 1 && !k) return (nd_lane_end){nd_end_max, 0, 0};
    if (sum.operands == 1 || !k || nd_operand_of(s, 3 + k)->image) return (nd_lane_end){nd_end_none, 0, 0};
    return (nd_lane_end){sum.relu ? nd_end_add_max : nd_end_add, nd_operand_of(s, 3 + k)->stride[2], call->x[3 + k]};
}

/* That of the tile `at` elements on, whose first channel is o. */
ND_INLINE nd_lane_end nd_lane_end_at(const nd_lane_end *e, int64_t at, int64_t o)
{
    if (e->kind == nd_end_none || e->kind == nd_end_max) return *e;
    return (nd_lane_end){e->kind, e->step, e->x + (e->kind == nd_end_mask ? at : o * e->step)};
}

/* The number that is added to channel p. */
ND_INLINE vf nd_lane_number(const nd_lane_end *e, int p)
{
    return e->kind == nd_end_add || e->kind == nd_end_add_max ? nd_splat(e->x[p * e->step]) : (vf){};
}

/* A vector `at` elements into the tile. */
ND_INLINE vf nd_lane_ended(const nd_lane_end *e, vf v, vf number, int64_t at)
{
    switch (e->kind) {
    case nd_end_add: return v + number;
    case nd_end_add_max: return nd_vmax(v + number, (vf){});
    case nd_end_max: return nd_vmax(v, (vf){});
    case nd_end_mask: return (vf)((vi)v & (nd_load(e->x + at) > (vf){}));
    default: return v;
    }
}

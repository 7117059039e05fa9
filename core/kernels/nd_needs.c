/* What a plan needs of whoever runs it: scratch, buffers, well-formed expressions. */
#include <string.h>
#include "nd_kernels.h"
#include "nd_operations.h"

#define ND_OPERATION(operation, written, phases) operation_##operation,
enum { ND_RULES(ND_OPERATION) };
#define ND_WRITTEN(operation, written, phases) written,
static const uint8_t written_by[] = {ND_RULES(ND_WRITTEN)};
#define ND_CODE(name) +1
enum { CODES = 0 ND_CODES(ND_CODE), FIRST_BINARY = 10, FIRST_TERNARY = CODES - 1 };

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t scratch_of(const nd_step *s)
{
    switch (s->kernel % ND_OPERATION_COUNT) {
    case operation_conv: return larger(ND_PATCH_SCRATCH, ND_BYTECODE_SCRATCH + ND_PIXEL_SCRATCH);
    case operation_conv_winograd:
        if (s->fresh == 1) return larger(ND_BYTECODE_SCRATCH, 12 * nd_fresh_plane(s->in_c));
        return ND_BYTECODE_SCRATCH
            + (s->staged ? 0 : nd_winograd_points(s) * (nd_winograd_tiles(s) * (s->in_c + s->out_c) + 2 * ND_WINOGRAD_GAP));
    case operation_conv_dw: return ND_DW_SCRATCH;
    case operation_dot_dx:
        return ND_BYTECODE_SCRATCH + ND_DOT_ROWS * ((s->in_c + ND_LANES - 1) / ND_LANES * ND_LANES + ND_DOT_BLOCK);
    case operation_conv_dw_winograd: return nd_winograd_dw_scratch(s->in_c, s->out_c);
    case operation_conv_pool: return ND_POOLED_SCRATCH;
    case operation_conv_lanes: return s->words ? ND_BYTECODE_SCRATCH + (s->inputs - 1) * s->out_c * ND_LANES : 0;
    case operation_conv_grouped: return s->words ? ND_BYTECODE_SCRATCH : 0;
    case operation_map:
    case operation_sums: return ND_BYTECODE_SCRATCH;
    case operation_softmax_xent: return s->columns;
    case operation_lrn_sum: return 3 * s->columns;
    case operation_resample:
    case operation_resample_dx: return nd_resample_scratch(s);
    default: return 0;
    }
}

int64_t nd_scratch(const nd_step *steps, int64_t count)
{
    int64_t most = 0;
    for (int64_t i = 0; i < count; i++) most = larger(most, scratch_of(steps + i));
    return (most + 15) / 16 * 16;
}

void nd_usage(const nd_step *steps, int64_t count, int64_t buffers, uint8_t *usage)
{
    memset(usage, 0, (size_t)buffers);
    for (int64_t i = 0; i < count; i++)
        for (int k = 0; k < ND_OPERANDS; k++) {
            const int64_t buffer = nd_operand_of(steps + i, k)->buffer;
            if (buffer < 0 || buffer >= buffers) continue;
            usage[buffer] |= written_by[steps[i].kernel % ND_OPERATION_COUNT] >> k & 1 ? 3 : 1;
        }
}

static int readable(int32_t place, int64_t inputs, int32_t constants)
{
    if (place >= ND_PLACE_CONSTANT) return place - ND_PLACE_CONSTANT < constants;
    if (place >= ND_PLACE_INPUT) return place - ND_PLACE_INPUT < inputs;
    return place >= 0 && place < ND_REGISTERS;
}

static const char *fault_of_code(const int32_t *w, int64_t words, int64_t inputs, int32_t outputs)
{
    const int32_t instructions = w[0], constants = w[1];
    if (instructions < outputs || constants < 0 || constants > ND_MAX_CONSTANTS || words != 2 + 5 * (int64_t)instructions + constants)
        return "an expression has the wrong number of words";
    for (int32_t i = 0; i < instructions; i++) {
        const int32_t *at = w + 2 + 5 * i;
        if (at[0] < 0 || at[0] >= CODES) return "an expression has an unknown operation";
        const int arity = at[0] < FIRST_BINARY ? 1 : at[0] < FIRST_TERNARY ? 2 : 3, last = i - (instructions - outputs);
        if (last >= 0 ? at[1] != ND_PLACE_OUTPUT - last : at[1] < 0 || at[1] >= ND_REGISTERS) return "an expression writes to the wrong place";
        for (int k = 0; k < arity; k++)
            if (!readable(at[2 + k], inputs, constants)) return "an expression reads from the wrong place";
    }
    return 0;
}

/* Which operand of a step is an expression; -1: none. */
static int code_of(const nd_step *s)
{
    const int64_t operation = s->kernel % ND_OPERATION_COUNT;
    if (operation == operation_map) return 1;
    if (operation == operation_sums && s->words) return 2;
    const int product =
        operation == operation_conv || operation == operation_conv_winograd || operation == operation_conv_lanes
        || operation == operation_dot_dx || operation == operation_conv_grouped;
    return product && s->words ? 3 : -1;
}

nd_place_of_code nd_code_lies(const nd_step *steps, int64_t count, const uint8_t *usage)
{
    nd_place_of_code found = ND_CODE_CONSTANT;
    for (int64_t i = 0; i < count; i++) {
        const int code = code_of(steps + i);
        if (code < 0) continue;
        const int64_t buffer = nd_operand_of(steps + i, code)->buffer;
        if (buffer == 0 || usage[buffer] & 2) return ND_CODE_WRITTEN;
        if (buffer != 1) found = ND_CODE_BOUND;
    }
    return found;
}

nd_fault nd_check_code(const nd_step *steps, int64_t count, float *const *buffers)
{
    for (int64_t i = 0; i < count; i++) {
        const nd_step *s = steps + i;
        const int code = code_of(s);
        if (code < 0) continue;
        const nd_operand *o = nd_operand_of(s, code);
        const int32_t outputs = s->kernel % ND_OPERATION_COUNT == operation_sums ? (int32_t)s->outputs : 1;
        const char *reason = fault_of_code((const int32_t *)(buffers[o->buffer] + o->offset), s->words, s->inputs, outputs);
        if (reason) return (nd_fault){i, reason};
    }
    return (nd_fault){-1, 0};
}

/* The interpreter of elementwise expressions: a program runs over a rows x columns window, a tile of ND_TILE_LENGTH at a time.
 *
 * Every place of the program is a pointer to the tile's numbers: operands that lie contiguously are read where they are, others
 * are gathered or replicated into the scratch, once for the whole window where they repeat. While a tile is computed, an
 * instruction an operand, the next is on its way from memory.
 */
/* Element (r, c) lies at p[r*row + c*column]. */
typedef struct { float *p; int64_t row, column; } nd_view;

typedef struct {
    const int32_t *words;
    int inputs;
    float *scratch;
    float *place[ND_PLACES];
    const float *replicated[ND_OPERANDS];
    const float *soon[ND_OPERANDS]; /* what is read behind the tile, and is not yet asked for */
    int unasked;
    int far; /* the result is too large for the cache */
} nd_program;

static nd_program nd_program_of(const float *code, int64_t inputs, float *scratch)
{
    nd_program p = {.words = (const int32_t *)code, .inputs = (int)inputs, .scratch = scratch};
    const int32_t *numbers = p.words + 2 + 5 * p.words[0];
    for (int i = 0; i < ND_REGISTERS; i++) p.place[i] = scratch + i * ND_TILE_LENGTH;
    for (int i = 0; i < p.words[1]; i++) {
        float number;
        memcpy(&number, numbers + i, sizeof number);
        p.place[ND_PLACE_CONSTANT + i] = scratch + (ND_PLACE_CONSTANT + i) * ND_TILE_LENGTH;
        nd_fill_run(p.place[ND_PLACE_CONSTANT + i], number, ND_TILE_LENGTH);
    }
    return p;
}

#define ND_LOOP(value) \
    for (; i + ND_VLEN <= count; i += ND_VLEN) { \
        const vf a = nd_load(pa + i), b = nd_load(pb + i), c = nd_load(pc + i); \
        (void)b, (void)c; \
        nd_fetch(soon + i); \
        nd_store(to + i, value); \
    } \
    if (i < count) { \
        const vf a = nd_load_part(pa + i, count - i), b = nd_load_part(pb + i, count - i), c = nd_load_part(pc + i, count - i); \
        (void)b, (void)c; \
        nd_store_part(to + i, value, count - i); \
    } \
    return;
#define ND_TRUTH(test) ((vf)((vi)nd_splat(1.0f) & (test)))
#define ND_CODE_NAME(name) nd_code_##name,
enum { ND_CODES(ND_CODE_NAME) nd_code_count };
#undef ND_CODE_NAME

/* `soon`, as long as the tile, is asked for meanwhile. */
static void nd_instruction(int code, float *to, const float *pa, const float *pb, const float *pc, int64_t count, const float *soon)
{
    int64_t i = 0;
    switch (code) {
    case nd_code_copy: ND_LOOP(a)
    case nd_code_neg: ND_LOOP(-a)
    case nd_code_abs: ND_LOOP(nd_vabs(a))
    case nd_code_exp: ND_LOOP(nd_exp(a))
    case nd_code_log: ND_LOOP(nd_log(a))
    case nd_code_sqrt: ND_LOOP(nd_sqrt(a))
    case nd_code_tanh: ND_LOOP(nd_tanh(a))
    case nd_code_sigmoid: ND_LOOP(nd_sigmoid(a))
    case nd_code_erf: ND_LOOP(nd_erf(a))
    case nd_code_log1p: ND_LOOP(nd_log1p(a))
    case nd_code_add: ND_LOOP(a + b)
    case nd_code_sub: ND_LOOP(a - b)
    case nd_code_mul: ND_LOOP(a * b)
    case nd_code_div: ND_LOOP(a / b)
    case nd_code_pow: ND_LOOP(nd_pow(a, b))
    case nd_code_max: ND_LOOP(nd_vmax(a, b))
    case nd_code_min: ND_LOOP(nd_vmin(a, b))
    case nd_code_gt: ND_LOOP(ND_TRUTH(a > b))
    case nd_code_ge: ND_LOOP(ND_TRUTH(a >= b))
    case nd_code_eq: ND_LOOP(ND_TRUTH(a == b))
    case nd_code_where: ND_LOOP(nd_select(a != 0.0f, b, c))
    default: __builtin_unreachable();
    }
}

static void nd_execute_one(nd_program *p, const int32_t *w, int64_t count)
{
    const int arity = w[0] < nd_code_add ? 1 : w[0] < nd_code_where ? 2 : 3;
    const float *a = p->place[w[2]], *soon = p->unasked ? p->soon[--p->unasked] : a;
    nd_instruction(w[0], p->place[w[1]], a, arity > 1 ? p->place[w[3]] : a, arity > 2 ? p->place[w[4]] : a, count, soon);
}

/* All instructions but the last `kept`, on `count` numbers. */
ND_INLINE void nd_execute_but(nd_program *p, int32_t kept, int64_t count)
{
    const int32_t *w = p->words + 2;
    for (int32_t i = 0; i < p->words[0] - kept; i++, w += 5) nd_execute_one(p, w, count);
}

static void nd_execute(nd_program *p, int64_t count) { nd_execute_but(p, 0, count); }

ND_INLINE void nd_gather(float *to, const nd_view *v, int64_t rows, int64_t columns)
{
    for (int64_t r = 0; r < rows; r++, to += columns) {
        const float *from = v->p + r * v->row;
        if (v->column == 1) nd_copy_run(to, from, columns);
        else if (v->column == 0) nd_fill_run(to, *from, columns);
        else for (int64_t c = 0; c < columns; c++) to[c] = from[c * v->column];
    }
}

/* The inputs of a tile of rows x columns, at most ND_TILE_LENGTH numbers; the tiles of a window have `tall` rows, but for the last ones. */
static void nd_place_inputs(nd_program *p, const nd_view *x, int64_t rows, int64_t columns, int64_t tall)
{
    for (int k = 0; k < p->inputs; k++) {
        float **place = &p->place[ND_PLACE_INPUT + k], *own = p->scratch + (ND_PLACE_INPUT + k) * ND_TILE_LENGTH;
        if (x[k].column == 1 && (rows == 1 || x[k].row == columns)) {
            *place = x[k].p;
            continue;
        }
        *place = own;
        if (x[k].row == 0 && p->replicated[k] == x[k].p) continue;
        nd_gather(own, &x[k], x[k].row == 0 ? tall : rows, columns);
        p->replicated[k] = x[k].row == 0 ? x[k].p : 0;
    }
}

static void nd_tile_of_map(nd_program *p, const nd_view *y, const nd_view *x, int64_t rows, int64_t columns, int64_t tall)
{
    const int64_t count = rows * columns;
    nd_place_inputs(p, x, rows, columns, tall);
    p->unasked = 0;
    for (int k = 0; k < p->inputs; k++)
        if (p->place[ND_PLACE_INPUT + k] == x[k].p) p->soon[p->unasked++] = x[k].p + count;
    const int whole = y->column == 1 && (rows == 1 || y->row == columns);
    if (whole && !p->far) {
        p->place[ND_PLACE_OUTPUT] = y->p;
        nd_execute(p, count);
        return;
    }
    const float *from = p->place[ND_PLACE_OUTPUT] = p->scratch + ND_PLACE_OUTPUT * ND_TILE_LENGTH;
    nd_execute(p, count);
    if (whole) {
        nd_stream_run(y->p, from, count);
        return;
    }
    for (int64_t r = 0; r < rows; r++, from += columns) {
        float *to = y->p + r * y->row;
        if (y->column == 1) nd_copy_run(to, from, columns);
        else for (int64_t c = 0; c < columns; c++) to[c * y->column] = from[c];
    }
}

#include "nd_sum_map_body.h"

/* y(r, c) = program(x0(r, c), x1(r, c), ...) for a window of rows x columns. */
static void nd_map_window(nd_program *p, nd_view y, const nd_view *x, int64_t rows, int64_t columns)
{
    if (nd_sum_map_window(p, y, x, rows, columns)) return;
    const int64_t wide = nd_min(columns, ND_TILE_LENGTH), tall = columns > ND_TILE_LENGTH ? 1 : nd_min(rows, ND_TILE_LENGTH / columns);
    memset(p->replicated, 0, sizeof p->replicated);
    for (int64_t r = 0; r < rows; r += tall)
        for (int64_t c = 0; c < columns; c += wide) {
            const int64_t width = nd_min(wide, columns - c);
            const nd_view to = {y.p + r * y.row + c * y.column, y.row, y.column};
            nd_view from[ND_OPERANDS];
            for (int k = 0; k < p->inputs; k++)
                from[k] = (nd_view){x[k].p + r * x[k].row + c * x[k].column, x[k].row, x[k].column};
            nd_tile_of_map(p, &to, from, nd_min(tall, rows - r), width, tall);
        }
}

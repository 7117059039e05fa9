/* The commonest expressions without the interpreter: a sum of two or three operands, with or without max(sum, 0), and max(x, 0).
 * The same operations on the same numbers as the interpreter's, so the same bits. */
typedef struct { int operand[3], operands, relu; } nd_sum_map;

ND_INLINE int nd_operand_of_place(int32_t place) { return place >= ND_PLACE_INPUT && place < ND_PLACE_CONSTANT ? place - ND_PLACE_INPUT : -1; }

/* Whether the words are such an expression. */
static int nd_is_sum_map(const int32_t *words, nd_sum_map *m)
{
    const int32_t count = words[0], *w = words + 2, *numbers = words + 2 + 5 * count;
    int32_t total = -1; /* the place of the sum so far */
    *m = (nd_sum_map){.operands = 0};
    for (int32_t i = 0; i < count; i++, w += 5) {
        const int a = nd_operand_of_place(w[2]), b = nd_operand_of_place(w[3]);
        if (w[0] == nd_code_add && !m->operands && a >= 0 && b >= 0) {
            m->operand[0] = a;
            m->operand[1] = b;
            m->operands = 2;
        } else if (w[0] == nd_code_add && m->operands == 2 && (w[2] == total ? b >= 0 : w[3] == total && a >= 0)) {
            m->operand[m->operands++] = w[2] == total ? b : a;
        } else if (w[0] == nd_code_max && i == count - 1 && w[3] >= ND_PLACE_CONSTANT && numbers[w[3] - ND_PLACE_CONSTANT] == 0
                   && (m->operands ? w[2] == total : a >= 0)) {
            if (!m->operands) m->operand[m->operands++] = a;
            m->relu = 1;
        } else return 0;
        total = w[1];
    }
    return m->operands > 0;
}

ND_INLINE vf nd_view_vector(const nd_view *v, const float *row, int64_t c, int64_t count)
{
    return v->column ? nd_load_up_to(row + c, count) : nd_splat(*row);
}

ND_INLINE void nd_sum_map_rows(nd_view y, const nd_view *x, int64_t rows, int64_t columns, const int operands, const int relu, const int far)
{
    for (int64_t r = 0; r < rows; r++) {
        const float *p[3];
        for (int k = 0; k < operands; k++) p[k] = x[k].p + r * x[k].row;
        float *to = y.p + r * y.row;
        for (int64_t c = 0; c < columns; c += ND_VLEN) {
            vf v = nd_view_vector(&x[0], p[0], c, columns - c);
            if (operands > 1) v += nd_view_vector(&x[1], p[1], c, columns - c);
            if (operands > 2) v += nd_view_vector(&x[2], p[2], c, columns - c);
            if (relu) v = nd_vmax(v, (vf){});
            if (far && columns - c >= ND_VLEN) nd_stream(to + c, v);
            else nd_store_up_to(to + c, v, columns - c);
        }
    }
}

/* Does the window if it can. */
static int nd_sum_map_window(const nd_program *p, nd_view y, const nd_view *x, int64_t rows, int64_t columns)
{
    nd_sum_map m;
    if (y.column != 1 || !nd_is_sum_map(p->words, &m)) return 0;
    nd_view from[3];
    int flat = rows > 1 && y.row == columns;
    for (int k = 0; k < m.operands; k++) {
        from[k] = x[m.operand[k]];
        if (from[k].column != 1 && from[k].column != 0) return 0;
        flat &= from[k].column == 1 ? from[k].row == columns : from[k].row == 0;
    }
    if (flat) {
        columns *= rows;
        rows = 1;
    }
    const int far = p->far && flat && nd_in_place(y.p);
    switch (m.operands * 2 + m.relu) {
    case 3: nd_sum_map_rows(y, from, rows, columns, 1, 1, far); return 1;
    case 4: nd_sum_map_rows(y, from, rows, columns, 2, 0, far); return 1;
    case 5: nd_sum_map_rows(y, from, rows, columns, 2, 1, far); return 1;
    case 6: nd_sum_map_rows(y, from, rows, columns, 3, 0, far); return 1;
    default: nd_sum_map_rows(y, from, rows, columns, 3, 1, far); return 1;
    }
}

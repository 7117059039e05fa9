/* moments: mean and biased variance of each column, in one pass over memory: a block of rows is read twice, the second time from
 * the cache, for its mean and for the squared distances from it (one pass alone loses everything at mean/deviation = 1000).
 * Blocks and chunks join in order, in double (Chan, Golub and LeVeque 1979), with d the distance of two means of n and m rows:
 *     mean += d m/(n + m),  squares += squares' + d d n m/(n + m)
 * Phase 0 takes a chunk of an image and a group of columns, phase 1 joins the chunks. Partials hold, for each chunk, the mean as
 * the sum of two floats, then the squares. */
#define ND_MOMENT_COLUMNS 64
#define ND_MOMENT_VECTORS (ND_MOMENT_COLUMNS / ND_VLEN)
#define ND_MOMENT_ROWS 32
#define ND_MOMENT_GROUP 4 /* blocks of columns of a task */
#define ND_MOMENT_PARTS 3

typedef struct {
    double count, mean[ND_MOMENT_COLUMNS], squares[ND_MOMENT_COLUMNS];
} nd_spread;

static int64_t ND_JOIN(ND_NAME(moments), _tasks)(const nd_step *s, int phase, int64_t n)
{
    const int64_t blocks = nd_ceil_div(s->columns, ND_MOMENT_COLUMNS);
    return phase ? blocks : nd_images(s, 2, n) * s->chunks * nd_ceil_div(blocks, ND_MOMENT_GROUP);
}

static void nd_join_spread(nd_spread *to, double count, const double *mean, const float *squares, int64_t columns)
{
    const double share = count / (to->count + count), weight = to->count * share;
    for (int64_t c = 0; c < columns; c++) {
        const double d = mean[c] - to->mean[c];
        to->mean[c] += d * share;
        to->squares[c] += squares[c] + d * d * weight;
    }
    to->count += count;
}

/* A block of up to ND_MOMENT_ROWS rows joins the rest. Sums are of distances from the block's first row, which are exact where they
 * matter. The block at `soon` is asked for meanwhile: pieces of rows are nothing that the hardware foresees. */
ND_INLINE void nd_moment_block(nd_spread *to, const float *x, const float *soon, int64_t rows, int64_t stride, int64_t columns,
                               const int whole)
{
    vf pivot[ND_MOMENT_VECTORS], sum[ND_MOMENT_VECTORS], squares[ND_MOMENT_VECTORS];
    float found[ND_MOMENT_COLUMNS];
    double mean[ND_MOMENT_COLUMNS];
#define ND_COLUMNS_FROM(p, v) (whole ? nd_load((p) + (v) * ND_VLEN) : nd_load_up_to((p) + (v) * ND_VLEN, nd_max(0, columns - (v) * ND_VLEN)))
    ND_UNROLL for (int v = 0; v < ND_MOMENT_VECTORS; v++) {
        pivot[v] = ND_COLUMNS_FROM(x, v);
        sum[v] = squares[v] = (vf){};
    }
    ND_UNROLL for (int v = 0; v < ND_MOMENT_VECTORS; v++) nd_fetch(soon + v * ND_VLEN);
    for (int64_t r = 1; r < rows; r++)
        ND_UNROLL for (int v = 0; v < ND_MOMENT_VECTORS; v++) {
            nd_fetch(soon + r * stride + v * ND_VLEN);
            sum[v] += ND_COLUMNS_FROM(x + r * stride, v) - pivot[v];
        }
    ND_UNROLL for (int v = 0; v < ND_MOMENT_VECTORS; v++) {
        nd_store(found + v * ND_VLEN, sum[v]);
        sum[v] /= (float)rows;
    }
    for (int64_t c = 0; c < columns; c++) mean[c] = (double)x[c] + (double)found[c] / (double)rows;
    for (int64_t r = 0; r < rows; r++)
        ND_UNROLL for (int v = 0; v < ND_MOMENT_VECTORS; v++) {
            const vf d = (ND_COLUMNS_FROM(x + r * stride, v) - pivot[v]) - sum[v];
            squares[v] += d * d;
        }
#undef ND_COLUMNS_FROM
    ND_UNROLL for (int v = 0; v < ND_MOMENT_VECTORS; v++) nd_store(found + v * ND_VLEN, squares[v]);
    nd_join_spread(to, (double)rows, mean, found, columns);
}

/* Columns [first, first + columns) of rows [r0, r1) of one image. */
static void nd_moments_chunk(const nd_call *call, int64_t image, int64_t chunk, int64_t first, int64_t columns)
{
    const nd_step *s = call->step;
    const int64_t r0 = nd_min(s->rows, chunk * s->chunk_rows), r1 = nd_min(s->rows, r0 + s->chunk_rows);
    const int64_t pitch = nd_pitch(s, 2, s->columns);
    const float *x = call->x[2] + image * s->rows * pitch + first;
    nd_spread spread[ND_MOMENT_GROUP] = {};
    for (int64_t r = r0; r < r1; r += ND_MOMENT_ROWS)
        for (int64_t g = 0, c = 0; c < columns; g++, c += ND_MOMENT_COLUMNS) {
            const float *at = x + r * pitch + c;
            const int64_t rows = nd_min(ND_MOMENT_ROWS, r1 - r), left = columns - c;
            const float *soon = left > ND_MOMENT_COLUMNS ? at + ND_MOMENT_COLUMNS : x + (r + ND_MOMENT_ROWS) * pitch;
            if (left >= ND_MOMENT_COLUMNS) nd_moment_block(&spread[g], at, soon, rows, pitch, ND_MOMENT_COLUMNS, 1);
            else nd_moment_block(&spread[g], at, soon, rows, pitch, left, 0);
        }
    float *to = call->x[3] + (image * s->chunks + chunk) * ND_MOMENT_PARTS * s->columns + first;
    for (int64_t c = 0; c < columns; c++) {
        const nd_spread *found = &spread[c / ND_MOMENT_COLUMNS];
        const double mean = found->mean[c % ND_MOMENT_COLUMNS];
        to[c] = (float)mean;
        to[s->columns + c] = (float)(mean - (double)to[c]);
        to[2 * s->columns + c] = (float)found->squares[c % ND_MOMENT_COLUMNS];
    }
}

static void ND_JOIN(ND_NAME(moments), _run)(const nd_call *call, int64_t task)
{
    const nd_step *s = call->step;
    const int64_t images = nd_images(s, 2, call->n), most = ND_MOMENT_COLUMNS * (call->phase ? 1 : ND_MOMENT_GROUP);
    const int64_t groups = nd_ceil_div(s->columns, most), first = task % groups * most, columns = nd_min(most, s->columns - first);
    if (!call->phase) {
        nd_moments_chunk(call, task / groups / s->chunks, task / groups % s->chunks, first, columns);
        return;
    }
    nd_spread spread = {};
    double mean[ND_MOMENT_COLUMNS];
    for (int64_t k = 0; k < images * s->chunks; k++) {
        const float *from = call->x[3] + k * ND_MOMENT_PARTS * s->columns + first;
        const int64_t begin = k % s->chunks * s->chunk_rows, count = nd_min(s->chunk_rows, s->rows - begin);
        if (count <= 0) continue;
        for (int64_t c = 0; c < columns; c++) mean[c] = (double)from[c] + (double)from[s->columns + c];
        nd_join_spread(&spread, (double)count, mean, from + 2 * s->columns, columns);
    }
    for (int64_t c = 0; c < columns; c++) {
        call->x[0][first + c] = (float)(images ? spread.mean[c] : NAN);
        call->x[1][first + c] = (float)(spread.squares[c] / spread.count);
    }
}

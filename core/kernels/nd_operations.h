/* What each kernel reads: its operands in order (output first) and its fields; which of them are written; its phases.
 *
 * n is the number of images of the run, or of groups of 16 where `lanes` is 16: then every operand with images lies as
 * (group, ..., 16), which pool_*, map and reduce see as one more axis or as 16 times the channels.
 * Panels: for each of `groups`, ceil(O/16) blocks of K rows of 16 numbers, K in the order
 * (kernel_d, kernel_h, kernel_w, channels a group), lanes past the last output channel 0; length groups * ceil(O/16) * K * 16.
 * x, y and dy of conv, conv_winograd, conv_dw and moments, and every operand of the pools and of resample, may be pitched.
 *
 * conv             y, x, w panel, code, x1 ... x4
 *     y = epilogue(patches(x) * w). in_* out_* kernel_* stride_* pad_* dilation_* upsample_* along d, h, w, and groups (1 where unused);
 *     input line oh*stride_h - pad_top + kh*dilation_h, counted in an input whose lines stand upsample_h apart with zeros between (so
 *     pads may be negative); where an upsample is more than 1, strides are 1, and the panel's taps are ordered as pack_flip does.
 *     conv_dx is conv on dy with a flip panel, stride 1, upsample = its stride, pad = dilation*(kernel - 1) - pad. A dot is a 1x1 conv
 *     on a 1x1 map, or on a map out_h x 1 for more rows an image. words > 0: bytecode whose input 0 is the convolution's result and
 *     input k is operand 3+k, with stride0 stride1 stride2 over (out_d*out_h, out_w, out_c); inputs counts input 0 too.
 * conv_winograd    y, x, w transformed, code, x1 ... x3, points
 *     the same for kernel 3x3, tile 4 or 6, or kernel 5x5, tile 4, and stride, dilation, upsample, groups 1, from weights that pack_winograd
 *     made, lines = tile + kernel_h - 1. block. staged: points holds lines * lines * (tiles * (in_c + out_c) + 2 * gap),
 *     tiles = batch * ceil(out_h/tile) * ceil(out_w/tile); else it is absent.
 *     fresh (and staged, kernel 3x3, tile 4): w is the panel itself, which is transformed as it is read, 1: a few columns at a time,
 *     2 (over few tiles): in registers, where points holds 36 * in_c * tiles rounded up to 4.
 *     pool: y (out_h/2, out_w/2, out_c) is what conv_pool stores, and the end of the convolution what that has: words 0, relu, and where
 *     inputs is 2 a number a channel, x1.
 * conv_dw          dw panel, x, dy, partials
 *     dw = sum over n, od, oh, ow of patches(x) * dy, fields of the forward conv (upsample 1). Chunk i sums rows i*chunk_rows ... of the
 *     n*out_d*out_h*out_w, so chunks*chunk_rows >= batch*out_d*out_h*out_w. partials: chunks * panel length; absent where chunks = 1.
 * dot_dx           y, dy, w panel, code, x1 ... x4
 *     y = epilogue(dy * w'), w (out_c, in_c) in panels; a row a pixel. in_c out_* and for an epilogue what conv reads.
 * conv_dw_winograd dw panel, x, dy, partials
 *     the same for kernel 3x3 and stride, dilation, upsample, groups 1, where chunk i sums the 4x4 tiles i*chunk_rows ... of dy, of which
 *     there are batch * ceil(out_h/4) * ceil(out_w/4).
 * conv_pool        y, x, w panel, b
 *     y (out_h/2, out_w/2, out_c) = the largest of each 2x2 window of conv + b, or of max(conv + b, 0) where relu; b, a number a channel,
 *     is there where inputs is 2. Two axes, groups, upsample and stride_w 1, in_c 1, out_c below 16, at most 16 lines of x under two rows.
 * conv_grouped     y, x, w grouped, code, x1 ... x4
 *     conv for few channels a group. w grouped: the panel of one group of the matrix (kernel_*, in_c/groups) x out_c, taps in conv's order.
 * conv_grouped_dw  dw grouped, x, dy, partials
 *     conv_dw for few channels a group; partials: chunks * ceil(out_c/16) * K * 16.
 * conv_lanes       y, x, w (kernel_h, kernel_w, in_c, out_c), code, x1 ... x4
 *     conv with batch in the lanes, two axes, groups and upsample 1, at most ND_MOST_SPANS taps and ND_SEGMENT terms. x1 ... lie like
 *     y or hold a number for each channel (stride2 1) or one (stride2 0). turned: w is (kernel_h, kernel_w, out_c, in_c), read
 *     backwards and transposed.
 * conv_dw_lanes    dw (kernel_h, kernel_w, in_c, out_c), x, dy, partials      batch in the lanes, two axes, groups and upsample 1
 *     Chunk i sums the groups of images i*chunk_rows ..., so chunks*chunk_rows >= groups of the batch. partials: chunks * length of dw;
 *     absent where chunks = 1.
 * pack_lanes       y with batch in the lanes, x            columns elements an image; absent images are 0
 * unpack_lanes     y, x with batch in the lanes            the same
 * pack_panel       panel, w (kernel_*, in_c/groups, out_c)       kernel_* in_c out_c groups
 * unpack_panel     w, panel                                                the same
 * pack_flip        flip panel, panel                                       the same: those of the forward conv; stride_*
 *     The panel of the conv that computes conv_dx: K = (kernel_* turned by 180 degrees, out_c/groups), O = in_c/groups. Taps are
 *     ordered along each axis by their remainders by stride_* = upsample/gcd(upsample, dilation), those of one remainder by place: what
 *     the pixels of one remainder by `upsample` meet lies together.
 * pack_grouped       w grouped, w grouped                      those of pack_flip
 *     The weights of the conv_grouped that computes conv_dx.
 * pack_winograd    w transformed, panel or flip panel                     kernel_*, in_c, out_c and tile of the conv that reads it; groups 1
 *     lines * lines matrices of panels, in_c rows each.
 * pool_max         y, x                in_* in_c out_* kernel_* stride_* pad_*; windows clipped to the image; NaN wins
 * pool_max_dx      dx, x, dy           the same; the first maximum in scanning order gets dy
 * pool_sum         y, x                the same
 * pool_sum_dx      dx, dy              the same
 * resample         y, x                in_* in_c out_* rule; along each axis result o of m takes of source i of n:
 *     nearest (0): i = floor(o*n/m); bilinear (1): the two round (o + 1/2)*n/m - 1/2, within the axis; area (2): the mean of
 *     floor(o*n/m) up to ceil((o + 1)*n/m)
 * resample_dx      dx, dy              the same; its adjoint
 * map              y, code, x0 ... x5  size0 ... size4, every operand's strides and image (0 = broadcast); inputs words
 * reduce           y, x, partials      size0 ... size4 and strides of x; y's strides 0 on the axes that are summed, y's image 0
 *     where the batch is summed. Chunk i sums terms i*chunk_rows ... of the reduced axes in order (batch first); partials: chunks *
 *     elements of y at the declared batch, absent where chunks = 1.
 * sums             y, z, code, partials, x0 ... x3      rows (an image), columns: for each column the sums, over all rows of all
 *     images, of `outputs` expressions (2, or 1, and z absent); stride0 stride1 of the inputs over (row, column); y and z dense.
 *     words 0: one output, the sum of x0. Chunk i sums rows i*chunk_rows ... of the n*rows, so chunks*chunk_rows >= batch*rows;
 *     partials: chunks * outputs * columns, absent where chunks = 1.
 * moments          mean, var, x, partials      rows (an image), columns: over all rows of all images for each column, biased.
 *     An image is cut into `chunks` of chunk_rows rows, so chunks*chunk_rows >= rows; partials: batch * chunks * 3 * columns.
 * softmax          y, x                rows (an image), columns
 * softmax_dx       dx, y, dy           the same
 * softmax_xent     loss, logits, labels (int32)            one loss a row; a label outside 0 ... columns-1 gives NaN
 * softmax_xent_dx  dlogits, logits, labels, dloss          dloss one a row
 * lrn_sum          y, x                rows columns before after: y[c] = sum of x[c-before ... c+after]
 * random           y, seed, step (int32 scalars)           columns elements a row, one row an image; distribution key, p:
 *     bernoulli is 1 where uniform >= p
 * copy             y, x                size* of y, strides of both; elements outside begin* ... begin*+inner* are `fill`;
 *     inner0 = 0: the source covers the result.
 *
 * Bytecode: int32 words [instructions, constants, then 5 words an instruction: op, result, a, b, c, then the constants as float bits].
 * A place is 0 ... 23 a register, 32 + k input k, 64 + k constant k; the results of the last instructions are the outputs, places 31
 * and, where there are two, 30 after it, which occur nowhere else. Unused places are 0. `where` picks b where a is not 0, else c. `copy` is the identity.
 */
#ifndef ND_OPERATIONS_H
#define ND_OPERATIONS_H

#include "nd_kernels.h"

#define ND_REGISTERS 24
#define ND_PLACE_OUTPUT 31 /* output k: ND_PLACE_OUTPUT - k */
#define ND_MAX_OUTPUTS 2
#define ND_PLACE_INPUT 32
#define ND_PLACE_CONSTANT 64
#define ND_MAX_CONSTANTS 64

#define ND_CODES(ROW) \
    ROW(copy) ROW(neg) ROW(abs) ROW(exp) ROW(log) ROW(sqrt) ROW(tanh) ROW(sigmoid) ROW(erf) ROW(log1p) \
    ROW(add) ROW(sub) ROW(mul) ROW(div) ROW(pow) ROW(max) ROW(min) ROW(gt) ROW(ge) ROW(eq) ROW(where)

/* Elements of scratch of a thread: what conv packs, what conv_dw packs, the places of an expression. */
#define ND_TILE_LENGTH 512
#define ND_PLACES (ND_PLACE_CONSTANT + ND_MAX_CONSTANTS)
#define ND_BYTECODE_SCRATCH (ND_PLACES * ND_TILE_LENGTH)
#define ND_DOT_ROWS 32   /* rows of dy of a task of dot_dx, and of its result */
#define ND_DOT_BLOCK 448
#define ND_PIXEL_SCRATCH (16 * 64 + 16 * 32)
#define ND_POOLED_SCRATCH (16 * 64 + 2 * 16 * 32 + 16 * 16)
#define ND_PATCH_SCRATCH (56 * ND_SEGMENT)
#define ND_MOST_SPANS 128
#define ND_LANE_BLOCK 256
#define ND_DW_COLUMNS 112
#define ND_DW_PANELS 8
#define ND_DW_SCRATCH (ND_SEGMENT * (ND_DW_COLUMNS + ND_DW_PANELS * ND_LANES))

/* Winograd tiles of a block: as many as keep its points in a level-2 cache, whole micro-kernel tiles of rows. */
#define ND_WINOGRAD_GAP 48 /* between the planes of points, against cache sets that coincide */
static inline int64_t nd_winograd_points(const nd_step *s) { return (s->tile + s->kernel_h - 1) * (s->tile + s->kernel_h - 1); }
static inline int64_t nd_winograd_block(const nd_step *s)
{
    const int64_t tiles = 180000 / (nd_winograd_points(s) * (s->in_c + s->out_c));
    return tiles >= 56 ? 56 : tiles >= 28 ? tiles / 14 * 14 : tiles >= 14 ? 14 : 7;
}

static inline int64_t nd_winograd_tiles(const nd_step *s) { return s->block ? s->block : nd_winograd_block(s); }
enum { ND_MOST_BLOCK = 1024 };

/* `fresh` weights: a plane of those transformed in scratch is a segment of rows of so many panels; in registers, for a group of tiles. */
#define ND_IN_REGISTERS 2
#define ND_WINOGRAD_GROUP 4
#define ND_FRESH_PANELS 2
static inline int64_t nd_fresh_plane(int64_t in_c)
{
    return (in_c < ND_SEGMENT ? in_c : ND_SEGMENT) * ND_FRESH_PANELS * ND_LANES + ND_WINOGRAD_GAP;
}

/* conv_dw_winograd: channels of a block, whole panels and blocks of one size; tiles of a segment of the sum, which decide bits. */
#define ND_WINOGRAD_DW_CHANNELS 128
#define ND_WINOGRAD_DW_TILES 56
static inline int64_t nd_winograd_dw_block(int64_t channels)
{
    const int64_t blocks = (channels + ND_WINOGRAD_DW_CHANNELS - 1) / ND_WINOGRAD_DW_CHANNELS;
    return (channels + blocks * ND_LANES - 1) / (blocks * ND_LANES) * ND_LANES;
}

/* A task's planes of one point: V[tile][channel], D[panel][tile][16], U[panel][channel][16]. */
static inline int64_t nd_winograd_dw_plane_v(int64_t in_c) { return ND_WINOGRAD_DW_TILES * (nd_winograd_dw_block(in_c) + ND_LANES); }
static inline int64_t nd_winograd_dw_plane_d(int64_t out_c) { return ND_WINOGRAD_DW_TILES * nd_winograd_dw_block(out_c) + ND_WINOGRAD_GAP; }
static inline int64_t nd_winograd_dw_plane_u(int64_t in_c, int64_t out_c)
{
    return nd_winograd_dw_block(in_c) * nd_winograd_dw_block(out_c) + ND_WINOGRAD_GAP;
}
static inline int64_t nd_winograd_dw_scratch(int64_t in_c, int64_t out_c)
{
    return 36 * (nd_winograd_dw_plane_v(in_c) + nd_winograd_dw_plane_d(out_c) + nd_winograd_dw_plane_u(in_c, out_c));
}

/* resample: the shares of all results along the lines, and the range of each result. */
static inline int64_t nd_resample_shares(const nd_step *s) { return s->in_w + 2 * s->out_w; }
static inline int64_t nd_resample_scratch(const nd_step *s)
{
    return nd_resample_shares(s) + 2 * (s->in_w > s->out_w ? s->in_w : s->out_w);
}

/* operation, operands written (bits), phases (the tasks of one phase wait for all of the phase before) */
#define ND_RULES(ROW) \
    ROW(conv, 1, 1) ROW(conv_winograd, 129, 3) ROW(conv_dw, 9, 2) ROW(conv_dw_winograd, 9, 2) ROW(dot_dx, 1, 1) \
    ROW(conv_grouped, 1, 1) ROW(conv_grouped_dw, 9, 2) \
    ROW(conv_pool, 1, 1) ROW(conv_lanes, 1, 1) ROW(conv_dw_lanes, 9, 2) ROW(pack_lanes, 1, 1) ROW(unpack_lanes, 1, 1) \
    ROW(pack_panel, 1, 1) ROW(unpack_panel, 1, 1) ROW(pack_flip, 1, 1) ROW(pack_grouped, 1, 1) ROW(pack_winograd, 1, 1) \
    ROW(pool_max, 1, 1) ROW(pool_max_dx, 1, 1) ROW(pool_sum, 1, 1) ROW(pool_sum_dx, 1, 1) \
    ROW(resample, 1, 1) ROW(resample_dx, 1, 1) \
    ROW(map, 1, 1) ROW(reduce, 5, 2) ROW(sums, 11, 2) ROW(moments, 11, 2) \
    ROW(softmax, 1, 1) ROW(softmax_dx, 1, 1) ROW(softmax_xent, 1, 1) ROW(softmax_xent_dx, 1, 1) \
    ROW(lrn_sum, 1, 1) ROW(random, 1, 1) ROW(copy, 1, 1)

#endif

/* The contract of the C side: the record of a step, the table of kernels, and the calls into the engine.
 *
 * A plan is an array of `nd_step`. Every member is 8 bytes, an int64_t or a double, so Python fills an int64 matrix by
 * the names in ND_FIELDS. Offsets, strides and images count elements of 4 bytes. Operand 0 is the output. An operand
 * lies in a buffer (0 is the arena, 1... are bound at each run) at `offset`; `image` is the distance from one image to
 * the next, and 0 where all images share it. `stride0` ... `stride4` serve map, reduce, sums, copy, random and the extra operands of
 * an epilogue; the other kernels take operands that are dense, channels last, or *pitched*: `pitch` is the distance from one
 * pixel to the next where it is not the number of channels, as for a part of a concatenation that is written in place;
 * images then lie `pitch` times their pixels apart. nd_operations.h says what each kernel reads, and which operands may be pitched.
 */
#ifndef ND_KERNELS_H
#define ND_KERNELS_H

#include <stdint.h>

#define ND_OPERANDS 8
#define ND_DIMS 5
#define ND_LANES 16        /* output channels of a panel */
#define ND_SEGMENT 576     /* most terms of a sum that go into one accumulator */
#define ND_MAX_THREADS 256
#define ND_NOWHERE (-1)    /* the buffer of an operand that is absent */

#define ND_OPERAND(INT, x) \
    INT(x##_buffer) INT(x##_offset) INT(x##_image) INT(x##_pitch) \
    INT(x##_stride0) INT(x##_stride1) INT(x##_stride2) INT(x##_stride3) INT(x##_stride4)

/* Each field once: INT(name) for an int64_t, REAL(name) for a double. */
#define ND_FIELDS(INT, REAL) \
    INT(kernel)          /* row of ND_KERNELS */ \
    INT(cost)            /* estimated nanoseconds on one thread at the declared batch */ \
    INT(update_starts)   /* 1 on the first step that changes weights: from here on an interrupt waits for the end */ \
    INT(lanes)           /* 16: images lie 16 by 16 in the lanes, and a group of them counts as one image; else 0 */ \
    INT(first_image)     /* of the run's images the first that the step works on; batched operands begin there */ \
    INT(most_images)     /* and how many at most; 0: all */ \
    ND_OPERAND(INT, x0) ND_OPERAND(INT, x1) ND_OPERAND(INT, x2) ND_OPERAND(INT, x3) \
    ND_OPERAND(INT, x4) ND_OPERAND(INT, x5) ND_OPERAND(INT, x6) ND_OPERAND(INT, x7) \
    INT(size0) INT(size1) INT(size2) INT(size3) INT(size4)       /* an image's axes, outermost first; 1 where unused */ \
    INT(inner0) INT(inner1) INT(inner2) INT(inner3) INT(inner4)  /* copy: the source's axes */ \
    INT(begin0) INT(begin1) INT(begin2) INT(begin3) INT(begin4)  /* copy: where the source starts in the result */ \
    INT(in_d) INT(in_h) INT(in_w) INT(in_c) INT(out_d) INT(out_h) INT(out_w) INT(out_c) \
    INT(kernel_d) INT(kernel_h) INT(kernel_w) INT(stride_d) INT(stride_h) INT(stride_w) \
    INT(pad_front) INT(pad_top) INT(pad_left) INT(dilation_d) INT(dilation_h) INT(dilation_w) \
    INT(upsample_d) INT(upsample_h) INT(upsample_w) INT(groups) \
    INT(turned)          /* conv_lanes: 1 where w is the weight of the convolution whose data gradient this is */ \
    INT(tile)            /* conv_winograd, pack_winograd: outputs along a side of a tile */ \
    INT(staged)          /* conv_winograd: 1 where its parts are phases over all tiles */ \
    INT(block)           /* conv_winograd: tiles of a fused block; 0: as many as suit a level-2 cache */ \
    INT(task_rows) INT(task_panels)  /* conv: pixels and panels of a task; 0: as many as give threads work and caches rest */ \
    INT(fresh)           /* conv_winograd, staged: weights are transformed as they are read, 1 in scratch, 2 in registers */ \
    INT(pool)            /* conv_winograd: 1 where of y only the largest of each 2x2 window is stored, as conv_pool does */ \
    INT(relu)            /* conv_pool, and conv_winograd with `pool`: 1 where the convolution is followed by max(x, 0) */ \
    INT(rows) INT(columns) \
    INT(inputs)          /* inputs of a bytecode program */ \
    INT(words)           /* int32 words of a bytecode program; 0: no program */ \
    INT(outputs)         /* sums: results of a bytecode program */ \
    INT(chunks) INT(chunk_rows)  /* a sum over rows is cut into `chunks` partial sums of `chunk_rows` rows */ \
    INT(before) INT(after) \
    INT(rule)            /* resample: 0 nearest, 1 bilinear, 2 area */ \
    INT(distribution)    /* random: 0 uniform, 1 bernoulli, 2 normal */ \
    INT(key)             /* random: 64 bits that name the purpose */ \
    REAL(p)              /* random: probability of 1 */ \
    REAL(fill)           /* copy: the number outside the source */

#define ND_INT(name) int64_t name;
#define ND_REAL(name) double name;
typedef struct { ND_FIELDS(ND_INT, ND_REAL) } nd_step;
#undef ND_INT
#undef ND_REAL

typedef struct { int64_t buffer, offset, image, pitch, stride[ND_DIMS]; } nd_operand;

static inline const nd_operand *nd_operand_of(const nd_step *step, int i)
{
    return (const nd_operand *)&step->x0_buffer + i;
}

/* From one pixel of an operand to the next. */
static inline int64_t nd_pitch(const nd_step *step, int i, int64_t channels)
{
    const int64_t pitch = nd_operand_of(step, i)->pitch;
    return pitch ? pitch : channels;
}

/* The table: every operation on every instruction set, the fastest set first. */
#define ND_OPERATIONS(ROW, isa) \
    ROW(conv, isa) ROW(conv_winograd, isa) ROW(conv_dw, isa) ROW(conv_dw_winograd, isa) ROW(dot_dx, isa) \
    ROW(conv_grouped, isa) ROW(conv_grouped_dw, isa) \
    ROW(conv_pool, isa) ROW(conv_lanes, isa) ROW(conv_dw_lanes, isa) ROW(pack_lanes, isa) ROW(unpack_lanes, isa) \
    ROW(pack_panel, isa) ROW(unpack_panel, isa) ROW(pack_flip, isa) ROW(pack_grouped, isa) ROW(pack_winograd, isa) \
    ROW(pool_max, isa) ROW(pool_max_dx, isa) ROW(pool_sum, isa) ROW(pool_sum_dx, isa) \
    ROW(resample, isa) ROW(resample_dx, isa) \
    ROW(map, isa) ROW(reduce, isa) ROW(sums, isa) ROW(moments, isa) \
    ROW(softmax, isa) ROW(softmax_dx, isa) ROW(softmax_xent, isa) ROW(softmax_xent_dx, isa) \
    ROW(lrn_sum, isa) ROW(random, isa) ROW(copy, isa)
#if defined(__x86_64__)
#define ND_KERNELS(ROW) ND_OPERATIONS(ROW, avx512) ND_OPERATIONS(ROW, avx2) ND_OPERATIONS(ROW, base)
#else
#define ND_KERNELS(ROW) ND_OPERATIONS(ROW, base)
#endif

#define ND_ONE(operation, isa) +1
enum { ND_OPERATION_COUNT = 0 ND_OPERATIONS(ND_ONE, any), ND_KERNEL_COUNT = 0 ND_KERNELS(ND_ONE) };
#undef ND_ONE

/* One task's view of a step: where the operands lie now, how many images there are, and a scratch of its own thread. */
typedef struct {
    const nd_step *step;
    float *x[ND_OPERANDS];
    int64_t n;
    int phase;
    float *scratch;
} nd_call;

typedef struct {
    const char *name, *isa;
    int64_t (*tasks)(const nd_step *step, int phase, int64_t n);
    void (*run)(const nd_call *call, int64_t task);
} nd_kernel;

/* Row `kernel` of the table. */
const nd_kernel *nd_kernel_of(int64_t kernel);

/* Whether this processor has the instruction set. */
int nd_isa_usable(const char *isa);

/* A buffer holds `fixed` elements and `image` more for each image of a run. */
typedef struct { int64_t fixed, image; } nd_size;

/* What is wrong with a plan: the step (-1: nothing) and the reason. */
typedef struct { int64_t step; const char *reason; } nd_fault;

/* Prove that every step is well formed and touches only its buffers, for any number of images up to `batch`. */
nd_fault nd_check(const nd_step *steps, int64_t count, const nd_size *sizes, int64_t buffers, int64_t batch);

/* The same for the words of every expression, once the buffers are known. */
nd_fault nd_check_code(const nd_step *steps, int64_t count, float *const *buffers);

/* Where the words of expressions lie: all in buffer 1, whose numbers stand still; in others, whose numbers may be others at
 * the next run; or where a step writes, so that no check of them holds. `usage` is what nd_usage gave. */
typedef enum { ND_CODE_CONSTANT, ND_CODE_BOUND, ND_CODE_WRITTEN } nd_place_of_code;
nd_place_of_code nd_code_lies(const nd_step *steps, int64_t count, const uint8_t *usage);

/* Elements of scratch that one thread needs for the whole plan. */
int64_t nd_scratch(const nd_step *steps, int64_t count);

/* For each buffer, whether a step touches it (1) and whether one writes it (2). */
void nd_usage(const nd_step *steps, int64_t count, int64_t buffers, uint8_t *usage);

/* A run. `scratch` holds `scratch_elements` for each of `threads`. `poll` (or NULL) is asked now and then on the calling
 * thread, and stops the run by answering nonzero, unless weights have begun to change. Returns 1 if it was stopped. */
typedef struct {
    const nd_step *steps;
    int64_t count;
    float *const *buffers;
    int64_t n;
    int threads;
    float *scratch;
    int64_t scratch_elements;
    int (*poll)(void);
    int64_t *nanoseconds; /* or NULL: to each step's number, the time from its first task to its last is added */
    int *team;            /* or NULL: how many threads there were */
} nd_plan_run;

int nd_run(const nd_plan_run *run);

#endif

/* Every kernel body, in the order of who needs whom. */
#include "nd_vector.h"
#include "nd_math_body.h"
#include "nd_gemm_body.h"
#include "nd_patch_body.h"
#include "nd_class_body.h"
#include "nd_lines_body.h"
#include "nd_bytecode_body.h"
#include "nd_conv_body.h"
#include "nd_winograd_weight_body.h"
#include "nd_winograd_tile_body.h"
#include "nd_winograd_few_body.h"
#include "nd_winograd_body.h"
#include "nd_conv_dw_body.h"
#include "nd_dot_dx_body.h"
#include "nd_winograd_dw_body.h"
#include "nd_pack_body.h"
#include "nd_pool_body.h"
#include "nd_lane_end_body.h"
#include "nd_lanes_body.h"
#include "nd_lanes_dw_body.h"
#include "nd_map_body.h"
#include "nd_reduce_body.h"
#include "nd_sums_body.h"
#include "nd_moments_body.h"
#include "nd_softmax_body.h"
#include "nd_lrn_body.h"
#include "nd_random_body.h"
#include "nd_copy_body.h"

/* This set's part of the table. */
#define ND_ROW(operation, isa) {#operation, #isa, ND_JOIN(ND_NAME(operation), _tasks), ND_JOIN(ND_NAME(operation), _run)},
#define ND_KERNELS_OF(isa) const nd_kernel ND_JOIN(nd_kernels_, isa)[ND_OPERATION_COUNT] = { ND_OPERATIONS(ND_ROW, isa) };
ND_KERNELS_OF(ND_SUFFIX)

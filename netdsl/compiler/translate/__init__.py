"""What each operation becomes on the engine: kernels, operands, and the fields of their records.

Fields have the names of core/kernels/nd_kernels.h; operands stand in the order of nd_operations.h.
"""

from collections.abc import Callable

from netdsl.compiler.translate.copy import concat, convert, cut, pad, permute, whole
from netdsl.compiler.translate.elementwise import elementwise, random, rowwise
from netdsl.compiler.translate.pool import pool
from netdsl.compiler.translate.product import conv, conv_dw, conv_dx, conv_pool, dot
from netdsl.compiler.translate.resample import resample
from netdsl.compiler.translate.step import Context, Step
from netdsl.compiler.translate.sums import moments, reduce
from netdsl.ops.op import Op

TRANSLATIONS: dict[str, Callable[[Op, Context], list[Step]]] = {
    "conv": conv,
    "conv_dx": conv_dx,
    "conv_dw": conv_dw,
    "conv_pool": conv_pool,
    "dot": dot,
    **dict.fromkeys(("pool_max", "pool_max_dx", "pool_sum", "pool_sum_dx"), pool),
    **dict.fromkeys(("resample", "resample_dx"), resample),
    "map": elementwise,
    "reduce": reduce,
    "moments": moments,
    **dict.fromkeys(("softmax", "softmax_dx", "softmax_xent", "softmax_xent_dx", "lrn_sum"), rowwise),
    "random": random,
    "pad": pad,
    "slice": cut,
    "concat": concat,
    "permute": permute,
    "reshape": whole,
    "assign": whole,
    "convert": convert,
}

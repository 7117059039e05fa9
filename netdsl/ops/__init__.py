"""The primitive operations: shape rule, NumPy body and gradient of each; importing this package fills `op.KINDS`."""

from netdsl.ops import conv, conv_pool, dot, effect, lrn, map, pool, random, reduce, resample, shape, softmax

__all__ = [
    "conv",
    "conv_pool",
    "dot",
    "effect",
    "lrn",
    "map",
    "pool",
    "random",
    "reduce",
    "resample",
    "shape",
    "softmax",
]

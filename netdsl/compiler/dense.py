"""Convolutions whose one window is the whole image: a dense layer in other words, and planned as one.

    x (n, 5, 5, 16)   y = conv(x, w, kernel=5x5)  (n, 1, 1, 120)      →      dot of (n, 400) with (400, 120)

The numbers lie alike, since a window's (kernel, channel) are the image's (pixel, channel), and so do the panels of w;
its gradient by x needs no turned kernel then.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from netdsl.ops.op import Op, Shape


def is_dense(op: Op, shape: Callable[[int], Shape]) -> bool:
    """Whether a convolution or one of its gradients is a product of matrices; `shape` gives a value's shape by id.

    What the epilogue of a gradient reads must not be a number for each channel, of which a dense layer knows nothing.
    """
    if op.kind not in ("conv", "conv_dx", "conv_dw"):
        return False
    image = shape(op.outs[0] if op.kind == "conv_dx" else op.ins[0])
    if op["groups"] != 1 or op["kernel"] != image[1:-1] or any(op["pad"]):
        return False
    return op.kind != "conv_dx" or all(shape(i) == image or all(n == 1 for n in shape(i)) for i in op.ins[2:])


def spans_pixels(op: Op, shape: Callable[[int], Shape]) -> bool:
    """Whether it takes several pixels for one row of a matrix, so that they must lie side by side."""
    return is_dense(op, shape) and prod(op["kernel"]) > 1

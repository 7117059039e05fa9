"""`adaptive_avgpool`: means over as many windows as the output has pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd, prod
from typing import TYPE_CHECKING

from netdsl.errors import Fault
from netdsl.layers.activation import activate, activate_lowered
from netdsl.layers.base import Layer, Spans, Window, arg, inner_shape
from netdsl.layers.values import Word
from netdsl.layers.window import NAMES, spread
from netdsl.shapes import Shape, format_shape

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class AdaptiveAvgPool(Layer, keyword="adaptive_avgpool"):
    """A map of any size becomes one of `size`: each output is the mean of the window that its pixel covers.

    y[n,i,j,c] = mean of x[n, floor(i·H/h) : ceil((i + 1)·H/h), floor(j·W/w) : ceil((j + 1)·W/w), c]

    for an output of h x w, as in PyTorch. Where h divides H the windows lie side by side, else neighbours share pixels.
    `adaptive_avgpool(1x1)` is `global_avgpool` that keeps the map's axes.
    """

    size: int | tuple[int, ...] = arg("window", "size of the output, pixels", low=1)
    act: object = arg("activation", "activation applied to the result", default=Word("none"), keyword_only=True)

    examples = (
        ("adaptive_avgpool(2x3)", ((4, 9, 2),)),
        ("adaptive_avgpool(3x2, act=tanh)", ((7, 5, 3),)),
        ("adaptive_avgpool(1x1)", ((3, 5, 4),)),
        ("adaptive_avgpool(4)", ((3, 2),)),
        ("adaptive_avgpool(2)", ((3, 4, 5, 2),)),
    )

    def sizes(self, x: Shape) -> tuple[int, ...]:
        """The spatial size of the output; raises `Fault` N302 or N303."""
        if len(x) - 1 not in NAMES:
            raise Fault("N302", f"`adaptive_avgpool` pools over an image; its input is a vector of {format_shape(x)}")
        return spread(self, "size", len(x) - 1)

    def out_shape(self, *xs: Shape) -> Shape:
        return (*self.sizes(xs[0]), xs[0][-1])

    def window(self, *xs: Shape) -> Window:
        """The largest window, which begins where a pixel is cut last; neighbours are at least floor(H/h) apart."""
        pairs = list(zip(xs[0], self.sizes(xs[0]), strict=False))
        last = (gcd(n, m) if isinstance(n, int) else 1 for n, m in pairs)
        reach = tuple(-((part - n) // m) + 1 for part, (n, m) in zip(last, pairs, strict=True))
        return Window(reach, tuple(n // m or 1 for n, m in pairs), (1,) * len(pairs))

    def reads(self, spans: Spans, operand: int, *xs: Shape) -> Spans:
        parts = zip(spans, xs[0], self.sizes(xs[0]), strict=False)
        return tuple((low * n // m, -(-(high + 1) * n // m) - 1) for (low, high), n, m in parts)

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        import numpy as np

        y = xs[0]
        for axis, m in enumerate(self.sizes(y.shape[1:]), 1):
            means = [y.take(range(a, b), axis).mean(axis=axis) for a, b in cells(y.shape[axis], m)]
            y = np.stack(means, axis)
        return activate(self.act, y)

    def lower(self, build: Build, *x: Value) -> Value:
        from netdsl.ops.expression import operands

        shape = inner_shape(x[0])
        size = self.sizes(shape)
        if any(n % m for n, m in zip(shape, size, strict=False)):
            return activate_lowered(build, self.act, build.add("resample", x[0], rule="area", size=size))
        (x0,) = operands(1)
        kernel = tuple(n // m for n, m in zip(shape, size, strict=False))
        total = build.add("pool_sum", x[0], kernel=kernel, stride=kernel, pad=(0,) * 2 * len(size), size=size)
        return activate_lowered(build, self.act, build.map(x0 * (1.0 / prod(kernel)), total))


def cells(n: int, m: int) -> list[tuple[int, int]]:
    """Where each of m windows begins and ends on an axis of n pixels."""
    return [(o * n // m, -(-(o + 1) * n // m)) for o in range(m)]

"""`upsample`: a map at a multiple of its size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.errors import Fault
from netdsl.layers.base import Layer, Spans, Window, arg, inner_shape
from netdsl.layers.values import Word
from netdsl.layers.window import NAMES, spread
from netdsl.shapes import Extent, Shape, format_shape

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Upsample(Layer, keyword="upsample"):
    """Every axis `factor` times as long, without weights: by repetition, or linearly between pixels.

    y[n,i,j,c] = x[n, floor(i/f), floor(j/f), c]      (`nearest`, as in SegNet's and U-Net's kin)

    `bilinear` takes the four pixels round ((i + 1/2)/f - 1/2, (j + 1/2)/f - 1/2), in proportion to their nearness, and
    at the border what there is; on a sequence it takes two, in a volume eight. Positions are those of PyTorch with
    `align_corners=False`, and of TensorFlow 2.
    """

    factor: int | tuple[int, ...] = arg("window", "output pixels for each input pixel along an axis", low=1)
    mode: Word = arg(
        "word", "how pixels in between come about", default=Word("nearest"), choices=("nearest", "bilinear")
    )

    examples = (
        ("upsample(2)", ((3, 4, 2),)),
        ("upsample(2, mode=bilinear)", ((3, 4, 17),)),
        ("upsample((1, 3), mode=bilinear)", ((2, 3, 2),)),
        ("upsample(3, mode=bilinear)", ((4, 3),)),
        ("upsample(2)", ((2, 3, 2, 3),)),
    )

    def factors(self, x: Shape) -> tuple[int, ...]:
        """One factor for each spatial axis; raises `Fault` N302 or N303."""
        if len(x) - 1 not in NAMES:
            raise Fault("N302", f"`upsample` enlarges an image; its input is a vector of {format_shape(x)}")
        return spread(self, "factor", len(x) - 1)

    def size(self, x: Shape) -> tuple[int, ...]:
        """The spatial size of the output."""
        return tuple(n * f for n, f in zip(x, self.factors(x), strict=False))

    def out_shape(self, *xs: Shape) -> Shape:
        return (*self.size(xs[0]), xs[0][-1])

    def extents(self, *xs: Shape) -> tuple[tuple[str, Extent], ...]:
        names, factors = NAMES[len(xs[0]) - 1], self.factors(xs[0])
        parts = zip(names, xs[0], factors, strict=False)
        return tuple((name, Extent(n * f, f"{n}·{f} = {n * f}")) for name, n, f in parts)

    def window(self, *xs: Shape) -> Window:
        factors = self.factors(xs[0])
        ones = (1,) * len(factors)
        reach = tuple(1 if self.mode == "nearest" or f == 1 else 2 for f in factors)
        return Window(reach, ones, ones, upsample=factors)

    def reads(self, spans: Spans, operand: int, *xs: Shape) -> Spans:
        factors = self.factors(xs[0])
        if self.mode == "nearest":
            return tuple((low // f, high // f) for (low, high), f in zip(spans, factors, strict=True))
        pairs = zip(spans, factors, strict=True)
        return tuple(((2 * low + 1 - f) // (2 * f), -((f - 2 * high - 1) // (2 * f))) for (low, high), f in pairs)

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        import numpy as np

        y = xs[0]
        for axis, f in enumerate(self.factors(y.shape[1:]), 1):
            if self.mode == "nearest":
                y = np.repeat(y, f, axis)
                continue
            size = y.shape[axis]
            at = np.clip((np.arange(size * f) + 0.5) / f - 0.5, 0, size - 1)
            low = at.astype(int)
            far = (at - low).astype(y.dtype).reshape(-1, *(1,) * (y.ndim - 1 - axis))
            y = y.take(low, axis) * (1 - far) + y.take(np.minimum(low + 1, size - 1), axis) * far
        return y

    def lower(self, build: Build, *x: Value) -> Value:
        made: Value = build.add("resample", x[0], rule=str(self.mode), size=self.size(inner_shape(x[0])))
        return made

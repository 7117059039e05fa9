"""`lrn`: local response normalisation across channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.layers.base import Layer, arg
from netdsl.shapes import Shape

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class LRN(Layer, keyword="lrn"):
    """y_c = x_c / (k + alpha/size · Σ x_j²)^beta, j over the `size` channels round c.

    Krizhevsky et al. 2012, section 3.3, whose alpha is not divided by the size: its 1e-4 with size 5 is alpha = 5e-4
    here, as in Caffe. An even window has its longer half before.
    """

    size: int = arg("count", "channels in the window", default=5, low=1)
    alpha: float = arg("number", "weight of the mean square", default=1e-4, low=0.0)
    beta: float = arg("number", "exponent", default=0.75)
    k: float = arg("number", "added to the sum", default=1.0, low=0.0)

    examples = (("lrn(5)", ((3, 2, 7),)), ("lrn(4, alpha=0.5, beta=0.5, k=2.0)", ((2, 3, 3),)))

    def out_shape(self, *xs: Shape) -> Shape:
        return xs[0]

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        import numpy as np

        x = xs[0]
        before = self.size // 2
        squares = np.pad(x * x, [(0, 0)] * (x.ndim - 1) + [(before, self.size - 1 - before)])
        total = np.lib.stride_tricks.sliding_window_view(squares, self.size, -1).sum(axis=-1)
        return np.asarray(x * (self.k + self.alpha / self.size * total) ** -self.beta)

    def lower(self, build: Build, *x: Value) -> Value:
        from netdsl.ops.expression import operands

        x0, x1 = operands(2)
        before = self.size // 2
        total = build.add("lrn_sum", build.map(x0 * x0, x[0]), before=before, after=self.size - 1 - before)
        return build.map(x0 * (self.k + self.alpha / self.size * x1) ** -self.beta, x[0], total)

"""`dropout`: in training, numbers set to 0 at random."""

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
class Dropout(Layer, keyword="dropout"):
    """In training y = x·keep/(1 - p), keep 0 with probability p, else 1; otherwise y = x (Srivastava et al. 2014)."""

    p: float = arg("number", "probability that a number is dropped", low=0.0, high=1.0)

    examples = (("dropout(0.5)", ((3, 4),)), ("dropout(0)", ((5,),)))

    def out_shape(self, *xs: Shape) -> Shape:
        return xs[0]

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        # As in inference even in training: which numbers fall depends on the seed, the step and the node's path.
        return xs[0]

    def lower(self, build: Build, *x: Value) -> Value:
        from netdsl.ops.expression import operands, where
        from netdsl.ops.random import draw

        if not build.training or self.p == 0:
            return x[0]
        x0, x1 = operands(2)
        scale = 0.0 if self.p == 1 else 1.0 / (1.0 - self.p)
        keep = draw(build, x[0], distribution="bernoulli", purpose="dropout", p=float(self.p))
        return build.map(where(x1, x0 * scale, 0.0), x[0], keep)

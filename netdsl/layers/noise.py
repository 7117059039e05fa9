"""`noise`: in training, random numbers added."""

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
class Noise(Layer, keyword="noise"):
    """In training y = x + std·N(0, 1), drawn anew for each number; otherwise y = x (Bishop 1995)."""

    std: float = arg("number", "standard deviation of what is added", low=0.0)

    examples = (("noise(0.1)", ((3, 4),)), ("noise(0)", ((5,),)))

    def out_shape(self, *xs: Shape) -> Shape:
        return xs[0]

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        # As in inference even in training: what is added depends on the seed, the step and the node's path.
        return xs[0]

    def lower(self, build: Build, *x: Value) -> Value:
        from netdsl.ops.expression import operands
        from netdsl.ops.random import draw

        if not build.training or self.std == 0:
            return x[0]
        x0, x1 = operands(2)
        drawn = draw(build, x[0], distribution="normal", purpose="noise")
        return build.map(x0 + self.std * x1, x[0], drawn)

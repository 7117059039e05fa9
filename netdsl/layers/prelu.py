"""`prelu`: a rectifier whose slope below 0 is learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.layers.base import Layer, Param, arg
from netdsl.layers.values import Applied
from netdsl.shapes import Shape

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class PRelu(Layer, keyword="prelu"):
    """y = x for x > 0, else slope·x, the slope a trainable number for each channel (He et al. 2015).

    `shared=true` has one slope for all channels. As it has a tensor of its own, it is a layer and no value of `act=`.
    """

    shared: bool = arg("flag", "one slope for all channels", default=False)
    init: object = arg("init", "initialiser of the slope", default=Applied("constant", (0.25,)), keyword_only=True)
    trainable: bool = arg("flag", "whether the optimiser may change the slope", default=True, keyword_only=True)

    examples = (("prelu", ((4, 3, 5),)), ("prelu(shared=true)", ((6, 2),)), ("prelu(init=zeros)", ((7,),)))

    def out_shape(self, *xs: Shape) -> Shape:
        return xs[0]

    def params(self, *xs: Shape) -> tuple[Param, ...]:
        count = 1 if self.shared else xs[0][-1]
        return (Param("slope", (count,), self.init, str(count), trainable=self.trainable),)

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        import numpy as np

        return np.asarray(np.where(xs[0] > 0, xs[0], xs[0] * p["slope"]))

    def lower(self, build: Build, *x: Value) -> Value:
        from netdsl.ops.expression import compare, operands, where

        x0, x1 = operands(2)
        return build.map(where(compare("gt", x0, 0.0), x0, x0 * x1), x[0], build.param("slope"))

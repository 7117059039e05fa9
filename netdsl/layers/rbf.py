"""`rbf`: the squared distance to each of a set of centres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.layers.base import Layer, Param, Window, arg, inner_shape, whole
from netdsl.layers.dense import Dense
from netdsl.layers.values import Word
from netdsl.shapes import Shape, volume

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Rbf(Layer, keyword="rbf"):
    """y_i = Σ_j (x_j - w_ji)², the squared distance to centre i; W (inputs, units), a centre a column.

    The output of LeNet-5 (LeCun et al. 1998, section II.B), whose centres are fixed: `rbf(10, trainable=false)`. The
    nearest centre has the smallest number. A map is flattened in the order (h, w, c); on a sequence (L, C) the
    distance is along the last axis. It multiplies no weight with an input, so `macs` does not count it.
    """

    units: int = arg("count", "number of centres", low=1)
    init: object = arg("init", "initialiser of the centres", default=Word("signs"), keyword_only=True)
    trainable: bool = arg("flag", "whether the optimiser may move the centres", default=True, keyword_only=True)

    examples = (
        ("rbf(3)", ((5,),)),
        ("rbf(4, init=normal(0.5))", ((2, 3, 2),)),
        ("rbf(2)", ((4, 3),)),
        ("rbf(17, trainable=false)", ((20,),)),
    )

    def out_shape(self, *xs: Shape) -> Shape:
        Dense.inputs(xs[0])
        return (xs[0][0], self.units) if len(xs[0]) == 2 else (self.units,)

    def params(self, *xs: Shape) -> tuple[Param, ...]:
        inputs = Dense.inputs(xs[0])
        fan = (inputs, self.units)
        return (Param("weight", fan, self.init, f"{inputs}·{self.units}", fan=fan, trainable=self.trainable),)

    def window(self, *xs: Shape) -> Window | None:
        return None if len(xs[0]) < 3 else whole(xs[0])

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        import numpy as np

        x = xs[0] if xs[0].ndim == 3 else xs[0].reshape(len(xs[0]), -1)
        return np.asarray(np.square(x[..., None] - p["weight"]).sum(axis=-2))

    def lower(self, build: Build, *x: Value) -> Value:
        from netdsl.ops.expression import operands

        shape = inner_shape(x[0])
        column = (*shape, 1) if len(shape) == 2 else (volume(shape), 1)
        x0, x1 = operands(2)
        apart = build.add("reshape", x[0], shape=column)
        squares = build.map((x0 - x1) * (x0 - x1), apart, build.param("weight"))
        y: Value = build.add("reduce", squares, axes=(len(column) - 1,), keep=False)
        return y

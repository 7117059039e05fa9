"""`dense`: every output sees every input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.layers.activation import activate, activate_lowered
from netdsl.layers.base import Layer, Param, Window, arg, inner_shape, whole
from netdsl.layers.conv import add_bias
from netdsl.layers.values import Word
from netdsl.shapes import Extent, Shape, product, volume

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Dense(Layer, keyword="dense"):
    """y = act(x·W + b), W (inputs, units).

    A map is flattened in the order (h, w, c); on a sequence (L, C) the product is over the last axis (Rosenblatt 1958).
    """

    units: int = arg("count", "number of outputs", low=1)
    bias: bool = arg("flag", "add a trainable number to each output", default=True)
    act: object = arg("activation", "activation applied to the result", default=Word("none"))
    init: object = arg("init", "initialiser of the weight", default=Word("glorot_uniform"), keyword_only=True)
    bias_init: object = arg("init", "initialiser of the bias", default=Word("zeros"), keyword_only=True)
    trainable: bool = arg("flag", "whether the optimiser may change the tensors", default=True, keyword_only=True)

    examples = (
        ("dense(5, act=tanh)", ((7,),)),
        ("dense(4)", ((3, 2, 5),)),
        ("dense(3, bias=false)", ((6, 4),)),
        ("dense(4, act=softmax)", ((6,),)),
    )

    @staticmethod
    def inputs(x: Shape) -> int:
        """Numbers that each output sees."""
        return x[-1] if len(x) == 2 else volume(x)

    def out_shape(self, *xs: Shape) -> Shape:
        self.inputs(xs[0])
        return (xs[0][0], self.units) if len(xs[0]) == 2 else (self.units,)

    def params(self, *xs: Shape) -> tuple[Param, ...]:
        inputs = self.inputs(xs[0])
        fan = (inputs, self.units)
        weight = Param("weight", fan, self.init, f"{inputs}·{self.units}", fan=fan, trainable=self.trainable)
        if not self.bias:
            return (weight,)
        return weight, Param("bias", (self.units,), self.bias_init, str(self.units), fan=fan, trainable=self.trainable)

    def macs(self, *xs: Shape) -> Extent:
        rows = xs[0][:1] if len(xs[0]) == 2 else ()
        return product((*rows, self.inputs(xs[0]), self.units))

    def window(self, *xs: Shape) -> Window | None:
        """A flattened map is one window of its own size; the last axis of a sequence is elementwise in position."""
        return None if len(xs[0]) < 3 else whole(xs[0])

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        x = xs[0] if xs[0].ndim == 3 else xs[0].reshape(len(xs[0]), -1)
        y = x @ p["weight"]
        return activate(self.act, y + p["bias"] if self.bias else y)

    def lower(self, build: Build, *x: Value) -> Value:
        shape = inner_shape(x[0])
        flat = x[0] if len(shape) < 3 else build.add("reshape", x[0], shape=(volume(shape),))
        y = build.add("dot", flat, build.param("weight"), transpose="none")
        return activate_lowered(build, self.act, add_bias(build, y) if self.bias else y)

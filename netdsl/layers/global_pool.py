"""`global_avgpool` and `global_maxpool`: one number a channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from netdsl.errors import Fault
from netdsl.layers.activation import activate, activate_lowered
from netdsl.layers.base import Layer, Window, arg, whole
from netdsl.layers.values import Word
from netdsl.shapes import Shape, format_shape

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class GlobalPool(Layer):
    """A map (…, C) becomes the vector C."""

    act: object = arg("activation", "activation applied to the result", default=Word("none"), keyword_only=True)

    def out_shape(self, *xs: Shape) -> Shape:
        if len(xs[0]) < 2:
            raise Fault("N302", f"`{self.keyword}` pools over an image; its input is a vector of {format_shape(xs[0])}")
        return (xs[0][-1],)

    def window(self, *xs: Shape) -> Window:
        return whole(xs[0])


@dataclass(frozen=True)
class GlobalAvgPool(GlobalPool, keyword="global_avgpool"):
    """y[n,c] = mean of x[n, …, c] over all positions (Lin et al. 2014, section 3.2)."""

    examples = (
        ("global_avgpool", ((3, 5, 4),)),
        ("global_avgpool(act=tanh)", ((7, 2),)),
        ("global_avgpool", ((2, 3, 4, 2),)),
    )

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        return activate(self.act, xs[0].mean(axis=tuple(range(1, xs[0].ndim - 1))))

    def lower(self, build: Build, *x: Value) -> Value:
        from netdsl.ops.expression import operands

        (x0,) = operands(1)
        rank = len(x[0].shape)
        total = build.add("reduce", x[0], axes=tuple(range(1, rank - 1)), keep=False)
        mean = build.map(x0 * (1.0 / prod(int(n) for n in x[0].shape[1:-1])), total)
        return activate_lowered(build, self.act, mean)


@dataclass(frozen=True)
class GlobalMaxPool(GlobalPool, keyword="global_maxpool"):
    """y[n,c] = max of x[n, …, c] over all positions."""

    examples = (
        ("global_maxpool", ((3, 5, 4),)),
        ("global_maxpool(act=tanh)", ((7, 2),)),
        ("global_maxpool", ((2, 3, 4, 2),)),
    )

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        return activate(self.act, xs[0].max(axis=tuple(range(1, xs[0].ndim - 1))))

    def lower(self, build: Build, *x: Value) -> Value:
        size = tuple(int(n) for n in x[0].shape[1:-1])
        ones = (1,) * len(size)
        y = build.add("pool_max", x[0], kernel=size, stride=ones, pad=(0,) * (2 * len(size)), size=ones)
        return activate_lowered(build, self.act, build.add("reshape", y, shape=(x[0].shape[-1],)))

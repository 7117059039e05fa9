"""`layernorm`, `groupnorm`, `instancenorm`: numbers of one image to mean 0 and variance 1, then scaled and shifted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from netdsl.errors import Fault
from netdsl.layers.activation import activate, activate_lowered
from netdsl.layers.base import Layer, Param, arg, inner_shape
from netdsl.layers.values import Word
from netdsl.shapes import Shape, format_shape

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Normalisation(Layer):
    """Base: y = gamma·(x - mean)/sqrt(var + eps) + beta, with the (biased) statistics of parts of one image."""

    eps: float = arg("number", "added to the variance", default=1e-5, low=0.0, keyword_only=True)
    scale: bool = arg("flag", "multiply by a trainable number for each channel", default=True, keyword_only=True)
    center: bool = arg("flag", "add a trainable number for each channel", default=True, keyword_only=True)
    act: object = arg("activation", "activation applied to the result", default=Word("none"), keyword_only=True)
    trainable: bool = arg("flag", "whether the optimiser may change gamma and beta", default=True, keyword_only=True)

    def parts(self, x: Shape) -> tuple[Shape, tuple[int, ...]]:
        """The shape as which an image is seen, and the axes of it, without the batch, that statistics go over."""
        raise AssertionError(f"{type(self).__name__} has no parts")

    def check(self, x: Shape) -> None:
        """Raise `Fault` where such an input cannot be normalised."""

    def out_shape(self, *xs: Shape) -> Shape:
        self.check(xs[0])
        return xs[0]

    def params(self, *xs: Shape) -> tuple[Param, ...]:
        shape, count = (xs[0][-1],), str(xs[0][-1])
        gamma = (Param("gamma", shape, Word("ones"), count, trainable=self.trainable),) if self.scale else ()
        beta = (Param("beta", shape, Word("zeros"), count, trainable=self.trainable),) if self.center else ()
        return (*gamma, *beta)

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        import numpy as np

        shape, axes = self.parts(xs[0].shape[1:])
        x = xs[0].reshape(len(xs[0]), *shape)
        over = tuple(a + 1 for a in axes)
        y = (x - x.mean(axis=over, keepdims=True)) / np.sqrt(x.var(axis=over, keepdims=True) + self.eps)
        y = y.reshape(xs[0].shape)
        y = y * p["gamma"] if self.scale else y
        return activate(self.act, y + p["beta"] if self.center else y)

    def lower(self, build: Build, *x: Value) -> Value:
        from netdsl.ops.expression import operands, unary

        own = inner_shape(x[0])
        shape, axes = self.parts(own)
        seen = x[0] if shape == own else build.add("reshape", x[0], shape=shape)
        share, over = 1.0 / prod(shape[a] for a in axes), tuple(a + 1 for a in axes)
        x0, x1, x2, x3 = operands(4)
        mean = build.map(x0 * share, build.add("reduce", seen, axes=over, keep=True))
        squares = build.map((x0 - x1) * (x0 - x1), seen, mean)
        total = build.add("reduce", squares, axes=over, keep=True)
        factor = build.map(1.0 / unary("sqrt", x0 * share + self.eps), total)
        ins, expression = [seen, mean, factor], (x0 - x1) * x2
        for wanted, name in ((self.scale, "gamma"), (self.center, "beta")):
            if wanted:
                expression = expression * x3 if name == "gamma" else expression + operands(len(ins) + 1)[-1]
                ins.append(self._spread(build, build.param(name), shape))
        y = build.map(expression, *ins)
        return activate_lowered(build, self.act, y if shape == own else build.add("reshape", y, shape=own))

    def _spread(self, build: Build, tensor: Value, shape: Shape) -> Value:
        """A number for each channel, as the last axes of the shape that an image is seen as."""
        channels = int(tensor.shape[0])
        if shape[-1] == channels:
            return tensor
        made: Value = build.add("reshape", tensor, shape=shape[-2:])
        return made


@dataclass(frozen=True)
class LayerNorm(Normalisation, keyword="layernorm"):
    """y = gamma·(x - mean)/sqrt(var + eps) + beta, statistics over the channels of each position (Ba et al. 2016).

    The last axis, as torch's `LayerNorm(C)` and Keras have it; of a vector, all its numbers.
    """

    examples = (("layernorm", ((7,),)), ("layernorm(eps=0.001, act=gelu)", ((5, 20),)), ("layernorm", ((3, 4, 6),)))

    def parts(self, x: Shape) -> tuple[Shape, tuple[int, ...]]:
        return x, (len(x) - 1,)


@dataclass(frozen=True)
class GroupNorm(Normalisation, keyword="groupnorm"):
    """y = gamma·(x - mean)/sqrt(var + eps) + beta, statistics of each image over groups of neighbouring channels.

    Each group has its mean and variance over all positions; gamma and beta are one a channel (Wu and He 2018).
    """

    groups: int = arg("count", "groups of channels, each normalised alone", low=1)

    examples = (
        ("groupnorm(2)", ((4, 3, 6),)),
        ("groupnorm(groups=4, eps=0.001, act=relu)", ((7, 8),)),
        ("groupnorm(1, scale=false)", ((5, 4, 3),)),
        ("groupnorm(3, center=false)", ((12,),)),
    )

    def check(self, x: Shape) -> None:
        channels = x[-1]
        if channels % self.groups:
            rest = f"{channels} = {channels // self.groups}·{self.groups} + {channels % self.groups}"
            raise Fault(
                "N305",
                f"`groups={self.groups}` does not divide the {channels} channels of `groupnorm`",
                "groups",
                facts=(("channels", rest),),
                changes=({"groups": "1"},),
            )

    def parts(self, x: Shape) -> tuple[Shape, tuple[int, ...]]:
        return (prod(x[:-1]), self.groups, x[-1] // self.groups), (0, 2)


@dataclass(frozen=True)
class InstanceNorm(Normalisation, keyword="instancenorm"):
    """y = gamma·(x - mean)/sqrt(var + eps) + beta, statistics of each channel of each image over all positions.

    (Ulyanov et al. 2016.) gamma and beta are one a channel; torch's default has neither, `scale=false, center=false`.
    """

    examples = (
        ("instancenorm", ((4, 3, 5),)),
        ("instancenorm(eps=0.001, act=relu)", ((9, 2),)),
        ("instancenorm(scale=false, center=false)", ((3, 3, 17),)),
    )

    def check(self, x: Shape) -> None:
        if len(x) < 2:
            raise Fault("N302", f"`instancenorm` normalises over positions; its input is a vector of {format_shape(x)}")

    def parts(self, x: Shape) -> tuple[Shape, tuple[int, ...]]:
        return x, tuple(range(len(x) - 1))

"""`separable`: a depthwise convolution, then a 1x1 convolution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

from netdsl.layers.activation import activate, activate_lowered
from netdsl.layers.base import Layer, Param, Window, arg, inner_shape
from netdsl.layers.conv import Conv, add_bias
from netdsl.layers.values import Word
from netdsl.layers.window import Axis, geometry, resolve_axes, sliding_reads
from netdsl.shapes import Extent, Shape, times

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Separable(Layer, keyword="separable"):
    """Each channel is filtered alone, then a 1x1 convolution mixes the channels; nothing stands between the two.

    z[n,i,j,c·m + k] = Σ_{u,v} x[n, i·s + u·d - p, j·s + v·d - p, c] · depthwise[u,v,0,c·m + k]

    y[n,i,j,o] = act(b[o] + Σ_e z[n,i,j,e] · pointwise[0,0,e,o])

    (Chollet 2017, as Keras's SeparableConv2D). m is the `multiplier`.
    """

    filters: int = arg("count", "number of output channels", low=1)
    kernel: int | tuple[int, ...] = arg("window", "window height x width of the depthwise part, pixels", low=1)
    stride: int | tuple[int, ...] = arg("window", "step of the window, pixels", default=1, low=1)
    pad: Word | int | tuple[int, ...] = arg(
        "pad", "zeros round the input, pixels", default=Word("valid"), low=0, high=2**20
    )
    dilation: int | tuple[int, ...] = arg("window", "distance of the kernel's taps, pixels", default=1, low=1)
    multiplier: int = arg("count", "channels of the depthwise part for each input channel", default=1, low=1)
    bias: bool = arg("flag", "add a trainable number to each output channel", default=True)
    act: object = arg("activation", "activation applied to the result", default=Word("none"))
    init: object = arg("init", "initialiser of both weights", default=Word("glorot_uniform"), keyword_only=True)
    bias_init: object = arg("init", "initialiser of the bias", default=Word("zeros"), keyword_only=True)
    trainable: bool = arg("flag", "whether the optimiser may change the tensors", default=True, keyword_only=True)

    examples = (
        ("separable(5, 3x3, pad=same, act=relu)", ((5, 6, 4),)),
        ("separable(3, 3x2, stride=2, multiplier=2, bias=false)", ((7, 6, 2),)),
        ("separable(4, 3, pad=causal, dilation=2)", ((9, 3),)),
        ("separable(2, 2)", ((3, 4, 3, 2),)),
    )

    def parts(self, x: Shape) -> tuple[Conv, Conv]:
        """The depthwise and the pointwise convolution, on an input of this shape."""
        between = x[-1] * self.multiplier
        both: dict[str, Any] = {"init": self.init, "trainable": self.trainable}
        depthwise = Conv(between, self.kernel, self.stride, self.pad, self.dilation, x[-1], False, **both)
        pointwise = Conv(self.filters, (1,) * (len(x) - 1), bias=self.bias, bias_init=self.bias_init, **both)
        return depthwise, pointwise

    def axes(self, x: Shape) -> tuple[Axis, ...]:
        """The resolved kernel, stride, padding and dilation of each spatial axis; raises `Fault` N301 … N304."""
        return resolve_axes(self, x)

    def _between(self, x: Shape) -> Shape:
        return (*(a.out.value for a in self.axes(x)), x[-1] * self.multiplier)

    def out_shape(self, *xs: Shape) -> Shape:
        return (*self._between(xs[0])[:-1], self.filters)

    def extents(self, *xs: Shape) -> tuple[tuple[str, Extent], ...]:
        return tuple((a.name, a.out) for a in self.axes(xs[0]))

    def params(self, *xs: Shape) -> tuple[Param, ...]:
        depthwise, pointwise = self.parts(xs[0])
        (first,) = depthwise.params(*xs)
        second, *bias = pointwise.params(self._between(xs[0]))
        return replace(first, name="depthwise"), replace(second, name="pointwise"), *bias

    def macs(self, *xs: Shape) -> Extent:
        positions = self._between(xs[0])[:-1]
        terms = [(*positions, *p.shape) for p in self.params(*xs)[:2]]
        count = sum(map(prod, terms))
        return Extent(count, " + ".join(map(times, terms)) + f" = {count}")

    def window(self, *xs: Shape) -> Window:
        return self.parts(xs[0])[0].window(*xs)

    reads = sliding_reads

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        depthwise, _ = self.parts(xs[0].shape[1:])
        z = depthwise.forward(xs, {"weight": p["depthwise"]}, training=training)
        y = z @ p["pointwise"].reshape(z.shape[-1], self.filters)
        return activate(self.act, y + p["bias"] if self.bias else y)

    def lower(self, build: Build, *x: Value) -> Value:
        shape = inner_shape(x[0])
        depthwise, pointwise = self.parts(shape)
        z = build.add("conv", x[0], build.param("depthwise"), **geometry(self.axes(shape), groups=depthwise.groups))
        mixing = geometry(pointwise.axes(inner_shape(z)), groups=1)
        y = build.add("conv", z, build.param("pointwise"), **mixing)
        return activate_lowered(build, self.act, add_bias(build, y) if self.bias else y)

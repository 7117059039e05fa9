"""`conv`: a learned linear filter slid over the input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netdsl.errors import Fault
from netdsl.layers.activation import activate, activate_lowered
from netdsl.layers.base import Layer, Param, Window, arg
from netdsl.layers.values import Word
from netdsl.layers.window import Axis, resolve_axes
from netdsl.shapes import Extent, Shape, format_shape

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Conv(Layer, keyword="conv"):
    """Cross-correlation with learned filters, as every framework calls convolution.

    y[n,i,j,o] = act(b[o] + Σ_{u,v,c} x[n, i·s + u·d - p, j·s + v·d - p, c] · w[u,v,c,o])      (LeCun et al. 1998, section II.A)

    Input LxC, HxWxC or DxHxWxC; weight (kernel…, C/groups, filters); `flip` turns the kernel by 180° (true convolution).
    """

    filters: int = arg("count", "number of output channels", low=1)
    kernel: int | tuple[int, ...] = arg("window", "window height x width, pixels", low=1)
    stride: int | tuple[int, ...] = arg("window", "step of the window, pixels", default=1, low=1)
    pad: Word | int | tuple[int, ...] = arg("pad", "zeros round the input, pixels", default=Word("valid"), low=0, high=2**20)
    dilation: int | tuple[int, ...] = arg("window", "distance of the kernel's taps, pixels", default=1, low=1)
    groups: int = arg("count", "channel groups that do not see each other", default=1, low=1)
    bias: bool = arg("flag", "add a trainable number to each output channel", default=True)
    act: object = arg("activation", "activation applied to the result", default=Word("none"))
    flip: bool = arg("flag", "turn the kernel by 180 degrees", default=False)
    init: object = arg("init", "initialiser of the weight", default=Word("glorot_uniform"), keyword_only=True)
    bias_init: object = arg("init", "initialiser of the bias", default=Word("zeros"), keyword_only=True)
    trainable: bool = arg("flag", "whether the optimiser may change the tensors", default=True, keyword_only=True)

    examples = (
        ("conv(6, 5x5, act=tanh)", ((12, 9, 1),)),
        ("conv(4, 3x3, stride=2, pad=same, groups=2, bias=false)", ((7, 8, 6),)),
        ("conv(3, 2, dilation=3, pad=causal)", ((11, 2),)),
    )

    def axes(self, x: Shape) -> tuple[Axis, ...]:
        """The resolved kernel, stride, padding and dilation of each spatial axis; raises `Fault` N301 … N305."""
        return resolve_axes(self, x)

    def out_shape(self, *xs: Shape) -> Shape:
        x = xs[0]
        axes = self.axes(x)
        channels = x[-1]
        for name, count in (("input channels", channels), ("filters", self.filters)):
            if count % self.groups:
                raise Fault(
                    "N305",
                    f"`groups={self.groups}` does not divide the {count} {name} of `conv`",
                    "groups",
                    facts=((name, f"{count} = {count // self.groups}·{self.groups} + {count % self.groups}"),),
                    changes=({"groups": "1"},),
                )
        return (*(axis.out.value for axis in axes), self.filters)

    def extents(self, *xs: Shape) -> tuple[tuple[str, Extent], ...]:
        return tuple((axis.name, axis.out) for axis in self.axes(xs[0]))

    def params(self, *xs: Shape) -> tuple[Param, ...]:
        kernel = tuple(axis.kernel for axis in self.axes(xs[0]))
        inputs = xs[0][-1] // self.groups
        taps = 1
        for size in kernel:
            taps *= size
        shape = (*kernel, inputs, self.filters)
        fan = (taps * inputs, taps * self.filters // self.groups)
        weight = Param("weight", shape, self.init, "·".join(map(str, shape)), fan=fan, trainable=self.trainable)
        if not self.bias:
            return (weight,)
        return weight, Param("bias", (self.filters,), self.bias_init, str(self.filters), fan=fan, trainable=self.trainable)

    def macs(self, *xs: Shape) -> Extent:
        out = self.out_shape(*xs)
        factors = (*out[:-1], *self.params(*xs)[0].shape)
        count = 1
        for factor in factors:
            count *= factor
        return Extent(count, f"{'·'.join(map(str, factors))} = {count}")

    def window(self, *xs: Shape) -> Window:
        axes = self.axes(xs[0])
        return Window(tuple(a.kernel for a in axes), tuple(a.stride for a in axes), tuple(a.dilation for a in axes))

"""`depthwise`: each channel filtered alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.layers.base import Layer, Param, Window, arg, inner_shape
from netdsl.layers.conv import Conv
from netdsl.layers.values import Word
from netdsl.layers.window import Axis, resolve_axes, sliding_reads
from netdsl.shapes import Extent, Shape

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Depthwise(Layer, keyword="depthwise"):
    """A convolution in which no channel sees another: `conv` with as many groups as there are channels.

    y[n,i,j,c·m + k] = act(b[c·m + k] + Σ_{u,v} x[n, i·s + u·d - p, j·s + v·d - p, c] · w[u,v,0,c·m + k])

    (Sifre 2014; Howard et al. 2017, section 3.1). Each of the C channels gives m = `multiplier` channels, which lie
    side by side; weight (kernel…, 1, C·m).
    """

    kernel: int | tuple[int, ...] = arg("window", "window height x width, pixels", low=1)
    multiplier: int = arg("count", "output channels for each input channel", default=1, low=1)
    stride: int | tuple[int, ...] = arg("window", "step of the window, pixels", default=1, low=1)
    pad: Word | int | tuple[int, ...] = arg(
        "pad", "zeros round the input, pixels", default=Word("valid"), low=0, high=2**20
    )
    dilation: int | tuple[int, ...] = arg("window", "distance of the kernel's taps, pixels", default=1, low=1)
    bias: bool = arg("flag", "add a trainable number to each output channel", default=True)
    act: object = arg("activation", "activation applied to the result", default=Word("none"))
    flip: bool = arg("flag", "turn the kernel by 180 degrees", default=False)
    init: object = arg("init", "initialiser of the weight", default=Word("glorot_uniform"), keyword_only=True)
    bias_init: object = arg("init", "initialiser of the bias", default=Word("zeros"), keyword_only=True)
    trainable: bool = arg("flag", "whether the optimiser may change the tensors", default=True, keyword_only=True)

    examples = (
        ("depthwise(3x3, pad=same, act=relu6)", ((5, 6, 4),)),
        ("depthwise(3x2, multiplier=3, stride=2, bias=false)", ((7, 6, 2),)),
        ("depthwise(3, stride=2, pad=1, dilation=2)", ((6, 7, 17),)),
        ("depthwise(2, dilation=3, pad=causal)", ((9, 3),)),
        ("depthwise(2, multiplier=2)", ((3, 4, 3, 2),)),
    )

    def conv(self, x: Shape) -> Conv:
        """The grouped convolution that it is, on an input of this shape."""
        return Conv(
            x[-1] * self.multiplier,
            self.kernel,
            self.stride,
            self.pad,
            self.dilation,
            x[-1],
            self.bias,
            self.act,
            self.flip,
            init=self.init,
            bias_init=self.bias_init,
            trainable=self.trainable,
        )

    def axes(self, x: Shape) -> tuple[Axis, ...]:
        """The resolved kernel, stride, padding and dilation of each spatial axis; raises `Fault` N301 … N304."""
        return resolve_axes(self, x)

    def out_shape(self, *xs: Shape) -> Shape:
        return (*(a.out.value for a in self.axes(xs[0])), xs[0][-1] * self.multiplier)

    def extents(self, *xs: Shape) -> tuple[tuple[str, Extent], ...]:
        return tuple((a.name, a.out) for a in self.axes(xs[0]))

    def params(self, *xs: Shape) -> tuple[Param, ...]:
        return self.conv(xs[0]).params(*xs)

    def macs(self, *xs: Shape) -> Extent:
        return self.conv(xs[0]).macs(*xs)

    def window(self, *xs: Shape) -> Window:
        return self.conv(xs[0]).window(*xs)

    reads = sliding_reads

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        return self.conv(xs[0].shape[1:]).forward(xs, p, training=training)

    def lower(self, build: Build, *x: Value) -> Value:
        return self.conv(inner_shape(x[0])).lower(build, *x)

"""`conv_transpose`: the transpose of a convolution, learned up-sampling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from netdsl.errors import Fault
from netdsl.layers.activation import activate, activate_lowered
from netdsl.layers.base import Layer, Param, Spans, Window, arg, inner_shape
from netdsl.layers.conv import add_bias, check_groups
from netdsl.layers.values import Word
from netdsl.layers.window import Axis, geometry, spread, unplaced_axes
from netdsl.shapes import Extent, Shape, format_shape, product, transposed_extent

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class ConvTranspose(Layer, keyword="conv_transpose"):
    """Every input pixel adds its multiple of the kernel to the output: the gradient of `conv` by its input.

    y[n, i·s + u·d - p, o] += x[n,i,c] · w[u,o,c]        (Zeiler et al. 2010; Dumoulin and Visin 2016)

    Output size (in - 1)·stride - pads + dilation·(kernel - 1) + output_pad + 1; weight (kernel…, filters/groups, C).
    `pad=same` gives in·stride.
    """

    filters: int = arg("count", "number of output channels", low=1)
    kernel: int | tuple[int, ...] = arg("window", "window height x width, pixels", low=1)
    stride: int | tuple[int, ...] = arg("window", "step between the windows in the output, pixels", default=1, low=1)
    pad: Word | int | tuple[int, ...] = arg(
        "pad", "pixels cut off round the output", default=Word("valid"), low=0, high=2**20
    )
    output_pad: int | tuple[int, ...] = arg("window", "pixels added after the output", default=0, low=0)
    dilation: int | tuple[int, ...] = arg("window", "distance of the kernel's taps, pixels", default=1, low=1)
    groups: int = arg("count", "channel groups that do not see each other", default=1, low=1)
    bias: bool = arg("flag", "add a trainable number to each output channel", default=True)
    act: object = arg("activation", "activation applied to the result", default=Word("none"))
    init: object = arg("init", "initialiser of the weight", default=Word("glorot_uniform"), keyword_only=True)
    bias_init: object = arg("init", "initialiser of the bias", default=Word("zeros"), keyword_only=True)
    trainable: bool = arg("flag", "whether the optimiser may change the tensors", default=True, keyword_only=True)

    examples = (
        ("conv_transpose(3, 2x2, stride=2)", ((3, 4, 2),)),
        ("conv_transpose(2, 3x3, stride=2, pad=1, output_pad=1, act=relu)", ((3, 2, 4),)),
        ("conv_transpose(4, 3x2, groups=2, bias=false)", ((4, 3, 2),)),
        ("conv_transpose(2, 4, stride=3, pad=same)", ((5, 3),)),
        ("conv_transpose(3, 2, stride=2)", ((2, 3, 2, 2),)),
        ("conv_transpose(2, 2x1, dilation=3, output_pad=2)", ((2, 3, 1),)),
    )

    def axes(self, x: Shape) -> tuple[Axis, ...]:
        """The resolved axes, `out` being the size in the output; raises `Fault` N301 … N304."""
        plain = unplaced_axes(self, x)
        extra = spread(self, "output_pad", len(plain))
        made = []
        for a, more in zip(plain, extra, strict=True):
            if more and more >= max(a.stride, a.dilation):
                raise Fault(
                    "N304",
                    f"`output_pad={more}` of `conv_transpose` is neither less than its stride {a.stride} "
                    f"nor less than its dilation {a.dilation}",
                    "output_pad",
                )
            pad, more = self._cut(a, more)
            out = transposed_extent(a.size, a.kernel, a.stride, pad, a.dilation, more)
            made.append(Axis(a.name, a.size, a.kernel, a.stride, pad, a.dilation, out))
        short = [a for a in made if a.out.value < 1 or a.pad[0] >= _full(a)]
        if short:
            facts = tuple((a.name, a.out.text) for a in short)
            raise Fault(
                "N301",
                f"`conv_transpose` has no output: the padding cuts all of it from {format_shape(x)}",
                "pad",
                facts=facts,
                changes=({"pad": "0"},),
            )
        return tuple(made)

    def _cut(self, a: Axis, more: int) -> tuple[tuple[int, int], int]:
        """Pixels cut off on each side, and added after; `same` makes the output in·stride."""
        if self.pad != "same":
            return a.pad, more
        excess = a.dilation * (a.kernel - 1) + 1 - a.stride
        return ((excess // 2, excess - excess // 2), more) if excess >= 0 else ((0, 0), more - excess)

    def out_shape(self, *xs: Shape) -> Shape:
        axes = self.axes(xs[0])
        check_groups(self, xs[0][-1])
        return (*(a.out.value for a in axes), self.filters)

    def extents(self, *xs: Shape) -> tuple[tuple[str, Extent], ...]:
        return tuple((a.name, a.out) for a in self.axes(xs[0]))

    def params(self, *xs: Shape) -> tuple[Param, ...]:
        kernel = tuple(a.kernel for a in self.axes(xs[0]))
        shape = (*kernel, self.filters // self.groups, xs[0][-1])
        fan = (prod(kernel) * xs[0][-1] // self.groups, prod(kernel) * self.filters // self.groups)
        formula = "·".join(map(str, shape))
        weight = Param("weight", shape, self.init, formula, fan=fan, trainable=self.trainable, kernel=kernel)
        if not self.bias:
            return (weight,)
        return weight, Param(
            "bias", (self.filters,), self.bias_init, str(self.filters), fan=fan, trainable=self.trainable
        )

    def macs(self, *xs: Shape) -> Extent:
        return product((*xs[0][:-1], *self.params(*xs)[0].shape))

    def window(self, *xs: Shape) -> Window:
        axes = self.axes(xs[0])
        ones = (1,) * len(axes)
        reach = tuple(-(-(a.dilation * (a.kernel - 1) + 1) // a.stride) for a in axes)
        return Window(reach, ones, ones, upsample=tuple(a.stride for a in axes))

    def reads(self, spans: Spans, operand: int, *xs: Shape) -> Spans:
        """Input i adds to the outputs i·s - p … i·s - p + d·(k - 1)."""
        parts = zip(self.axes(xs[0]), spans, strict=True)
        return tuple(
            (-(-(low + a.pad[0] - a.dilation * (a.kernel - 1)) // a.stride), (high + a.pad[0]) // a.stride)
            for a, (low, high) in parts
        )

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        import numpy as np

        x, axes = xs[0], self.axes(xs[0].shape[1:])
        full = [max(_full(a), a.pad[0] + a.out.value) for a in axes]
        y = np.zeros((len(x), *full, self.filters), x.dtype)
        inputs, outputs = x.shape[-1] // self.groups, self.filters // self.groups
        for tap in np.ndindex(*(a.kernel for a in axes)):
            starts = [t * a.dilation for t, a in zip(tap, axes, strict=True)]
            spots = tuple(
                slice(b, b + (a.size - 1) * a.stride + 1, a.stride) for b, a in zip(starts, axes, strict=True)
            )
            for g in range(self.groups):
                ins = slice(g * inputs, (g + 1) * inputs)
                y[(slice(None), *spots, slice(g * outputs, (g + 1) * outputs))] += (
                    x[..., ins] @ p["weight"][tap][:, ins].T
                )
        y = y[(slice(None), *(slice(a.pad[0], a.pad[0] + a.out.value) for a in axes))]
        return activate(self.act, y + p["bias"] if self.bias else y)

    def lower(self, build: Build, *x: Value) -> Value:
        axes = self.axes(inner_shape(x[0]))
        size = tuple(min(a.out.value, _full(a) + a.stride - 1 - a.pad[0]) for a in axes)
        attrs = geometry(axes, groups=self.groups)
        attrs["pad"] = tuple(p for a, n in zip(axes, size, strict=True) for p in (a.pad[0], _after(a, n)))
        y = build.add("conv_dx", x[0], build.param("weight"), size=size, **attrs)
        spare = tuple(a.out.value - n for a, n in zip(axes, size, strict=True))
        if any(spare):
            y = build.add("pad", y, pads=(*(n for after in spare for n in (0, after)), 0, 0), number=0.0)
        return activate_lowered(build, self.act, add_bias(build, y) if self.bias else y)


def _full(a: Axis) -> int:
    """Pixels that the windows of all input pixels cover, before any is cut off."""
    return (a.size - 1) * a.stride + a.dilation * (a.kernel - 1) + 1


def _after(a: Axis, size: int) -> int:
    """Padding after for which the convolution from an image of `size` has one window for each input pixel.

    Only an image of less than a stride beyond the last window allows that: zeros further out are padded on.
    """
    return max(0, _full(a) - size - a.pad[0])

"""`conv`: a learned linear filter slid over the input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from netdsl.errors import Fault
from netdsl.layers.activation import activate, activate_lowered
from netdsl.layers.base import Layer, Param, Window, arg, inner_shape
from netdsl.layers.table import Table, check_table, connections, spread, spread_lowered
from netdsl.layers.values import Word
from netdsl.layers.window import Axis, geometry, resolve_axes, sliding_reads
from netdsl.shapes import Extent, Shape, product

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Conv(Layer, keyword="conv"):
    """Cross-correlation with learned filters, as every framework calls convolution.

    y[n,i,j,o] = act(b[o] + Σ_{u,v,c} x[n, i·s + u·d - p, j·s + v·d - p, c] · w[u,v,c,o])

    (LeCun et al. 1998, section II.A). Input LxC, HxWxC or DxHxWxC; weight (kernel…, C/groups, filters). `flip` turns
    the kernel by 180°, which is convolution proper.

    With `table=[[0, 1, 2], [1, 2, 3], …]` a filter sees only the input channels of its row. The weight is then
    (kernel…, connections), filter by filter in the order of the table: what is not connected is no parameter.
    `table=lenet_c3` is the table of LeNet-5's third layer (LeCun et al. 1998, table I).
    """

    filters: int = arg("count", "number of output channels", low=1)
    kernel: int | tuple[int, ...] = arg("window", "window height x width, pixels", low=1)
    stride: int | tuple[int, ...] = arg("window", "step of the window, pixels", default=1, low=1)
    pad: Word | int | tuple[int, ...] = arg(
        "pad", "zeros round the input, pixels", default=Word("valid"), low=0, high=2**20
    )
    dilation: int | tuple[int, ...] = arg("window", "distance of the kernel's taps, pixels", default=1, low=1)
    groups: int = arg("count", "channel groups that do not see each other", default=1, low=1)
    bias: bool = arg("flag", "add a trainable number to each output channel", default=True)
    act: object = arg("activation", "activation applied to the result", default=Word("none"))
    flip: bool = arg("flag", "turn the kernel by 180 degrees", default=False)
    table: Word | Table | None = arg(
        "table", "the input channels that each filter sees; by default all", default=None, keyword_only=True
    )
    init: object = arg("init", "initialiser of the weight", default=Word("glorot_uniform"), keyword_only=True)
    bias_init: object = arg("init", "initialiser of the bias", default=Word("zeros"), keyword_only=True)
    trainable: bool = arg("flag", "whether the optimiser may change the tensors", default=True, keyword_only=True)

    examples = (
        ("conv(2, 3x2, flip=true)", ((5, 6, 2),)),
        ("conv(6, 5x5, act=tanh)", ((12, 9, 1),)),
        ("conv(4, 3x3, stride=2, pad=same, groups=2, bias=false)", ((7, 8, 6),)),
        ("conv(3, 2, dilation=3, pad=causal)", ((11, 2),)),
        ("conv(3, 2x3x2, stride=(1, 2, 1), pad=1, act=relu)", ((3, 5, 4, 2),)),
        ("conv(16, 5x5, table=lenet_c3)", ((7, 6, 6),)),
        ("conv(2, 3x2, table=[[0, 2], [1]], flip=true, bias=false)", ((4, 4, 3),)),
    )

    def axes(self, x: Shape) -> tuple[Axis, ...]:
        """The resolved kernel, stride, padding and dilation of each spatial axis; raises `Fault` N301 … N305."""
        return resolve_axes(self, x)

    def out_shape(self, *xs: Shape) -> Shape:
        axes = self.axes(xs[0])
        check_groups(self, xs[0][-1])
        if self.table is not None:
            if self.groups > 1:
                raise Fault("N312", "`table` and `groups` both say what a filter sees: one of them", "table")
            check_table(self.table, xs[0][-1], self.filters)
        return (*(axis.out.value for axis in axes), self.filters)

    def extents(self, *xs: Shape) -> tuple[tuple[str, Extent], ...]:
        return tuple((axis.name, axis.out) for axis in self.axes(xs[0]))

    def params(self, *xs: Shape) -> tuple[Param, ...]:
        kernel = tuple(axis.kernel for axis in self.axes(xs[0]))
        taps = prod(kernel)
        if self.table is None:
            pairs: Shape = (xs[0][-1] // self.groups, self.filters)
            fan = (taps * pairs[0], taps * self.filters // self.groups)
        else:
            pairs = (connections(self.table),)
            fan = (taps * pairs[0] // self.filters, taps * pairs[0] // xs[0][-1])
        shape = (*kernel, *pairs)
        formula = "·".join(map(str, shape))
        weight = Param("weight", shape, self.init, formula, fan=fan, trainable=self.trainable, kernel=kernel)
        if not self.bias:
            return (weight,)
        return weight, Param(
            "bias", (self.filters,), self.bias_init, str(self.filters), fan=fan, trainable=self.trainable
        )

    def macs(self, *xs: Shape) -> Extent:
        out = self.out_shape(*xs)
        return product((*out[:-1], *self.params(*xs)[0].shape))

    def window(self, *xs: Shape) -> Window:
        axes = self.axes(xs[0])
        return Window(tuple(a.kernel for a in axes), tuple(a.stride for a in axes), tuple(a.dilation for a in axes))

    reads = sliding_reads

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        import numpy as np

        x, weight = xs[0], p["weight"]
        axes = self.axes(x.shape[1:])
        if self.table is not None:
            weight = spread(weight, self.table, x.shape[-1])
        if self.flip:
            weight = weight[tuple(slice(None, None, -1) for _ in axes)]
        padded = np.pad(x, ((0, 0), *(a.pad for a in axes), (0, 0)))
        inputs, outputs = x.shape[-1] // self.groups, self.filters // self.groups
        y = np.zeros((len(x), *(a.out.value for a in axes), self.filters), x.dtype)
        for tap in np.ndindex(*(a.kernel for a in axes)):
            seen = padded[(slice(None), *_seen(tap, axes))]
            for g in range(self.groups):
                outs = slice(g * outputs, (g + 1) * outputs)
                y[..., outs] += seen[..., g * inputs : (g + 1) * inputs] @ weight[tap][:, outs]
        return activate(self.act, y + p["bias"] if self.bias else y)

    def lower(self, build: Build, *x: Value) -> Value:
        weight = build.param("weight")
        if self.table is not None:
            weight = spread_lowered(build, weight, self.table, inner_shape(x[0])[-1])
        if self.flip:
            weight = turned(build, weight)
        y = build.add("conv", x[0], weight, **geometry(self.axes(inner_shape(x[0])), groups=self.groups))
        if self.bias:
            y = add_bias(build, y)
        return activate_lowered(build, self.act, y)


def check_groups(layer: Any, channels: int) -> None:
    """Raise `Fault` N305 where `groups` does not divide the input's channels and the filters."""
    for name, count in (("input channels", channels), ("filters", layer.filters)):
        if count % layer.groups:
            raise Fault(
                "N305",
                f"`groups={layer.groups}` does not divide the {count} {name} of `{layer.keyword}`",
                "groups",
                facts=((name, f"{count} = {count // layer.groups}·{layer.groups} + {count % layer.groups}"),),
                changes=({"groups": "1"},),
            )


def add_bias(build: Build, y: Value) -> Value:
    """The value plus the node's `bias`, one number a channel."""
    from netdsl.ops.expression import operands

    x0, x1 = operands(2)
    return build.map(x0 + x1, y, build.param("bias"))


def turned(build: Build, weight: Value) -> Value:
    """A kernel turned by 180 degrees about its spatial axes."""
    for axis in range(len(weight.shape) - 2):
        sizes = tuple(int(n) for n in weight.shape)
        parts = []
        for at in reversed(range(sizes[axis])):
            start = tuple(at if a == axis else 0 for a in range(len(sizes)))
            stop = tuple(at + 1 if a == axis else n for a, n in enumerate(sizes))
            parts.append(build.add("slice", weight, start=start, stop=stop))
        weight = build.add("concat", *parts, axis=axis)
    return weight


def _seen(tap: tuple[int, ...], axes: tuple[Axis, ...]) -> tuple[slice, ...]:
    """The input elements that one tap of the kernel reads, a slice for each axis."""
    starts = [t * a.dilation for t, a in zip(tap, axes, strict=True)]
    return tuple(
        slice(start, start + (a.out.value - 1) * a.stride + 1, a.stride) for start, a in zip(starts, axes, strict=True)
    )

"""The pooling family's common base: a window that slides over each channel alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from netdsl.errors import Fault
from netdsl.layers.activation import activate_lowered
from netdsl.layers.base import Layer, Window, arg
from netdsl.layers.values import Word
from netdsl.layers.window import Axis, geometry, resolve_axes, sliding_reads
from netdsl.shapes import Extent, Shape

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Pool(Layer):
    """Window, stride (by default the window's own size), padding and rounding of a pooling layer; channels stay."""

    kernel: int | tuple[int, ...] = arg("window", "window height x width, pixels", low=1)
    stride: int | tuple[int, ...] | None = arg(
        "window", "step of the window, pixels; by default the window's size", default=None, low=1, like="kernel"
    )
    pad: Word | int | tuple[int, ...] = arg(
        "pad", "pixels round the input that no window counts", default=Word("valid"), low=0, high=2**20
    )
    ceil: bool = arg("flag", "round the output size up: the last window may hang over the edge", default=False)
    act: object = arg("activation", "activation applied to the result", default=Word("none"), keyword_only=True)

    def axes(self, x: Shape) -> tuple[Axis, ...]:
        """The resolved axes; raises `Fault` N301 … N304."""
        axes = resolve_axes(self, x)
        for a in axes:
            if self.pad != "same" and max(a.pad) >= a.kernel:
                raise Fault(
                    "N304",
                    f"`pad` of `{self.keyword}` is {max(a.pad)}: a window of {a.kernel} would lie in the padding alone",
                    "pad",
                    changes=({"pad": str((a.kernel - 1) // 2)},),
                )
        return axes

    def out_shape(self, *xs: Shape) -> Shape:
        return (*(a.out.value for a in self.axes(xs[0])), xs[0][-1])

    def extents(self, *xs: Shape) -> tuple[tuple[str, Extent], ...]:
        return tuple((a.name, a.out) for a in self.axes(xs[0]))

    def window(self, *xs: Shape) -> Window:
        axes = self.axes(xs[0])
        return Window(tuple(a.kernel for a in axes), tuple(a.stride for a in axes), (1,) * len(axes))

    reads = sliding_reads

    def attributes(self, x: Shape) -> dict[str, Any]:
        """The attributes of the primitive pool over an input of this shape."""
        axes = self.axes(x)
        attrs = geometry(axes, size=tuple(a.out.value for a in axes))
        del attrs["dilation"]
        return attrs

    def finish(self, build: Build, y: Value) -> Value:
        return activate_lowered(build, self.act, y)


def windows(x: Array, axes: tuple[Axis, ...], outside: float) -> Array:
    """Every window of an array (N, …, C) as (N, …, C, taps), filled with `outside` beyond the image."""
    import numpy as np

    spare = [max(0, (a.out.value - 1) * a.stride + a.kernel - a.size - a.pad[0]) for a in axes]
    pads = ((0, 0), *((a.pad[0], s) for a, s in zip(axes, spare, strict=True)), (0, 0))
    padded = np.pad(x, pads, constant_values=outside)
    spatial = tuple(range(1, x.ndim - 1))
    seen = np.lib.stride_tricks.sliding_window_view(padded, [a.kernel for a in axes], spatial)
    chosen = tuple(slice(0, (a.out.value - 1) * a.stride + 1, a.stride) for a in axes)
    picked = seen[(slice(None), *chosen)]
    return picked.reshape(*picked.shape[: x.ndim], prod(a.kernel for a in axes))


def counts(axes: tuple[Axis, ...], padding: bool) -> Array:
    """Elements that each window holds, shape (…, 1): of the image alone, or with the declared padding."""
    import numpy as np

    total = np.ones(())
    for a in axes:
        start = np.arange(a.out.value) * a.stride - a.pad[0]
        low, high = (-a.pad[0], a.size + a.pad[1]) if padding else (0, a.size)
        along = np.minimum(start + a.kernel, high) - np.maximum(start, low)
        total = total[..., None] * along.astype(np.float64)
    return total[..., None]

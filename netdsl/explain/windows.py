"""The arithmetic of one output number: the window, what it is multiplied by, and the sum, in float64.

A convolution sums products, a pooling layer picks or adds; both look at the same windows of their input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netdsl.layers.activation import resolve
from netdsl.layers.conv import Conv
from netdsl.layers.pool import Pool, counts
from netdsl.layers.table import rows_of, spread
from netdsl.layers.window import Axis
from netdsl.shapes import Shape

if TYPE_CHECKING:
    from netdsl.layers.base import Layer

Numbers = NDArray[np.float64]
RULES = ("maxpool", "avgpool", "sumpool", "minpool")


@dataclass(frozen=True, eq=False)
class Plane:
    """What one channel contributes: its window, where that lies inside the image, and for a convolution the kernel."""

    channel: int
    window: Numbers
    inside: NDArray[np.bool_]
    kernel: Numbers | None = None

    @property
    def products(self) -> Numbers:
        """Window times kernel."""
        assert self.kernel is not None
        return self.window * self.kernel

    @property
    def sum(self) -> float:
        """What the channel adds."""
        return float(self.products.sum())


@dataclass(frozen=True, eq=False)
class Step:
    """One output number: `planes` → `sum` (of products, or what the pool makes) → with `bias` → activation → `result`.

    `divisor` is the number of elements that the mean of an average pool is over.
    """

    position: tuple[int, ...]
    channel: int
    planes: tuple[Plane, ...]
    sum: float
    bias: float | None
    result: float
    divisor: int | None = None

    @property
    def biased(self) -> float:
        """What enters the activation."""
        return self.sum + (self.bias or 0.0)


def slides(layer: Layer) -> bool:
    """Whether each output of the layer can be worked out from a window."""
    return isinstance(layer, Conv) or layer.keyword in RULES


def activation_name(layer: Layer) -> str:
    """`relu`, or `none`."""
    return resolve(getattr(layer, "act", None))[0]


def step(
    layer: Any,
    x: Numbers,
    tensors: Mapping[str, Numbers],
    *,
    position: tuple[int, ...],
    channel: int,
    result: float,
) -> Step:
    """The worked output number of a convolution or pool over an input without the batch; `result` is what it gives."""
    axes = layer.axes(x.shape)
    if isinstance(layer, Pool):
        return _pooled(layer, x, axes, position, channel, result)
    planes = []
    for source, kernel in _kernels(layer, tensors["weight"], x.shape[-1], channel):
        window, inside = _window(x[..., source], axes, position)
        turned = kernel[tuple(slice(None, None, -1) for _ in axes)] if layer.flip else kernel
        planes.append(Plane(source, window, inside, turned))
    total = float(sum(plane.sum for plane in planes))
    bias = float(tensors["bias"][channel]) if layer.bias else None
    return Step(position, channel, tuple(planes), total, bias, result)


def _kernels(layer: Conv, weight: Numbers, channels: int, filter_: int) -> list[tuple[int, Numbers]]:
    """The input channels that a filter sees, each with its kernel."""
    if layer.table is not None:
        wide = spread(weight, layer.table, channels)[..., filter_]
        return [(source, wide[..., source]) for source in rows_of(layer.table)[filter_]]
    inputs, outputs = channels // layer.groups, layer.filters // layer.groups
    first = filter_ // outputs * inputs
    return [(first + k, weight[..., k, filter_]) for k in range(inputs)]


def _pooled(
    layer: Any, x: Numbers, axes: tuple[Axis, ...], position: tuple[int, ...], channel: int, result: float
) -> Step:
    window, inside = _window(x[..., channel], axes, position)
    seen = window[inside]
    divisor = None
    if layer.keyword in ("maxpool", "minpool"):
        total = float(seen.max() if layer.keyword == "maxpool" else seen.min())
    else:
        total = float(seen.sum())
    if layer.keyword == "avgpool":
        divisor = round(float(counts(axes, layer.count_pad)[position][0]))
    return Step(position, channel, (Plane(channel, window, inside),), total, None, result, divisor)


def _window(x: Numbers, axes: tuple[Axis, ...], position: tuple[int, ...]) -> tuple[Numbers, NDArray[np.bool_]]:
    """The numbers of one channel under a window, 0 outside the image, and which lie inside."""
    places = [np.arange(a.kernel) * a.dilation + at * a.stride - a.pad[0] for a, at in zip(axes, position, strict=True)]
    held = [(p >= 0) & (p < a.size) for p, a in zip(places, axes, strict=True)]
    inside = np.ones((), bool)
    for one in held:
        inside = inside[..., None] & one
    spots = np.ix_(*(np.clip(p, 0, a.size - 1) for p, a in zip(places, axes, strict=True)))
    return np.where(inside, x[spots], 0.0), inside


def positions(shape: Shape) -> list[tuple[int, ...]]:
    """Every position of a map, row by row."""
    return [tuple(int(i) for i in place) for place in np.ndindex(*shape[:-1])]

"""Convolutions in NumPy and float64: the taps of every output, their products, and the sizes of those sums."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import gcd
from typing import Any

import numpy as np

from kernel_cases.problem import Array

Pair = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """The fields of a convolution that are not sizes; `pad` at the top and left, `after` at the bottom and right."""

    kernel: Pair = (3, 3)
    stride: Pair = (1, 1)
    pad: Pair = (0, 0)
    after: Pair | None = None
    dilation: Pair = (1, 1)
    upsample: Pair = (1, 1)
    groups: int = 1

    def fields(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "after"}

    @property
    def spread(self) -> Pair:
        """How far apart the taps stand that meet the same pixels: the order of the panel."""
        down, across = (u // gcd(u, d) for u, d in zip(self.upsample, self.dilation, strict=True))
        return down, across


ONE, SAME = Window(kernel=(1, 1)), Window(pad=(1, 1))
# n, h, w, channels, outputs, window
WINDOWS: list[tuple[int, int, int, int, int, Window]] = [
    (1, 1, 1, 1, 1, ONE),
    (17, 1, 1, 33, 17, ONE),
    (2, 7, 7, 33, 31, Window(kernel=(1, 1), stride=(2, 2))),
    (1, 5, 257, 3, 17, SAME),
    (3, 5, 37, 1, 6, Window(kernel=(5, 5), pad=(2, 2))),
    (2, 13, 14, 16, 16, SAME),
    (2, 15, 13, 17, 33, SAME),
    (1, 23, 24, 3, 32, Window(kernel=(7, 7), stride=(2, 2), pad=(3, 3))),
    (1, 23, 24, 3, 33, Window(kernel=(11, 11), stride=(4, 4), pad=(2, 2))),
    (2, 9, 8, 1, 3, Window(kernel=(3, 2), stride=(2, 3), pad=(1, 0), dilation=(2, 1))),
    (2, 8, 7, 6, 16, Window(kernel=(5, 3), stride=(1, 2), pad=(0, 1), dilation=(1, 2))),
    (1, 9, 9, 3, 5, Window(pad=(2, 0), after=(0, 3))),
    (2, 6, 6, 4, 6, Window(stride=(2, 2), pad=(1, 1), groups=2)),
    (1, 7, 7, 34, 68, Window(kernel=(1, 1), groups=2)),
    (1, 6, 5, 64, 64, Window(pad=(1, 1), groups=4)),
    (2, 5, 5, 17, 17, Window(pad=(1, 1), groups=17)),
    (1, 14, 15, 33, 33, Window(pad=(1, 1), groups=33)),
    (1, 9, 9, 16, 16, Window(stride=(2, 2), pad=(1, 1), groups=16)),
    (1, 8, 8, 5, 15, Window(kernel=(5, 5), pad=(2, 2), groups=5)),
    (1, 1, 37, 3, 33, Window(kernel=(1, 4), pad=(0, 3), dilation=(1, 2))),
    (3, 4, 5, 3, 5, Window(pad=(2, 2), upsample=(2, 3))),
    (2, 4, 5, 4, 6, Window(kernel=(2, 3), pad=(-1, 1), dilation=(1, 2), upsample=(2, 2), groups=2)),
    (1, 7, 7, 16, 17, Window(pad=(1, 1), upsample=(2, 2))),
    (2, 6, 7, 5, 33, Window(kernel=(5, 4), pad=(3, 1), dilation=(2, 3), upsample=(4, 2))),
    (2, 40, 3, 2, 3, Window(kernel=(2, 1), upsample=(3, 5))),
    (1, 9, 300, 7, 5, Window(kernel=(3, 7), pad=(2, 0), dilation=(2, 1))),
    (1, 3, 3, 512, 16, SAME),
]

# Few channels a group: as many in as out, multipliers, vectors that hold parts of groups, what only a gather reaches.
GROUPED = [w for w in WINDOWS if w[-1].groups > 1 and w[3] // w[-1].groups < 16] + [
    (2, 9, 23, 24, 24, Window(pad=(1, 1), groups=24)),
    (2, 9, 23, 40, 40, Window(kernel=(5, 5), stride=(2, 2), pad=(2, 2), groups=40)),
    (1, 7, 7, 12, 36, Window(pad=(1, 1), groups=12)),
    (1, 8, 9, 32, 32, Window(pad=(1, 1), groups=8)),
    (2, 6, 9, 48, 32, Window(pad=(1, 1), dilation=(1, 2), groups=16)),
    (1, 6, 19, 15, 9, Window(kernel=(2, 3), pad=(0, 2), groups=3)),
    (1, 5, 6, 34, 2, Window(pad=(1, 1), groups=2)),
    (2, 5, 9, 33, 33, Window(pad=(1, 1), upsample=(2, 2), groups=33)),
    (1, 4, 9, 24, 48, Window(kernel=(5, 4), pad=(3, 1), dilation=(2, 3), upsample=(4, 2), groups=6)),
    (2, 3, 3, 17, 17, Window(kernel=(7, 7), pad=(5, 4), stride=(3, 2), groups=17)),
]


def out_size(x: Array, window: Window) -> Pair:
    """Height and width of the result."""

    def of(axis: int) -> int:
        spread = (x.shape[1 + axis] - 1) * window.upsample[axis] + 1
        pads = window.pad[axis] + (window.after or window.pad)[axis]
        return (spread + pads - window.dilation[axis] * (window.kernel[axis] - 1) - 1) // window.stride[axis] + 1

    return of(0), of(1)


def spread_taps(x: Array, window: Window, size: Pair) -> Array:
    """(kh, kw, n, oh, ow, c) in float64: what each tap of the kernel meets, 0 outside and between spread pixels."""
    n, h, w, c = x.shape
    spread = np.zeros((n, (h - 1) * window.upsample[0] + 1, (w - 1) * window.upsample[1] + 1, c))
    spread[:, :: window.upsample[0], :: window.upsample[1]] = x
    taps = np.zeros((*window.kernel, n, *size, c))
    for kh, kw in np.ndindex(*window.kernel):
        rows, columns = (
            np.arange(size[a]) * window.stride[a] - window.pad[a] + (kh, kw)[a] * window.dilation[a] for a in (0, 1)
        )
        r, q = (rows >= 0) & (rows < spread.shape[1]), (columns >= 0) & (columns < spread.shape[2])
        taps[kh, kw][np.ix_(range(n), np.flatnonzero(r), np.flatnonzero(q))] = spread[:, rows[r]][:, :, columns[q]]
    return taps


def convolve(taps: Array, weight: Array, groups: int) -> Array:
    """The sum over taps and channels, (n, oh, ow, out), in float64."""
    kh, kw, n, oh, ow, c = taps.shape
    split = taps.reshape(kh * kw, n * oh * ow, groups, c // groups).transpose(2, 1, 0, 3)
    rows = split.reshape(groups, n * oh * ow, -1)
    columns = weight.astype(float).reshape(kh * kw * (c // groups), groups, -1).transpose(1, 0, 2)
    return (rows @ columns).transpose(1, 0, 2).reshape(n, oh, ow, -1)


def convolve_size(taps: Array, weight: Array, groups: int) -> Array:
    """The same sum of absolute values."""
    return convolve(np.abs(taps), np.abs(weight), groups)


def correlate(taps: Array, dy: Array, groups: int) -> Array:
    """The gradient of the weight, (kh, kw, c/groups, out), in float64."""
    kh, kw, n, oh, ow, c = taps.shape
    rows = n * oh * ow
    left = taps.reshape(kh * kw, rows, groups, c // groups).transpose(2, 0, 3, 1).reshape(groups, -1, rows)
    right = dy.astype(float).reshape(rows, groups, -1).transpose(1, 0, 2)
    return (left @ right).transpose(1, 0, 2).reshape(kh, kw, c // groups, -1)

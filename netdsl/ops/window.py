"""Sliding windows in NumPy: an image laid into a frame, and the slices of the frame that each tap of a kernel meets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from netdsl.ops.op import Dim

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

Sizes = tuple[int, ...]
Index = tuple[slice, ...]


def befores(pad: Sizes) -> Sizes:
    """Padding before each axis, from the flat (before, after) pairs."""
    return pad[::2]


def positions(size: Sequence[Dim], kernel: Sizes, stride: Sizes, pad: Sizes, dilation: Sizes) -> Sizes:
    """Output sizes of a window slid over an image: floor((size + pads - dilation·(kernel - 1) - 1)/stride) + 1."""
    assert len(size) == len(kernel) == len(stride) == len(dilation) == len(pad) // 2, (
        size,
        kernel,
        stride,
        pad,
        dilation,
    )
    assert min(kernel) > 0 and min(stride) > 0 and min(dilation) > 0 and min(pad) >= 0, (kernel, stride, pad, dilation)
    out = tuple(
        (int(n) + pad[2 * i] + pad[2 * i + 1] - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1
        for i, n in enumerate(size)
    )
    assert min(out) > 0, f"no output: {size} under {kernel}"
    return out


def reach(size: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Sizes:
    """Extent of the frame that `size` windows cover."""
    return tuple((o - 1) * s + d * (k - 1) + 1 for o, k, s, d in zip(size, kernel, stride, dilation, strict=True))


def frame(x: Array, extent: Sizes, before: Sizes, fill: float) -> Array:
    """An image (N, spatial…, C) laid into an array (N, extent…, C) of `fill`, `before` pixels in; the rest is cut."""
    import numpy as np

    framed = np.full((x.shape[0], *extent, x.shape[-1]), fill, x.dtype)
    inner, outer = _overlap(x.shape[1:-1], extent, before)
    framed[outer] = x[inner]
    return framed


def unframe(framed: Array, size: Sizes, before: Sizes) -> Array:
    """The image (N, size…, C) that lay in a frame; zeros where the frame did not reach."""
    import numpy as np

    x = np.zeros((framed.shape[0], *size, framed.shape[-1]), framed.dtype)
    inner, outer = _overlap(size, framed.shape[1:-1], before)
    x[inner] = framed[outer]
    return x


def _overlap(size: Sizes, extent: Sizes, before: Sizes) -> tuple[Index, Index]:
    kept = [min(n, e - b) for n, e, b in zip(size, extent, before, strict=True)]
    inner = (slice(None), *(slice(0, k) for k in kept))
    return inner, (slice(None), *(slice(b, b + k) for b, k in zip(before, kept, strict=True)))


def taps(size: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Iterator[tuple[Sizes, Index]]:
    """Each kernel position in scanning order, and the slices of the frame that it meets, one pixel an output."""
    for tap in product(*(range(k) for k in kernel)):
        starts = [u * d for u, d in zip(tap, dilation, strict=True)]
        cut = (slice(a, a + (o - 1) * s + 1, s) for a, o, s in zip(starts, size, stride, strict=True))
        yield tap, (slice(None), *cut)

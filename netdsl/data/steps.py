"""The steps that prepare images, one class each, and making one from its call in the language.

A step is a frozen dataclass: `fit` learns from the training images, `apply` maps float32 (N, H, W, C) to float32,
`to_json` gives the step and its statistics as plain values.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.errors import Fault
from netdsl.shapes import MAX_PAD, Shape, format_shape, volume

Floats = NDArray[np.float32]
BLOCK = 1024
EPSILON = 0.0001
OVER = ("pixel", "channel")


@dataclass(frozen=True)
class Step:
    """One step; most learn nothing and keep the shape."""

    def fit(self, images: Floats) -> Step:
        """The step with what it learned from the training images (N, H, W, C)."""
        return self

    def apply(self, images: Floats) -> Floats:
        """The images (N, H, W, C) after the step."""
        raise AssertionError(f"{type(self).__name__} has no apply")

    def out_shape(self, shape: Shape) -> Shape:
        """Shape (H, W, C) of an image after the step."""
        return shape

    def text(self) -> str:
        """The step in the language: `pad(2)`."""
        raise AssertionError(f"{type(self).__name__} has no text")

    def to_json(self) -> dict[str, Any]:
        """The step and its statistics as plain JSON values."""
        raise AssertionError(f"{type(self).__name__} has no JSON form")


@dataclass(frozen=True)
class Pad(Step):
    """`n` rows and columns of zeros on each side: (H, W, C) to (H + 2n, W + 2n, C)."""

    n: int

    def __post_init__(self) -> None:
        if isinstance(self.n, bool) or not isinstance(self.n, int) or not 0 <= self.n <= MAX_PAD:
            raise Fault("N609", f"`n` of `pad` is an integer from 0 to {MAX_PAD}, in pixels, not `{self.n}`", "n")

    def apply(self, images: Floats) -> Floats:
        return np.pad(images, ((0, 0), (self.n, self.n), (self.n, self.n), (0, 0)))

    def out_shape(self, shape: Shape) -> Shape:
        height, width, channels = shape
        padded = (height + 2 * self.n, width + 2 * self.n, channels)
        volume(padded)
        return padded

    def text(self) -> str:
        return f"pad({self.n})"

    def to_json(self) -> dict[str, Any]:
        return {"step": "pad", "n": self.n}


@dataclass(frozen=True)
class Rescale(Step):
    """y = factor · x; by default bytes, 0 to 255, become 0 to 1."""

    factor: float = 1 / 255

    def __post_init__(self) -> None:
        number = isinstance(self.factor, int | float) and not isinstance(self.factor, bool)
        if not (number and abs(self.factor) <= np.finfo(np.float32).max and self.factor):
            raise Fault("N609", f"`factor` of `rescale` is a number other than 0, not `{self.factor}`", "factor")

    def apply(self, images: Floats) -> Floats:
        return images * np.float32(self.factor)

    def text(self) -> str:
        return "rescale" if self.factor == 1 / 255 else f"rescale({self.factor!r})"

    def to_json(self) -> dict[str, Any]:
        return {"step": "rescale", "factor": self.factor}


@dataclass(frozen=True, eq=False)
class Standardize(Step):
    """y = (x − mean)/(std + 0.0001), mean and standard deviation of the training images.

    `over=pixel` takes them for each pixel and channel, shape (H, W, C); `over=channel` for each channel over all
    pixels, shape (C,). Sums run in float64; the statistics are kept in float32.
    """

    over: str = "pixel"
    mean: Floats | None = None
    std: Floats | None = None

    def __post_init__(self) -> None:
        if self.over not in OVER:
            raise Fault("N609", f"`over` of `standardize` is `pixel` or `channel`, not `{self.over}`", "over")

    def fit(self, images: Floats) -> Standardize:
        axes = (0,) if self.over == "pixel" else (0, 1, 2)
        blocks = [images[i : i + BLOCK] for i in range(0, len(images), BLOCK)]
        count = images.size // (images[0].size if self.over == "pixel" else images.shape[3])
        mean = sum(block.sum(axis=axes, dtype=np.float64) for block in blocks) / count
        variance = sum(np.square(block - mean).sum(axis=axes) for block in blocks) / count
        return replace(self, mean=np.asarray(mean, np.float32), std=np.asarray(np.sqrt(variance), np.float32))

    def apply(self, images: Floats) -> Floats:
        assert self.mean is not None and self.std is not None, "standardize is applied before it is fitted"
        return (images - self.mean) / (self.std + np.float32(EPSILON))

    def out_shape(self, shape: Shape) -> Shape:
        if self.mean is not None and self.mean.shape != shape[-self.mean.ndim :]:
            raise Fault(
                "N610",
                f"`{self.text()}` was fitted to {format_shape(self.mean.shape)}, not to {format_shape(shape)}",
            )
        return shape

    def text(self) -> str:
        return f"standardize({self.over})"

    def to_json(self) -> dict[str, Any]:
        statistics = {"mean": self.mean, "std": self.std}
        return {
            "step": "standardize",
            "over": self.over,
            **{key: _pack(array) for key, array in statistics.items() if array is not None},
        }


STEPS: dict[str, type[Step]] = {"pad": Pad, "rescale": Rescale, "standardize": Standardize}
ARGUMENTS = {"pad": ("n",), "rescale": ("factor",), "standardize": ("over",)}


def make_step(name: str, arguments: Sequence[object] = (), keywords: Mapping[str, object] | None = None) -> Step:
    """The step of a call such as `pad(2)`; `Fault` N608 for an unknown step, N609 for a wrong argument."""
    if name not in STEPS:
        near = get_close_matches(name, STEPS, 1)
        raise Fault(
            "N608",
            f"no preparation of data is called `{name}`",
            help=f"did you mean `{near[0]}`?" if near else f"there are {', '.join(f'`{step}`' for step in STEPS)}",
        )
    known = ARGUMENTS[name]
    if len(arguments) > len(known):
        raise Fault("N609", f"`{name}` takes {len(known)} argument, not {len(arguments)}")
    given = dict(zip(known, arguments, strict=False))
    for key, value in (keywords or {}).items():
        if key not in known or key in given:
            raise Fault(
                "N609", f"`{name}` {'has `' + key + '` twice' if key in given else 'has no `' + key + '`'}", key
            )
        given[key] = value
    if name == "pad" and not given:
        raise Fault("N609", "`pad` lacks `n`, the pixels on each side", "n")
    return STEPS[name](**given)


def _pack(array: Floats) -> dict[str, Any]:
    return {"shape": list(array.shape), "float32": base64.b64encode(array.astype("<f4").tobytes()).decode("ascii")}

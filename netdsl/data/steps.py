"""The steps that change the numbers of images, and making any step from its call in the language."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.framing import Crop, Pad, Resize
from netdsl.data.step import Floats, InPlace, Step
from netdsl.errors import Fault
from netdsl.shapes import Shape, format_shape

EPSILON = 0.0001
OVER = ("pixel", "channel")


def divisor(std: NDArray[Any]) -> NDArray[Any]:
    """What centred numbers are divided by: std + 0.0001, and 1 where std is 0; of the same type.

    A pixel at the rim that is never lit in the training images has a deviation of 0. Divided by 0.0001 a single lit one
    in another image would be a million, and the answer would follow from it alone; divided by 1 it keeps its size, as
    in scikit-learn (`StandardScaler`). The mean of equal float32 numbers is exact in float64: theirs is 0 indeed.
    """
    return np.asarray(np.where(std == 0, std.dtype.type(1), std + std.dtype.type(EPSILON)))


@dataclass(frozen=True)
class Rescale(InPlace):
    """y = factor · x; by default bytes, 0 to 255, become 0 to 1."""

    factor: float = 1 / 255

    def __post_init__(self) -> None:
        number = isinstance(self.factor, int | float) and not isinstance(self.factor, bool)
        if not (number and abs(self.factor) <= np.finfo(np.float32).max and self.factor):
            raise Fault("N609", f"`factor` of `rescale` is a number other than 0, not `{self.factor}`", "factor")

    def change(self, images: Floats) -> None:
        images *= np.float32(self.factor)

    def text(self) -> str:
        return "rescale" if self.factor == 1 / 255 else f"rescale({self.factor!r})"

    def to_json(self) -> dict[str, Any]:
        return {"step": "rescale", "factor": self.factor}


@dataclass(frozen=True, eq=False)
class Standardize(InPlace):
    """y = (x − mean)/(std + 0.0001), mean and standard deviation of the training images.

    `over=pixel` takes them for each pixel and channel, shape (H, W, C); `over=channel` for each channel over all
    pixels, shape (C,). Sums run in float64; the statistics are kept in float32.
    What is the same in all training images is divided by 1.
    """

    over: str = "pixel"
    mean: Floats | None = None
    std: Floats | None = None

    def __post_init__(self) -> None:
        if self.over not in OVER:
            raise Fault("N609", f"`over` of `standardize` is `pixel` or `channel`, not `{self.over}`", "over")

    def fit(self, blocks: Iterable[Floats]) -> Standardize:
        total: Any = 0
        count = 0
        for block in blocks:
            axes = (0,) if self.over == "pixel" else tuple(range(block.ndim - 1))
            total = total + block.sum(axis=axes, dtype=np.float64)
            count += block.size // (block[0].size if self.over == "pixel" else block.shape[-1])
        mean = total / count
        variance = sum(np.square(block - mean).sum(axis=axes) for block in blocks) / count
        return replace(self, mean=np.asarray(mean, np.float32), std=np.asarray(np.sqrt(variance), np.float32))

    def change(self, images: Floats) -> None:
        assert self.mean is not None and self.std is not None, "standardize is applied before it is fitted"
        images -= self.mean
        images /= divisor(self.std)

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


STEPS: dict[str, type[Step]] = {
    "crop": Crop,
    "pad": Pad,
    "rescale": Rescale,
    "resize": Resize,
    "standardize": Standardize,
}
ARGUMENTS = {
    "crop": ("size",),
    "pad": ("n", "mode"),
    "rescale": ("factor",),
    "resize": ("size", "fit"),
    "standardize": ("over",),
}
NEEDED = {"crop": "`size`, in pixels", "pad": "`n`, the pixels on each side", "resize": "`size`, in pixels"}


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
        raise Fault("N609", f"`{name}` takes {len(known)} argument{'s' * (len(known) > 1)}, not {len(arguments)}")
    given = dict(zip(known, arguments, strict=False))
    for key, value in (keywords or {}).items():
        if key not in known or key in given:
            raise Fault(
                "N609", f"`{name}` {'has `' + key + '` twice' if key in given else 'has no `' + key + '`'}", key
            )
        given[key] = value
    if name in NEEDED and known[0] not in given:
        raise Fault("N609", f"`{name}` lacks {NEEDED[name]}", known[0])
    if "fit" in given:
        given["fit_how"] = given.pop("fit")
    return STEPS[name](**given)


def _pack(array: Floats) -> dict[str, Any]:
    return {"shape": list(array.shape), "float32": base64.b64encode(array.astype("<f4").tobytes()).decode("ascii")}

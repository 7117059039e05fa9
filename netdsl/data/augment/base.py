"""What a family of augmentation is, and how its arguments are declared and checked.

geometric   where each pixel of the new image comes from, as a matrix for each image
colour      new numbers for the pixels
mixing      what happens to prepared images and their codes, such as a blend of two
"""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from netdsl.data.draws import Draws
from netdsl.errors import Fault
from netdsl.shapes import Shape

Floats = NDArray[np.float32]
Matrices = NDArray[np.float64]
MOST_PIXELS = 2**14


def number(words: str, *, low: float, high: float, default: Any = None) -> Any:
    """An argument that is a number from `low` to `high`."""
    meta = {"words": words, "low": low, "high": high, "whole": False}
    return field(metadata=meta) if default is None else field(default=default, metadata=meta)


def pixels(words: str, *, low: int, default: Any = None) -> Any:
    """An argument that counts pixels."""
    meta = {"words": words, "low": low, "high": MOST_PIXELS, "whole": True}
    return field(metadata=meta) if default is None else field(default=default, metadata=meta)


def choice(words: str, choices: tuple[str, ...]) -> Any:
    """An argument that is one of some words, the first by default."""
    return field(default=choices[0], metadata={"words": words, "choices": choices})


def size(words: str) -> Any:
    """An argument that is a height and a width, or one number for both."""
    return field(metadata={"words": words, "size": True})


@dataclass(frozen=True)
class Augmentation:
    """One call of an `augment` line; `word` is its name. Arguments are checked where it is made: `Fault` N615."""

    word: ClassVar[str]

    def __post_init__(self) -> None:
        for item in fields(self):
            object.__setattr__(self, item.name, self._checked(item, getattr(self, item.name)))

    def text(self) -> str:
        """The call in the language, with every argument: `crop(28x28, pad=4)`."""
        shown = [
            _shown(getattr(self, item.name)) if i == 0 else f"{item.name}={_shown(getattr(self, item.name))}"
            for i, item in enumerate(fields(self))
        ]
        return f"{self.word}({', '.join(shown)})" if shown else self.word

    def out_shape(self, shape: Shape) -> Shape:
        """Shape (H, W, C) of the new image; `Fault` N615 where there is none."""
        return shape

    def _checked(self, item: Field[Any], value: object) -> object:
        meta = item.metadata
        if "choices" in meta:
            if value not in meta["choices"]:
                raise self._refuse(item, " or ".join(f"`{one}`" for one in meta["choices"]), value)
            return value
        if "size" in meta:
            sides = (value,) if isinstance(value, int) else tuple(value) if isinstance(value, tuple | list) else ()
            if len(sides) not in (1, 2) or not all(type(side) is int and 1 <= side <= MOST_PIXELS for side in sides):
                raise self._refuse(item, f"1 to {MOST_PIXELS} pixels, one number or height x width", value)
            return sides[0], sides[-1]
        good = isinstance(value, int if meta["whole"] else int | float) and not isinstance(value, bool)
        if not good or not meta["low"] <= value <= meta["high"]:
            raise self._refuse(item, f"{meta['words']}, {meta['low']:g} to {meta['high']:g}", value)
        return value

    def _refuse(self, item: Field[Any], expected: str, value: object) -> Fault:
        return Fault("N615", f"`{item.name}` of `{self.word}` is {expected}, not `{_shown(value)}`", item.name)


class Geometric(Augmentation):
    """Moves pixels, those of images and masks alike."""

    def matrices(self, shape: Shape, draws: Draws) -> Matrices:
        """(n, 3, 3): from (y, x, 1) in a new image to (y, x, 1) in the image before it, both in pixels from its centre.

        `shape` is that of the image before.
        """
        raise AssertionError(f"{type(self).__name__} has no matrices")


class Colour(Augmentation):
    """Changes the numbers of pixels, never those of masks."""

    def recolour(self, images: Floats, draws: Draws) -> Floats:
        """New images (n, H, W, C)."""
        raise AssertionError(f"{type(self).__name__} has no recolour")


class Mixing(Augmentation):
    """Changes prepared images and, where they are blended, their codes."""

    blends: ClassVar[bool] = False

    def mix(self, images: Floats, codes: NDArray[Any], draws: Draws) -> tuple[Floats, NDArray[Any]]:
        """New images (n, H, W, C) and codes (n, …)."""
        raise AssertionError(f"{type(self).__name__} has no mix")


def identities(count: int) -> Matrices:
    """Matrices that move nothing."""
    return np.tile(np.eye(3), (count, 1, 1))


def _shown(value: object) -> str:
    if isinstance(value, tuple | list):
        return "x".join(str(side) for side in value)
    return str(value) if not isinstance(value, bool) else str(value).lower()

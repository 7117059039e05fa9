"""What a step of preparation is.

A step is a frozen dataclass: `fit` learns from the training images, `apply` maps images (N, H, W, C), uint8 or float32,
to images of either type, all arithmetic being in float32, and `to_json` gives the step and its statistics as plain
values. Series (N, L, C) and vectors (N, K) go the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.errors import Fault
from netdsl.shapes import Shape, format_shape

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Step:
    """One step; most learn nothing, keep the shape, and leave masks alone."""

    def fit(self, blocks: Iterable[Floats]) -> Step:
        """The step with what it learned from the training images, (n, H, W, C) at a time; `blocks` may be gone through
        more than once.
        """
        return self

    def apply(self, images: NDArray[Any]) -> NDArray[Any]:
        """The images (N, H, W, C) after the step."""
        raise AssertionError(f"{type(self).__name__} has no apply")

    def apply_masks(self, masks: NDArray[Any]) -> NDArray[Any]:
        """The classes of pixels (N, H, W) after the step."""
        return masks

    def out_shape(self, shape: Shape) -> Shape:
        """Shape of an image after the step; `Fault` where there is none."""
        return shape

    def in_shape(self, shape: Shape) -> Shape:
        """A shape that becomes this one; `Fault` where there is none."""
        return shape

    def text(self) -> str:
        """The step in the language: `pad(2)`."""
        raise AssertionError(f"{type(self).__name__} has no text")

    def to_json(self) -> dict[str, Any]:
        """The step and its statistics as plain JSON values."""
        raise AssertionError(f"{type(self).__name__} has no JSON form")


class InPlace(Step):
    """A step that changes numbers where they are, each by itself."""

    def apply(self, images: NDArray[Any]) -> Floats:
        # First float32, then in place: NumPy takes thrice as long to do both at once.
        found = images.astype(np.float32)
        self.change(found)
        return found

    def change(self, images: Floats) -> None:
        """Make of the images (N, H, W, C) what they are after the step."""
        raise AssertionError(f"{type(self).__name__} has no change")


def check_is_image(shape: Shape, step: str) -> None:
    """`Fault` N609 unless the shape is H x W x C."""
    if len(shape) != 3:
        raise Fault("N609", f"`{step}` is for images, not for {format_shape(shape)}")

"""Steps of preparation that change the size of images: `pad`, `resize`, `crop`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.image import Fit, nearest
from netdsl.data.step import Step, check_is_image
from netdsl.errors import Fault
from netdsl.shapes import MAX_PAD, Shape, format_shape, volume

MOST = 2**14
BORDERS = ("zeros", "mirror")
FITS = ("stretch", "cover")


@dataclass(frozen=True)
class Pad(Step):
    """`n` rows and columns on each side: (H, W, C) to (H + 2n, W + 2n, C); a series (L, C) to (L + 2n, C).

    `mode=zeros` fills them with 0, in masks too; `mode=mirror` with what lies on the other side of the border, at most
    to the opposite one (Ronneberger et al. 2015, figure 2).
    """

    n: int
    mode: str = "zeros"

    def __post_init__(self) -> None:
        if isinstance(self.n, bool) or not isinstance(self.n, int) or not 0 <= self.n <= MAX_PAD:
            raise Fault("N609", f"`n` of `pad` is an integer from 0 to {MAX_PAD}, in pixels, not `{self.n}`", "n")
        if self.mode not in BORDERS:
            raise Fault("N609", f"`mode` of `pad` is `zeros` or `mirror`, not `{self.mode}`", "mode")

    def apply(self, images: NDArray[Any]) -> NDArray[Any]:
        if self.mode == "mirror":
            return np.pad(images, ((0, 0), *[(self.n, self.n)] * (images.ndim - 2), (0, 0)), "reflect")
        height, *width = (n + 2 * self.n for n in images.shape[1:-1])
        padded = np.zeros((len(images), height, *width, images.shape[-1]), images.dtype)
        inner = (slice(None), *[slice(self.n, -self.n or None)] * (images.ndim - 2))
        padded[inner] = images
        return padded

    def apply_masks(self, masks: NDArray[Any]) -> NDArray[Any]:
        around = ((0, 0), (self.n, self.n), (self.n, self.n))
        return np.pad(masks, around, "reflect") if self.mode == "mirror" else np.pad(masks, around)

    def out_shape(self, shape: Shape) -> Shape:
        if len(shape) < 2:
            raise Fault("N609", f"`{self.text()}` is for images and series, not for {format_shape(shape)}")
        if self.mode == "mirror" and self.n >= min(shape[:-1]):
            words = f"`{self.text()}` finds {format_shape(shape)}: it mirrors less than the whole image"
            raise Fault("N607", words)
        padded = (*(n + 2 * self.n for n in shape[:-1]), shape[-1])
        volume(padded)
        return padded

    def in_shape(self, shape: Shape) -> Shape:
        inner = (*(n - 2 * self.n for n in shape[:-1]), shape[-1])
        if min(inner) < 1:
            raise Fault("N607", f"no image becomes {format_shape(shape)} by `{self.text()}`")
        return inner

    def text(self) -> str:
        return f"pad({self.n}{', mode=mirror' if self.mode == 'mirror' else ''})"

    def to_json(self) -> dict[str, Any]:
        return {"step": "pad", "n": self.n} | ({"mode": self.mode} if self.mode == "mirror" else {})


@dataclass(frozen=True)
class Resize(Step):
    """Images at one size, one number for a square or height x width, by a triangle filter as wide as the reduction.

    `fit=stretch` gives up their proportions; `fit=cover` scales until the size is covered, and cuts the rest off on
    both sides alike. Masks take the class at the centre of each new pixel.
    """

    size: tuple[int, int]
    fit_how: str = "stretch"

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", _pair(self.size, "resize"))
        if self.fit_how not in FITS:
            raise Fault("N609", f"`fit` of `resize` is `stretch` or `cover`, not `{self.fit_how}`", "fit")

    @property
    def how(self) -> Fit:
        """What is done to each image."""
        return Fit(self.size, cover=self.fit_how == "cover")

    def apply(self, images: NDArray[Any]) -> NDArray[Any]:
        from PIL import Image

        if images.shape[1:3] == self.size:
            return images
        images = images.astype(np.float32, copy=False)
        found = np.empty((len(images), *self.size, images.shape[3]), np.float32)
        for i, image in enumerate(images):
            for c in range(images.shape[3]):
                found[i, :, :, c] = np.asarray(self.how.apply(Image.fromarray(np.ascontiguousarray(image[:, :, c]))))
        return found

    def apply_masks(self, masks: NDArray[Any]) -> NDArray[Any]:
        return nearest(masks, self.how)

    def out_shape(self, shape: Shape) -> Shape:
        check_is_image(shape, self.text())
        return (*self.size, shape[2])

    def in_shape(self, shape: Shape) -> Shape:
        return (*self.size, shape[-1])

    def text(self) -> str:
        return f"resize({_size_text(self.size)}{', fit=cover' if self.fit_how == 'cover' else ''})"

    def to_json(self) -> dict[str, Any]:
        return {"step": "resize", "size": list(self.size), "fit": self.fit_how}


@dataclass(frozen=True)
class Crop(Step):
    """The part about the centre, one number for a square or height x width; of an odd rest less goes before."""

    size: tuple[int, int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", _pair(self.size, "crop"))

    def apply(self, images: NDArray[Any]) -> NDArray[Any]:
        return images[self._inner(images.shape[1], images.shape[2])]

    def apply_masks(self, masks: NDArray[Any]) -> NDArray[Any]:
        return masks[self._inner(masks.shape[1], masks.shape[2])]

    def out_shape(self, shape: Shape) -> Shape:
        check_is_image(shape, self.text())
        if shape[0] < self.size[0] or shape[1] < self.size[1]:
            raise Fault("N607", f"`{self.text()}` finds {format_shape(shape)}, which is smaller")
        return (*self.size, shape[2])

    def text(self) -> str:
        return f"crop({_size_text(self.size)})"

    def to_json(self) -> dict[str, Any]:
        return {"step": "crop", "size": list(self.size)}

    def _inner(self, height: int, width: int) -> tuple[slice, slice, slice]:
        top, left = (height - self.size[0]) // 2, (width - self.size[1]) // 2
        return slice(None), slice(top, top + self.size[0]), slice(left, left + self.size[1])


def _pair(size: object, step: str) -> tuple[int, int]:
    sides = (size,) if isinstance(size, int) else tuple(size) if isinstance(size, tuple | list) else ()
    if len(sides) not in (1, 2) or not all(type(side) is int and 1 <= side <= MOST for side in sides):
        shown = "x".join(str(side) for side in sides) or str(size)
        raise Fault(
            "N609", f"`size` of `{step}` is 1 to {MOST} pixels, one number or height x width, not `{shown}`", "size"
        )
    return sides[0], sides[-1]


def _size_text(size: tuple[int, int]) -> str:
    return str(size[0]) if size[0] == size[1] else f"{size[0]}x{size[1]}"

"""A chain of augmentations as one value: what `augment flip(horizontal) | crop(28, pad=4)` means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.augment.affine import move, move_masks, parts
from netdsl.data.augment.base import Augmentation, Colour, Floats, Geometric, Matrices, Mixing, identities
from netdsl.data.augment.color import Color
from netdsl.data.augment.crop import Crop
from netdsl.data.augment.cutout import Cutout
from netdsl.data.augment.flip import Flip
from netdsl.data.augment.mixup import Mixup
from netdsl.data.augment.rotate import Rotate
from netdsl.data.augment.shear import Shear
from netdsl.data.augment.shift import Shift
from netdsl.data.augment.zoom import Zoom
from netdsl.data.dataset import Dataset
from netdsl.data.draws import Draws
from netdsl.data.image_files import ImageFiles
from netdsl.data.part import Part
from netdsl.data.pipeline import Pipeline
from netdsl.errors import Fault, fail
from netdsl.files.regular import quoted
from netdsl.shapes import Shape, format_shape

FAMILIES: dict[str, type[Augmentation]] = {
    family.word: family for family in (Color, Crop, Cutout, Flip, Mixup, Rotate, Shear, Shift, Zoom)
}


@dataclass(frozen=True)
class Augment:
    """What happens anew in each epoch to each image that is trained on; an empty chain is nothing.

    Geometric ones first, all together one resampling, in their order; then colours; then, on prepared images, what
    mixes. Every random number is a function of seed, epoch, index of the image and place in the chain.
    """

    chain: tuple[Augmentation, ...] = ()

    @property
    def blends(self) -> bool:
        """Whether codes are blends of several classes."""
        return any(isinstance(step, Mixing) and step.blends for step in self.chain)

    def text(self) -> str:
        """The chain in the language."""
        return " | ".join(step.text() for step in self.chain)

    def out_shape(self, shape: Shape) -> Shape:
        """Shape (H, W, C) of what the preparation gets; `Fault` N615 for what is no image, or too small a one."""
        if self.chain and len(shape) != 3:
            raise Fault("N615", f"`augment` changes images, not {format_shape(shape)}")
        for step in self.chain:
            shape = step.out_shape(shape)
        return shape

    def change(
        self, images: NDArray[Any], masks: NDArray[Any] | None, draws: Draws
    ) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Stored images (n, H, W, C), uint8 or float32, and masks (n, H, W) if there are some, moved and recoloured."""
        placed = self._placed(images.shape[1:], draws)
        if placed:
            masks = None if masks is None else move_masks(masks, *placed)
            moved = move(images, *placed)
        else:
            moved = images
        return self._recoloured(moved, draws, is_bytes=images.dtype == np.uint8), masks

    def move_masks(self, masks: NDArray[Any], shape: Shape, draws: Draws) -> NDArray[Any]:
        """Masks (n, H, W) of stored images of that shape, moved as `change` moves these."""
        placed = self._placed(shape, draws)
        return move_masks(masks, *placed) if placed else masks

    def read(self, files: ImageFiles, draws: Draws) -> Iterator[NDArray[Any]]:
        """The same of images in files, (1, H, W, C) each; where one is a part of an old one, only that is made."""
        placed = self._placed(files.image, draws)
        wanted: list[Part | None] = [None] * len(draws.indices)
        if placed:
            wanted = parts(placed[0], files.image[:2], placed[1])
        for i, part in enumerate(wanted):
            if part:
                image: NDArray[Any] = files.part(int(draws.indices[i]), part)[None]
            else:
                image = files[draws.indices[i : i + 1]]
                image = move(image, placed[0][i : i + 1], placed[1]) if placed else image
            yield self._recoloured(image, draws.of(slice(i, i + 1)), is_bytes=True)

    def finish(self, images: Floats, codes: NDArray[Any], draws: Draws) -> tuple[Floats, NDArray[Any]]:
        """Prepared images (n, H, W, C) and codes (n, …) after what mixes; the images may be changed in place."""
        for place, step in self._of(Mixing):
            images, codes = step.mix(images, codes, draws.at(place))
        return images, codes

    def _placed(self, shape: Shape, draws: Draws) -> tuple[Matrices, tuple[int, int]] | None:
        """Where the pixels of new images come from, and their height and width; None where all stay in their places."""
        steps, matrices = self._of(Geometric), identities(len(draws.indices))
        for place, step in steps:
            matrices = matrices @ step.matrices(shape, draws.at(place))
            shape = step.out_shape(shape)
        return (matrices, (shape[0], shape[1])) if steps else None

    def _recoloured(self, images: NDArray[Any], draws: Draws, *, is_bytes: bool) -> NDArray[Any]:
        for place, step in self._of(Colour):
            images = step.recolour(images.astype(np.float32, copy=False), draws.at(place))
            if is_bytes:
                images = np.clip(images, 0, 255, out=images)
        return images

    def _of(self, kind: type[Any]) -> list[tuple[str, Any]]:
        """The steps of a kind, each with its place, such as `2 crop`."""
        return [(f"{i} {step.word}", step) for i, step in enumerate(self.chain) if isinstance(step, kind)]


def check_augmented(dataset: Dataset, pipeline: Pipeline, augment: Augment, inputs: Mapping[str, Shape]) -> None:
    """`NetError` N615 unless augmented and then prepared images have the shape of the net's inputs.

    Of several inputs those that take images are augmented, at least one; what blends needs images alone.
    """
    if not augment.chain:
        return
    images = {name: shape for name, shape in inputs.items() if len(shape) == 3}
    if augment.blends and images and len(images) < len(inputs):
        names = ", ".join(quoted(name) for name in inputs if name not in images)
        raise fail("N615", f"`mixup` blends images, and {names} is none: what is right would be blended without it")
    for name, shape in (images or inputs).items():
        _check_one(dataset.of(name), pipeline.of(name), augment, shape)


def _check_one(dataset: Dataset, pipeline: Pipeline, augment: Augment, input_shape: Shape) -> None:
    try:
        stored = pipeline.stored.out_shape(dataset.shape)
        changed = augment.out_shape(stored)
        found = pipeline.rest.out_shape(changed)
    except Fault as fault:
        raise fail(fault.code, f"{quoted(dataset.name)}: {fault.message}") from None
    if found != tuple(input_shape):
        raise fail(
            "N615",
            f"{quoted(dataset.name)} is {format_shape(stored)}, `augment` makes it {format_shape(changed)} and the "
            f"preparation {format_shape(found)}, but the input of the net is {format_shape(input_shape)}",
        )


def make_augmentation(
    name: str, arguments: Sequence[object] = (), keywords: Mapping[str, object] | None = None
) -> Augmentation:
    """The augmentation of a call such as `crop(28, pad=4)`; `Fault` N614 for an unknown one, N615 for an argument."""
    if name not in FAMILIES:
        near = get_close_matches(name, FAMILIES, 1)
        there = ", ".join(f"`{word}`" for word in FAMILIES)
        raise Fault(
            "N614",
            f"no augmentation is called `{name}`",
            help=f"did you mean `{near[0]}`?" if near else f"there are {there}",
        )
    family = FAMILIES[name]
    known = [item.name for item in fields(family)]
    if len(arguments) > len(known):
        raise Fault("N615", f"`{name}` takes {len(known)} argument{'s' * (len(known) != 1)}, not {len(arguments)}")
    given = dict(zip(known, arguments, strict=False))
    for key, value in (keywords or {}).items():
        if key not in known or key in given:
            raise Fault("N615", f"`{name}` has {f'`{key}` twice' if key in given else f'no `{key}`'}", key)
        given[key] = value
    for item in fields(family):
        if item.name not in given and item.default is MISSING:
            raise Fault("N615", f"`{name}` lacks `{item.name}`: {item.metadata['words']}", item.name)
    return family(**given)

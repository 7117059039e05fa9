"""Samples that are changed at random while a net is trained, the labels of every output with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.augment.policy import Augment
from netdsl.data.dataset import Images
from netdsl.data.draws import Draws
from netdsl.data.feed import Feed
from netdsl.data.framing import Crop
from netdsl.data.image_files import ImageFiles, reading_threads
from netdsl.data.pipeline import Pipeline
from netdsl.shapes import Shape, volume
from netdsl.training.batches import Batch
from netdsl.training.optimise.loss.base import Told, one_hot

Array = NDArray[Any]
TOGETHER = 2**19
"""Numbers of prepared images that are worked on at once, so that what lies between stays in the cache."""


@dataclass(frozen=True, eq=False)
class Aim:
    """Labels of one output among several, of `size` numbers a place; masks are cut to `places` about their centre."""

    labels: Array
    size: int = 0
    places: Shape = ()


@dataclass(frozen=True, eq=False)
class Live:
    """Samples that are read from their files, changed at random and prepared when their batch comes, in threads.

    `images` are those of the whole data set, `chosen` the indices of these samples among them; `labels` are theirs.
    `pipeline` is what follows the augmentation; where that blends, labels become shares of `classes` classes. Masks are
    cut to `places` about their centre. `beside` has the same of outputs that have labels of their own, by name.
    """

    images: Images
    chosen: NDArray[np.intp]
    labels: Array
    pipeline: Pipeline
    augment: Augment = field(default_factory=Augment)
    seed: int = 0
    classes: int = 0
    threads: int = field(default_factory=reading_threads)
    places: Shape = ()
    beside: Mapping[str, Aim] = field(default_factory=dict)
    spare: list[NDArray[np.float32]] = field(default_factory=list, init=False, repr=False)
    """What the batches of the last epoch were made in."""

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, size: int, indices: NDArray[np.intp], *, epoch: int = 0) -> Feed[Any, Batch]:
        """As `Samples` has it; the numbers drawn are those of the epoch and of the samples' places in the data set."""
        parts = [indices[start : start + size] for start in range(0, len(indices), size)]
        shape = self.pipeline.out_shape(self.augment.out_shape(tuple(self.images.shape[1:])))
        # As many batches are made or asked for at once; memory that is new for each would cost more than to decode it.
        count = min(self.threads + 2, len(parts))
        rooms = self._rooms((count, min(size, len(indices)), *shape))
        items = [(part, rooms[k % count, : len(part)]) for k, part in enumerate(parts)]
        return Feed(partial(self._make, epoch), items, threads=self.threads, done=partial(self.spare.append, rooms))

    def _rooms(self, shape: Shape) -> NDArray[np.float32]:
        """The memory of an epoch that is over, or new. That of one that was broken off, in which threads may be writing
        still, was not kept.
        """
        rooms = self.spare.pop() if self.spare else None
        return rooms if rooms is not None and rooms.shape == shape else np.empty(shape, np.float32)

    def _make(self, epoch: int, item: tuple[NDArray[np.intp], NDArray[np.float32]]) -> Batch:
        part, images = item
        draws = Draws(self.seed, epoch, self.chosen[part])
        labels = self.labels[part]
        if isinstance(self.images, ImageFiles) and labels.ndim < 3:
            for i, image in enumerate(self.augment.read(self.images, draws)):
                self.pipeline.fill(images[i : i + 1], image)
        else:
            labels = self._change(images, labels, draws)
        if self.beside:
            return self._several(images, labels, part, draws)
        targets = coded(labels, self.classes) if self.augment.blends else labels
        images, targets = self.augment.finish(images, targets, draws)
        return images, labels, targets

    def _several(
        self, images: NDArray[np.float32], first: Array, part: NDArray[np.intp], draws: Draws
    ) -> tuple[NDArray[np.float32], Told, Told]:
        """The batch with the labels of every output, which are moved and blended alike."""
        labels = {"": first} | {name: self._moved(aim, part, draws) for name, aim in self.beside.items()}
        if not self.augment.blends:
            return self.augment.finish(images, first, draws)[0], labels, labels
        sizes = {"": self.classes} | {name: aim.size for name, aim in self.beside.items()}
        codes = {name: coded(one, sizes[name]) for name, one in labels.items()}
        rows = np.concatenate([code.reshape(len(part), -1) for code in codes.values()], axis=1)
        images, rows = self.augment.finish(images, rows, draws)
        ends = np.cumsum([volume(code.shape[1:]) for code in codes.values()])[:-1]
        parts = zip(codes.items(), np.split(rows, ends, axis=1), strict=True)
        return images, labels, {name: row.reshape(code.shape) for (name, code), row in parts}

    def _moved(self, aim: Aim, part: NDArray[np.intp], draws: Draws) -> Array:
        labels = aim.labels[part]
        if labels.ndim < 3:
            return labels
        moved = self.augment.move_masks(labels, tuple(self.images.shape[1:]), draws)
        return centre_of(self.pipeline.apply_masks(moved), aim.places)

    def _change(self, images: NDArray[np.float32], labels: Array, draws: Draws) -> Array:
        """Fill `images` with those of the draws, some at a time; their labels, which are moved with them if masks."""
        masks = list[Array]()
        together = max(1, TOGETHER // volume(images.shape[1:]))
        for start in range(0, len(images), together):
            some = slice(start, start + together)
            dense = labels[some] if labels.ndim > 2 else None
            changed, moved = self.augment.change(self.images[draws.indices[some]], dense, draws.of(some))
            self.pipeline.fill(images[some], changed)
            masks += [] if moved is None else [centre_of(self.pipeline.apply_masks(moved), self.places)]
        return np.concatenate(masks) if masks else labels


def coded(labels: Array, size: int) -> Array:
    """Labels as numbers that can be blended."""
    return labels if labels.dtype.kind == "f" else one_hot(labels, size)


def centre_of(masks: Array, places: Shape) -> Array:
    """The part of masks (N, H, W) about their centre, (N, *places): what an output of valid convolutions is about."""
    if places in ((), masks.shape[1:]):
        return masks
    return np.ascontiguousarray(Crop((places[0], places[1])).apply_masks(masks))

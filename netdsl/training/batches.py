"""Which images a step sees: the order of an epoch, the part that is only measured, and gathering a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from netdsl.data.augment.policy import Augment
from netdsl.data.dataset import Dataset, Images
from netdsl.data.draws import Draws
from netdsl.data.feed import Feed
from netdsl.data.framing import Crop
from netdsl.data.image_files import ImageFiles, reading_threads
from netdsl.data.pipeline import Pipeline
from netdsl.shapes import Shape, volume
from netdsl.training.optimise.loss.base import Told, one_hot

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.training.optimise.loss import Part

Array = NDArray[Any]
NO_PARTS: Mapping[str, Part] = {}
TOGETHER = 2**19
"""Numbers of prepared images that are worked on at once, so that what lies between stays in the cache."""
HOLD_OUT = 0
"""The number, instead of an epoch's, that the choice of the validation part draws with; epochs count from 1."""


def order(count: int, seed: int, epoch: int) -> NDArray[np.intp]:
    """A permutation of 0 … count-1, a function of seed and epoch alone.

    The ranks of `count` 64-bit numbers of Philox4x64-10 with key (seed, epoch); its raw stream is the same in every
    version of NumPy, which is not promised of `Generator.permutation`.
    """
    key = np.array([seed, epoch], np.uint64)
    return np.argsort(np.random.Philox(key=key).random_raw(count), kind="stable")


def hold_out(count: int, share: float, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices, ascending, of the images to train on and of those only to measure: ⌊share·count⌋ drawn by the seed."""
    held = min(int(share * count), count - 1)
    drawn = order(count, seed, HOLD_OUT)
    return np.sort(drawn[held:]), np.sort(drawn[:held])


Given = Array | Mapping[str, Array]
"""Images as the net takes them; for a net with several inputs, by the name of each."""
Batch = tuple[Given, Told, Told]
"""Images as the net takes them, their labels, and what the loss compares with: the labels, or blends of them."""


def by_input(net: Net, images: Given) -> Mapping[str, Array]:
    """What a step binds to the inputs of a net."""
    return images if isinstance(images, Mapping) else {net.inputs[0]: images}


class Samples(Protocol):
    """What a training goes through: images with their labels, in batches.

    A batch is a function of the seed, the epoch and the indices alone, so that an epoch can be taken up in its middle.
    """

    def __len__(self) -> int: ...

    def batches(self, size: int, indices: NDArray[np.intp], *, epoch: int = 0) -> Feed[Any, Batch]:
        """Batches of `size` samples in the order of `indices`; the last may have fewer. `epoch` counts from 1.

        Arrays may be written over when the next batch is asked for.
        """


@dataclass(frozen=True, eq=False)
class Prepared:
    """Samples in memory as the net takes them: images float32 (N, H, W, C), labels (N,), (N, H, W) or (N, K).

    `beside` has the labels of outputs that have some of their own, by name.
    """

    images: NDArray[np.float32]
    labels: Array
    beside: Mapping[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def told(self) -> Told:
        """All labels."""
        return {"": self.labels, **self.beside} if self.beside else self.labels

    def batches(self, size: int, indices: NDArray[np.intp], *, epoch: int = 0) -> Feed[Any, Batch]:
        """As `Samples` has it; nothing depends on the epoch."""
        room = np.empty((min(size, len(indices)), *self.images.shape[1:]), np.float32)

        def gather(start: int) -> Batch:
            chosen = indices[start : start + size]
            images, told = room[: len(chosen)], self.told
            labels = {name: a[chosen] for name, a in told.items()} if isinstance(told, Mapping) else told[chosen]
            # With mode="raise" NumPy would gather into a copy first.
            np.take(self.images, chosen, axis=0, out=images, mode="clip")
            return images, labels, labels

        return Feed(gather, range(0, len(indices), size))


@dataclass(frozen=True, eq=False)
class Together:
    """Samples for a net with several inputs: those of each input by name, of the same examples; labels are the first's.

    Each is what it would be alone, its random numbers, too: images of one example are moved alike.
    """

    parts: Mapping[str, Samples]

    def __len__(self) -> int:
        return len(next(iter(self.parts.values())))

    def batches(self, size: int, indices: NDArray[np.intp], *, epoch: int = 0) -> Feed[Any, Batch]:
        """As `Samples` has it, the images by name."""
        feeds = {name: iter(part.batches(size, indices, epoch=epoch)) for name, part in self.parts.items()}

        def gather(_: int) -> Batch:
            found = {name: next(feed) for name, feed in feeds.items()}
            labels, targets = next(iter(found.values()))[1:]
            images: dict[str, Any] = {name: batch[0] for name, batch in found.items()}
            return images, labels, targets

        return Feed(gather, range(0, len(indices), size))


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


def samples_of(
    data: Dataset,
    pipeline: Pipeline,
    chosen: NDArray[np.intp] | None = None,
    *,
    augment: Augment | None = None,
    seed: int = 0,
    classes: int = 0,
    places: Shape = (),
    own: Mapping[str, Part] = NO_PARTS,
) -> Samples:
    """The samples of a data set with these indices, or all, prepared by a fitted pipeline, and augmented.

    Without augmentation they are prepared at once, unless their images stay in files. `classes`: numbers of the output;
    `places`: its height and width, which masks are cut to about their centre. `own` has the outputs whose labels are
    their own.
    """
    how: dict[str, Any] = {"augment": augment, "seed": seed, "classes": classes, "places": places, "own": own}
    if data.beside:
        first = samples_of(data.of(data.first), pipeline.of(data.first), chosen, **how)
        labels = data.labels if not data.dense else data.labels[:, 0, 0]  # masks are moved with the first input alone
        others = {name: replace(data.of(name), labels=labels, others={}) for name in data.beside}
        rest = {name: samples_of(one, pipeline.of(name), chosen, **how) for name, one in others.items()}
        return Together({data.first: first, **rest})
    chosen = np.arange(len(data)) if chosen is None else chosen
    images, labels = data.images, data.labels[chosen]
    told = {name: one.labels[chosen] for name, one in data.others.items() if name in own}
    in_files, changed = isinstance(images, ImageFiles), augment and augment.chain and len(data.shape) == 3
    if not in_files and not changed:
        masks = _as_taken(labels, pipeline, places)
        beside = {name: _as_taken(one, pipeline, own[name].places) for name, one in told.items()}
        return Prepared(pipeline.apply(images[chosen]), masks, beside)
    if pipeline.stored.out_shape(data.shape) != data.shape:
        images, labels = pipeline.stored.apply(images[:]), _as_taken(labels, pipeline.stored)
        told = {name: _as_taken(one, pipeline.stored) for name, one in told.items()}
    aims = {name: Aim(one, own[name].size, own[name].places) for name, one in told.items()}
    how = {"classes": classes, "places": places, "beside": aims}
    return Live(images, chosen, labels, pipeline.rest, augment or Augment(), seed, **how)


def _as_taken(labels: Array, pipeline: Pipeline, places: Shape = ()) -> Array:
    """Labels after the preparation, which moves masks."""
    return centre_of(pipeline.apply_masks(labels), places) if labels.ndim == 3 else labels


def coded(labels: Array, size: int) -> Array:
    """Labels as numbers that can be blended."""
    return labels if labels.dtype.kind == "f" else one_hot(labels, size)


def centre_of(masks: Array, places: Shape) -> Array:
    """The part of masks (N, H, W) about their centre, (N, *places): what an output of valid convolutions is about."""
    if places in ((), masks.shape[1:]):
        return masks
    return np.ascontiguousarray(Crop((places[0], places[1])).apply_masks(masks))

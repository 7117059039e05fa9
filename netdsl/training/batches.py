"""Which images a step sees: the order of an epoch, the part that is only measured, and gathering a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from netdsl.data.feed import Feed
from netdsl.training.optimise.loss.base import Told

if TYPE_CHECKING:
    from netdsl.graph.net import Net

Array = NDArray[Any]
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

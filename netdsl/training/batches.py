"""Which images a step sees: the order of an epoch, the part that is only measured, and gathering a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True, eq=False)
class Samples:
    """Prepared images, float32 (N, H, W, C), and labels (N,), or (N, H, W) where each pixel has its own."""

    images: NDArray[np.float32]
    labels: Array

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, size: int, indices: NDArray[np.intp]) -> Iterator[tuple[Array, Array]]:
        """Images and labels of `size` samples at a time in the order of `indices`; the last may have fewer.

        The images are gathered into one array, which the next batch overwrites.
        """
        room = np.empty((min(size, len(indices)), *self.images.shape[1:]), np.float32)
        for start in range(0, len(indices), size):
            chosen = indices[start : start + size]
            images = room[: len(chosen)]
            # With mode="raise" NumPy would gather into a copy first.
            np.take(self.images, chosen, axis=0, out=images, mode="clip")
            yield images, self.labels[chosen]

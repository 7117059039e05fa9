"""Random numbers for samples: a function of seed, epoch, the index of the sample and what they are for, of no more."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from netdsl.philox import MASK, philox, stream_key


@dataclass(frozen=True, eq=False)
class Draws:
    """The numbers of the samples of these indices in an epoch."""

    seed: int
    epoch: int
    indices: NDArray[np.intp]
    place: str = ""

    def at(self, place: str) -> Draws:
        """The numbers for one place in a chain, apart from those of other places."""
        return replace(self, place=place)

    def uniform(self, count: int = 1) -> NDArray[np.float64]:
        """(n, count) numbers in [0, 1): a row a sample."""
        quads = -(-count // 4)
        counter = np.zeros((len(self.indices), quads, 4), np.uint32)
        counter[..., 0] = np.arange(quads)
        counter[..., 1] = (self.indices >> 32)[:, None]
        counter[..., 2] = (self.indices & MASK)[:, None]
        counter[..., 3] = self.epoch & MASK
        key = stream_key("augment", self.place)
        words = philox(counter, ((key ^ self.seed) & MASK, key >> 32)).reshape(len(self.indices), -1)
        return words[:, :count] * 2.0**-32

    def between(self, low: float, high: float, count: int = 1) -> NDArray[np.float64]:
        """(n, count) numbers from `low` up to `high`."""
        return low + (high - low) * self.uniform(count)

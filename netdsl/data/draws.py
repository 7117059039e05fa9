"""Random numbers for samples: a function of seed, epoch, the index of the sample and what they are for, of no more."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from netdsl.philox import MASK, philox, stream_key

Uniform = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Draws:
    """The numbers of the samples of these indices in an epoch."""

    seed: int
    epoch: int
    indices: NDArray[np.intp]
    place: str = ""
    whole: Draws | None = None
    part: slice | None = None
    drawn: dict[tuple[str, int], Uniform] = field(default_factory=dict)

    def at(self, place: str) -> Draws:
        """The numbers for one place in a chain, apart from those of other places."""
        return replace(self, place=place)

    def of(self, part: slice) -> Draws:
        """The numbers of some of the samples, which are drawn together with those of the others."""
        return Draws(self.seed, self.epoch, self.indices[part], self.place, self, part)

    def uniform(self, count: int = 1) -> Uniform:
        """(n, count) numbers in [0, 1): a row a sample."""
        if self.whole and self.part:
            return self.whole.at(self.place).uniform(count)[self.part]
        if (self.place, count) not in self.drawn:
            self.drawn[self.place, count] = self._draw(count)
        return self.drawn[self.place, count]

    def _draw(self, count: int) -> Uniform:
        quads = -(-count // 4)
        counter = np.zeros((len(self.indices), quads, 4), np.uint32)
        counter[..., 0] = np.arange(quads)
        counter[..., 1] = (self.indices >> 32)[:, None]
        counter[..., 2] = (self.indices & MASK)[:, None]
        counter[..., 3] = self.epoch & MASK
        key = stream_key("augment", self.place)
        words = philox(counter, ((key ^ self.seed) & MASK, key >> 32)).reshape(len(self.indices), -1)
        return words[:, :count] * 2.0**-32

    def between(self, low: float, high: float, count: int = 1) -> Uniform:
        """(n, count) numbers from `low` up to `high`."""
        return low + (high - low) * self.uniform(count)

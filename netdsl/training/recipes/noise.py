"""Normal noise on the host: what a generator makes images of."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.shapes import Shape

PURPOSE = 1 << 40
"""Added to the number of the draw, so that no draw takes the stream of an epoch's order."""


def normals(count: int, shape: Shape, seed: int, draw: int) -> NDArray[np.float32]:
    """Independent numbers of mean 0 and variance 1, (count, *shape), a function of seed and draw alone.

    Two numbers √(-2·ln u)·(cos, sin)(2πv) of each pair of uniforms (Box and Muller 1958), from the raw stream of
    Philox4x64-10 with the key (seed, 2^40 + draw), which is the same in every version of NumPy.
    """
    wanted = count * prod(shape)
    raw = np.random.Philox(key=np.array([seed, PURPOSE + draw], np.uint64)).random_raw(2 * -(-wanted // 2))
    u, v = ((raw >> np.uint64(11)).astype(np.float64) + 0.5).reshape(2, -1) * 2.0**-53
    radius, angle = np.sqrt(-2 * np.log(u)), 2 * np.pi * v
    both = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
    return both[:wanted].astype(np.float32).reshape(count, *shape)

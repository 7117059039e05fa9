"""Stretches of steps that run on a few images at a time, so that what passes between them stays in the cache.

    before   a = conv(x, …) on 16 images          b = pool_max(a) on 16 images
    after    a on 2 images, b on 2 images, a on the next 2, b on the next 2, …

Only where results are those of each image alone: in inference, whose operations have images throughout. A neutral
choice: how many images a step sees at once does not change their bits.

Few images keep maps in the cache; many share weights, which every tile reads again. Of all ways to cut a program into
stretches, each with its number of images, the one that is estimated to move least is taken. The estimate, in bytes from
beyond the cache: an operation's maps, in so far as those of a tile have left the cache when they are read; its weights,
once a tile, and at least as often as a step reads them in any case; and what crosses from one stretch into another, for
all images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import log2, prod

from netdsl.ops.conv_pool import map_shape
from netdsl.ops.op import Op, Ops

PRODUCTS, MOVES = ("conv", "conv_dx", "conv_pool", "dot"), ("pad", "slice", "concat", "permute", "reshape")
KINDS = frozenset((*PRODUCTS, *MOVES, "pool_max", "pool_sum", "resample", "map", "softmax", "lrn_sum"))
NEAR, FAR = 2 * 2**20, 32 * 2**20
"""Of a size that is passed on nothing has left the cache up to `NEAR`, and everything from `FAR` on."""
PIXELS = 224
"""For how many pixels a step reads its weights again. Winograd's algorithm takes four times as many, and weights four
times as large, of which most are read behind its sums: it counts as a direct sum.
"""
STEP = 2**18
"""What it costs to begin a step, in bytes that are moved meanwhile."""
MOST_TILES = 64


@dataclass(frozen=True)
class Stretch:
    """Operations `begin` up to `end` run on `images` at a time."""

    begin: int
    end: int
    images: int


@dataclass(frozen=True)
class _Traffic:
    """What an operation moves: bytes of maps for an image, bytes of weights; the pixels that it makes of an image;
    whether it may be cut into tiles.
    """

    maps: int
    weights: int
    pixels: int
    tiled: bool

    def cost(self, images: int, batch: int) -> float:
        """Bytes from beyond the cache, for the whole batch, with so many images at a time."""
        tiles = -(-batch // images)
        if tiles > 1 and not self.tiled:
            return float("inf")
        read = max(tiles, batch * self.pixels / PIXELS)
        return batch * self.maps * _missed(images * self.maps) + read * self.weights + tiles * STEP


def find_stretches(program: Ops, batch: int) -> tuple[Stretch, ...]:
    """The stretches of a program for so many images, in order; they do not overlap. What is in none sees all images."""
    sizes = _sizes(batch)
    if len(sizes) == 1 or not program.ops or any(op.phase not in ("prepare", "forward") for op in program.ops):
        return ()
    traffic = [_traffic(program, op) for op in program.ops]
    if batch * max(one.maps for one in traffic) <= NEAR:
        return ()
    taken = _cheapest(traffic, _crossing(program, batch), sizes)
    cuts = [0, *(k for k in range(1, len(taken)) if taken[k] != taken[k - 1]), len(taken)]
    found = (Stretch(begin, end, taken[begin]) for begin, end in pairwise(cuts))
    return tuple(one for one in found if one.images < batch and one.end - one.begin > 1)


def _sizes(batch: int) -> list[int]:
    """Images that a tile may have: the batch, halved again and again."""
    found = [batch]
    while found[-1] > 1 and -(-batch // -(-found[-1] // 2)) <= MOST_TILES:
        found.append(-(-found[-1] // 2))
    return found


def _cheapest(traffic: Sequence[_Traffic], crossing: Sequence[float], sizes: Sequence[int]) -> list[int]:
    """The images of each operation such that the sum of what all of them move and of what crosses cuts is least.

    By dynamic programming: `best[s]` is the least so far that ends with `sizes[s]` images, `came[k][s]` where from.
    """
    batch = sizes[0]
    best = [traffic[0].cost(images, batch) for images in sizes]
    came: list[list[int]] = []
    for one, crossed in zip(traffic[1:], crossing, strict=True):
        source = min(range(len(sizes)), key=best.__getitem__)
        stay = [best[s] <= best[source] + crossed for s in range(len(sizes))]
        came.append([s if stay[s] else source for s in range(len(sizes))])
        best = [
            (best[s] if stay[s] else best[source] + crossed) + one.cost(images, batch) for s, images in enumerate(sizes)
        ]
    at = min(range(len(sizes)), key=best.__getitem__)
    taken = [sizes[at]]
    for row in reversed(came):
        at = row[at]
        taken.append(sizes[at])
    return taken[::-1]


def _crossing(program: Ops, batch: int) -> list[float]:
    """Behind each operation but the last: what is written and read again if the images that one sees change there."""
    last = {i: k for k, op in enumerate(program.ops) for i in op.ins}
    alive: dict[int, int] = {}
    found = []
    for k, op in enumerate(program.ops[:-1]):
        alive |= {i: _bytes(program, i) for i in op.outs if program.values[i].batched}
        alive = {i: size for i, size in alive.items() if last.get(i, -1) > k}
        crossed = batch * sum(alive.values())
        found.append(2 * crossed * _missed(crossed))
    return found


def _missed(size: int) -> float:
    """Which part of a size that is passed on has left the cache when it is read."""
    return min(max(log2(max(size, 1) / NEAR) / log2(FAR / NEAR), 0.0), 1.0)


def _traffic(program: Ops, op: Op) -> _Traffic:
    """Tiled is an operation that works on each image alone."""
    size = partial(_bytes, program)
    maps = {i for i in (*op.ins, *op.outs) if program.values[i].batched}
    weights = sum(size(i) for i in op.ins if i not in maps)
    tiled = op.kind in KINDS and maps.issuperset(op.outs) and not maps.isdisjoint(op.ins)
    pixels = prod(d for d in map_shape(op, lambda i: program.values[i].shape)[1:-1] if isinstance(d, int))
    return _Traffic(sum(map(size, maps)), weights, pixels, tiled)


def _bytes(program: Ops, i: int) -> int:
    return 4 * prod(d for d in program.values[i].shape if isinstance(d, int))

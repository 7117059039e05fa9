"""conv_winograd and pack_winograd: maps of 4k-1, 4k and 4k+1, blocks of tiles, staged, fused, fresh; its own bounds.

Every size: 4x4 and 6x6 outputs of 3x3 taps, 4x4 of 5x5.
"""

from __future__ import annotations

import numpy as np

from kernel_cases.problem import Array, Family, Numbers, Problem, U
from kernel_cases.steps import code, fixed, geometry, images, panel
from kernel_cases.windows import SAME, Window, convolve, out_size, spread_taps

# Lavin and Gray 2016, section 4.3, but for the factors 1/4, -1/6, -1/6, 1/24, 1/24, 1, which the tiles take
G = np.array([[1, 0, 0], [1, 1, 1], [1, -1, 1], [1, 2, 4], [1, -2, 4], [0, 0, 1]])


def eight(taps: int) -> Array:
    """G of eight points, at 0, 1, -1, 2, -2, 1/2, -1/2 and infinity: powers of the point, by what Bt has at it."""
    ends = [0] * (taps - 1)
    by = ((1, -2 / 9), (-1, -2 / 9), (2, 1 / 90), (-2, 1 / 90), (0.5, 32 / 45), (-0.5, 32 / 45))
    return np.array([[1, *ends], *([b * p**k for k in range(taps)] for p, b in by), [*ends, 1]])


def matrix(tile: int, taps: int) -> Array:
    """G of tiles of tile x tile outputs."""
    return G if tile + taps == 7 else eight(taps)


def transformed(weight: Array, g: Array = G) -> Array:
    """U[point][panel][channel][16] of a weight (k, k, in, out), in float64."""
    count = len(g) ** 2
    points = np.einsum("ar,bq,rqco->abco", g, g, weight.astype(float))
    c, o = weight.shape[2:]
    blocks = -(-o // 16)
    padded = np.zeros((count, c, blocks * 16))
    padded[:, :, :o] = points.reshape(count, c, o)
    return np.ascontiguousarray(padded.reshape(count, c, blocks, 16).transpose(0, 2, 1, 3)).reshape(-1)


def passed_on(g: Array, tiles: int, c: int, o: int, staged: int) -> int:
    """Numbers of all points that the stages pass on; in registers, `staged` 3, those of x in whole groups of tiles."""
    return int(len(g) ** 2 * (-(-tiles // 4) * 4 * c if staged == 3 else tiles * (c + o) + 2 * 48))


def winograd(
    numbers: Numbers, n: int, h: int, w: int, c: int, o: int, window: Window = SAME, staged: int = 0, tile: int = 4
) -> Problem:
    """A convolution with a bias and a clip at -5 behind it; `staged` 2 and 3 read its weights as they are."""
    x, weight, bias = numbers(n, h, w, c), numbers(*window.kernel, c, o), numbers(o)
    size = out_size(x, window)
    y = np.empty((n, *size, o), np.float32)
    words = code(("add", 0, 32, 33), ("max", 31, 0, 64), constants=[-5])
    tiles, g = n * -(-size[0] // tile) * -(-size[1] // tile), matrix(tile, window.kernel[0])
    points = fixed(np.empty(passed_on(g, tiles, c, o, staged), np.float32)) if staged else None

    def judge(found: Array) -> None:
        exact = np.maximum(convolve(spread_taps(x, window, size), weight, 1) + bias, -5)
        error = np.abs(found - exact)
        assert np.linalg.norm(error) <= 1e-5 * np.linalg.norm(exact)
        assert error.max() <= 5e-5 * np.abs(exact).max()

    operands = (
        *(
            images(y),
            images(x),
            fixed(panel(weight) if staged > 1 else transformed(weight, g).astype(np.float32)),
            fixed(words),
        ),
        *(fixed(bias, strides=(0, 0, 1, 0, 0)), None, None, points),
    )
    fields = geometry(x, y.shape[1:], **window.fields()) | {"words": words.size, "inputs": 2, "tile": tile}
    fields |= {"staged": int(staged > 0), "fresh": max(0, staged - 1)}
    return Problem("conv_winograd", operands, fields, judge, written=(7,) if staged else ())


def pack(numbers: Numbers, c: int, o: int, tile: int = 4, taps: int = 3) -> Problem:
    """G g Gt of every channel."""
    weight, g = numbers(taps, taps, c, o), matrix(tile, taps)
    exact, size = transformed(weight, g), transformed(np.abs(weight), np.abs(g))

    def judge(found: Array) -> None:
        assert (np.abs(found - exact) <= 8 * U * size).all()

    operands = fixed(np.empty(exact.size, np.float32)), fixed(panel(weight))
    fields = {"kernel_d": 1, "kernel_h": taps, "kernel_w": taps, "in_c": c, "out_c": o, "groups": 1, "tile": tile}
    return Problem("pack_winograd", operands, fields, judge)


MAPS = [(h, w) for h in (1, 3, 4, 5, 8, 13) for w in (2, 7, 8, 9, 12)]
PADS = [Window(), SAME, Window(pad=(2, 2)), Window(pad=(1, 0), after=(0, 1)), Window(pad=(0, 2), after=(2, 1))]
FIVE = Window(kernel=(5, 5), pad=(2, 2))
EIGHT = ((SAME, 6), (FIVE, 4))
FIVES = [FIVE, Window(kernel=(5, 5)), Window(kernel=(5, 5), pad=(3, 0), after=(0, 4))]
FAMILIES = (
    Family("conv_winograd", "maps", winograd, [(2, h, w, 3, 5, SAME, s) for h, w in MAPS for s in (0, 1)]),
    Family("conv_winograd", "pads", winograd, [(1, 6, 9, 16, 17, pad, s) for pad in PADS for s in (0, 1)]),
    Family(
        "conv_winograd",
        "channels",
        winograd,
        [(1, 4, 9, c, o, SAME, s) for c in (1, 15, 16, 17, 33) for o in (1, 16, 17, 33, 129) for s in (0, 1)],
    ),
    Family(
        "conv_winograd",
        "tiles of a block",
        winograd,
        [(n, 4, 4 * t, 2, 3, SAME, s) for n in (1, 3) for t in (1, 6, 7, 13, 14, 15, 28, 55, 56, 57) for s in (0, 1)],
    ),
    Family("conv_winograd", "depth", winograd, [(1, 5, 5, c, 17, SAME, s) for c in (575, 576, 577) for s in (0, 1)]),
    Family(
        "conv_winograd",
        "fresh weights",
        winograd,
        [
            (2, 5, 9, c, o, SAME, s)
            for c in (1, 15, 16, 17, 33, 575, 576, 577)
            for o in (1, 16, 17, 33, 49)
            for s in (2, 3)
        ],
    ),
    Family(
        "conv_winograd",
        "groups of tiles",
        winograd,
        [(n, 4, 4 * t - 1, c, 20, SAME, 3) for n in (1, 3) for t in (1, 2, 3, 4, 5, 8, 9) for c in (3, 63, 64, 65)],
    ),
    Family(
        "conv_winograd",
        "maps, eight points",
        winograd,
        [(2, h, w, 3, 5, v, s, t) for h in (1, 4, 5, 7, 13) for w in (3, 6, 8, 13) for v, t in EIGHT for s in (0, 1)],
    ),
    Family(
        "conv_winograd",
        "pads, eight points",
        winograd,
        [(1, 8, 9, 16, 17, p, s, t) for ps, t in ((PADS, 6), (FIVES, 4)) for p in ps for s in (0, 1)],
    ),
    Family(
        "conv_winograd",
        "channels, eight points",
        winograd,
        [(1, 6, 13, c, o, w, s, t) for c in (1, 16, 33, 256) for o in (1, 17, 129) for w, t in EIGHT for s in (0, 1)],
    ),
    Family(
        "conv_winograd",
        "tiles of a block, eight points",
        winograd,
        [
            (n, t, t * k, 2, 3, w, s, t)
            for n in (1, 3)
            for k in (1, 7, 13, 14, 15, 29)
            for w, t in EIGHT
            for s in (0, 1)
        ],
    ),
    Family("pack_winograd", "channels", pack, [(c, o) for c in (1, 3, 16, 17) for o in (1, 15, 16, 17, 33)]),
    Family(
        "pack_winograd",
        "eight points",
        pack,
        [(c, o, *e) for c in (1, 17) for o in (1, 16, 33) for e in ((6, 3), (4, 5))],
    ),
)

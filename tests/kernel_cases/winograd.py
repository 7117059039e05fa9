"""conv_winograd and pack_winograd: maps of 4k-1, 4k and 4k+1, blocks of tiles, staged, fused, fresh; its own bounds."""

from __future__ import annotations

import numpy as np

from kernel_cases.problem import Array, Family, Numbers, Problem, U
from kernel_cases.steps import code, fixed, geometry, images, panel
from kernel_cases.windows import SAME, Window, convolve, out_size, spread_taps

# Lavin and Gray 2016, section 4.3, but for the factors 1/4, -1/6, -1/6, 1/24, 1/24, 1, which the tiles take
G = np.array([[1, 0, 0], [1, 1, 1], [1, -1, 1], [1, 2, 4], [1, -2, 4], [0, 0, 1]])


def transformed(weight: Array, g: Array = G) -> Array:
    """U[point][panel][channel][16] of a weight (3, 3, in, out), in float64."""
    points = np.einsum("ar,bq,rqco->abco", g, g, weight.astype(float))
    c, o = weight.shape[2:]
    blocks = -(-o // 16)
    padded = np.zeros((36, c, blocks * 16))
    padded[:, :, :o] = points.reshape(36, c, o)
    return np.ascontiguousarray(padded.reshape(36, c, blocks, 16).transpose(0, 2, 1, 3)).reshape(-1)


def winograd(
    numbers: Numbers, n: int, h: int, w: int, c: int, o: int, window: Window = SAME, staged: int = 0
) -> Problem:
    """A 3x3 convolution with a bias and a clip at -5 behind it; `staged` 2 and 3 read its weights as they are."""
    x, weight, bias = numbers(n, h, w, c), numbers(3, 3, c, o), numbers(o)
    size = out_size(x, window)
    y = np.empty((n, *size, o), np.float32)
    words = code(("add", 0, 32, 33), ("max", 31, 0, 64), constants=[-5])
    tiles = n * -(-size[0] // 4) * -(-size[1] // 4)
    size_of_points = 36 * -(-tiles // 4) * 4 * c if staged == 3 else 36 * (tiles * (c + o) + 2 * 48)
    points = fixed(np.empty(size_of_points, np.float32)) if staged else None

    def judge(found: Array) -> None:
        exact = np.maximum(convolve(spread_taps(x, window, size), weight, 1) + bias, -5)
        error = np.abs(found - exact)
        assert np.linalg.norm(error) <= 1e-5 * np.linalg.norm(exact)
        assert error.max() <= 5e-5 * np.abs(exact).max()

    operands = (
        *(
            images(y),
            images(x),
            fixed(panel(weight) if staged > 1 else transformed(weight).astype(np.float32)),
            fixed(words),
        ),
        *(fixed(bias, strides=(0, 0, 1, 0, 0)), None, None, points),
    )
    fields = geometry(x, y.shape[1:], **window.fields()) | {"words": words.size, "inputs": 2}
    fields |= {"staged": int(staged > 0), "fresh": max(0, staged - 1)}
    return Problem("conv_winograd", operands, fields, judge, written=(7,) if staged else ())


def pack(numbers: Numbers, c: int, o: int) -> Problem:
    """G g Gt of every channel."""
    weight = numbers(3, 3, c, o)
    exact, size = transformed(weight), transformed(np.abs(weight), np.abs(G))

    def judge(found: Array) -> None:
        assert (np.abs(found - exact) <= 8 * U * size).all()

    operands = fixed(np.empty(exact.size, np.float32)), fixed(panel(weight))
    fields = {"kernel_d": 1, "kernel_h": 3, "kernel_w": 3, "in_c": c, "out_c": o, "groups": 1}
    return Problem("pack_winograd", operands, fields, judge)


MAPS = [(h, w) for h in (1, 3, 4, 5, 8, 13) for w in (2, 7, 8, 9, 12)]
PADS = [Window(), SAME, Window(pad=(2, 2)), Window(pad=(1, 0), after=(0, 1)), Window(pad=(0, 2), after=(2, 1))]
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
    Family("pack_winograd", "channels", pack, [(c, o) for c in (1, 3, 16, 17) for o in (1, 15, 16, 17, 33)]),
)

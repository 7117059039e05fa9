"""conv_winograd with `pool`: maps that leave a line or a column over, every end of it, blocks, stages, fresh."""

from __future__ import annotations

import numpy as np

from kernel_cases.problem import Array, Family, Numbers, Problem
from kernel_cases.steps import fixed, geometry, images, panel
from kernel_cases.windows import SAME, Window, convolve, out_size, spread_taps
from kernel_cases.winograd import EIGHT, matrix, passed_on, transformed

End = tuple[bool, bool]


def pooled(
    numbers: Numbers,
    n: int,
    h: int,
    w: int,
    c: int,
    o: int,
    window: Window,
    staged: int,
    end: End = (True, True),
    tile: int = 4,
) -> Problem:
    """The largest of each 2x2 window of a convolution with a bias, a ReLU, both or none; `staged` as in `winograd`."""
    x, weight, (biased, relu) = numbers(n, h, w, c), numbers(*window.kernel, c, o), end
    bias = numbers(o) if biased else np.zeros(o, np.float32)
    high, wide = out_size(x, window)
    g, tiles = matrix(tile, window.kernel[0]), n * -(-high // tile) * -(-wide // tile)

    def judge(found: Array) -> None:
        whole = convolve(spread_taps(x, window, (high, wide)), weight, 1) + bias
        ended = np.maximum(whole, 0) if relu else whole
        inside = ended[:, : high // 2 * 2, : wide // 2 * 2].reshape(n, high // 2, 2, wide // 2, 2, o)
        error = np.abs(found - inside.max((2, 4)))
        assert np.linalg.norm(error) <= 1e-5 * np.linalg.norm(whole)
        assert error.max() <= 5e-5 * np.abs(whole).max()

    operands = (
        images(np.empty((n, high // 2, wide // 2, o), np.float32)),
        images(x),
        fixed(panel(weight) if staged > 1 else transformed(weight, g).astype(np.float32)),
        None,
        fixed(bias) if biased else None,
        *(None, None, fixed(np.empty(passed_on(g, tiles, c, o, staged), np.float32)) if staged else None),
    )
    fields = geometry(x, (high, wide, o), **window.fields()) | {"pool": 1, "relu": int(relu), "inputs": 1 + int(biased)}
    fields |= {"staged": int(staged > 0), "fresh": max(0, staged - 1), "tile": tile}
    return Problem("conv_winograd", operands, fields, judge, written=(7,) if staged else ())


FORMS = (0, 1, 2, 3)
SIZES = [(2, 13), (7, 8), (12, 5)]
MAPS = [(h, w) for h in (2, 3, 5, 8, 13) for w in (2, 7, 8, 10)]
PADS = [Window(), Window(pad=(2, 2)), Window(pad=(1, 0), after=(0, 1))]
ENDS = [(biased, relu) for biased in (False, True) for relu in (False, True)]
FAMILIES = (
    Family("conv_winograd", "pooled maps", pooled, [(2, h, w, 3, 5, SAME, s) for h, w in MAPS for s in FORMS]),
    Family("conv_winograd", "pooled pads", pooled, [(1, 6, 9, 16, 17, pad, s) for pad in PADS for s in FORMS]),
    Family("conv_winograd", "pooled ends", pooled, [(3, 7, 9, 5, 20, SAME, s, end) for end in ENDS for s in FORMS]),
    Family(
        "conv_winograd",
        "pooled channels",
        pooled,
        [(1, 5, 9, c, o, SAME, s) for c in (1, 3, 16, 17) for o in (1, 3, 16, 17, 33) for s in FORMS],
    ),
    Family(
        "conv_winograd",
        "pooled tiles of a block",
        pooled,
        [(n, 5, 4 * t, 2, 3, SAME, s) for n in (1, 3) for t in (1, 7, 14, 15, 57) for s in (0, 1)],
    ),
    Family(
        "conv_winograd",
        "pooled, eight points",
        pooled,
        [
            (2, h, w, 17, o, v, s, e, t)
            for h, w in SIZES
            for o in (3, 33)
            for v, t in EIGHT
            for e in ENDS
            for s in (0, 1)
        ],
    ),
)

"""conv_pool: odd and even maps, below and above a run of pixels, every pad, bias and ReLU or neither."""

from __future__ import annotations

import numpy as np

from kernel_cases.problem import Array, Family, Numbers, Problem, near_product
from kernel_cases.steps import fixed, geometry, images, panel
from kernel_cases.windows import Window, convolve, convolve_size, out_size, spread_taps


def conv_pool(
    numbers: Numbers, n: int, h: int, w: int, o: int, window: Window, biased: bool = True, relu: bool = True
) -> Problem:
    """The largest of each 2x2 window of a convolution of n images (h, w, 1) to o channels."""
    x, weight, bias = numbers(n, h, w, 1), numbers(*window.kernel, 1, o), numbers(o)
    high, wide = out_size(x, window)
    y = np.empty((n, high // 2, wide // 2, o), np.float32)
    ends = images(y), images(x), fixed(panel(weight, 1)), fixed(bias) if biased else None
    fields = geometry(x, (high, wide, o), **window.fields()) | {"relu": int(relu), "inputs": 1 + int(biased)}

    def windows(map_: Array) -> Array:
        inside = map_[:, : high // 2 * 2, : wide // 2 * 2]
        whole: Array = inside.reshape(n, high // 2, 2, wide // 2, 2, o).max((2, 4))
        return whole

    def judge(found: Array) -> None:
        taps = spread_taps(x, window, (high, wide))
        added = bias.astype(float) if biased else np.zeros(o)
        exact = convolve(taps, weight, 1) + added
        exact = np.maximum(exact, 0) if relu else exact
        near_product(numbers.draw, found, windows(exact), windows(convolve_size(taps, weight, 1) + np.abs(added)))

    return Problem("conv_pool", ends, fields, judge)


FIVE = Window(kernel=(5, 5))
WINDOWS = [
    (1, 32, 32, 6, FIVE),
    (3, 12, 13, 15, Window(kernel=(3, 3), pad=(1, 1))),
    (2, 2, 75, 3, Window(kernel=(1, 3), pad=(0, 1))),
    (1, 21, 40, 1, Window(kernel=(3, 5), stride=(2, 1), pad=(1, 2))),
    (2, 17, 41, 8, Window(kernel=(3, 3), pad=(2, 3), after=(0, 1), dilation=(2, 3))),
    (1, 31, 33, 9, Window(kernel=(14, 2))),
    (17, 9, 9, 5, Window(kernel=(2, 2))),
]
ENDS = [(False, False), (False, True), (True, False), (True, True)]
FAMILIES = (
    Family("conv_pool", "windows", conv_pool, [(*w, *end) for w in WINDOWS for end in ENDS]),
    Family("conv_pool", "channels", conv_pool, [(2, 9, 37, o, FIVE) for o in range(1, 16)]),
    Family("conv_pool", "widths", conv_pool, [(1, 6, 4 + w, 3, FIVE) for w in (2, 3, 31, 32, 33, 34, 63, 64, 65, 97)]),
    Family("conv_pool", "heights", conv_pool, [(1, 4 + h, 12, 3, FIVE) for h in (2, 3, 11, 12, 13, 14, 24, 25, 26)]),
)

"""copy, pack_panel, unpack_panel and pack_flip: nothing is computed, so every bit is known."""

from __future__ import annotations

from functools import partial

import numpy as np

from kernel_cases.problem import Array, Family, Numbers, Problem, bits_equal
from kernel_cases.steps import fixed, images, ordered, panel


def axes(name: str, numbers: tuple[int, ...], fill: int = 1) -> dict[str, int]:
    return {f"{name}{i}": n for i, n in enumerate([fill] * (5 - len(numbers)) + list(numbers))}


def dense(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(np.prod(shape[i + 1 :])) for i in range(len(shape)))


def pad(numbers: Numbers, h: int, w: int, c: int) -> Problem:
    """Numbers round an image on every side."""
    x = numbers(3, h, w, c)
    expected = np.pad(x, ((0, 0), (1, 2), (2, 1), (1, 1)), constant_values=7.5)
    y = np.empty_like(expected)
    fields = axes("size", y.shape[1:]) | axes("inner", x.shape[1:]) | axes("begin", (1, 2, 1), 0) | {"fill": 7.5}
    ends = images(y, strides=dense(y.shape[1:])), images(x, strides=dense(x.shape[1:]))
    return Problem("copy", ends, fields, partial(bits_equal, expected))


def crop(numbers: Numbers, h: int, w: int, c: int) -> Problem:
    """An image without its border."""
    x = numbers(3, h + 3, w + 2, c + 1)
    expected = x[:, 1:-2, 2:, :-1].copy()
    fields = axes("size", (h, w, c)) | axes("inner", x.shape[1:]) | axes("begin", (-1, -2, 0), 0)
    ends = images(np.empty_like(expected), strides=dense((h, w, c))), images(x, strides=dense(x.shape[1:]))
    return Problem("copy", ends, fields, partial(bits_equal, expected))


def permute(numbers: Numbers, h: int, w: int, c: int) -> Problem:
    """(N, H, W, C) to (N, C, H, W)."""
    x = numbers(2, h, w, c)
    expected = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    ends = images(np.empty_like(expected), strides=dense((c, h, w))), images(x, strides=(1, w * c, c))
    return Problem("copy", ends, axes("size", (c, h, w)), partial(bits_equal, expected))


def line(numbers: Numbers, length: int) -> Problem:
    """One line, shared out among tasks where it is long."""
    x = numbers(length)
    ends = fixed(np.empty_like(x), strides=(1,)), fixed(x, strides=(1,))
    return Problem("copy", ends, axes("size", (length,)), partial(bits_equal, x))


WEIGHTS = [((1, 1, c, o), 1) for c in (1, 15, 16, 17, 33) for o in (1, 15, 16, 17, 31, 32, 33)]
WEIGHTS += [((3, 2, 5, 17), 1), ((3, 3, 4, 66), 2), ((5, 5, 16, 32), 1), ((3, 3, 1, 17), 17), ((3, 3, 17, 34), 2)]


def weight_fields(shape: tuple[int, ...], groups: int) -> dict[str, int]:
    sizes = {"kernel_d": 1, "kernel_h": shape[0], "kernel_w": shape[1], "groups": groups}
    return sizes | {"in_c": shape[2] * groups, "out_c": shape[3]}


def pack_panel(numbers: Numbers, shape: tuple[int, ...], groups: int) -> Problem:
    """A weight into panels, lanes past the last channel 0."""
    w = numbers(*shape)
    packed = panel(w, groups)
    ends = fixed(np.empty_like(packed)), fixed(w)
    return Problem("pack_panel", ends, weight_fields(shape, groups), partial(bits_equal, packed))


def unpack_panel(numbers: Numbers, shape: tuple[int, ...], groups: int) -> Problem:
    """And back."""
    w = numbers(*shape)
    ends = fixed(np.empty_like(w)), fixed(panel(w, groups))
    return Problem("unpack_panel", ends, weight_fields(shape, groups), partial(bits_equal, w))


def turned_weight(w: Array, groups: int) -> Array:
    """The kernel turned by 180 degrees, inputs and outputs exchanged: (kh, kw, out/groups, in)."""
    split = w[::-1, ::-1].reshape(*w.shape[:3], groups, -1).transpose(0, 1, 4, 3, 2)
    return split.reshape(w.shape[0], w.shape[1], w.shape[3] // groups, groups * w.shape[2])


def pack_grouped(numbers: Numbers, shape: tuple[int, ...], groups: int, step: tuple[int, int] = (1, 1)) -> Problem:
    """pack_flip where the panels are of one group."""
    w = numbers(*shape)
    expected = panel(ordered(turned_weight(w, groups), step))
    ends = fixed(np.empty_like(expected)), fixed(panel(w))
    fields = weight_fields(shape, groups) | {"stride_d": 1, "stride_h": step[0], "stride_w": step[1]}
    return Problem("pack_grouped", ends, fields, partial(bits_equal, expected))


def pack_flip(numbers: Numbers, shape: tuple[int, ...], groups: int, step: tuple[int, int] = (1, 1)) -> Problem:
    """The turned kernel, its taps ordered by their remainders by `step`."""
    w = numbers(*shape)
    turned = turned_weight(w, groups)
    expected = panel(ordered(turned, step), groups)
    ends = fixed(np.empty_like(expected)), fixed(panel(w, groups))
    fields = weight_fields(shape, groups) | {"stride_d": 1, "stride_h": step[0], "stride_w": step[1]}
    return Problem("pack_flip", ends, fields, partial(bits_equal, expected))


SHAPES = [(5, 9, c) for c in (1, 3, 4, 7, 8, 9, 15, 16, 17, 33)] + [(1, 1, 1), (2, 257, 3)]
SPREAD = [(*weight, step) for weight in WEIGHTS for step in ((2, 1), (2, 3), (7, 2))]
FAMILIES = (
    Family("copy", "pad", pad, SHAPES),
    Family("copy", "crop", crop, SHAPES),
    Family("copy", "permute", permute, SHAPES),
    Family("copy", "line", line, [(n,) for n in (1, 3, 16, 17, 16383, 16384, 16385, 100_003)]),
    *(Family(make.__name__, "weights", make, WEIGHTS) for make in (pack_panel, unpack_panel, pack_flip, pack_grouped)),
    *(Family(make.__name__, "spread", make, SPREAD) for make in (pack_flip, pack_grouped)),
)

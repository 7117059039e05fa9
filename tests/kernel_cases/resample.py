"""resample and its gradient: larger and smaller, by each rule; channels round the vectors; bands of lines; volumes."""

from __future__ import annotations

import numpy as np

from kernel_cases.problem import Array, Family, Numbers, Problem
from kernel_cases.steps import images
from netdsl.ops.op import KINDS
from netdsl.ops.resample import RULES

CHANNELS = (1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33)
# rule, n, (d, h, w) of x, (d, h, w) of y, channels
SIZES = [
    *((rule, 2, (1, 3, 4), (1, 6, 8), c) for rule in ("nearest", "bilinear") for c in CHANNELS),
    *(("area", 2, (1, 7, 5), (1, 3, 2), c) for c in CHANNELS),
    *(
        (rule, n, x, y, c)
        for rule in RULES
        for n, x, y, c in (
            (1, (1, 1, 1), (1, 1, 1), 1),
            (1, (1, 1, 1), (1, 5, 3), 2),
            (3, (1, 9, 8), (1, 4, 3), 5),
            (2, (3, 2, 5), (2, 5, 7), 3),
            (17, (1, 2, 3), (1, 3, 2), 6),
            (1, (1, 1, 700), (1, 1, 9), 2),
            (1, (1, 1, 9), (1, 1, 700), 2),
            (1, (1, 70, 31), (1, 40, 67), 33),
        )
    ),
]
EPS = 2e-6


def fields(rule: str, x: tuple[int, ...], y: tuple[int, ...], channels: int) -> dict[str, int]:
    sizes = {f"{side}_{a}": n for side, shape in (("in", x), ("out", y)) for a, n in zip("dhw", shape, strict=True)}
    return sizes | {"in_c": channels, "out_c": channels, "rule": RULES.index(rule)}


def near(found: Array, exact: Array, size: Array) -> None:
    assert (np.abs(found - exact) <= EPS * size).all()


def resample(numbers: Numbers, rule: str, n: int, x_size: tuple[int, ...], y_size: tuple[int, ...], c: int) -> Problem:
    """The NumPy body in float64, within a few units of rounding of the shares' absolute sum."""
    x, made = numbers(n, *x_size, c), np.empty((n, *y_size, c), np.float32)
    attrs = {"rule": rule, "size": y_size}
    exact, size = (KINDS["resample"].run(attrs, a)[0] for a in (x.astype(float), np.abs(x.astype(float))))
    return Problem(
        "resample", (images(made), images(x)), fields(rule, x_size, y_size, c), lambda y: near(y, exact, size)
    )


def resample_dx(
    numbers: Numbers, rule: str, n: int, x_size: tuple[int, ...], y_size: tuple[int, ...], c: int
) -> Problem:
    """Its adjoint alike."""
    dy, made = numbers(n, *y_size, c), np.empty((n, *x_size, c), np.float32)
    attrs = {"rule": rule, "input": x_size}
    exact, size = (KINDS["resample_dx"].run(attrs, a)[0] for a in (dy.astype(float), np.abs(dy.astype(float))))
    return Problem(
        "resample_dx", (images(made), images(dy)), fields(rule, x_size, y_size, c), lambda dx: near(dx, exact, size)
    )


FAMILIES = tuple(Family(make.__name__, "maps at another size", make, SIZES) for make in (resample, resample_dx))

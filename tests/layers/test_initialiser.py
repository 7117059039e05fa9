"""Distributions of first values."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from netdsl.errors import Fault
from netdsl.layers.initialiser import draw, resolve
from netdsl.layers.values import Applied, Word

SHAPE, FAN = (200, 100), (200, 100)


def drawn(value: object) -> np.ndarray:
    return draw(value, SHAPE, FAN, seed=1, name="w")


@pytest.mark.parametrize(
    ("value", "deviation"),
    [
        (Word("glorot_normal"), sqrt(2 / 300)),
        (Word("glorot_uniform"), sqrt(2 / 300)),
        (Word("he_normal"), sqrt(2 / 200)),
        (Word("he_uniform"), sqrt(2 / 200)),
        (Word("lecun_normal"), sqrt(1 / 200)),
        (Applied("normal", (0.01,)), 0.01),
        (Applied("uniform", (-0.3, 0.3)), 0.3 / sqrt(3)),
    ],
)
def test_deviation_is_the_papers(value: object, deviation: float) -> None:
    # 20,000 numbers: the estimate of the deviation is within 2 %, that of the mean within 4 deviations of the mean.
    assert drawn(value).std() == pytest.approx(deviation, rel=0.02)
    assert abs(drawn(value).mean()) < 4 * deviation / sqrt(20_000)


def test_uniform_stays_within_its_limits() -> None:
    numbers = drawn(Applied("uniform", (2, 3)))
    assert 2 <= numbers.min() < 2.01 and 2.99 < numbers.max() <= 3


def test_constants_are_exact() -> None:
    assert np.unique(drawn(Word("ones"))) == 1
    assert np.unique(drawn(Word("zeros"))) == 0
    assert np.unique(drawn(Applied("constant", (0.5,)))) == 0.5


def test_bilinear_is_a_triangle_on_the_diagonal() -> None:
    kernel = draw(Word("bilinear"), (4, 4, 2, 2), (1, 1), seed=0, name="w")
    np.testing.assert_array_equal(kernel[1, :, 0, 0], np.float32([0.1875, 0.5625, 0.5625, 0.1875]))
    assert not kernel[:, :, 0, 1].any()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Word("he_norml"), "there is no initialiser `he_norml`"),
        (Word("normal"), "write `normal(std)`"),
        (Applied("he_normal", (1,)), "write `he_normal` alone"),
        (Applied("uniform", (1,)), "write `uniform(a, b)`"),
        (Applied("normal", (True,)), "`std` of `normal` is a number"),
    ],
)
def test_what_is_no_initialiser_is_refused(value: object, words: str) -> None:
    with pytest.raises(Fault) as fault:
        resolve(value)
    assert fault.value.code == "N233" and words in fault.value.message


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("identity", [[0, 0, 0], [0, 1, 0], [0, 0, 0]]),
        ("edge", [[1, 0, -1], [0, 0, 0], [-1, 0, 1]]),
        ("laplacian", [[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
        ("sharpen", [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        ("gauss3", [[1 / 16, 2 / 16, 1 / 16], [2 / 16, 4 / 16, 2 / 16], [1 / 16, 2 / 16, 1 / 16]]),
        ("prewitt_x", [[-1, 0, 1]] * 3),
        ("prewitt_y", [[-1, -1, -1], [0, 0, 0], [1, 1, 1]]),
    ],
)
def test_a_named_kernel_has_the_catalogues_numbers(name: str, rows: list[list[float]]) -> None:
    kernel = draw(Word(name), (3, 3, 1, 1), (9, 9), seed=0, name="w")
    np.testing.assert_array_equal(kernel[:, :, 0, 0], np.float32(rows))


def test_a_named_kernel_filters_each_channel_alone() -> None:
    weight = draw(Word("box"), (3, 3, 2, 4), (18, 36), seed=0, name="w")
    used = [[weight[1, 1, c, o] != 0 for o in range(4)] for c in range(2)]
    assert used == [[True, False, True, False], [False, True, False, True]]

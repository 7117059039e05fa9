"""First values of a net."""

from __future__ import annotations

import numpy as np
import pytest

from netdsl.errors import NetError
from netdsl.graph.initialise import initial_arrays
from netdsl.language.load import parse


def arrays(body: str, seed: int = 0) -> dict[str, np.ndarray]:
    return initial_arrays(parse(f"net E {{\ninput x: 8x8x3\n{body}\n}}"), seed)


def test_shapes_are_canonical() -> None:
    found = arrays("e: conv(4, 3x2)\nd: dense(5)")
    assert {name: a.shape for name, a in found.items()} == {
        "e.weight": (3, 2, 3, 4),
        "e.bias": (4,),
        "d.weight": (6 * 7 * 4, 5),
        "d.bias": (5,),
    }


def test_same_seed_gives_the_same_bits_and_another_others() -> None:
    body = "e: conv(4, 3x3)"
    assert np.array_equal(arrays(body, 1)["e.weight"], arrays(body, 1)["e.weight"])
    assert not np.array_equal(arrays(body, 1)["e.weight"], arrays(body, 2)["e.weight"])


@pytest.mark.parametrize("seed", [1.0, True, np.True_, None, "a", -1, 1.5, 2**31, 2**70])
def test_a_seed_that_is_no_integer_from_0_to_2_31_is_refused(seed: object) -> None:
    with pytest.raises(NetError, match="`seed` is") as error:
        parse("net E {\ninput x: 3\nd: dense(5)\n}").initialise(seed)
    assert error.value.code == "N708"


def test_an_integer_of_numpy_draws_what_the_same_integer_draws() -> None:
    body = "e: conv(4, 3x3)"
    assert np.array_equal(arrays(body, np.int32(1))["e.weight"], arrays(body, 1)["e.weight"])
    assert not np.array_equal(arrays(body, 2**31 - 1)["e.weight"], arrays(body, 1)["e.weight"])


def test_a_layer_keeps_its_numbers_when_another_is_put_before_it() -> None:
    alone, after = arrays("e: conv(4, 3x3)"), arrays("b: conv(3, 3x3, pad=same)\ne: conv(4, 3x3)")
    assert np.array_equal(alone["e.weight"], after["e.weight"])


def test_namesakes_in_two_layers_differ() -> None:
    found = arrays("a: conv(3, 3x3, pad=same)\nb: conv(3, 3x3, pad=same)")
    assert not np.array_equal(found["a.weight"], found["b.weight"])


def test_statistics_begin_as_the_identity() -> None:
    found = arrays("b: batchnorm")
    assert [float(found[f"b.{name}"][0]) for name in ("gamma", "beta", "mean", "var")] == [1, 0, 0, 1]


def test_gamma_begins_at_one_or_as_it_is_told() -> None:
    found = arrays("a: batchnorm\nb: batchnorm(gamma_init=zeros)")
    assert found["a.gamma"].tolist() == [1, 1, 1]
    assert found["b.gamma"].tolist() == [0, 0, 0]

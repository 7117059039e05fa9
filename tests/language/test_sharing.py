"""`share=`: which tensors are whose, what is counted, and what is refused."""

import numpy as np
import pytest

from netdsl.errors import NetError
from netdsl.language.load import parse
from netdsl.reference import run_net

TOWERS = """
block tower(w) { conv(w, 3x3) | batchnorm | relu }
net Siamese {
  input left: 8x8x3
  input right: 8x8x3
  a: from left | tower(4)
  b: from right | tower(4, share=a)
  sub(a, b)
  assert params == 3*3*3*4 + 4 + 2*4
  assert state == 8
  assert b.params == a.params and macs == 2 * a.macs
}
"""


def net(body):
    return parse(f"net A {{\n input image: 8x8x3\n{body}\n}}")


def refused(body):
    with pytest.raises(NetError) as error:
        net(body)
    return error.value.diagnostics[0]


def test_a_block_shares_the_tensors_of_its_namesakes():
    made = parse(TOWERS)
    assert {name.partition(".")[0] for name in made.tensors} == {"a"} and len(made.tensors) == 6
    assert dict(made.nodes["b.batchnorm_1"].ties)["mean"] == "a.batchnorm_1.mean"


def test_shared_towers_give_the_same_for_the_same_image():
    made, x = parse(TOWERS), np.random.default_rng(0).normal(size=(2, 8, 8, 3))
    values = run_net(made, made.initialise(), {"left": x, "right": x})
    assert np.ptp(values["a.relu_1"]) > 0 and not values["sub_1"].any()


def test_a_share_of_a_share_is_that_of_the_first():
    made = net("a: conv(3, 1x1)\nb: conv(3, 1x1, share=a)\nd: conv(3, 1x1, share=b)")
    assert made.nodes["d"].ties == (("weight", "a.weight"), ("bias", "a.bias")) and made.params == 12


def test_a_share_inside_a_shared_block_leads_to_the_first_block():
    made = parse(
        "block pair { x: conv(3, 1x1); y: conv(3, 1x1, share=x) }\n"
        "net A { input image: 4x4x3; a: pair; b: pair(share=a); assert params == 12 }"
    )
    assert set(made.tensors) == {"a.x.weight", "a.x.bias"} and dict(made.nodes["b.y"].ties)["bias"] == "a.x.bias"


def test_a_tensor_without_a_namesake_is_its_own():
    made = net("a: conv(3, 1x1, bias=false)\nb: conv(3, 1x1, share=a)")
    assert list(made.tensors) == ["a.weight", "b.bias"]


def test_repeats_share_one_layer():
    assert net("a: conv(3, 1x1)\nconv(3, 1x1, share=a) * 4").params == 12


def test_a_frozen_tensor_is_frozen_wherever_it_is_shared():
    assert net("a: conv(3, 1x1, trainable=false)\nb: conv(3, 1x1, share=a)").trainable == 0


def test_what_the_braces_of_a_block_hold_is_not_shared():
    made = parse(
        "block wrap { conv(3, 1x1) | body }\n"
        "net A { input image: 4x4x3; a: wrap { conv(3, 1x1) }; b: wrap(share=a) { conv(3, 1x1) } }"
    )
    assert list(made.tensors) == [
        f"{owner}.{name}" for owner in ("a.conv_1", "conv_1", "conv_2") for name in ("weight", "bias")
    ]


@pytest.mark.parametrize("word", ["init=he_normal", "bias_init=ones", "trainable=false"])
def test_properties_beside_a_share_are_refused(word):
    assert refused(f"a: conv(3, 1x1)\nb: conv(3, 1x1, share=a, {word})").code == "N234"


def test_a_parameter_of_a_block_may_be_called_share():
    made = parse("block twice(share) { dense(share) }\nnet A { input x: 4; twice(share=2) -> 2 }")
    assert made.nodes["twice_1.dense_1"].ties == ()


@pytest.mark.parametrize("value, code", [("nobody", "N201"), ("3", "N226"), ("image", "N234"), ("b", "N201")])
def test_a_share_names_a_layer_above(value, code):
    assert refused(f"a: conv(3, 1x1)\nb: conv(3, 1x1, share={value})").code == code

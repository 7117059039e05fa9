"""Winograd weights that are transformed as they are read: where, and that it leaves the bits alone."""

import numpy as np
import pytest

import netdsl
from netdsl.compiler.passes import late
from netdsl.compiler.passes.choose import choose_algorithms
from netdsl.compiler.passes.late import transform_late
from netdsl.compiler.stages import stages
from netdsl.compiler.translate import product
from netdsl.ops.op import BATCH, Build

TEXT = "net E { input image: 13x13x512; conv(1024, 3x3, pad=same, bias=false) }"


@pytest.fixture(scope="module")
def net():
    return netdsl.parse(TEXT)


def last(net):
    *_, (_, program) = stages(net)
    return program


def test_few_tiles_and_many_weights_are_transformed_late(net):
    before, after = str(last(net)), str(transform_late(last(net), 1))
    assert "algorithm=winograd, dilation=1x1, groups=1, kernel=3x3, pad=1x1x1x1, stride=1x1)" in before
    assert after == before.replace("kernel=3x3, ", "kernel=3x3, late=true, ")


def test_many_images_share_weights_that_are_transformed_once(net):
    assert "late" not in str(transform_late(last(net), 64))


def test_few_weights_are_transformed_once():
    assert "late" not in str(transform_late(last(netdsl.parse(TEXT.replace("1024", "512"))), 1))


def test_the_gradient_of_a_weight_has_none_to_transform():
    build, geometry = Build(), {"kernel": (3, 3), "stride": (1, 1), "dilation": (1, 1), "groups": 1}
    x, dy = build.input("x", (BATCH, 13, 13, 512)), build.input("dy", (BATCH, 13, 13, 1024))
    build.outputs["dw"] = build.add("conv_dw", x, dy, pad=(1, 1, 1, 1), **geometry).id
    chosen = choose_algorithms(build.finish())
    assert "algorithm=winograd" in str(chosen)
    assert str(transform_late(chosen, 1)) == str(chosen)


def test_late_weights_take_a_quarter_and_leave_the_bits_alone(net, monkeypatch):
    weights, x, results = net.initialise(3), np.random.default_rng(1).random((1, 13, 13, 512), np.float32), []
    for choose in (product.transforms_late, lambda *_: False):
        monkeypatch.setattr(late, "transforms_late", choose)
        monkeypatch.setattr(product, "transforms_late", choose)
        program = netdsl.compile(net, weights)
        results.append((program.plan.prepared_size, program(x)))
    assert results[0][0] == 0 and results[1][0] == 36 * 512 * 1024
    assert np.array_equal(results[0][1], results[1][1])

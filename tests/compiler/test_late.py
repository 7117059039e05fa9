"""Winograd weights that are transformed as they are read: where, and that it leaves the bits alone."""

import numpy as np
import pytest
from netdsl.core import isas

import netdsl
from netdsl.compiler.passes import late
from netdsl.compiler.passes.choose import choose_algorithms
from netdsl.compiler.passes.late import transform_late
from netdsl.compiler.stages import stages
from netdsl.ops.op import BATCH, Build
from netdsl.training.bare import training_arguments

TEXT = "net E { input image: 13x13x512; conv(1024, 3x3, pad=same, bias=false) }"


@pytest.fixture(scope="module")
def net():
    return netdsl.parse(TEXT)


def last(net, **how):
    *_, (_, program) = stages(net, **how)
    return program


def training(net):
    return last(net, **training_arguments(net))


def test_few_tiles_and_many_weights_are_transformed_late(net):
    before, after = str(last(net)), str(transform_late(last(net), 1))
    assert "algorithm=winograd, dilation=1x1, groups=1, kernel=3x3, pad=1x1x1x1, stride=1x1, tile=4x4)" in before
    assert after == before.replace("kernel=3x3, ", "kernel=3x3, late=scratch, ")


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


@pytest.mark.parametrize(("batch", "expected"), [(1, True), (2, True), (3, False)])
def test_any_weights_are_transformed_in_registers_for_up_to_8_tiles(batch, expected):
    small = last(netdsl.parse("net S { input x: 7x7x16; conv(16, 3x3, pad=same) }"))
    assert ("late=registers" in str(transform_late(small, batch))) == expected


@pytest.mark.parametrize("isa", isas())
def test_weights_transformed_in_registers_or_scratch_leave_the_bits_alone(isa, monkeypatch):
    small, runs = netdsl.parse("net S { input x: 7x8x577; conv(40, 3x3, pad=same, act=relu) }"), []
    x = np.random.default_rng(1).normal(size=(2, 7, 8, 577)).astype(np.float32)
    for form in ("", "scratch", "registers"):
        monkeypatch.setattr(late, "late_form", lambda *_, form=form: form)
        runs.append(netdsl.compile(small, batch=2, threads=2, isa=isa)(x))
    assert np.array_equal(runs[0], runs[1])
    assert np.array_equal(runs[0], runs[2])


def test_a_step_of_training_transforms_fewer_weights_late_since_it_changes_them():
    net = netdsl.parse("net T { input x: 7x7x512; conv(512, 3x3, pad=same) | global_avgpool | dense(2) }")
    assert "late" not in str(transform_late(last(net), 16))
    assert str(transform_late(training(net), 16)).count("late=scratch") == 1


def test_late_weights_take_a_quarter_and_leave_the_bits_alone(net, monkeypatch):
    weights, x, results = net.initialise(3), np.random.default_rng(1).random((1, 13, 13, 512), np.float32), []
    for choose in (late.late_form, lambda *_: ""):
        monkeypatch.setattr(late, "late_form", choose)
        program = netdsl.compile(net, weights)
        results.append((program.plan.prepared_size, program(x)))
    assert results[0][0] == 0 and results[1][0] == 36 * 512 * 1024
    assert np.array_equal(results[0][1], results[1][1])

"""Training programs that fit a memory: what they need, what they refuse, and that their bits stay."""

import numpy as np
import pytest

import netdsl
from netdsl.errors import NetError
from netdsl.training.bare import SCALARS, training_program

TEXT = f"""net E {{
  input image: 24x24x3
  {" | ".join(["conv(16, 3x3, pad=same, bias=false) | batchnorm | relu"] * 3)}
  maxpool(2x2)
  concat {{
    - conv(16, 3x3, pad=same, act=relu) | dropout(0.3)
    - maxpool(3x3, stride=1, pad=same) | conv(8, 1x1, act=tanh)
  }}
  {" | ".join(["conv(24, 3x3, pad=same, act=relu)"] * 6)}
  global_avgpool
  out: dense(4, act=softmax)
}}"""
BATCH = 16


@pytest.fixture(scope="module")
def net():
    return netdsl.parse(TEXT)


def step(net, memory=None):
    """The plan's bytes and operations, and the bits that one step leaves."""
    program = training_program(net, batch=BATCH, memory=memory)
    x = np.random.default_rng(0).standard_normal((BATCH, 24, 24, 3)).astype(np.float32)
    loss = program.step({"image": x, "labels": np.arange(BATCH, dtype=np.int32) % 4}, **SCALARS)["loss"]
    bits = {name: program.weights[name].tobytes() for name in program.weights}
    return program.plan.bytes, len(program.plan.steps), (loss.tobytes(), bits)


def least(net):
    """What the refusal says that it needs, in bytes."""
    with pytest.raises(NetError, match="at least") as error:
        training_program(net, batch=BATCH, memory=1)
    assert error.value.code == "N713"
    return float(str(error.value).split("needs ")[1].split(" MiB")[0].replace(",", "")) * 2**20


@pytest.mark.parametrize("share", [0.0, 0.4, 0.8])
def test_a_step_in_less_memory_leaves_the_same_bits(net, share):
    whole, steps, bits = step(net)
    low = least(net)
    assert low < 0.7 * whole
    memory = int(low + share * (whole - low)) + 2**17
    needed, more_steps, same_bits = step(net, memory)
    assert needed <= memory
    assert more_steps > steps
    assert same_bits == bits


def test_a_memory_that_suffices_changes_nothing(net):
    whole, steps, _ = step(net)
    assert step(net, whole)[:2] == (whole, steps)


def test_convolutions_are_run_again_only_where_cheaper_things_do_not_suffice(net):
    whole, _, _ = step(net)

    def convolutions(memory):
        program = training_program(net, batch=BATCH, memory=memory)
        return sum(":again = conv(" in s.op for s in program.plan.steps)

    assert convolutions(int(0.95 * whole)) == 0 < convolutions(int(least(net)) + 2**17)


def test_inference_is_refused_with_both_numbers(net):
    with pytest.raises(NetError, match=r"needs \d+\.\d MiB at least, and `memory` is 0\.5 MiB\n"):
        netdsl.compile(net, batch=64, memory=2**19)


@pytest.mark.parametrize("memory", [0, -1, 2.5, True])
def test_memory_is_a_positive_integer(net, memory):
    with pytest.raises(NetError) as error:
        netdsl.compile(net, memory=memory)
    assert error.value.code == "N708"

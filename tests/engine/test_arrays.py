"""What a program does with the arrays it is given (FAULTS rows 100 to 106, 109 and 110)."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

import netdsl
from netdsl import NetError, Program, Weights
from netdsl.compiler import room
from netdsl.training.optimise.loss import CrossEntropy, objective_for
from netdsl.training.optimise.optimiser import Sgd


@pytest.fixture(scope="module")
def program() -> Program:
    return netdsl.compile(netdsl.load("lenet5"), batch=4, threads=2)


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(4, 32, 32, 1)).astype(np.float32)


VIEWS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "fortran": np.asfortranarray,
    "every second": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "negative strides": lambda x: x[:, ::-1].copy()[:, ::-1],
    "transposed": lambda x: x.transpose(0, 2, 1, 3).copy().transpose(0, 2, 1, 3),
}


@pytest.mark.parametrize("view", VIEWS)
def test_row_100_views_give_the_bits_of_a_contiguous_copy(program: Program, x: np.ndarray, view: str) -> None:
    assert np.array_equal(program(VIEWS[view](x)), program(x))


def test_row_100_a_broadcast_image_gives_equal_rows(program: Program, x: np.ndarray) -> None:
    y = program(np.broadcast_to(x[:1], (4, 32, 32, 1)))
    assert np.array_equal(y, np.repeat(program(x[:1]), 4, axis=0))


def test_row_101_misaligned_buffer(program: Program, x: np.ndarray) -> None:
    raw = np.zeros(x.nbytes + 1, np.uint8)
    raw[1:] = np.frombuffer(x.tobytes(), np.uint8)
    assert np.array_equal(program(raw[1:].view(np.float32).reshape(x.shape)), program(x))


def test_row_102_read_only_input(program: Program, x: np.ndarray) -> None:
    frozen = x.copy()
    frozen.flags.writeable = False
    assert np.array_equal(program(frozen), program(x))


WRONG: dict[str, tuple[object, str]] = {
    "none": (None, "N703"),
    "a word": ("image", "N703"),
    "objects": (np.array([None, 1]), "N703"),
    "ragged": ([[1.0], [1.0, 2.0]], "N703"),
    "bytes": (np.zeros((1, 32, 32, 1), np.uint8), "N703"),
    "float64": (np.zeros((1, 32, 32, 1)), "N703"),
    "no batch": (np.zeros((32, 32, 1), np.float32), "N704"),
    "another size": (np.zeros((1, 28, 28, 1), np.float32), "N704"),
    "a scalar": (np.float32(1), "N704"),
    "another name": ({"picture": np.zeros((1, 32, 32, 1), np.float32)}, "N705"),
}


@pytest.mark.parametrize("what", WRONG)
def test_row_103_what_does_not_fit_is_refused_with_a_code(program: Program, what: str) -> None:
    given, code = WRONG[what]
    with pytest.raises(NetError) as error:
        program(given)
    assert error.value.code == code


def test_row_104_no_images_give_no_rows(program: Program) -> None:
    assert program(np.zeros((0, 32, 32, 1), np.float32)).shape == (0, 10)


def test_row_105_nan_stays_in_its_image(program: Program, x: np.ndarray) -> None:
    spoiled = x.copy()
    spoiled[2, 5, 5, 0] = np.nan
    y, clean = program(spoiled), program(x)
    assert np.isnan(y[2]).all()
    assert np.array_equal(y[[0, 1, 3]], clean[[0, 1, 3]])


@pytest.mark.parametrize("call", ["relu", "maxpool(2x2)", "global_maxpool", "conv(3, 3x3, act=relu)"])
def test_row_105_nan_propagates(call: str) -> None:
    program = netdsl.compile(netdsl.parse(f"net A {{\ninput x: 4x4x2\n{call}\n}}"))
    x = np.ones((1, 4, 4, 2), np.float32)
    x[0, 1, 1, 0] = np.nan
    assert np.isnan(program(x)).any()


def test_row_106_infinity_leaves_other_images_alone(program: Program, x: np.ndarray) -> None:
    spoiled = x.copy()
    spoiled[0, 3, 3, 0] = np.inf
    assert np.array_equal(program(spoiled)[1:], program(x)[1:])


def test_row_109_input_is_not_changed_and_results_do_not_share_memory(program: Program, x: np.ndarray) -> None:
    before = x.copy()
    first = program(x)
    kept = first.copy()
    program(-x)
    assert np.array_equal(x, before)
    assert np.array_equal(first, kept)


@pytest.mark.parametrize("threads", [0, -1, 257, 10**5, 2**31, 2**63, 1.5, True])
def test_row_110_threads_out_of_range_are_refused(threads: int) -> None:
    with pytest.raises(NetError) as error:
        netdsl.compile(netdsl.load("lenet5"), threads=threads)
    assert error.value.code == "N708"


def test_more_threads_than_cores_give_the_same_bits(program: Program, x: np.ndarray) -> None:
    many = netdsl.compile(netdsl.load("lenet5"), program.weights, batch=4, threads=16)
    assert np.array_equal(many(x), program(x))


def test_more_images_than_the_batch_run_in_turns(program: Program, x: np.ndarray) -> None:
    many = np.concatenate([x, x[:3], x])
    assert np.array_equal(program(many)[4:7], program(x[:3]))


def test_eight_python_threads_on_one_program_give_the_same_bits(program: Program, x: np.ndarray) -> None:
    expected, found = program(x), []
    workers = [threading.Thread(target=lambda: found.extend(program(x) for _ in range(5))) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 40
    assert all(np.array_equal(y, expected) for y in found)


def test_wanted_nodes_come_back_by_name(x: np.ndarray) -> None:
    y = netdsl.compile(netdsl.load("lenet5"), batch=4, want=["C5", "Out"])(x)
    assert {name: array.shape for name, array in y.items()} == {"C5": (4, 1, 1, 120), "Out": (4, 10)}


def test_an_unknown_node_is_refused() -> None:
    with pytest.raises(NetError) as error:
        netdsl.compile(netdsl.load("lenet5"), want=["C7"])
    assert error.value.code == "N707"


def test_an_unknown_instruction_set_is_refused() -> None:
    with pytest.raises(NetError) as error:
        netdsl.compile(netdsl.load("lenet5"), isa="sse9")
    assert error.value.code == "N709"


def test_a_plan_beyond_memory_is_refused_with_its_size() -> None:
    with pytest.raises(NetError) as error:
        netdsl.compile(netdsl.load("unet"), batch=2**20)
    assert error.value.code == "N710"
    assert "GiB" in str(error.value)


def test_weights_beyond_memory_are_refused_before_they_are_drawn(monkeypatch, tmp_path, x: np.ndarray) -> None:
    program = netdsl.compile(netdsl.load("lenet5", classes=10**6), batch=4)
    monkeypatch.setattr(room, "available_memory", lambda: 2**28)
    for use in (lambda: program(x), lambda: program.save(tmp_path / "large.plan")):
        with pytest.raises(NetError, match=r"needs 0\.3 GiB, 0\.2 GiB available") as error:
            use()
        assert error.value.code == "N710"
        assert "a smaller net" in str(error.value.diagnostics[0].help)


def test_weights_that_are_there_already_need_no_more_memory(monkeypatch, program: Program, x: np.ndarray) -> None:
    expected = program(x)
    monkeypatch.setattr(room, "available_memory", lambda: 0)
    assert np.array_equal(netdsl.compile(netdsl.load("lenet5"), program.weights, batch=4)(x), expected)


def test_row_100_the_other_byte_order_gives_the_same_bits(program: Program, x: np.ndarray) -> None:
    assert np.array_equal(program(x.astype(">f4")), program(x))


def test_counts_of_numpy_are_integers(x: np.ndarray) -> None:
    program = netdsl.compile(netdsl.load("lenet5"), batch=np.int64(4), threads=np.int32(2))
    assert (program.plan.batch, program.threads) == (4, 2)


def test_one_wanted_node_may_stand_alone(x: np.ndarray) -> None:
    assert set(netdsl.compile(netdsl.load("lenet5"), want="C5")(x)) == {"C5", "Out"}


def test_a_mapping_of_arrays_serves_as_weights(program: Program, x: np.ndarray) -> None:
    assert np.array_equal(netdsl.compile(netdsl.load("lenet5"), dict(program.weights))(x), program(x))


@pytest.mark.parametrize("shape", [(1, 2), (25,), (), (1, 5, 5, 6)])
def test_a_tensor_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    net = netdsl.load("lenet5")
    with pytest.raises(NetError) as error:
        netdsl.compile(net, Weights(dict(net.initialise()) | {"C1.weight": np.zeros(shape)}))
    assert error.value.code == "N702"


def test_a_tensor_to_differentiate_for_is_one_of_the_net() -> None:
    with pytest.raises(NetError) as error:
        netdsl.compile(netdsl.load("lenet5"), wrt=["C1.wait"])
    assert error.value.code == "N701"


@pytest.mark.parametrize("net", ["lenet5", "net A {", None, 3, {}])
def test_what_is_no_net_is_not_compiled(net: object) -> None:
    with pytest.raises(NetError, match=r"netdsl\.(load|parse)\(") as error:
        netdsl.compile(net)
    assert error.value.code == "N719"


@pytest.mark.parametrize("weights", [[1], 3, "weights.safetensors", np.zeros(3)])
def test_weights_that_are_no_arrays_by_name_are_refused(weights: object) -> None:
    with pytest.raises(NetError, match="`weights` are arrays by name, not ") as error:
        netdsl.compile(netdsl.load("lenet5"), weights)
    assert error.value.code == "N703"


def test_up_to_ten_missing_tensors_are_listed() -> None:
    lenet5, vgg16 = netdsl.load("lenet5"), netdsl.load("vgg16")
    with pytest.raises(NetError) as error:
        netdsl.compile(lenet5, {})
    assert all(f"`{name}`" in str(error.value) for name in [*lenet5.tensors][:10])
    with pytest.raises(NetError, match=f"and {len(vgg16.tensors) - 10} more") as error:
        netdsl.compile(vgg16, {})
    assert error.value.code == "N701"


def test_an_array_that_the_net_has_not_is_refused_with_the_nearest_name() -> None:
    net = netdsl.parse("net A {\ninput x: 3\ny: dense(2)\n}")
    with pytest.raises(NetError, match=r"`A` has no `y\.wieght`") as error:
        netdsl.compile(net, {**net.initialise(), "y.wieght": 1.0})
    assert error.value.code == "N504"
    assert error.value.diagnostics[0].help == "did you mean `y.weight`?"


def test_slots_and_weights_of_several_nets_are_taken() -> None:
    net, larger = (netdsl.parse(f"net A {{\ninput x: 3\ny: dense(2)\n{more}}}") for more in ("", "z: dense(2)\n"))
    shared, x = larger.initialise(), np.ones((1, 3), np.float32)
    slots = {**net.initialise(), "y.weight@momentum": np.zeros((3, 2))}
    np.testing.assert_array_equal(netdsl.compile(net, shared)(x), netdsl.compile(net, slots)(x))


@pytest.fixture(scope="module")
def learning() -> Program:
    net = netdsl.parse("net A {\ninput x: 3\ndropout(0.5)\ndense(2)\n}")
    sgd, loss = Sgd(), objective_for(net, {"": CrossEntropy()}, 2).lower
    return netdsl.compile(net, batch=2, wrt=list(net.tensors), loss=loss, update=sgd.update)


@pytest.mark.parametrize("label", [2**31, 2**40, -(2**31) - 1])
def test_labels_beyond_int32_are_refused(learning: Program, label: int) -> None:
    with pytest.raises(NetError) as error:
        learning.step({"x": np.ones((1, 3), np.float32), "labels": np.array([label])}, step=1, seed=1, lr=0.1)
    assert error.value.code == "N703"


@pytest.mark.parametrize("step", [2**31, 1.5, float("nan"), float("inf"), "1", None])
def test_a_number_that_the_plan_cannot_hold_is_refused(learning: Program, step: object) -> None:
    with pytest.raises(NetError) as error:
        learning.step({"x": np.ones((1, 3), np.float32), "labels": np.array([1])}, step=step, seed=1, lr=0.1)
    assert error.value.code == "N705"


@pytest.mark.parametrize("seed", [1.0, True, -1, 2**31, None])
def test_a_step_takes_the_seeds_that_weights_are_drawn_from(learning: Program, seed: object) -> None:
    with pytest.raises(NetError) as error:
        learning.step({"x": np.ones((1, 3), np.float32), "labels": np.array([1])}, step=1, seed=seed, lr=0.1)
    assert error.value.code == "N708"

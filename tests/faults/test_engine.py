"""Faults of programs (FAULTS rows 105, 107, 110 to 117): threads, forks, signals, memory, numbers that are not.

Rows 100 to 106, 109 and 110 are in tests/engine/test_arrays.py, 37, 108, 118 and 119 in test_kernels.py beside this
file, 107, 111 and 114 also in tests/core/test_plan.py, and 120 in tests/core/test_bounds.py.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import netdsl
from netdsl import Program
from netdsl.ops.expression import operands
from netdsl.ops.op import Build, Value
from netdsl.training.bare import SCALARS, training_arguments, training_program
from netdsl.training.optimise.optimiser import Sgd

IMAGES = np.random.default_rng(1).normal(size=(8, 32, 32, 1)).astype(np.float32)
BATCH = {"image": IMAGES, "labels": np.arange(8, dtype=np.int32)}


@pytest.fixture
def program() -> Program:
    return netdsl.compile(netdsl.load("lenet5"), batch=8, threads=2)


def script(text: str, seconds: float = 60, **environment: str) -> str:
    """What a Python process prints that must end by itself, in time."""
    lines = ["import netdsl, numpy as np, os", "x = np.ones((8, 32, 32, 1), np.float32)", text]
    words = [sys.executable, "-P", "-c", "\n".join(lines)]
    done = subprocess.run(words, env=os.environ | environment, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("size", "tile"), [(16, 4), (24, 6)])
def test_row_105_winograd_widens_nan_within_its_tiles_alone(size: int, tile: int) -> None:
    """Pixel (9, 9) with pad 1 is read by tiles of rows and columns 8 to 11, of 4x4 outputs, and 6 to 11, of 6x6."""
    net = netdsl.parse(f"net A {{\ninput x: {size}x{size}x16\nconv(16, 3x3, pad=1)\n}}")
    program = netdsl.compile(net)
    (step,) = [step for step in program.plan.steps if step.kernel == "conv_winograd"]
    assert f"tile={tile}x{tile}" in step.op
    x = np.random.default_rng(2).normal(size=(1, size, size, 16)).astype(np.float32)
    clean = program(x)
    x[0, 9, 9, 3] = np.nan
    inside = np.zeros((size, size), bool)
    inside[9 // tile * tile : 12, 9 // tile * tile : 12] = True
    found = program(x)[0]
    assert np.isnan(found[8:11, 8:11]).all()
    assert np.array_equal(found[~inside], clean[0][~inside])


@pytest.mark.parametrize("threads", [1, 2])
def test_row_107_denormal_numbers_are_back_after_a_call(threads: int) -> None:
    tiny = np.full(4, 1e-40, np.float32)
    program = netdsl.compile(netdsl.load("lenet5"), batch=8, threads=threads)
    program(IMAGES)
    assert (tiny * np.float32(1) == tiny).all() and (tiny != 0).all()


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OMP_DYNAMIC", "OMP_PROC_BIND"])
@pytest.mark.parametrize("value", ["abc", "1", "-1", "99999999999"])
def test_row_110_the_environment_of_openmp_changes_no_bit(name: str, value: str) -> None:
    text = "print(netdsl.compile(netdsl.load('lenet5'), batch=8, threads=3)(x).tobytes().hex())"
    assert script(text, **{name: value}) == script(text)


FORK = """
p = netdsl.compile(netdsl.load("lenet5"), batch=8, threads=2)
y = p(x)
"""


def test_row_111_a_forked_child_gives_the_same_bits() -> None:
    child = "pid = os.fork()\nif not pid: os._exit(0 if (p(x) == y).all() else 1)\nprint(os.waitpid(pid, 0)[1])"
    assert script(FORK + child, 30) == "0\n"


def test_row_111_multiprocessing_by_fork() -> None:
    text = """
import multiprocessing
def run(_): return bool((p(x) == y).all())
with multiprocessing.get_context("fork").Pool(3) as pool: print(pool.map(run, range(6)))
"""
    assert script(FORK + text, 30) == f"{[True] * 6}\n"


def test_row_112_eight_threads_on_two_nets_with_one_set_of_weights() -> None:
    net, found = netdsl.load("lenet5"), []
    small, large = (netdsl.compile(net, batch=batch, threads=2) for batch in (3, 8))
    expected = small(IMAGES), large(IMAGES)

    def work(k: int) -> None:
        found.extend(np.array_equal((small, large)[k % 2](IMAGES), expected[k % 2]) for _ in range(5))

    workers = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert found == [True] * 40


def test_row_113_eight_processes_of_eight_threads_end_with_the_same_bits() -> None:
    text = "p = netdsl.compile(netdsl.load('lenet5'), batch=8, threads=8)\nfor _ in range(20): y = p(x)\nprint(y.sum())"
    words = [sys.executable, "-P", "-c", f"import netdsl, numpy as np\nx = np.ones((8, 32, 32, 1), np.float32)\n{text}"]
    runs = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    assert len({run.communicate(timeout=120)[0] for run in runs}) == 1


def test_row_114_an_interrupt_after_the_update_leaves_no_form_of_a_weight_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net = netdsl.load("lenet5")
    whole, stopped = training_program(net, batch=8), training_program(net, batch=8)
    for program in (whole, stopped):
        assert all(np.isfinite(array).all() for array in program.weights.values())  # canonical forms are read
    run = type(stopped._engine).run

    class Interrupted:
        def run(self, *arguments: object) -> None:
            run(engine, *arguments)
            raise KeyboardInterrupt

    engine = stopped._engine
    monkeypatch.setattr(stopped, "_engine", Interrupted())
    whole.step(BATCH, **SCALARS)
    with pytest.raises(KeyboardInterrupt):
        stopped.step(BATCH, **SCALARS)
    assert all(np.array_equal(stopped.weights[name], array) for name, array in whole.weights.items())


def test_row_114_an_interrupted_training_step_changes_all_weights_or_none() -> None:
    net = netdsl.parse("net A {\ninput x: 56x56x64\nconv(64, 3x3, pad=1)\nconv(64, 3x3)\nglobal_avgpool | dense(2)\n}")
    batch = {"x": np.ones((16, 56, 56, 64), np.float32), "labels": np.zeros(16, np.int32)}
    started, twin = training_program(net, batch=16), training_program(net, batch=16)
    before = {name: array.copy() for name, array in twin.weights.items()}
    twin.step(batch, **SCALARS)
    old = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.06)
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            for _ in range(1000):
                for name, array in before.items():
                    started.weights[name] = array
                started.step(batch, **SCALARS)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert time.monotonic() - began < 30
    after = {name: array for name, array in started.weights.items() if "@" not in name}
    assert any(
        all(np.array_equal(after[name], state[name]) for name in after) for state in (before, dict(twin.weights))
    )


def test_row_115_a_program_may_be_forgotten_while_it_runs(program: Program) -> None:
    expected, found = program(IMAGES), []
    held = [program]
    worker = threading.Thread(target=lambda p: found.extend(p(IMAGES) for _ in range(50)), args=(held[0],))
    worker.start()
    held.clear()
    del program
    gc.collect()
    worker.join(60)
    assert len(found) == 50 and all(np.array_equal(y, expected) for y in found)


def test_row_116_five_thousand_calls_keep_less_than_2_mib(program: Program) -> None:
    def pages() -> int:
        with open("/proc/self/statm") as text:
            return int(text.read().split()[1])

    x = IMAGES[:1]
    for _ in range(100):
        program(x)
    gc.collect()
    before = pages()
    for _ in range(5000):
        program(x)
    assert (pages() - before) * os.sysconf("SC_PAGESIZE") < 2 * 2**20


SMALL = {
    "alexnet": {"classes": 10},
    "alexnet_torchvision": {"classes": 10},
    "cnn1_mnist": {},
    "cnn2_mnist": {},
    "fcn_mnist": {},
    "googlenet": {"classes": 10, "size": 64, "aux": False},
    "keras_mnist": {},
    "lenet5": {},
    **{f"resnet{depth}": {"classes": 10, "size": 64} for depth in (18, 34, 50, 101, 152)},
    "unet": {"size": 188},
    "vgg16": {"classes": 10},
    "vgg19": {"classes": 10},
}


def tensors(net: netdsl.Net) -> dict[str, np.ndarray]:
    """Weights of about the right size, quickly; statistics as before training."""
    pattern = np.random.default_rng(5).normal(size=4093).astype(np.float32)
    found = {}
    for name, param in net.tensors.items():
        kind = name.rpartition(".")[2]
        if kind == "weight":
            found[name] = np.resize(pattern, param.shape) * np.float32(np.sqrt(2 / np.prod(param.shape[:-1])))
        else:
            found[name] = np.full(param.shape, kind in ("gamma", "var"), np.float32)
    return found


def images(net: netdsl.Net, count: int) -> np.ndarray:
    return np.random.default_rng(6).normal(size=(count, *net.nodes["image"].shape)).astype(np.float32)


@pytest.mark.parametrize("name", SMALL)
def test_row_117_a_run_reads_nothing_that_it_has_not_written(name: str) -> None:
    net = netdsl.load(name, **SMALL[name])
    program, x = netdsl.compile(net, tensors(net), threads=2), images(net, 1)
    expected = program(x)
    program._engine.fill_arena(np.nan)
    program._prepared[:] = np.nan
    program._version = -1
    assert np.array_equal(program(x), expected) and np.isfinite(expected).all()


def squares(build: Build, outputs: dict[str, Value]) -> Value:
    """Σ y²"""
    (y,), (x0,) = outputs.values(), operands(1)
    return build.add("reduce", build.map(x0 * x0, y), axes=(0, 1, 2, 3), keep=False)


@pytest.mark.parametrize("name", [name for name in SMALL if "vgg" not in name])  # their layers are AlexNet's
def test_row_117_a_training_step_reads_nothing_that_it_has_not_written(name: str) -> None:
    net = netdsl.load(name, **SMALL[name])
    rule = training_arguments(net) if name != "unet" else {"loss": squares, "wrt": net.learned, "update": Sgd().update}
    program = netdsl.compile(net, net.initialise(1), batch=2, threads=2, **rule)
    shapes = {b.name: b.shape for b in program.plan.inputs}
    batch = {"image": images(net, 2)}
    if "labels" in shapes:
        batch["labels"] = np.ones((2, *shapes["labels"]), np.int32)
    for _ in range(2):
        results = program.step(batch, **SCALARS)
        program._engine.fill_arena(np.nan)
    assert all(np.isfinite(array).all() for array in results.values())
    assert all(np.isfinite(array).all() for array in program.weights.values())

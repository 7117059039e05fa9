"""Random small nets on the engine against NumPy in float64: outputs, and one step of training.

A net grows by calls drawn at random, those kept that the checker takes; its number is its seed.
"""

from __future__ import annotations

from functools import cache
from itertools import chain
from math import prod
from random import Random

import numpy as np
import pytest
from netdsl.core import isas

import netdsl
from netdsl.compiler.lower import lower
from netdsl.graph.weights import Weights
from netdsl.reference import run_net, run_ops
from netdsl.training.optimise.loss import LOSSES, objective_for
from netdsl.training.optimise.optimiser import Sgd

ACTS = ["relu", "tanh", "sigmoid", "leaky_relu(0.2)", "elu", "gelu", "softplus", "swish", "relu6", "abs", "softmax"]
MAP_CALLS = [
    *["conv", "conv_transpose", "pool", "merge"] * 4,
    *["concat", "batchnorm", "lrn", "pad", "slice", "gate", "activation", "flatten", "dropout", "reshape", "dense"],
]
ROW_CALLS = ["dense", "merge", "concat", "batchnorm", "activation", "dropout", "reshape", "slice"]
LARGEST = 50_000
NETS, TRAINED = 80, 40


def sizes(r: Random, axes: int, low: int, high: int) -> str:
    """One number for all axes, or one for each."""
    if axes == 1 or r.random() < 0.5:
        return str(r.randint(low, high))
    return "x".join(str(r.randint(low, high)) for _ in range(axes))


def pads(r: Random, axes: int) -> str:
    count = r.choice([axes, 2 * axes])
    several = f"({', '.join(str(r.randint(0, 2)) for _ in range(count))},)"
    return r.choice(["valid", "same", "1", several, several, *["causal"] * (axes == 1)])


def options(r: Random, **texts: str) -> str:
    """Each keyword with even odds."""
    return "".join(f", {name}={text}" for name, text in texts.items() if r.random() < 0.5)


def draw_call(r: Random, shape: tuple[int, ...], depth: int = 0) -> str:
    """A call, or a merge of calls, that may fit a value of this shape."""
    axes, channels = len(shape) - 1, shape[-1]
    kind, act = r.choice(MAP_CALLS if axes else ROW_CALLS), r.choice(ACTS)
    window = {"stride": sizes(r, axes, 1, 3), "pad": pads(r, axes), "act": act} if axes else {}
    if kind in ("conv", "conv_transpose"):
        groups = r.choice([1, 1, 2, 3, channels])
        extra = {"dilation": sizes(r, axes, 1, 3), "groups": str(groups), "bias": "false"} | (
            {"flip": "true"} if kind == "conv" else {"output_pad": r.choice("12")}
        )
        return f"{kind}({groups * r.randint(1, 6)}, {sizes(r, axes, 1, 4)}{options(r, **window, **extra)})"
    if kind == "pool":
        word = r.choice(["maxpool", "avgpool", "sumpool", "minpool"])
        more = {"count_pad": "true"} if word == "avgpool" else {}
        return f"{word}({sizes(r, axes, 1, 4)}{options(r, ceil='true', **window, **more)})"
    if kind in ("merge", "concat"):
        word = "concat" if kind == "concat" else r.choice(["add", "mul", "max", "mean"])
        more = {"axis": str(r.randint(0, axes))} if word == "concat" else {}
        parts = [draw_call(r, shape, depth + 1) if depth < 2 else "id" for _ in range(r.randint(1, 2))]
        branches = "\n".join(f"- {part}" for part in (*parts, "id"))
        return f"{word}(fit={r.choice(['exact', 'pad', 'crop'])}{options(r, act=act, **more)}) {{\n{branches}\n}}"
    if kind == "gate":
        return f"mul {{\n- id\n- {r.choice(['global_avgpool', 'global_maxpool'])} | dense({channels}, act=sigmoid)\n}}"
    if kind == "slice":
        axis = r.randint(0, axes)
        start = r.randrange(shape[axis])
        return f"slice({start}, {r.randint(start + 1, shape[axis])}, axis={axis})"
    if kind == "reshape":
        first = r.choice([n for n in range(1, 20) if prod(shape) % n == 0])
        return f"reshape({first}x{prod(shape) // first})"
    numbers = {"dense": f"({r.randint(1, 33)}{options(r, bias='false', act=act)})", "lrn": f"({r.choice([1, 3, 5])})"}
    numbers |= {"activation": f"({act})", "pad": f"({r.randint(0, 2)})", "dropout": "(0.3)"}
    return kind + numbers.get(kind, "")


@cache
def random_net(seed: int, classes: int | None = None) -> netdsl.Net:
    """A net of one to six calls; with `classes` it ends in a dense layer, and may have a head."""
    r = Random(seed)
    plane = (r.randint(1, 12), r.randint(1, 12), r.choice([1, 3, 6, 16, 17]))
    image = r.choice([plane, plane, (r.randint(1, 30), 6), (9,), (r.randint(1, 5), *plane[:2], 3)])
    lines, shape, wanted = [f"input image: {'x'.join(map(str, image))}"], image, r.randint(1, 6)
    for _ in range(50):
        if len(lines) > wanted:
            break
        added = f"n{len(lines)}: {draw_call(r, shape)}"
        if len(lines) > 2 and r.random() < 0.2:
            added = f"n{len(lines)}: {r.choice(['add', 'concat', 'mul'])}(n1, _, fit={r.choice(['pad', 'crop'])})"
        try:
            net = netdsl.parse("\n".join(["net R {", *lines, added, "}"]))
        except netdsl.NetError:
            continue
        if max(net.params, *(prod(node.shape) for node in net)) <= LARGEST:
            lines, shape = [*lines, added], net.nodes[net.outputs[f"n{len(lines)}"]].shape
    if classes is not None:
        lines += ["flatten"] * (len(shape) > 1) + [f"Out: dense({classes}{r.choice(['', ', act=softmax'])})"]
        lines += [f"head aux(weight=0.3) from n1 {{ flatten | dense({classes}) }}"] * r.choice([0, 1])
    return netdsl.parse("\n".join(["net R {", *lines, "}"]))


def drawn(net: netdsl.Net, seed: int, images: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Weights that keep the size of values, and images."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for name, param in net.tensors.items():
        scale = 1.4 / np.sqrt(prod(param.shape[:-1])) if len(param.shape) > 1 else 1.0
        array = rng.uniform(0.5, 2, param.shape) if name.endswith(".var") else rng.normal(0, scale, param.shape)
        arrays[name] = array.astype(np.float32)
    return arrays, rng.normal(size=(images, *net.nodes["image"].shape)).astype(np.float32)


def assert_close(found: np.ndarray, expected: np.ndarray, bound: float, told: str) -> None:
    """Relative L2 within `bound`, or within 1e-6 an element."""
    error = np.linalg.norm(found - expected)
    assert error <= bound * np.linalg.norm(expected) + 1e-6 * np.sqrt(expected.size), told


@pytest.mark.parametrize("seed", range(NETS))
def test_outputs_equal_the_reference_whatever_batch_and_threads(seed: int) -> None:
    net = random_net(seed)
    arrays, x = drawn(net, seed, 17)
    (output,) = net.outputs.values()
    expected = run_net(net, arrays, {"image": x}, dtype=np.float64)[output]
    for isa in isas():
        runs = [
            netdsl.compile(net, Weights(arrays), batch=batch, threads=threads, isa=isa)(x)
            for batch, threads in ((1, 1), (3, 3), (17, 2))
        ]
        assert_close(runs[0], expected, 1e-5, net.texts[net.main])
        assert all(np.array_equal(run, runs[0]) for run in runs), f"{isa}: {net.texts[net.main]}"


@pytest.mark.parametrize("seed", range(20))
def test_every_value_equals_the_reference(seed: int) -> None:
    net = random_net(seed)
    arrays, x = drawn(net, seed, 3)
    wanted = [node.path for node in net if node.inputs]
    expected = run_net(net, arrays, {"image": x}, dtype=np.float64)
    found = netdsl.compile(net, Weights(arrays), batch=2, want=wanted)(x)
    for path in wanted if len(wanted) > 1 else ():
        assert_close(found[path], expected[path], 1e-5, f"{path}: {net.texts[net.main]}")


@pytest.mark.parametrize("seed", range(1000, 1000 + TRAINED))
def test_one_step_of_training_equals_the_reference(seed: int) -> None:
    """Statistics of few images can amplify rounding: what float32 loses in NumPy is allowed several times over."""
    r, net = Random(seed), random_net(seed, 5)
    images = r.choice([1, 3, 8])
    arrays, x = drawn(net, seed, images)
    loss, sgd = LOSSES[r.choice(["cross_entropy", "mse"])](), Sgd(lr=0.01, momentum=0.9, decay=5e-4)
    rule = {
        "wrt": [n for n, p in net.tensors.items() if p.role == "param"],
        "loss": objective_for(net, {"": loss}, 5).lower,
    }
    labels = loss.encode(np.random.default_rng(seed).integers(0, 5, images), 5)
    program = lower(net, training=True, update=sgd.update, **rule)
    slots = {v.name: np.zeros(v.shape) for v in program.values.values() if v.role == "state" and v.name not in arrays}
    numbers = {"step": 1, "seed": 7, **sgd.scalars(1)}
    bindings = {**arrays, **slots, "image": x, "labels": labels, **numbers}
    exact, rough = (run_ops(program, bindings, dtype=dtype).assigned for dtype in (np.float64, np.float32))
    for isa, threads in zip(isas(), chain((2, 1), [3] * 9), strict=False):
        weights = Weights(arrays)
        learning = netdsl.compile(net, weights, batch=8, threads=threads, isa=isa, update=sgd.update, **rule)
        learning.step({"image": x, "labels": labels}, **numbers)
        for name, expected in exact.items():
            error, lost = (np.linalg.norm(found[name] - expected) for found in (weights, rough))
            allowed = 1e-4 * np.linalg.norm(expected) + 1e-6 * np.sqrt(expected.size) + 10 * lost
            assert error <= allowed, f"{isa} {name}: {net.texts[net.main]}"

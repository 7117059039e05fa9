"""`conv`, `conv_dx` and `conv_dw` of random shapes against the float64 reference: small integers, bit for bit."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from netdsl.core import isas

from netdsl.compiler.assemble import assemble
from netdsl.compiler.passes import rewrite
from netdsl.compiler.passes.choose import choose_algorithms
from netdsl.compiler.program import Program, kernel_table
from netdsl.graph.weights import Weights
from netdsl.ops.expression import operands
from netdsl.ops.op import BATCH, Build, Ops
from netdsl.ops.window import positions
from netdsl.reference import run_ops

Arrays = dict[str, np.ndarray]


def draw_geometry(r: Random) -> tuple[tuple[int, ...], dict[str, object], int, int]:
    """Spatial sizes, attributes, and the channels a group; kernels may exceed the image, and strides kernels."""
    axes = r.choice([1, 2, 2, 3])
    few = axes == 3
    space = tuple(r.choice([1, 3, 4, 6] if few else [1, 2, 4, 5, 7, 12, 17]) for _ in range(axes))
    attrs = {
        "kernel": tuple(r.choice([1, 2, 3] if few else [1, 1, 2, 3, 3, 4, 5, 7]) for _ in range(axes)),
        "stride": tuple(r.choice([1, 1, 2, 2, 3, 4]) for _ in range(axes)),
        "dilation": tuple(r.choice([1, 1, 2, 3]) for _ in range(axes)),
        "pad": tuple(r.choice([0, 0, 1, 2, 3]) for _ in range(2 * axes)),
        "groups": r.choice([1, 1, 2, 3, 5, 17, 32]),
    }
    return space, attrs, r.choice([1, 1, 2, 3, 4, 8, 16, 17]), r.choice([1, 1, 2, 3, 5, 8, 16, 17])


def problem(seed: int, kind: str) -> tuple[Ops, Arrays, Arrays, np.ndarray]:
    """A program of one operation, half of the time with an epilogue; its weights, inputs and exact result."""
    r, rng = Random(seed), np.random.default_rng(seed)
    while True:
        space, attrs, inputs, outputs = draw_geometry(r)
        reach = zip(space, attrs["pad"][::2], attrs["pad"][1::2], attrs["kernel"], attrs["dilation"], strict=True)
        if all(n + a + b > d * (k - 1) for n, a, b, k, d in reach):
            break
    groups, images = attrs["groups"], r.choice([1, 2, 3])
    out = positions(space, attrs["kernel"], attrs["stride"], attrs["pad"], attrs["dilation"])
    x, y, w = (*space, inputs * groups), (*out, outputs * groups), (*attrs["kernel"], inputs, outputs * groups)
    shapes = {"conv": {"x": x}, "conv_dx": {"x": y}, "conv_dw": {"x": x, "dy": y}}[kind]
    build = Build()
    ins = [build.input(name, (BATCH, *shape)) for name, shape in shapes.items()]
    tensors = {} if kind == "conv_dw" else {"w": w}
    ins += [build.tensor(name, shape, "param") for name, shape in tensors.items()]
    value = build.add(kind, *ins, **attrs, **({"size": space} if kind == "conv_dx" else {}))
    if kind != "conv_dw" and r.random() < 0.5:
        x0, x1, x2 = operands(3)
        shapes, tensors = {**shapes, "z": value.shape[1:]}, {**tensors, "b": value.shape[-1:]}
        more = build.input("z", value.shape), build.tensor("b", value.shape[-1:], "param")
        value = build.map(x0 * 2.0 + x1 + x2, value, *more)
    build.outputs["found"] = value.id
    arrays = {n: rng.integers(-4, 5, (images, *s)).astype(np.float32) for n, s in shapes.items()}
    weights = {n: rng.integers(-4, 5, s).astype(np.float32) for n, s in tensors.items()}
    program = build.finish()
    exact = run_ops(program, {**arrays, **weights}, dtype=np.float64)["found"]
    return choose_algorithms(rewrite(program), "direct"), weights, arrays, exact


@pytest.mark.parametrize("kind", ["conv", "conv_dx", "conv_dw"])
@pytest.mark.parametrize("seed", range(60))
def test_convolution_of_small_integers_is_exact_on_every_instruction_set(seed: int, kind: str) -> None:
    program, weights, arrays, exact = problem(seed, kind)
    images = len(arrays["x"])
    for isa in isas():
        for threads in (1, 2, 3, 7):
            batch = images if kind == "conv_dw" else (1, 2, 4, images)[threads % 4]
            plan = assemble(program, batch=batch, threads=threads, table=kernel_table(isa))
            found = Program(plan, Weights(weights), threads)(arrays if len(arrays) > 1 else arrays["x"])
            assert np.array_equal(np.ravel(found)[: exact.size], exact.ravel()), f"{isa}, {threads} threads: {program}"


@pytest.mark.parametrize(
    ("kind", "kernel", "stride", "inputs", "outputs"),
    [("conv", 1, 1, 16, 32), ("conv", 3, 1, 2, 32), ("conv", 3, 1, 20, 32), ("conv_dx", 2, 2, 48, 20)],
)
def test_what_is_too_large_for_the_cache_is_exact(
    kind: str, kernel: int, stride: int, inputs: int, outputs: int
) -> None:
    size, rng, build = (256, 258), np.random.default_rng(5), Build()
    shape = (*(n // stride for n in size), inputs if kind == "conv" else outputs)
    arrays = {"x": rng.integers(-4, 5, (1, *shape)), "w": rng.integers(-4, 5, (kernel, kernel, inputs, outputs))}
    arrays["b"] = rng.integers(-4, 5, outputs if kind == "conv" else inputs)
    ins = [build.input("x", (BATCH, *shape)), *(build.tensor(n, arrays[n].shape, "param") for n in "wb")]
    attrs = {
        "kernel": (kernel,) * 2,
        "stride": (stride,) * 2,
        "dilation": (1, 1),
        "groups": 1,
        "pad": (kernel // 3,) * 4,
    }
    value = build.add(kind, *ins[:2], **attrs, **({"size": size} if kind == "conv_dx" else {}))
    x0, x1 = operands(2)
    build.outputs["found"] = build.map(x0 + x1, value, ins[2]).id
    arrays = {name: a.astype(np.float32) for name, a in arrays.items()}
    program, x = build.finish(), arrays["x"]
    exact = run_ops(program, arrays, dtype=np.float64)["found"]
    for isa in isas():
        plan = assemble(choose_algorithms(rewrite(program), "direct"), batch=1, threads=2, table=kernel_table(isa))
        assert np.array_equal(Program(plan, Weights({n: arrays[n] for n in "wb"}), 2)(x), exact), isa

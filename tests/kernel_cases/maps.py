"""map: every activation at lengths round vectors, tiles and windows; operands that broadcast; every operation."""

from __future__ import annotations

from functools import partial

import numpy as np

from kernel_cases.problem import Array, Family, Numbers, Problem, bits_equal
from kernel_cases.steps import code, fixed, images
from netdsl.compiler.bytecode import encode
from netdsl.layers.activation import FORMULAS
from netdsl.ops.expression import evaluate, operands

LENGTHS = (1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 255, 256, 257, 16383, 16384, 16385, 70001)
EXACT = ("none", "relu", "relu6", "abs")


def activation(numbers: Numbers, name: str, length: int) -> Problem:
    """An activation over one line of numbers between about -12 and 12."""
    x = numbers(length) * 3
    formula = FORMULAS[name]
    expression = formula.body(operands(1)[0], *(default for _, default in formula.numbers))
    words = np.array(encode(expression), np.int32)
    fields = {f"size{i}": 1 for i in range(4)} | {"size4": length, "inputs": 1, "words": words.size}
    ends = fixed(np.empty_like(x), strides=(1,)), fixed(words), fixed(x, strides=(1,))
    return Problem("map", ends, fields, partial(_judge, name, x, evaluate(expression, [x.astype(float)])))


def _judge(name: str, x: Array, exact: Array, found: Array) -> None:
    if name in EXACT:
        bits_equal(found, exact.astype(np.float32))
        return
    assert (np.abs(found - exact) <= 4e-6 * np.abs(exact) + 1e-7).all()


BINARY = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "max": np.maximum, "min": np.minimum}


def binary(numbers: Numbers, name: str, channels: int) -> Problem:
    """An image and a number for each channel of each image, bit for bit as NumPy."""
    shape = (3, 5, 7, channels)
    x, scale = numbers(*shape), np.abs(numbers(3, channels)) + 1
    words = code((name, 31, 32, 33))
    dense = (7 * channels, channels, 1)
    ends = (
        images(np.empty_like(x), strides=dense),
        fixed(words),
        images(x, strides=dense),
        images(scale, strides=(0, 0, 1)),
    )
    fields = {"size0": 1, "size1": 1, "size2": 5, "size3": 7, "size4": channels, "inputs": 2, "words": words.size}
    return Problem("map", ends, fields, partial(bits_equal, BINARY[name](x, scale[:, None, None])))


FAMILIES = (
    Family("map", "activations", activation, [(name, n) for name in FORMULAS for n in (1, 17, 4099)]),
    Family("map", "lengths", activation, [("tanh", n) for n in LENGTHS]),
    Family("map", "broadcast", binary, [(name, c) for name in BINARY for c in (1, 3, 15, 16, 17, 33, 300)]),
)

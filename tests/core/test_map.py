"""map: the interpreter's operations, and operands that broadcast."""

import math

import numpy as np
import pytest

NAN, INF = np.nan, np.inf


def apply(steps, isa, words, *arrays, threads=1):
    """A program over arrays of one shape, as one unbatched run."""
    size = arrays[0].size
    operands = [steps.fixed(a, strides=(1,)) for a in (np.full(size, NAN, np.float32), *arrays)]
    fields = {f"size{i}": 1 for i in range(4)} | {"size4": size, "inputs": len(arrays), "words": words.size}
    return steps.run("map", operands[0], steps.fixed(words), *operands[1:], isa=isa, threads=threads, **fields)


def spread(low, high):
    """Numbers of either sign over many magnitudes, an odd count of them."""
    sizes = np.geomspace(1e-6, max(abs(low), abs(high)), 2001).astype(np.float32)
    both = np.concatenate([-sizes, [0.0], sizes, np.linspace(low, high, 4099)]).astype(np.float32)
    return both[(both >= low) & (both <= high)]


FUNCTIONS = [
    ("exp", np.exp, spread(-87, 88), 4e-6, 0),
    ("log", np.log, np.geomspace(1e-37, 1e38, 9999).astype(np.float32), 1e-6, 1e-7),
    ("log1p", np.log1p, spread(-0.999, 1e30), 1e-6, 0),
    ("sqrt", np.sqrt, spread(0, 1e30), 1.2e-7, 0),
    ("tanh", np.tanh, spread(-30, 30), 4e-6, 0),
    ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), spread(-80, 80), 4e-6, 0),
    ("erf", np.vectorize(math.erf), spread(-8, 8), 4e-6, 0),
    ("neg", np.negative, spread(-9, 9), 0, 0),
    ("abs", np.abs, spread(-9, 9), 0, 0),
]


@pytest.mark.parametrize(("name", "function", "x", "relative", "absolute"), FUNCTIONS, ids=[f[0] for f in FUNCTIONS])
def test_function_is_accurate(steps, isa, name, function, x, relative, absolute):
    exact = function(x.astype(float))
    assert (abs(apply(steps, isa, steps.code((name, 31, 32)), x) - exact) <= relative * abs(exact) + absolute).all()


SPECIAL = np.array([NAN, INF, -INF, 0.0, -1.0, 200.0, -200.0], np.float32)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("exp", [NAN, INF, 0, 1, None, INF, 0]),
        ("log", [NAN, INF, NAN, -INF, NAN, None, NAN]),
        ("log1p", [NAN, INF, NAN, 0, -INF, None, NAN]),
        ("sqrt", [NAN, INF, NAN, 0, NAN, None, NAN]),
        ("tanh", [NAN, 1, -1, 0, None, 1, -1]),
        ("sigmoid", [NAN, 1, 0, 0.5, None, 1, 0]),
        ("erf", [NAN, 1, -1, 0, None, 1, -1]),
    ],
)
def test_function_of_special_numbers(steps, isa, name, expected):
    got = apply(steps, isa, steps.code((name, 31, 32)), np.tile(SPECIAL, 5))[-7:]
    assert all(
        e is None or np.array_equal(g, np.float32(e), equal_nan=True) for g, e in zip(got, expected, strict=True)
    )


BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "max": np.maximum, "min": np.minimum,
    "gt": np.greater, "ge": np.greater_equal, "eq": np.equal,
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", BINARY)
def test_binary_operation_equals_numpy_bit_for_bit(steps, rng, isa, name):
    a, b = (
        np.concatenate([rng.integers(-3, 4, 700), SPECIAL, SPECIAL[s:], SPECIAL[:s]]).astype(np.float32) for s in (0, 3)
    )
    expected = BINARY[name](a, b).astype(np.float32)
    assert np.array_equal(apply(steps, isa, steps.code((name, 31, 32, 33)), a, b), expected, equal_nan=True)


def test_where_takes_the_second_where_the_first_is_not_0(steps, isa):
    a, b, c = np.array([0, 1, NAN, -2], np.float32), np.full(4, 5, np.float32), np.array([7, 8, 9, NAN], np.float32)
    assert apply(steps, isa, steps.code(("where", 31, 32, 33, 34)), a, b, c).tolist() == [7, 5, 5, 5]


@pytest.mark.parametrize("power", [-0.75, 0.5, 2.0, -3.0, 30.0])
def test_pow_is_accurate(steps, isa, power):
    x = np.geomspace(0.06, 15, 999).astype(np.float32)
    got = apply(steps, isa, steps.code(("pow", 31, 32, 64), constants=[power]), x)
    np.testing.assert_allclose(got, x.astype(float) ** power, rtol=4e-7)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_pow_of_what_is_not_positive(steps, isa):
    a, b = np.array([-2, -2, 0, 0, INF, NAN, 1], np.float32), np.array([3, 0.5, 2, -1, 2, 0, NAN], np.float32)
    assert np.array_equal(apply(steps, isa, steps.code(("pow", 31, 32, 33)), a, b), a**b, equal_nan=True)


def test_registers_and_constants(steps, rng, isa, threads):
    x = rng.standard_normal(70_001).astype(np.float32)
    words = steps.code(
        ("mul", 0, 32, 32), ("add", 1, 0, 64), ("sub", 0, 1, 32), ("mul", 31, 0, 65), constants=[1.5, -2]
    )
    exact = (x.astype(float) ** 2 + 1.5 - x) * -2
    np.testing.assert_allclose(apply(steps, isa, words, x, threads=threads), exact, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3, 17, 33, 300])
def test_operands_broadcast(steps, rng, isa, threads, channels):
    shape = (3, 5, 7, channels)
    x, per_channel, per_image, line = (
        rng.integers(-9, 9, s).astype(np.float32) for s in (shape, (channels,), (3, channels), (5,))
    )
    words = steps.code(("add", 0, 32, 33), ("add", 0, 0, 34), ("add", 31, 0, 35))
    dense = (7 * channels, channels, 1)
    operands = [
        steps.images(np.full(shape, NAN, np.float32), strides=dense),
        steps.fixed(words),
        steps.images(x, strides=dense),
        steps.fixed(per_channel, strides=(0, 0, 1)),
        steps.images(per_image, strides=(0, 0, 1)),
        steps.fixed(line, strides=(1, 0, 0)),
    ]
    fields = {"size0": 1, "size1": 1, "size2": 5, "size3": 7, "size4": channels, "inputs": 4, "words": words.size}
    got = steps.run("map", *operands, isa=isa, threads=threads, **fields)
    assert np.array_equal(got, x + per_channel + per_image[:, None, None] + line[:, None, None])


def test_output_and_operands_with_gaps(steps, rng, isa):
    x, y = rng.integers(-9, 9, (2, 6, 8)).astype(np.float32), np.zeros((2, 5, 4), np.float32)
    words = steps.code(("neg", 31, 32))
    fields = {"size0": 1, "size1": 1, "size2": 1, "size3": 3, "size4": 2, "inputs": 1, "words": words.size}
    steps.run(
        "map", steps.images(y, strides=(4, 2)), steps.fixed(words), steps.images(x, strides=(16, 3)), isa=isa, **fields
    )
    assert np.array_equal(y[:, :3, ::2], -x[:, ::2, :6:3])
    assert not y[:, 3:].any() and not y[:, :, 1::2].any()


def test_an_operand_may_be_the_output(steps, isa):
    x = np.arange(5000, dtype=np.float32)
    words = steps.code(("add", 31, 32, 64), constants=[1])
    fields = {f"size{i}": 1 for i in range(4)} | {"size4": x.size, "inputs": 1, "words": words.size}
    steps.run("map", steps.fixed(x, strides=(1,)), steps.fixed(words), steps.fixed(x, strides=(1,)), isa=isa, **fields)
    assert np.array_equal(x, np.arange(1, 5001))


def aligned(length, offset):
    """Room for numbers, the first of them `offset` numbers behind the beginning of a line of the cache."""
    room = np.full(length + 32, NAN, np.float32)
    first = -room.ctypes.data // 4 % 16 + offset
    return room[first : first + length]


@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize("words", [("max", 31, 32, 64), ("mul", 31, 32, 33), ("add", 31, 32, 33)])
def test_what_is_too_large_for_the_cache_is_the_same(steps, rng, isa, words, offset):
    x, z = rng.standard_normal((2, (2 << 20) + 37)).astype(np.float32)
    code = steps.code(words, constants=[0] if words[0] == "max" else [])
    operands = [steps.fixed(a, strides=(1,)) for a in (aligned(x.size, offset), x, z)][: 2 if words[0] == "max" else 3]
    fields = {f"size{i}": 1 for i in range(4)} | {"size4": x.size, "inputs": len(operands) - 1, "words": code.size}
    got = steps.run("map", operands[0], steps.fixed(code), *operands[1:], isa=isa, threads=2, **fields)
    exact = {"max": np.maximum(x, 0), "mul": x * z, "add": x + z}[words[0]]
    assert np.array_equal(got, exact)

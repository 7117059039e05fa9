"""Sizes of arrays: their text, checked arithmetic, and the window formula with its derivation.

A shape is a tuple of sizes without the batch: (H, W, C), (L, C) or (N,). Every formula returns
an `Extent`, a number together with the text that derives it, so that an error, the summary and
`netdsl why` cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from netdsl.errors import Fault
from netdsl.symbolic.decide import largest
from netdsl.symbolic.size import is_symbolic

Shape = tuple[int, ...]
MAX_SIZE = 2**31 - 1
MAX_COUNT = 2**63 - 1
MAX_PAD = 2**20


@dataclass(frozen=True)
class Extent:
    """A number and its derivation, `text`, such as `floor((32 + 0 - 5)/1) + 1 = 28`."""

    value: int
    text: str


def format_shape(shape: Shape) -> str:
    """`28x28x6`, `{T - 4}x32` where a size depends on a symbol; a vector prints as its integer."""
    return "x".join(f"{{{size}}}" if is_symbolic(size) else str(size) for size in shape)


def volume(shape: Shape) -> int:
    """Number of elements; a `Fault` N306 when it does not fit in 64 bits."""
    count = prod(shape)
    if not is_symbolic(count) and count > MAX_COUNT:
        raise Fault("N306", f"`{format_shape(shape)}` has {_long(count)} elements: more than 2^63 - 1")
    return count


def checked(value: int, what: str) -> int:
    """`value` if it fits in a signed 64-bit integer; otherwise a `Fault` N306 that says what it counts.

    What depends on a symbol is checked when its size is set.
    """
    if not is_symbolic(value) and not -MAX_COUNT - 1 <= value <= MAX_COUNT:
        raise Fault("N306", f"{what} overflows 64-bit arithmetic: {_long(value)}")
    return value


def _long(count: int) -> str:
    """A number that may have any number of digits: Python itself refuses to print more than 4,300."""
    return str(count) if abs(count) < 10**40 else "over 10^40"


def product(factors: Iterable[int]) -> Extent:
    """The product of factors, written out: `5·5·1·40 = 1000`."""
    given = tuple(factors)
    return Extent(prod(given), f"{times(given)} = {prod(given)}")


def times(factors: Iterable[int]) -> str:
    """Factors as a product, `(T - 4)·5·40`."""
    return "·".join(f"({n})" if is_symbolic(n) and not str(n).isidentifier() else str(n) for n in factors)


def window_extent(
    size: int, kernel: int, stride: int, pad: tuple[int, int], dilation: int = 1, ceil: bool = False
) -> Extent:
    """Positions of a sliding window: floor((size + pads - effective kernel)/stride) + 1.

    The effective kernel is dilation·(kernel-1) + 1. With `ceil` the last window may start inside
    the padded input and hang over its end, but never starts in the padding after it.
    """
    reach = dilation * (kernel - 1) + 1
    span = size + pad[0] + pad[1] - reach
    steps = -(-span // stride) if ceil else span // stride
    clipped = ceil and span >= 0 and steps * stride >= size + pad[0]
    if clipped:
        steps -= 1
    taps = str(kernel) if dilation == 1 else f"({dilation}·({kernel} - 1) + 1)"
    words = f"{'ceil' if ceil else 'floor'}(({size} + {pad[0] + pad[1]} - {taps})/{stride}) + 1"
    if clipped:
        words += " - 1 (the last window would start in the padding)"
    return Extent(steps + 1, f"{words} = {steps + 1}")


def transposed_extent(
    size: int, kernel: int, stride: int, pad: tuple[int, int], dilation: int = 1, output_pad: int = 0
) -> Extent:
    """Size that a transposed window spreads to: (size-1)·stride - pads + dilation·(kernel-1) + output_pad + 1."""
    value = (size - 1) * stride - pad[0] - pad[1] + dilation * (kernel - 1) + output_pad + 1
    return Extent(
        value, f"({size} - 1)·{stride} - {pad[0] + pad[1]} + {dilation}·({kernel} - 1) + {output_pad} + 1 = {value}"
    )


def same_pad(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Padding that gives ceil(size/stride); the odd pixel goes after, as TensorFlow."""
    reach = dilation * (kernel - 1) + 1
    total = largest(((-(-size // stride) - 1) * stride + reach - size, 0))
    return total // 2, total - total // 2

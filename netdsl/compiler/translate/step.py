"""The steps that operations become: a kernel with operands and fields, before anything has a place in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from netdsl.compiler.views import View
from netdsl.ops.op import BATCH, Shape

DIMS = 5
PARTIALS = 2**21
MOST_CHUNKS = 16


@dataclass(frozen=True)
class Operand:
    """A value, or None where absent; `shift` elements into it, with strides of its own over the step's axes.

    `image` is the distance between images of what lies in the scratch.
    """

    value: int | str | None
    strides: tuple[int, ...] = ()
    shift: int = 0
    image: int = 0


@dataclass(frozen=True)
class Step:
    """A kernel with its operands (output first) and fields.

    `work` is the multiply-adds or elements of one image, for the estimate of its time. `scratch` elements lie in the
    arena while it runs and are the operand `scratch`; `code` is the expression of the operand `code`. `refused`: other
    ways to do the same, each with why it was not taken.
    """

    kernel: str
    operands: tuple[Operand, ...]
    fields: dict[str, int | float] = field(default_factory=dict)
    work: int = 0
    scratch: int = 0
    code: Any = None
    refused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Context:
    """What a translation may ask: shapes by id, the declared batch, lengths of unbatched values with their padding,
    and the views among the values.
    """

    shape: Callable[[int], Shape]
    batch: int
    length: Callable[[int], int]
    views: Mapping[int, View]

    def strides(self, i: int) -> tuple[int, ...]:
        """Strides of a value over its own axes, without the batch."""
        return pitched(dense_strides(sizes(self.shape(i))), self.shape(i), self.views.get(i))

    def broadcast(self, i: int, shape: Shape, out: Shape) -> tuple[int, ...]:
        """Strides of a value, taken as of `shape`, over the axes of `out`."""
        return pitched(broadcast_strides(shape, out), shape, self.views.get(i))


SCRATCH = Operand("scratch")
CODE = Operand("code")
ABSENT = Operand(None)


def sizes(shape: Shape) -> tuple[int, ...]:
    """A shape without its batch."""
    return tuple(int(d) for d in (shape[1:] if shape and shape[0] == BATCH else shape))


def dense_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides of a contiguous array, in elements."""
    return tuple(prod(shape[i + 1 :]) for i in range(len(shape)))


def pitched(strides: tuple[int, ...], shape: Shape, view: View | None) -> tuple[int, ...]:
    """Strides of dense pixels of this shape, widened to the pitch of a view."""
    if view is None:
        return strides
    channels = sizes(shape)[-1]
    return (*(s // channels * view.pitch for s in strides[:-1]), strides[-1])


def broadcast_strides(shape: Shape, out: Shape) -> tuple[int, ...]:
    """Strides over the axes of `out`, without batch, of an operand aligned at the last; 0 where it is stretched."""
    inner, wide = sizes(shape), sizes(out)
    if not (shape and shape[0] == BATCH) and len(inner) > len(wide):
        assert all(n == 1 for n in inner[: len(inner) - len(wide)]), f"{shape} for {out}"
        inner = inner[len(inner) - len(wide) :]
    padded = (1,) * (len(wide) - len(inner)) + inner
    return tuple(0 if n == 1 else s for n, s in zip(padded, dense_strides(padded), strict=True))


def merge_axes(shape: Sequence[int], strides: Sequence[Sequence[int]]) -> tuple[list[int], list[list[int]]]:
    """The same walk over fewer axes: neighbours merge where every operand steps evenly; axes of size 1 go."""
    kept: list[int] = []
    walks: list[list[int]] = [[] for _ in strides]
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        steps = [s[axis] for s in strides]
        if kept and all(w[-1] == s * size for w, s in zip(walks, steps, strict=True)):
            kept[-1] *= size
            for w, s in zip(walks, steps, strict=True):
                w[-1] = s
        else:
            kept.append(size)
            for w, s in zip(walks, steps, strict=True):
                w.append(s)
    return kept or [1], [w or [0] for w in walks]


def axis_fields(name: str, shape: Sequence[int], fill: int = 1) -> dict[str, int | float]:
    """`size0` … `size4`, the shape at the last axes."""
    padded = [fill] * (DIMS - len(shape)) + list(shape)
    return {f"{name}{i}": n for i, n in enumerate(padded)}


def chunked(terms: int, length: int, least: int, *, most: int = MOST_CHUNKS) -> tuple[int, int]:
    """Into how many partial sums, of how many terms, a sum is cut: from shape and declared batch alone."""
    chunks = max(1, min(most, terms // least, PARTIALS // max(length, 1)))
    rows = -(-terms // chunks)
    return -(-terms // rows), rows

"""`pad`, `crop` and `slice`: elements added round an array, or taken out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netdsl.errors import Fault
from netdsl.layers.base import Layer, Spans, arg, inner_shape
from netdsl.layers.values import Word
from netdsl.layers.window import spread
from netdsl.shapes import MAX_PAD, Shape, format_shape

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


def _sides(layer: Any, argument: str, x: Shape) -> tuple[tuple[int, int], ...]:
    """(before, after) for each spatial axis from an integer, one number an axis, or one a side."""
    value, rank = getattr(layer, argument), len(x) - 1
    if rank < 1:
        raise Fault(
            "N302", f"`{layer.keyword}` works on the sides of an image; its input is a vector of {format_shape(x)}"
        )
    if isinstance(value, int):
        return ((value, value),) * rank
    if len(value) == rank:
        return tuple((v, v) for v in value)
    if len(value) == 2 * rank:
        return tuple((value[2 * i], value[2 * i + 1]) for i in range(rank))
    raise Fault(
        "N304",
        f"`{layer.keyword}` has {len(value)} numbers; {rank} spatial axes take 1, {rank} or {2 * rank}",
        argument,
    )


@dataclass(frozen=True)
class Pad(Layer, keyword="pad"):
    """Zeros round the image: `n`, (h, w) or (top, bottom, left, right) pixels."""

    by: int | tuple[int, ...] = arg("window", "pixels added on each side", low=0, high=MAX_PAD)

    examples = (("pad(1)", ((3, 4, 2),)), ("pad((1, 0, 2, 3))", ((2, 3, 1),)), ("pad((2, 0))", ((4, 2),)))

    def out_shape(self, *xs: Shape) -> Shape:
        sides = _sides(self, "by", xs[0])
        return (*(n + a + b for n, (a, b) in zip(xs[0], sides, strict=False)), xs[0][-1])

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        import numpy as np

        return np.pad(xs[0], ((0, 0), *_sides(self, "by", xs[0].shape[1:]), (0, 0)))

    def reads(self, spans: Spans, operand: int, *xs: Shape) -> Spans:
        sides = _sides(self, "by", xs[0])
        return tuple((low - before, high - before) for (low, high), (before, _) in zip(spans, sides, strict=True))

    def lower(self, build: Build, *x: Value) -> Value:
        shape = inner_shape(x[0])
        pads = tuple(n for pair in (*_sides(self, "by", shape), (0, 0)) for n in pair)
        made: Value = build.add("pad", x[0], pads=pads, number=0.0)
        return made


class _Cut(Layer):
    """Layers that take a box out of their input."""

    def box(self, *xs: Shape) -> tuple[tuple[int, int], ...]:
        """(start, stop) for each axis of the first input without the batch."""
        raise AssertionError(f"{type(self).__name__} has no box")

    def out_shape(self, *xs: Shape) -> Shape:
        return tuple(b - a for a, b in self.box(*xs))

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        return xs[0][(slice(None), *(slice(a, b) for a, b in self.box(*(x.shape[1:] for x in xs))))]

    def reads(self, spans: Spans, operand: int, *xs: Shape) -> Spans:
        box = self.box(*xs)
        return tuple((low + start, high + start) for (low, high), (start, _) in zip(spans, box, strict=False))

    def lower(self, build: Build, *x: Value) -> Value:
        box = self.box(*map(inner_shape, x))
        made: Value = build.add("slice", x[0], start=tuple(a for a, _ in box), stop=tuple(b for _, b in box))
        return made


@dataclass(frozen=True)
class Crop(_Cut, keyword="crop"):
    """The image without `n`, (h, w) or (top, bottom, left, right) pixels at its sides; or a part as large as another.

    `crop(like=v)` keeps as many pixels as the value v has, about the centre: floor(diff/2) go before, the rest after.
    `offset` says where the part begins instead, in pixels from the top and the left. Of v only the size is looked at
    (Long et al. 2015, for skips that are larger than what they meet).
    """

    by: int | tuple[int, ...] | None = arg("window", "pixels taken off each side", default=None, low=0, high=MAX_PAD)
    like: Word | None = arg("value", "a value whose height and width remain", default=None, keyword_only=True)
    offset: int | tuple[int, ...] | None = arg(
        "window", "where the part begins; by default it lies about the centre", default=None, low=0, keyword_only=True
    )

    examples = (
        ("crop(1)", ((5, 4, 2),)),
        ("crop((1, 0, 2, 1))", ((4, 6, 1),)),
        ("crop(like=x1)", ((5, 6, 2), (3, 3, 1))),
        ("crop(like=x1, offset=(0, 2))", ((5, 6, 2), (3, 4, 7))),
    )

    def box(self, *xs: Shape) -> tuple[tuple[int, int], ...]:
        x = xs[0]
        if (self.by is None) == (self.like is None):
            how = "both" if self.by is not None else "neither"
            raise Fault("N206", f"`crop` takes a number of pixels or `like`, and was given {how}", "like")
        if self.by is None:
            return (*self._part(x, xs[1]), (0, x[-1]))
        if self.offset is not None:
            raise Fault("N304", "`offset` says where a part `like` another begins; `crop` has none here", "offset")
        sides = _sides(self, "by", x)
        kept = tuple((a, n - b) for n, (a, b) in zip(x, sides, strict=False))
        if any(b <= a for a, b in kept):
            raise Fault("N301", f"`crop` leaves nothing of {format_shape(x)}", "by", changes=({"by": "0"},))
        return (*kept, (0, x[-1]))

    def _part(self, x: Shape, like: Shape) -> tuple[tuple[int, int], ...]:
        if len(x) != len(like) or len(x) < 2 or any(n < m for n, m in zip(x[:-1], like[:-1], strict=True)):
            message = f"`crop` cannot take a part like {format_shape(like)} out of {format_shape(x)}"
            raise Fault("N308", message, "like", operand=1)
        gaps = [n - m for n, m in zip(x[:-1], like[:-1], strict=True)]
        begin = tuple(g // 2 for g in gaps) if self.offset is None else spread(self, "offset", len(gaps))
        for a, gap in zip(begin, gaps, strict=True):
            if a > gap:
                most = ", ".join(map(str, gaps))
                message = f"`offset` of `crop` is {a}: the part would end outside {format_shape(x)}"
                raise Fault(
                    "N304", message, "offset", changes=({"offset": f"({most},)" if len(gaps) == 1 else f"({most})"},)
                )
        return tuple((a, a + m) for a, m in zip(begin, like[:-1], strict=True))


@dataclass(frozen=True)
class Slice(_Cut, keyword="slice"):
    """Elements `start` up to `stop` of one axis, by default the channels; negative numbers count from the end."""

    start: int = arg("count", "first element")
    stop: int = arg("count", "element after the last")
    axis: int = arg("count", "axis, counted without the batch; negative from the end", default=-1)

    examples = (("slice(1, 3)", ((3, 2, 5),)), ("slice(-2, 4, axis=0)", ((4, 3),)))

    def box(self, *xs: Shape) -> tuple[tuple[int, int], ...]:
        x = xs[0]
        if not -len(x) <= self.axis < len(x):
            raise Fault("N309", f"`axis={self.axis}` of `slice` is not an axis of {format_shape(x)}", "axis")
        axis = self.axis % len(x)
        size = x[axis]
        start, stop = (n + size if n < 0 else n for n in (self.start, self.stop))
        if not 0 <= start < stop <= size:
            raise Fault(
                "N310",
                f"`slice({self.start}, {self.stop})` takes nothing that an axis of {size} has",
                "start",
                changes=({"start": "0", "stop": str(size)},),
            )
        return tuple((start, stop) if a == axis else (0, n) for a, n in enumerate(x))

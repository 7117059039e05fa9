"""The merging family's common base: several values aligned at their last axis, fitted in height and width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from netdsl.errors import Fault
from netdsl.layers.activation import activate, activate_lowered
from netdsl.layers.base import Layer, Spans, arg, inner_shape
from netdsl.layers.values import Word
from netdsl.shapes import Shape, format_shape
from netdsl.symbolic.decide import largest, smallest

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.expression import Expression
    from netdsl.ops.op import Build, Value

FITS = ("exact", "pad", "crop")
MAX_OPERANDS = 4  # of one map, whose gradients read as many and two more: the rest are joined after


@dataclass(frozen=True)
class Merge(Layer):
    """Operands of two or more values; `fit=pad` takes the largest spatial sizes, `fit=crop` the smallest.

    Smaller maps are padded with zeros, floor(diff/2) before and the rest after (PyTorch's legacy DepthConcat); larger
    ones are cropped about their centre likewise.
    """

    fit: Word = arg(
        "word", "what happens where heights and widths differ", default=Word("exact"), choices=FITS, keyword_only=True
    )
    act: object = arg("activation", "activation applied to the result", default=Word("none"), keyword_only=True)

    operands: ClassVar[tuple[int, int | None]] = (1, None)

    def fitted(self, xs: Sequence[Shape]) -> tuple[Shape, ...]:
        """The operands' shapes once padded or cropped to common spatial sizes."""
        if self.fit == "exact" or len({len(x) for x in xs}) != 1:
            return tuple(xs)
        pick = largest if self.fit == "pad" else smallest
        space = tuple(pick(sizes) for sizes in zip(*(x[:-1] for x in xs), strict=True))
        return tuple((*space, x[-1]) for x in xs)

    def reads(self, spans: Spans, operand: int, *xs: Shape) -> Spans:
        """Operands that are fitted are moved; one whose axis is stretched or joined to others is read whole."""
        x, fitted, out = xs[operand], self.fitted(xs)[operand], self.out_shape(*xs)
        if len(x) != len(out) or fitted[:-1] != out[:-1]:
            return tuple((0, n - 1) for n in x[:-1])
        before, _ = margins(x, fitted)
        moved = [b if self.fit == "crop" else -b for b in before]
        return tuple((low + by, high + by) for (low, high), by in zip(spans, moved, strict=False))

    def fit_array(self, x: Array, shape: Shape) -> Array:
        """An array padded or cropped to a shape."""
        import numpy as np

        begin, _ = margins(x.shape[1:], shape)
        if self.fit == "crop":
            return x[(slice(None), *(slice(b, b + n) for b, n in zip(begin, shape, strict=True)))]
        y = np.zeros((len(x), *shape), x.dtype)
        y[(slice(None), *(slice(b, b + n) for b, n in zip(begin, x.shape[1:], strict=True)))] = x
        return y

    def fit_value(self, build: Build, x: Value, shape: Shape) -> Value:
        """Emit the padding or cropping of a value to a shape."""
        have = inner_shape(x)
        if have == shape:
            return x
        begin, end = margins(have, shape)
        made: Value
        if self.fit == "crop":
            made = build.add("slice", x, start=begin, stop=tuple(b + n for b, n in zip(begin, shape, strict=True)))
        else:
            made = build.add("pad", x, pads=tuple(p for pair in zip(begin, end, strict=True) for p in pair), number=0.0)
        return made


def margins(small: Shape, large: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Pixels before and after on each axis by which two shapes differ: floor(diff/2), and the rest."""
    gaps = [abs(a - b) for a, b in zip(small, large, strict=True)]
    return tuple(g // 2 for g in gaps), tuple(g - g // 2 for g in gaps)


@dataclass(frozen=True)
class Pointwise(Merge):
    """Merges that combine their operands element by element: axes of size 1 stretch, and a vector C reads as 1x1xC."""

    def join(self, xs: Sequence[Expression]) -> Expression:
        """The operands in one expression; of many, some may be joined first."""
        raise AssertionError(f"{type(self).__name__} has no expression")

    def finish(self, joined: Expression, count: int) -> Expression:
        """What becomes of all `count` operands once they are joined."""
        return joined

    def out_shape(self, *xs: Shape) -> Shape:
        fitted = self.fitted(xs)
        rank = max(len(x) for x in fitted)
        padded = [(1,) * (rank - len(x)) + tuple(x) for x in fitted]
        out = tuple(largest(sizes) for sizes in zip(*padded, strict=True))
        for k, x in enumerate(padded):
            if any(n not in (1, m) for n, m in zip(x, out, strict=True)):
                raise self._mismatch(xs, k)
        return out

    def _mismatch(self, xs: Sequence[Shape], k: int) -> Fault:
        other = next(x for x in xs if len(x) != len(xs[k]) or any(a != b for a, b in zip(x, xs[k], strict=True)))
        pair = (other, xs[k]) if k else (xs[k], other)
        shown = " and ".join(format_shape(x) for x in pair)
        facts = tuple((f"operand {i + 1}", format_shape(x)) for i, x in enumerate(xs))
        changes = ({"fit": "crop"}, {"fit": "pad"}) if self._differs_in_space(xs) else ()
        return Fault("N308", f"`{self.keyword}` cannot combine {shown}", operand=k, facts=facts, changes=changes)

    @staticmethod
    def _differs_in_space(xs: Sequence[Shape]) -> bool:
        return len({len(x) for x in xs}) == 1 and len(xs[0]) > 1 and len({x[-1] for x in xs}) == 1

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        from netdsl.ops.expression import evaluate, operands

        shapes = self.fitted([x.shape[1:] for x in xs])
        rank = max(len(s) for s in shapes)
        fitted = [self.fit_array(x, s) if x.shape[1:] != s else x for x, s in zip(xs, shapes, strict=True)]
        wide = [x.reshape(len(x), *(1,) * (rank - len(s)), *s) for x, s in zip(fitted, shapes, strict=True)]
        return activate(self.act, evaluate(self.finish(self.join(operands(len(wide))), len(wide)), wide))

    def lower(self, build: Build, *x: Value) -> Value:
        from netdsl.ops.expression import operands

        shapes = self.fitted([inner_shape(v) for v in x])
        rank = max(len(s) for s in shapes)
        ins = [self.fit_value(build, v, s) for v, s in zip(x, shapes, strict=True)]
        wide = [
            v if len(s) == rank else build.add("reshape", v, shape=(*(1,) * (rank - len(s)), *s))
            for v, s in zip(ins, shapes, strict=True)
        ]
        while len(wide) > MAX_OPERANDS:
            wide = [build.map(self.join(operands(MAX_OPERANDS)), *wide[:MAX_OPERANDS]), *wide[MAX_OPERANDS:]]
        whole = self.finish(self.join(operands(len(wide))), len(x))
        return activate_lowered(build, self.act, build.map(whole, *wide))

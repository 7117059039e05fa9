"""`flatten` and `reshape`: the same numbers in another shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.errors import Fault
from netdsl.layers.base import Layer, Window, arg, inner_shape, whole
from netdsl.shapes import Shape, format_shape, volume

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


class _Reshaped(Layer):
    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        return xs[0].reshape(len(xs[0]), *self.out_shape(xs[0].shape[1:]))

    def lower(self, build: Build, *x: Value) -> Value:
        made: Value = build.add("reshape", x[0], shape=self.out_shape(inner_shape(x[0])))
        return made


@dataclass(frozen=True)
class Flatten(_Reshaped, keyword="flatten"):
    """A map (h, w, c) becomes a vector, c running fastest."""

    examples = (("flatten", ((3, 4, 2),)), ("flatten", ((5, 3),)))

    def out_shape(self, *xs: Shape) -> Shape:
        return (volume(xs[0]),)

    def window(self, *xs: Shape) -> Window | None:
        return None if len(xs[0]) == 1 else whole(xs[0])


@dataclass(frozen=True)
class Reshape(_Reshaped, keyword="reshape"):
    """The same numbers, in the same order, as an array of `shape`."""

    shape: int | tuple[int, ...] = arg("shape", "the new shape, without the batch", low=1)

    examples = (("reshape(4x3x2)", ((24,),)), ("reshape(6x4)", ((2, 3, 4),)))

    def out_shape(self, *xs: Shape) -> Shape:
        target = tuple(self.shape) if isinstance(self.shape, tuple) else (self.shape,)
        have, want = volume(xs[0]), volume(target)
        if have != want:
            facts = (
                ("input", f"{format_shape(xs[0])} = {have} numbers"),
                ("shape", f"{format_shape(target)} = {want} numbers"),
            )
            raise Fault(
                "N307",
                f"`reshape` cannot make {format_shape(target)} of {format_shape(xs[0])}: {have} numbers, not {want}",
                "shape",
                facts=facts,
            )
        return target

    def window(self, *xs: Shape) -> Window | None:
        """Where positions are renumbered, an output may come from anywhere in the map.

        They are not where channels are taken apart, or two axes behind height and width are put together.
        """
        x, y = xs[0], self.out_shape(*xs)
        kept = len(x) - 1 if len(y) >= len(x) else max(2, len(y) - 1)
        return None if x[:kept] == y[:kept] else whole(x)

"""`permute`: the axes of an array in another order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.errors import Fault
from netdsl.layers.base import Layer, Spans, Window, arg, whole
from netdsl.layers.values import format_value
from netdsl.shapes import Shape, format_shape

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Permute(Layer, keyword="permute"):
    """The same numbers with their axes in another order: axis k of the result is axis `order[k]` of the input.

    Axes count from 0, without the batch: `permute((1, 0, 2))` transposes an image. Between two `reshape`s it shuffles
    channels: `reshape(28x28x3x80) | permute((0, 1, 3, 2)) | reshape(28x28x240)` (Zhang et al. 2018).
    """

    order: tuple[int, ...] = arg("axes", "for each axis of the result, the axis of the input", low=0)

    examples = (
        ("permute((1, 0, 2))", ((3, 4, 2),)),
        ("permute((0, 1, 3, 2))", ((2, 3, 4, 5),)),
        ("permute((1, 0))", ((5, 3),)),
        ("permute((2, 0, 1))", ((3, 4, 17),)),
    )

    def out_shape(self, *xs: Shape) -> Shape:
        x = xs[0]
        if sorted(self.order) != list(range(len(x))):
            axes = ", ".join(map(str, range(len(x))))
            raise Fault(
                "N309",
                f"`permute({format_value(self.order)})` does not name each axis of {format_shape(x)} once",
                "order",
                help=f"the axes are {axes}" if len(x) > 1 else "a vector has one axis",
            )
        return tuple(x[axis] for axis in self.order)

    def window(self, *xs: Shape) -> Window | None:
        """Where positions move, an output may come from anywhere in the map."""
        moved = [axis for axis, source in enumerate(self.order) if axis != source]
        return None if not moved or min(moved) >= 2 else whole(xs[0])

    def reads(self, spans: Spans, operand: int, *xs: Shape) -> Spans:
        every = [*spans, (0, xs[0][self.order[-1]] - 1)]
        return tuple(every[self.order.index(axis)] for axis in range(len(xs[0]) - 1))

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        return xs[0].transpose(0, *(1 + axis for axis in self.order))

    def lower(self, build: Build, *x: Value) -> Value:
        made: Value = build.add("permute", x[0], order=self.order)
        return made

"""The input of a net, a node like the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from netdsl.layers.base import Layer
from netdsl.shapes import Shape

if TYPE_CHECKING:
    from netdsl.layers.base import Array


@dataclass(frozen=True)
class Input(Layer):
    """What `input NAME: 32x32x1` declares: arrays (N, 32, 32, 1), bound at each run."""

    operands: ClassVar[tuple[int, int | None]] = (0, 0)
    shape: Shape = ()

    def out_shape(self, *xs: Shape) -> Shape:
        return self.shape

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        return xs[0]

    def text(self) -> str:
        return "input"

"""`minpool`: the smallest number of each window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.layers.activation import activate
from netdsl.layers.base import inner_shape
from netdsl.layers.pool import Pool, windows

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class MinPool(Pool, keyword="minpool"):
    """y[n,i,j,c] = min of x[n, i·s - p : i·s - p + k, …, c] = -max(-x)."""

    examples = (
        ("minpool(2x2)", ((4, 6, 3),)),
        ("minpool(3x2, stride=2, pad=(1, 0))", ((5, 6, 2),)),
        ("minpool(2x1x2)", ((4, 5, 4, 3),)),
    )

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        return activate(self.act, windows(xs[0], self.axes(xs[0].shape[1:]), float("inf")).min(axis=-1))

    def lower(self, build: Build, *x: Value) -> Value:
        from netdsl.ops.expression import operands

        (x0,) = operands(1)
        largest = build.add("pool_max", build.map(-x0, x[0]), **self.attributes(inner_shape(x[0])))
        return self.finish(build, build.map(-x0, largest))

"""`sumpool`: the sum of each window."""

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
class SumPool(Pool, keyword="sumpool"):
    """y[n,i,j,c] = Σ x[n, i·s - p : i·s - p + k, …, c]; zeros outside the image."""

    examples = (
        ("sumpool(2x2)", ((4, 6, 3),)),
        ("sumpool(3, stride=1, pad=1)", ((5, 4, 2),)),
        ("sumpool(2, act=relu)", ((4, 5, 4, 3),)),
    )

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        return activate(self.act, windows(xs[0], self.axes(xs[0].shape[1:]), 0.0).sum(axis=-1))

    def lower(self, build: Build, *x: Value) -> Value:
        return self.finish(build, build.add("pool_sum", x[0], **self.attributes(inner_shape(x[0]))))

"""`maxpool`: the largest number of each window."""

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
class MaxPool(Pool, keyword="maxpool"):
    """y[n,i,j,c] = max of x[n, i·s - p : i·s - p + k, …, c]             (Ranzato et al. 2007).

    NaN counts as the largest; the gradient goes to the first maximum of a window, row by row.
    """

    examples = (
        ("maxpool(2x2)", ((4, 6, 3),)),
        ("maxpool(3x3, stride=2, pad=same)", ((7, 8, 2),)),
        ("maxpool(2, ceil=true)", ((7, 7, 1),)),
        ("maxpool(3, stride=2, pad=1)", ((9, 2),)),
        ("maxpool(2, stride=1x2x2, ceil=true)", ((4, 5, 4, 3),)),
    )

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        return activate(self.act, windows(xs[0], self.axes(xs[0].shape[1:]), float("-inf")).max(axis=-1))

    def lower(self, build: Build, *x: Value) -> Value:
        return self.finish(build, build.add("pool_max", x[0], **self.attributes(inner_shape(x[0]))))

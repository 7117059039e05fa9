"""`avgpool`: the mean of each window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.layers.activation import activate
from netdsl.layers.base import arg, inner_shape
from netdsl.layers.pool import Pool, counts, windows

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class AvgPool(Pool, keyword="avgpool"):
    """Mean over a sliding window; zeros outside the image are not counted, unless `count_pad`.

    y[n,i,j,c] = mean of x[n, i·s - p : i·s - p + k, …, c]             (LeCun et al. 1998, section II.A)
    """

    count_pad: bool = arg("flag", "count the declared padding as zeros of the mean", default=False, keyword_only=True)

    examples = (
        ("avgpool(2x2)", ((4, 6, 3),)),
        ("avgpool(3x3, stride=2, pad=same)", ((7, 8, 2),)),
        ("avgpool(3, stride=2, pad=1, ceil=true, count_pad=true)", ((6, 7, 2),)),
        ("avgpool(3, stride=2)", ((9, 2),)),
        ("avgpool(2x3x2, pad=1, stride=2)", ((4, 5, 4, 3),)),
    )

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        axes = self.axes(xs[0].shape[1:])
        share = counts(axes, self.count_pad).astype(xs[0].dtype)
        return activate(self.act, windows(xs[0], axes, 0.0).sum(axis=-1) / share)

    def lower(self, build: Build, *x: Value) -> Value:
        import numpy as np

        from netdsl.ops.expression import operands

        shape = inner_shape(x[0])
        total = build.add("pool_sum", x[0], **self.attributes(shape))
        held = counts(self.axes(shape), self.count_pad)
        x0, x1 = operands(2)
        if np.all(held == held.flat[0]):
            mean = build.map(x0 * (1.0 / float(held.flat[0])), total)
        else:
            mean = build.map(x0 * x1, total, build.const(1.0 / held, "1/count"))
        return self.finish(build, mean)

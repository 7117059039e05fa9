"""`subsample`: the trainable pooling of LeNet-5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from netdsl.layers.activation import activate
from netdsl.layers.base import Param, arg, inner_shape
from netdsl.layers.pool import Pool, windows
from netdsl.layers.values import Applied, Word
from netdsl.shapes import Shape

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Subsample(Pool, keyword="subsample"):
    """The sum of each window, times a trainable coefficient of its channel, plus a trainable bias.

    y[n,i,j,c] = act(a[c] · Σ x[n, i·s - p : i·s - p + k, …, c] + b[c])      (LeCun et al. 1998, section II.B)

    S2 of LeNet-5 is `subsample(2x2, act=scaled_tanh)`: 12 trainable numbers for 6 channels. By default a starts as
    1/(numbers in a window), so that training starts from `avgpool` without padding.
    """

    init: object = arg(
        "init",
        "initialiser of the coefficients; by default 1 divided by the numbers in a window",
        default=None,
        keyword_only=True,
    )
    bias_init: object = arg("init", "initialiser of the biases", default=Word("zeros"), keyword_only=True)
    trainable: bool = arg("flag", "whether the optimiser may change the tensors", default=True, keyword_only=True)

    examples = (
        ("subsample(2x2)", ((4, 6, 3),)),
        ("subsample(3x2, stride=2, pad=1, act=scaled_tanh)", ((7, 6, 2),)),
        ("subsample(2, ceil=true, init=ones)", ((5, 3),)),
        ("subsample(2)", ((4, 5, 4, 3),)),
    )

    def params(self, *xs: Shape) -> tuple[Param, ...]:
        taps, channels = prod(a.kernel for a in self.axes(xs[0])), xs[0][-1]
        init = Applied("constant", (1 / taps,)) if self.init is None else self.init
        fan = (taps, taps)
        return tuple(
            Param(name, (channels,), start, str(channels), fan=fan, trainable=self.trainable)
            for name, start in (("coefficient", init), ("bias", self.bias_init))
        )

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        total = windows(xs[0], self.axes(xs[0].shape[1:]), 0.0).sum(axis=-1)
        return activate(self.act, total * p["coefficient"] + p["bias"])

    def lower(self, build: Build, *x: Value) -> Value:
        from netdsl.ops.expression import operands

        x0, x1, x2 = operands(3)
        total = build.add("pool_sum", x[0], **self.attributes(inner_shape(x[0])))
        return self.finish(build, build.map(x0 * x1 + x2, total, build.param("coefficient"), build.param("bias")))

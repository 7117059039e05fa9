"""`batchnorm`: each channel to mean 0 and variance 1 over the batch, then scaled and shifted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.layers.activation import activate, activate_lowered
from netdsl.layers.base import Layer, Param, arg
from netdsl.layers.values import Word
from netdsl.shapes import Shape

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class BatchNorm(Layer, keyword="batchnorm"):
    """y = gamma·(x - mean)/sqrt(var + eps) + beta, for each channel            (Ioffe and Szegedy 2015)

    In training mean and (biased) variance are those of the batch over all positions, and the moving statistics become
    momentum·moving + (1 - momentum)·batch, as in Keras; otherwise the moving statistics are used. `scale=false`
    leaves out gamma, `center=false` beta. `gamma_init=zeros` where a residual branch ends lets it begin as nothing
    (Goyal et al. 2017).
    """

    eps: float = arg("number", "added to the variance", default=1e-5, low=0.0)
    momentum: float = arg(
        "number", "share of the old moving statistics that is kept at a step", default=0.9, low=0.0, high=1.0
    )
    scale: bool = arg("flag", "multiply by a trainable number for each channel", default=True)
    center: bool = arg("flag", "add a trainable number for each channel", default=True)
    act: object = arg("activation", "activation applied to the result", default=Word("none"))
    gamma_init: object = arg("init", "initialiser of gamma", default=Word("ones"), keyword_only=True)
    trainable: bool = arg("flag", "whether the optimiser may change gamma and beta", default=True, keyword_only=True)

    examples = (
        ("batchnorm", ((3, 4, 5),)),
        ("batchnorm(eps=0.001, momentum=0.99, act=relu)", ((6,),)),
        ("batchnorm(scale=false)", ((4, 3),)),
        ("batchnorm(gamma_init=zeros)", ((2, 3),)),
    )

    def out_shape(self, *xs: Shape) -> Shape:
        return xs[0]

    def params(self, *xs: Shape) -> tuple[Param, ...]:
        shape, count = (xs[0][-1],), str(xs[0][-1])
        gamma = (Param("gamma", shape, self.gamma_init, count, trainable=self.trainable),) if self.scale else ()
        beta = (Param("beta", shape, Word("zeros"), count, trainable=self.trainable),) if self.center else ()
        mean = Param("mean", shape, Word("zeros"), count, role="state", trainable=False)
        return (*gamma, *beta, mean, Param("var", shape, Word("ones"), count, role="state", trainable=False))

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        import numpy as np

        x = xs[0]
        axes = tuple(range(x.ndim - 1))
        mean, var = (x.mean(axis=axes), x.var(axis=axes)) if training else (p["mean"], p["var"])
        y = (x - mean) / np.sqrt(var + self.eps)
        y = y * p["gamma"] if self.scale else y
        return activate(self.act, y + p["beta"] if self.center else y)

    def lower(self, build: Build, *x: Value) -> Value:
        from netdsl.ops.expression import operands, unary

        x0, x1, x2, x3, x4 = operands(5)
        mean, var = build.state("mean"), build.state("var")
        if build.training:
            moving = mean, var
            mean, var = build.add("moments", x[0], axes=tuple(range(len(x[0].shape) - 1)))
            for old, new in zip(moving, (mean, var), strict=True):
                build.add("assign", old, build.map(self.momentum * x0 + (1.0 - self.momentum) * x1, old, new))
        ins = [x[0], mean, var]
        expression = (x0 - x1) / unary("sqrt", x2 + self.eps)
        if self.scale:
            ins.append(build.param("gamma"))
            expression = expression * x3
        if self.center:
            ins.append(build.param("beta"))
            expression = expression + (x4 if self.scale else x3)
        return activate_lowered(build, self.act, build.map(expression, *ins))

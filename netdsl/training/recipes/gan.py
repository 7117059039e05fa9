"""Two nets against each other: a generator makes images of noise, a discriminator tells them from real ones.

    D ← descend  mean -log D(x) + mean -log(1 - D(G(z)))        G fixed
    G ← descend  mean -log D(G(z))                              D fixed                    (Goodfellow et al. 2014)

Each half of a step is one plan over the same weights: the real and the made batch go through the discriminator one
after the other, as two uses of the same tensors, and only what belongs to the half is differentiated for. D ends in one
number, a sigmoid or its logit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.compiler.compile import compile
from netdsl.errors import fail
from netdsl.graph.place import placed, placed_net
from netdsl.ops.expression import Expression, max_, operands, unary
from netdsl.shapes import format_shape
from netdsl.training.programs import update_for

if TYPE_CHECKING:
    from netdsl.compiler.program import Program
    from netdsl.graph.net import Net
    from netdsl.graph.weights import Array, Weights
    from netdsl.ops.op import Build, Value
    from netdsl.training.block.settings import Settings

LEAST = 2.0**-24
"""The least argument of a logarithm: the distance from 1 to the float32 below it."""


@dataclass(frozen=True, eq=False)
class Pair:
    """A generator and a discriminator that fit each other. Raises `NetError` N529."""

    generator: Net
    discriminator: Net

    def __post_init__(self) -> None:
        for net in self.nets:
            if len(net.inputs) != 1 or len(net.outputs) != 1 or net.symbols:
                raise fail("N529", f"`{net.name}` has to have one input, one output, and sizes that are set")
        made, taken = _output(self.generator), self.discriminator.inputs[0]
        shapes = self.generator.nodes[made].shape, self.discriminator.nodes[taken].shape
        if shapes[0] != shapes[1]:
            g, d = map(format_shape, shapes)
            raise fail(
                "N529", f"`{self.generator.name}` makes {g}, and the input of `{self.discriminator.name}` is {d}"
            )
        told = self.discriminator.nodes[_output(self.discriminator)].shape
        if any(size != 1 for size in told):
            raise fail("N529", f"`{self.discriminator.name}` gives {format_shape(told)}; real or made is one number")

    @property
    def noise(self) -> str:
        """The input of the programs that takes noise."""
        return f"{self.generator.name}.{self.generator.inputs[0]}"

    @property
    def image(self) -> str:
        """The input of the discriminator's program that takes real images."""
        return f"{self.discriminator.name}.{self.discriminator.inputs[0]}"

    def telling(self) -> Net:
        """Real and made images before the discriminator: what its half of a step lowers."""
        g, d = self.generator, self.discriminator
        fed = {d.inputs[0]: f"{g.name}.{_output(g)}"}
        nodes = [*placed(g, g.name), *placed(d, d.name), *placed(d, "made", feeds=fed, share=d.name)]
        return placed_net(d.name, nodes, {"real": f"{d.name}.{_output(d)}", "made": f"made.{_output(d)}"})

    def making(self) -> Net:
        """Made images before the discriminator: what the generator's half of a step lowers."""
        g, d = self.generator, self.discriminator
        fed = {d.inputs[0]: f"{g.name}.{_output(g)}"}
        return placed_net(
            g.name, [*placed(g, g.name), *placed(d, d.name, feeds=fed)], {"made": f"{d.name}.{_output(d)}"}
        )

    def sampling(self) -> Net:
        """The generator alone, under the names of its tensors in the other two."""
        g = self.generator
        return placed_net(g.name, placed(g, g.name), {"made": f"{g.name}.{_output(g)}"})

    def initialise(self, seed: int) -> Weights:
        """First values of both nets, as each draws its own."""
        from netdsl.graph.weights import Weights

        weights = Weights()
        for net in self.nets:
            for name, array in net.initialise(seed).items():
                weights.add(f"{net.name}.{name}", array)
        return weights

    @property
    def nets(self) -> tuple[Net, Net]:
        """Both, the generator first."""
        return self.generator, self.discriminator

    def own(self, net: Net, weights: Mapping[str, Array]) -> dict[str, Array]:
        """The tensors of one of the nets under its own names."""
        return {name: weights[f"{net.name}.{name}"] for name in net.tensors}

    def programs(
        self,
        weights: Weights,
        settings: tuple[Settings, Settings],
        *,
        threads: int | None = None,
        memory: int | None = None,
    ) -> tuple[Program, Program]:
        """The discriminator's half of a step and the generator's, over the same weights, each with its settings.

        Raises `NetError` N7xx.
        """
        probabilities = _ends_in_sigmoid(self.discriminator)
        halves = (
            (self.telling(), self.discriminator, settings[1], {"real": True, "made": False}),
            (self.making(), self.generator, settings[0], {"made": True}),
        )
        made = [
            compile(
                net,
                weights,
                batch=settings[0].batch,
                wrt=[f"{own.name}.{name}" for name in own.learned],
                loss=verdict(wanted, probabilities),
                update=update_for(net, how),
                threads=threads,
                memory=memory,
            )
            for net, own, how, wanted in halves
        ]
        return made[0], made[1]


def verdict(wanted: dict[str, bool], probabilities: bool) -> Callable[[Build, dict[str, Value]], Value]:
    """The loss: the mean over the batch of -log of what the discriminator gives to `wanted`, real or not, by output."""

    def total(build: Build, outputs: dict[str, Value]) -> Value:
        (x,) = operands(1)
        rows = []
        for name, real in wanted.items():
            y = outputs[name]
            term = build.map(_surprise(x, real, probabilities), y)
            rows.append(build.add("reduce", term, axes=tuple(range(1, len(y.shape))), keep=False))
        xs = operands(len(rows) + 1)
        mixed = build.map(sum(xs[1:-1], start=xs[0]) * xs[-1], *rows, build.inverse_batch())
        made: Value = build.add("reduce", mixed, axes=(0,), keep=False)
        return made

    return total


def _surprise(y: Expression, real: bool, probabilities: bool) -> Expression:
    """-log y or -log(1-y); of a logit z, log(1 + e^-z) or log(1 + e^z), by the part that cannot overflow."""
    if probabilities:
        return -unary("log", max_(y if real else 1.0 - y, LEAST))
    z = -y if real else y
    return max_(z, 0.0) + unary("log1p", unary("exp", -unary("abs", y)))


def _output(net: Net) -> str:
    return next(iter(net.outputs.values()))


def _ends_in_sigmoid(net: Net) -> bool:
    """Whether the last layer that computes is a sigmoid: a `flatten` or `reshape` behind it changes nothing."""
    node = net.nodes[_output(net)]
    while node.layer.keyword in ("flatten", "reshape"):
        node = net.nodes[node.inputs[0]]
    return "sigmoid" in {node.layer.keyword, str(getattr(node.layer, "act", "")), str(getattr(node.layer, "name", ""))}

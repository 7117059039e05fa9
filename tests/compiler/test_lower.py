from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from netdsl.compiler.lower import lower
from netdsl.graph.net import Head, Node
from netdsl.layers.base import Layer, Param
from netdsl.ops.expression import operands
from netdsl.reference import run_net, run_ops

x0, x1, x2 = operands(3)


@dataclass(frozen=True)
class Source(Layer):
    pass


@dataclass(frozen=True)
class Scale(Layer):
    """Each feature times its own weight; in training the state `seen` takes the number of images that were seen."""

    def params(self, *xs):
        return Param("weight", xs[0], "ones", "2"), Param("seen", (), "zeros", "1", role="state")

    def forward(self, xs, p, *, training=False):
        return xs[0] * p["weight"]

    def lower(self, build, *xs):
        if build.training:
            build.add("assign", build.state("seen"), build.map(x0 + 1 / x1, build.state("seen"), build.inverse_batch()))
        return build.map(x0 * x1, xs[0], build.param("weight"))


@dataclass(frozen=True)
class Same(Layer):
    def forward(self, xs, p, *, training=False):
        return xs[0]

    def lower(self, build, *xs):
        return xs[0]


class TinyNet(SimpleNamespace):
    """image → a → b → out, with a head on a: what `lower` asks of a net."""

    def __init__(self):
        layers = {"image": Source(), "a": Scale(), "b": Scale(), "out": Same(), "aux": Scale()}
        reads = {"image": (), "a": ("image",), "b": ("a",), "out": ("b",), "aux": ("a",)}
        nodes = {path: Node(path, layer, reads[path], (2,)) for path, layer in layers.items()}
        super().__init__(nodes=nodes, outputs={"out": "out"}, heads=(Head("side", 0.5, "aux"),), labels={"first": "a"})

    def __iter__(self):
        return iter(self.nodes.values())

    def node_tensors(self, path):
        return [(f"{path}.{param.name}", param) for param in self.nodes[path].layer.params((2,))]


WEIGHTS = {"a.weight": [2.0, 3.0], "b.weight": [5.0, 7.0], "aux.weight": [1.0, 1.0]}
STATES = {f"{path}.seen": 10.0 for path in ("a", "b", "aux")}
IMAGES = {"image": [[1.0, 1.0], [2.0, 0.0]]}
BOUND = WEIGHTS | STATES | IMAGES


def mean_of_all(build, values):
    """Mean over images of the sum of the outputs, heads at half."""
    total = values["out"] if "side" not in values else build.map(x0 + x1 * 0.5, values["out"], values["side"])
    return build.map(x0 * x1, build.add("reduce", total, axes=(0, 1), keep=False), build.inverse_batch())


def descend(build, pairs):
    for param, gradient in pairs:
        moment = build.tensor(f"{param.name}@momentum", param.shape, "state")
        step = build.map(x0 * 0.5 + x1, moment, gradient)
        build.add("assign", moment, step)
        build.add("assign", param, build.map(x0 - x1 * x2, param, build.scalar("lr"), step))


def test_values_carry_the_paths_of_their_nodes():
    program = lower(TinyNet())
    assert str(program) == "a = map(image, a.weight, expression=x0*x1)\nb = map(a, b.weight, expression=x0*x1)"
    assert [op.origin for op in program.ops] == ["a", "b"]


def test_the_program_gives_what_the_net_gives():
    net = TinyNet()
    expected = run_net(net, WEIGHTS | STATES, IMAGES)
    assert run_ops(lower(net), BOUND)["out"].tolist() == expected["out"].tolist() == [[10, 21], [20, 0]]


def test_a_head_is_lowered_only_where_it_is_wanted():
    assert "aux.weight" not in str(lower(TinyNet()))
    assert list(lower(TinyNet(), want=("side",)).outputs) == ["out", "side"]


def test_a_label_or_path_may_be_wanted():
    program = lower(TinyNet(), want=("first", "a"))
    assert program.outputs["first"] == program.outputs["a"]


def test_training_gives_loss_and_outputs_and_keeps_statistics():
    program = lower(TinyNet(), training=True, loss=mean_of_all)
    run = run_ops(program, BOUND)
    assert list(program.outputs) == ["out", "loss"]
    assert run["loss"] == pytest.approx((10 + 21 + 20 + 0) / 2 + 0.5 * (2 + 3 + 4 + 0) / 2)
    assert run.assigned["a.seen"] == 12


def test_statistics_are_assigned_after_everything_else_in_the_phase_update():
    program = lower(TinyNet(), training=True, loss=mean_of_all, wrt=("b.weight",))
    kinds = [(op.kind, op.phase) for op in program.ops]
    assert kinds[-6:] == [("map", "update"), ("assign", "update")] * 3
    assert ("assign", "forward") not in kinds


def test_gradients_without_an_update_are_roots():
    program = lower(TinyNet(), training=True, loss=mean_of_all, wrt=("b.weight", "aux.weight", "image"))
    run = run_ops(program, BOUND, dtype=np.float64)
    assert list(program.gradients) == ["b.weight", "aux.weight", "image"]
    assert run["gradient of b.weight"].tolist() == [(2 + 4) / 2, 3 / 2]
    assert run["gradient of aux.weight"].tolist() == [0.5 * (2 + 4) / 2, 0.5 * 3 / 2]


def test_an_update_reads_the_gradient_and_assigns_last():
    program = lower(TinyNet(), training=True, loss=mean_of_all, wrt=("b.weight",), update=descend)
    run = run_ops(program, BOUND | {"b.weight@momentum": [4.0, 0.0], "lr": 0.1})
    np.testing.assert_allclose(run.assigned["b.weight@momentum"], [2 + 3, 1.5])
    np.testing.assert_allclose(run.assigned["b.weight"], [5 - 0.5, 7 - 0.15], rtol=1e-6)
    phases = [op.phase for op in program.ops]
    assert phases == sorted(phases, key=["forward", "backward", "update"].index) and not program.gradients


def test_a_tensor_that_is_not_asked_for_gets_no_gradient():
    program = lower(TinyNet(), training=True, loss=mean_of_all, wrt=("b.weight",), update=descend)
    assert {program.values[op.ins[0]].name for op in program.ops if op.kind == "assign"} == {
        "a.seen",
        "b.seen",
        "aux.seen",
        "b.weight@momentum",
        "b.weight",
    }

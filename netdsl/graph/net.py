"""The first level: a checked network, a NetworkX multigraph whose nodes hold frozen layers.

Nodes are named by their paths (`stage[2].conv_3`); an edge u → v says that v reads u, and its key is the
operand's index, so that a node may read a value twice. Sums over the net count each tensor once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import networkx as nx

from netdsl.errors import Span
from netdsl.graph.cost import Cost, cost_of
from netdsl.graph.receptive_field import receptive_fields
from netdsl.layers.base import Layer, Param
from netdsl.shapes import Shape
from netdsl.symbolic.symbol import Symbol

if TYPE_CHECKING:
    from netdsl.graph.weights import Weights


@dataclass(frozen=True)
class Node:
    """A layer in the graph: `inputs` are the paths it reads, in operand order.

    `shape` is that of its output, without the batch. The inputs of a net are nodes too, whose layer is `Input`.
    `span` is the call in the text. `ties` says which of its tensors are another's, by `share=`: its name of the tensor,
    and the full name of the tensor that it is. A `frozen` node learns nothing.
    """

    path: str
    layer: Layer
    inputs: tuple[str, ...]
    shape: Shape
    span: Span | None = None
    ties: tuple[tuple[str, str], ...] = ()
    frozen: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        """The inputs that it computes with; of others, such as the value that a crop is like, it has the size alone."""
        return self.inputs[: self.layer.operands[1]]


@dataclass(frozen=True)
class Scope:
    """A named or block-made group of nodes: all paths that begin with `path.`; `kind` is the block's name, or empty."""

    path: str
    kind: str
    output: str


@dataclass(frozen=True)
class Head:
    """An extra output with its weight in the loss."""

    name: str
    weight: float
    output: str


@dataclass(frozen=True)
class Setting:
    """One line of a `train` block: `loss cls=cross_entropy` has name `loss`, key `cls`, steps (`cross_entropy`,).

    Steps are values of `layers.values`, several where the line is a chain `a | b`.
    """

    name: str
    key: str
    steps: tuple[object, ...]
    span: Span | None = None


@dataclass(frozen=True, eq=False)
class Net:
    """A checked net. `outputs` are node paths by output name; `settings` is its `train` block.

    `texts` maps the names of the files it came from, relative to the main file, to contents; the main file's name is
    `main`. `partners` names, in order, the nets of its `train` block where it is trained with others; `searches` is
    its `tune` block. `parameters` are those the net was loaded with, `symbols` those that stand for any size.
    `warnings` are the checker's.
    """

    name: str
    graph: nx.MultiDiGraph[str]
    inputs: tuple[str, ...]
    outputs: Mapping[str, str]
    heads: tuple[Head, ...] = ()
    scopes: tuple[Scope, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, object] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()
    partners: tuple[str, ...] = ()
    searches: tuple[Setting, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    main: str = ""
    symbols: tuple[Symbol, ...] = ()
    warnings: tuple[Any, ...] = ()
    skipped: tuple[str, ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: no caches, and plain dictionaries for what may be a read-only view of one."""
        state = {item.name: getattr(self, item.name) for item in fields(self)}
        return state | {name: dict(state[name]) for name in ("outputs", "labels", "parameters", "texts")}

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Nodes by path, in an order in which they can run: that of the text."""
        return {path: data["node"] for path, data in self.graph.nodes(data=True)}

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes.values())

    def input_shapes(self, path: str) -> tuple[Shape, ...]:
        """Shapes that a node reads, without the batch."""
        return tuple(self.nodes[p].shape for p in self.nodes[path].inputs)

    @cached_property
    def tensors(self) -> dict[str, Param]:
        """Every tensor of the net by its full name, `stage[0].conv_1.weight`, in the order of the nodes."""
        return {
            name: param for node in self for name, param in self.node_tensors(node.path) if not _is_tied(node, param)
        }

    @cached_property
    def learned(self) -> tuple[str, ...]:
        """Names of the tensors that an optimiser may change."""
        return tuple(name for name, param in self.tensors.items() if param.role == "param" and param.trainable)

    def node_params(self, path: str) -> tuple[Param, ...]:
        """The tensors that one node's layer reads."""
        node = self.nodes[path]
        found = node.layer.tensors(*self.input_shapes(path))
        return tuple(replace(param, trainable=False) for param in found) if node.frozen else found

    def node_tensors(self, path: str) -> tuple[tuple[str, Param], ...]:
        """The same with their full names, shared ones as their owner declares them."""
        ties = dict(self.nodes[path].ties)
        own = self.node_params(path)
        return tuple(
            (ties[p.name], self._owned(ties[p.name])) if p.name in ties else (f"{path}.{p.name}", p) for p in own
        )

    def _owned(self, tensor: str) -> Param:
        path, _, name = tensor.rpartition(".")
        return next(param for param in self.node_params(path) if param.name == name)

    @cached_property
    def cost(self) -> Cost:
        """The cost of the whole net."""
        return cost_of(self, self.nodes)

    @property
    def params(self) -> int:
        """Numbers that layers learn, shared ones once."""
        return self.cost.params

    @property
    def state(self) -> int:
        """Numbers in moving statistics."""
        return self.cost.state

    @property
    def total(self) -> int:
        """Parameters and state."""
        return self.cost.total

    @property
    def trainable(self) -> int:
        """Parameters that an optimiser may change."""
        return self.cost.trainable

    @property
    def nontrainable(self) -> int:
        """Fixed parameters and state."""
        return self.cost.nontrainable

    @property
    def macs(self) -> int:
        """Multiply-adds of one image."""
        return self.cost.macs

    @cached_property
    def fields(self) -> dict[str, tuple[int, ...]]:
        """Receptive field of every node, a number for each spatial axis of the input."""
        return receptive_fields(self.graph)

    def at(self, **sizes: int) -> Net:
        """The net for one size of each of its symbols: `net.at(T=100)`. Raises `NetError` N219 or N716."""
        from netdsl.graph.sized import sized

        return sized(self, sizes)

    def initialise(self, seed: int = 0) -> Weights:
        """Weights drawn as each layer's `init=` says; `NetError` N708 for a seed that is none."""
        from netdsl.graph.initialise import initial_weights

        return initial_weights(self, seed)

    def zeros(self) -> Weights:
        """Weights of zeros: enough to compile, and nothing is drawn."""
        from netdsl.graph.weights import Weights

        weights = Weights()
        for name, param in self.tensors.items():
            weights.declare(name, param.shape)
        return weights


def _is_tied(node: Node, param: Param) -> bool:
    return any(name == param.name for name, _ in node.ties)

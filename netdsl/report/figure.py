"""A net as a figure: boxes with their text, groups for scopes, and links; before anything has a place."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx

from netdsl.errors import escape
from netdsl.graph.net import Net, Node, Scope
from netdsl.layers.values import format_value
from netdsl.report.family import family
from netdsl.report.label import details, head, is_automatic
from netdsl.report.layout import Box, Group
from netdsl.report.text_width import text_width
from netdsl.shapes import format_shape

TEXT, SMALL = 12.0, 10.0
PADDING = 12.0
LEAST = 76.0
LINE, MORE = 26.0, 14.0
BESIDE = 6.0
MOST_LISTED = 3


@dataclass(frozen=True)
class Caption:
    """The text of a box: a bold name, words beside it, smaller words below, and the family that gives the colour."""

    name: str
    words: str
    below: str
    family: str
    round: bool = False

    @property
    def width(self) -> float:
        """Room that the text needs, with a space between name and words."""
        space = text_width(" ", TEXT) if self.name and self.words else 0.0
        first = text_width(self.name, TEXT, bold=True) + space + text_width(self.words, TEXT)
        return max(first, text_width(self.below, SMALL))


@dataclass(frozen=True)
class Figure:
    """What is to be placed: the tree of groups, the links, captions by box, titles by group, shapes by source box."""

    root: Group
    links: tuple[tuple[str, str], ...]
    captions: Mapping[str, Caption]
    titles: Mapping[str, str]
    shapes: Mapping[str, str]


def figure(net: Net, *, depth: int | None = None) -> Figure:
    """The figure of a net; scopes nested deeper than `depth` become single boxes."""
    scopes = {scope.path: scope for scope in net.scopes}
    folded = _folded(net, scopes, depth)
    captions = {node.path: _caption(node) for node in net if node.path not in folded}
    for path in dict.fromkeys(folded.values()):
        captions[path] = _folded_caption(scopes[path], [net.nodes[p] for p, box in folded.items() if box == path])
    shapes: dict[str, str] = {}
    links: dict[tuple[str, str], None] = {}
    for node in net:
        for source in node.inputs:
            link = (folded.get(source, source), folded.get(node.path, node.path))
            if link[0] != link[1]:
                links[link] = None
                shapes[link[0]] = _shape(net.nodes[source])
    for name, path, caption in _ends(net):
        source = folded.get(path, path)
        captions[name] = caption
        links[source, name] = None
        shapes[source] = _shape(net.nodes[path])
    order = [folded.get(node.path, node.path) for node in net] + [name for name, _, _ in _ends(net)]
    boxes = {key: box(key, captions[key], shapes.get(key, "")) for key in dict.fromkeys(order)}
    titles = {path: _title(scope) for path, scope in scopes.items()}
    return Figure(tree(boxes, scopes, titles), tuple(links), captions, titles, shapes)


def _shape(node: Node) -> str:
    return format_shape(node.shape)


def _parents(path: str, scopes: Collection[str]) -> list[str]:
    """Scopes that hold a path, the outermost first."""
    return [path[:i] for i, c in enumerate(path) if c == "." and path[:i] in scopes]


def _folded(net: Net, scopes: Mapping[str, Scope], depth: int | None) -> dict[str, str]:
    """The box that stands for each node inside a folded scope."""
    if depth is None:
        return {}
    parents = {path: _parents(path, scopes) for path in net.nodes}
    folded = {path: above[depth] for path, above in parents.items() if len(above) > depth}
    graph: nx.DiGraph[str] = nx.DiGraph()
    for node in net:
        graph.add_edges_from((folded.get(source, source), folded.get(node.path, node.path)) for source in node.inputs)
    boxes = list(dict.fromkeys(folded.values()))
    for cycle in nx.strongly_connected_components(graph):
        if len(cycle) > 1:  # scopes that enclose each other, as in a U-Net, are one box
            first = next(box for box in boxes if box in cycle)
            folded |= {path: first for path in net.nodes if folded.get(path, path) in cycle}
    return folded


def _caption(node: Node) -> Caption:
    if node.layer.text() == "input":
        return Caption(escape(node.path), _shape(node), "", "input", round=True)
    name = "" if is_automatic(node.path, node.layer) else _last(node.path)
    return Caption(
        escape(name),
        escape(head(node.layer, rank=len(node.shape) - 1)),
        escape(", ".join(details(node.layer))),
        family(node.layer),
    )


def _folded_caption(scope: Scope, nodes: Sequence[Node]) -> Caption:
    """A scope as a box: few layers are listed, many are counted, and a single family gives its colour."""
    acting = [node for node in nodes if node.layer.text() != "activation(none)"]
    below = " · ".join(_short(node) for node in acting) if len(acting) <= MOST_LISTED else f"{len(nodes)} layers"
    name = _last(scope.path)
    colour = family(acting[0].layer) if 0 < len(acting) <= MOST_LISTED else "scope"
    return Caption(escape(name), escape(scope.kind if scope.kind not in name else ""), escape(below), colour)


def _short(node: Node) -> str:
    """`conv 64, 1x1/2`, `batchnorm`, `relu`."""
    words = head(node.layer, rank=len(node.shape) - 1).removeprefix("activation ")
    stride = getattr(node.layer, "stride", 1)
    return words if stride in (1, None) or node.layer.keyword not in ("conv", "conv_transpose") else f"{words}/{stride}"


def _ends(net: Net) -> list[tuple[str, str, Caption]]:
    """A box for each output and head: its key, the node that gives it, and its caption."""
    found = [
        (f"\0output\0{name}", path, Caption(escape(name), "output", "", "input", round=True))
        for name, path in net.outputs.items()
    ]
    for head_ in net.heads:
        words = f"weight {format_value(head_.weight)}"
        caption = Caption(escape(head_.name), "head", words, "input", round=True)
        found.append((f"\0head\0{head_.name}", head_.output, caption))
    return found


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _title(scope: Scope) -> str:
    name = _last(scope.path)
    return escape(name if not scope.kind or scope.kind in name else f"{name} · {scope.kind}")


def box(key: str, caption: Caption, shape: str) -> Box:
    """The box round a caption, with the text of its shape beside the wire below."""
    beside = text_width(shape, SMALL) + BESIDE if shape else 0.0
    height = LINE + MORE if caption.below else LINE
    return Box(key, float(round(max(LEAST, caption.width + 2 * PADDING))), height, beside)


def tree(boxes: Mapping[str, Box], scopes: Collection[str], titles: Mapping[str, str]) -> Group:
    """The boxes in the groups of the scopes whose paths begin theirs."""
    members: dict[str, list[Box | str]] = {"": []}
    for key, box in boxes.items():
        parent = ""
        for path in () if key.startswith("\0") else _parents(key, scopes):
            if path not in members:
                members[path] = []
                members[parent].append(path)
            parent = path
        members[parent].append(box)

    def group(path: str) -> Group:
        inside = tuple(group(m) if isinstance(m, str) else m for m in members[path])
        return Group(path, text_width(titles.get(path, ""), SMALL, bold=True), inside)

    return group("")

"""A net in Graphviz' language, with a cluster for each scope."""

from __future__ import annotations

import pydot

from netdsl.errors import escape
from netdsl.graph.net import Net
from netdsl.report.family import COLOURS
from netdsl.report.figure import Caption, Figure, figure
from netdsl.report.layout import Box, Group


def draw_dot(net: Net, *, depth: int | None = None) -> str:
    """The text of a DOT file; scopes nested deeper than `depth` are single nodes."""
    plan = figure(net, depth=depth)
    graph = pydot.Dot(_quoted(net.name), graph_type="digraph", fontname="Helvetica", nodesep="0.3", ranksep="0.4")
    graph.set_node_defaults(shape="box", style='"rounded,filled"', fontname="Helvetica", fontsize="12")
    graph.set_edge_defaults(fontname="Helvetica", fontsize="10", color='"#5f6b7a"', fontcolor='"#5f6b7a"')
    names = {box.key: f"n{i}" for i, box in enumerate(plan.root.boxes())}
    _fill(graph, plan.root, plan, names)
    for source, target in plan.links:
        graph.add_edge(pydot.Edge(names[source], names[target], label=_quoted(plan.shapes[source])))
    text: str = graph.to_string()
    return text


def _fill(graph: pydot.Graph, group: Group, plan: Figure, names: dict[str, str]) -> None:
    for member in group.members:
        if isinstance(member, Box):
            caption = plan.captions[member.key]
            fill, border = COLOURS[caption.family]
            graph.add_node(
                pydot.Node(names[member.key], label=_label(caption), fillcolor=f'"{fill}"', color=f'"{border}"')
            )
            continue
        inner = pydot.Cluster(
            _quoted(member.key), label=_quoted(plan.titles[member.key]), style="rounded", color='"#b6bfca"'
        )
        _fill(inner, member, plan, names)
        graph.add_subgraph(inner)  # type: ignore[arg-type]


def _label(caption: Caption) -> str:
    first = " ".join(part for part in (caption.name, caption.words) if part)
    return _quoted("\n".join(part for part in (first, caption.below) if part))


def _quoted(text: str) -> str:
    safe = "\n".join(escape(line) for line in text.split("\n")).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + safe.replace("\n", "\\n") + '"'

"""Nest groups that enclose each other in time.

In a U-Net the inner level stands between two halves of the outer one: outer → inner → outer, a cycle of groups. Such
a cycle is drawn as nesting: its first group takes in the others. Afterwards the items of each group form an acyclic
graph, so that they have rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import networkx as nx

from netdsl.report.layout.model import Box, Group


def nest(root: Group, links: Iterable[tuple[str, str]]) -> Group:
    """The same boxes, with the members of a cycle of groups moved into the cycle's first group."""
    pairs = list(links)
    return _nest(root, pairs)


def home_of(members: Iterable[Box | Group]) -> dict[str, str]:
    """For each box within the members, the key of the member that holds it."""
    return {
        box.key: member.key for member in members for box in ((member,) if isinstance(member, Box) else member.boxes())
    }


def _nest(group: Group, links: list[tuple[str, str]]) -> Group:
    members = _without_cycles(group.members, links)
    return Group(
        group.key, group.title, tuple(_nest(m, _within(m, links)) if isinstance(m, Group) else m for m in members)
    )


def _within(group: Group, links: list[tuple[str, str]]) -> list[tuple[str, str]]:
    own = {box.key for box in group.boxes()}
    return [(a, b) for a, b in links if a in own and b in own]


def _without_cycles(members: tuple[Box | Group, ...], links: list[tuple[str, str]]) -> tuple[Box | Group, ...]:
    home = home_of(members)
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(member.key for member in members)
    graph.add_edges_from((home[a], home[b]) for a, b in links if a in home and b in home and home[a] != home[b])
    position = {member.key: i for i, member in enumerate(members)}
    by_key: Mapping[str, Box | Group] = {member.key: member for member in members}
    replaced: dict[str, Box | Group | None] = {}
    for component in nx.strongly_connected_components(graph):
        if len(component) == 1:
            continue
        inside = [by_key[key] for key in sorted(component, key=position.__getitem__)]
        outer = next(member for member in inside if isinstance(member, Group))
        others = tuple(member for member in inside if member is not outer)
        replaced |= dict.fromkeys((member.key for member in inside), None)
        replaced[outer.key] = Group(outer.key, outer.title, _by_text(outer.members + others, links))
    found = (replaced.get(member.key, member) for member in members)
    return tuple(member for member in found if member is not None)


def _by_text(members: tuple[Box | Group, ...], links: list[tuple[str, str]]) -> tuple[Box | Group, ...]:
    """Members by the first of their boxes in an order in which the boxes can run."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for member in members:
        graph.add_nodes_from([member.key] if isinstance(member, Box) else [box.key for box in member.boxes()])
    known = set(graph)
    graph.add_edges_from((a, b) for a, b in links if a in known and b in known)
    index = {key: i for i, key in enumerate(graph)}
    place = {key: i for i, key in enumerate(nx.lexicographical_topological_sort(graph, key=index.__getitem__))}
    first = {m.key: min(place[b.key] for b in ((m,) if isinstance(m, Box) else m.boxes())) for m in members}
    return tuple(sorted(members, key=lambda m: first[m.key]))

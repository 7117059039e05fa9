"""A summary as a tree: scopes as branches with their sums, nodes as leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from netdsl.errors import escape
from netdsl.graph.cost import cost_of
from netdsl.report.label import words
from netdsl.report.summary import Row, Summary
from netdsl.shapes import format_shape

GAP = 2


@dataclass
class _Branch:
    """A scope, or the net itself: nodes and scopes in the order of the text."""

    path: str
    members: list[Row | _Branch] = field(default_factory=list)


def as_tree(summary: Summary) -> str:
    """Lines of name, layer or block, output and parameters, joined by `├─` and `└─`."""
    net = summary.net
    rows = [(stem + escape(name), *rest) for stem, name, *rest in _walk(summary, _grow(summary), "")]
    top = (escape(net.name), "", "", _count(summary.totals.params))
    widths = [max(len(row[i]) for row in (top, *rows)) for i in range(4)]
    lines = []
    for name, layer, shape, count in (top, *rows):
        cells = (name.ljust(widths[0]), layer.ljust(widths[1]), shape.rjust(widths[2]), count.rjust(widths[3]))
        lines.append((" " * GAP).join(cells).rstrip())
    return "\n".join(lines) + "\n"


def _grow(summary: Summary) -> _Branch:
    scopes = {scope.path for scope in summary.net.scopes}
    root = _Branch("")
    branches = {"": root}
    for row in summary.rows:
        parent = root
        for end, character in enumerate(row.node.path):
            path = row.node.path[:end]
            if character != "." or path not in scopes:
                continue
            if path not in branches:
                branches[path] = _Branch(path)
                parent.members.append(branches[path])
            parent = branches[path]
        parent.members.append(row)
    return root


def _walk(summary: Summary, branch: _Branch, stem: str) -> Iterator[tuple[str, str, str, str, str]]:
    """Stem, name, layer, shape and parameters of every line below a branch."""
    scopes = {scope.path: scope for scope in summary.net.scopes}
    for k, member in enumerate(branch.members):
        last = k + 1 == len(branch.members)
        joint, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        if isinstance(member, _Branch):
            scope = scopes[member.path]
            inside = [row.node.path for row in summary.rows if row.node.path.startswith(f"{member.path}.")]
            shape = format_shape(summary.net.nodes[scope.output].shape) if scope.output in summary.net.nodes else ""
            params = _count(cost_of(summary.net, inside).params)
            yield stem + joint, _name(member.path, branch.path), escape(scope.kind), shape, params
            yield from _walk(summary, member, stem + below)
        else:
            text = escape(words(member.node.layer, rank=len(member.shape) - 1))
            shape, params = format_shape(member.shape), _count(member.cost.params)
            yield stem + joint, _name(member.node.path, branch.path), text, shape, params


def _name(path: str, scope: str) -> str:
    return path.removeprefix(f"{scope}.") if scope else path


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"

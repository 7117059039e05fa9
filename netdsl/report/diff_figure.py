"""The difference of two nets as a drawing: one net with the parts of both, coloured by what became of them.

White boxes are equal, and stand for whole scopes and for runs of equal parts; yellow ones changed, green ones were
added, red ones taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import networkx as nx

from netdsl.errors import escape
from netdsl.graph.diff import Difference, Pair, Part
from netdsl.report.diff import ARROW, mark, part_words
from netdsl.report.draw import draw_figure
from netdsl.report.figure import Caption, Figure, box, tree
from netdsl.shapes import format_shape

_FAMILY = {"=": "equal", "~": "changed", "+": "added", "-": "removed"}


def draw_difference(difference: Difference) -> str:
    """The drawing as the text of an SVG file. Equal differences give equal bytes."""
    plan = _Plan(difference)
    plan.level(difference.pairs, "")
    one, other = difference.one.name, difference.other.name
    return draw_figure(plan.figure(), escape(f"{one}{ARROW}{other}"))


class _Plan:
    """Boxes by a path that both nets share, and the box of each node of each net."""

    def __init__(self, difference: Difference) -> None:
        self.difference = difference
        self.captions: dict[str, Caption] = {}
        self.shapes: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        self.ones: dict[str, str] = {}
        self.others: dict[str, str] = {}

    def level(self, pairs: Sequence[Pair], prefix: str) -> None:
        """The boxes of one level: neighbours that are equal share one, and so do those that stand in one net alone."""
        for sign, run in groupby(pairs, key=mark):
            members = list(run)
            if sign == "~":
                for pair in members:
                    self._changed(pair, prefix)
            elif len(members) == 1 or sign == "=":
                self._box(sign, members, prefix)
            else:
                for _, alike in groupby(members, key=lambda pair: pair.part.holds):
                    self._box(sign, list(alike), prefix)

    def _changed(self, pair: Pair, prefix: str) -> None:
        if not pair.inner:
            self._box("~", [pair], prefix)
            return
        path = prefix + pair.part.name
        words = _both(pair, part_words)
        self.titles[path] = escape(_both(pair, lambda part: part.name) + (f" · {words}" if words else ""))
        self.level(pair.inner, f"{path}.")

    def _box(self, sign: str, pairs: Sequence[Pair], prefix: str) -> None:
        first, last = pairs[0], pairs[-1]
        # Parts that were taken out may have the names of others that were added.
        key = prefix + first.part.name + ("\0" if sign == "-" else "")
        if len(pairs) == 1:
            name, words = _both(first, lambda part: part.name), _both(first, part_words)
        else:
            name = f"{first.part.name} … {last.part.name}"
            alike = len({pair.part.holds for pair in pairs}) == 1
            words = f"{len(pairs)} x {part_words(first.part)}" if alike else f"{len(pairs)} parts"
        self.captions[key] = Caption(escape(name), escape(words), self._params(sign, pairs), _FAMILY[sign])
        self.shapes[key] = _both(last, lambda part: format_shape(part.shape))
        for pair in pairs:
            for part, boxes in ((pair.one, self.ones), (pair.other, self.others)):
                boxes.update({node.path: key for node in part.nodes()} if part else {})

    def _params(self, sign: str, pairs: Sequence[Pair]) -> str:
        one = sum(pair.one.cost.params for pair in pairs if pair.one)
        other = sum(pair.other.cost.params for pair in pairs if pair.other)
        if sign in "+-" or one == other:
            count = other or one
            return f"{'' if sign in '=~' else sign}{count:,} parameters" if count else ""
        return f"{one:,}{ARROW}{other:,} parameters"

    def figure(self) -> Figure:
        """What is to be placed; the wires of the first net are those of parts that the second has not."""
        order = {key: place for place, key in enumerate(self.captions)}
        links: dict[tuple[str, str], None] = {}
        for net, boxes in ((self.difference.other, self.others), (self.difference.one, self.ones)):
            for node in net:
                for source in node.inputs:
                    link = boxes[source], boxes[node.path]
                    new = net is self.difference.other or any(key.endswith("\0") for key in link)
                    if new and link[0] != link[1]:
                        links[link] = None
        graph: nx.DiGraph[str] = nx.DiGraph(list(links))
        for cycle in nx.strongly_connected_components(graph):
            for link in [link for link in links if cycle.issuperset(link) and order[link[0]] > order[link[1]]]:
                del links[link]
        sources = {source for source, _ in links}
        shapes = {key: shape for key, shape in self.shapes.items() if key in sources}
        boxes_ = {key: box(key, caption, shapes.get(key, "")) for key, caption in self.captions.items()}
        return Figure(tree(boxes_, self.titles, self.titles), tuple(links), self.captions, self.titles, shapes)


def _both(pair: Pair, say: Callable[[Part], str]) -> str:
    texts = dict.fromkeys(say(part) for part in (pair.one, pair.other) if part is not None)
    return ARROW.join(text for text in texts if text)

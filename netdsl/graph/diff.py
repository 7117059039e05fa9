"""Two nets side by side: their scopes and nodes aligned level by level, in order.

At each level the alignment with the highest score wins: parts that are the same by what they hold, then parts with the
same label, then parts of the same kind. What finds no partner stands in one net alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from netdsl.graph.cost import Cost, cost_of
from netdsl.graph.net import Net, Node
from netdsl.shapes import Shape

LARGEST = 250_000  # pairs that are compared at one level; of larger ones names alone decide


@dataclass(eq=False)
class Part:
    """A node, or a scope with its parts. `holds` is a number that equal contents share."""

    net: Net
    path: str
    name: str
    kind: str
    node: Node | None
    shape: Shape
    parts: list[Part] = field(default_factory=list)
    holds: int = 0

    @property
    def is_named(self) -> bool:
        """Whether its author gave it its name."""
        kind, _, number = self.name.rpartition("_")
        return not (kind == self.kind and number.isdigit())

    def nodes(self) -> Iterator[Node]:
        """Every node within, in order."""
        stack = [self]
        while stack:
            part = stack.pop()
            if part.node is not None:
                yield part.node
            stack += reversed(part.parts)

    @property
    def cost(self) -> Cost:
        return cost_of(self.net, [node.path for node in self.nodes()])


@dataclass(eq=False)
class Pair:
    """A part of the first net beside one of the second; None where there is no partner."""

    one: Part | None
    other: Part | None
    inner: tuple[Pair, ...] = ()
    equal: bool = False

    @property
    def part(self) -> Part:
        """That of the second net, or else of the first."""
        part = self.other or self.one
        assert part is not None
        return part


@dataclass(frozen=True, eq=False)
class Difference:
    """Two nets, and the pairs of their outermost parts."""

    one: Net
    other: Net
    pairs: tuple[Pair, ...]

    @property
    def equal(self) -> bool:
        """Whether there is no difference but in names."""
        return all(pair.equal for pair in self.pairs)


def compare(one: Net, other: Net) -> Difference:
    """The difference from one net to another. Names do not count; layers, shapes, order and wiring do."""
    known: dict[object, int] = {}
    pairs = _match(_parts(one, known), _parts(other, known))
    partner = {a.path: b.path for a, b in _node_pairs(pairs)}
    partners = frozenset(partner.values())
    for pair in pairs:
        _judge(pair, partner, partners)
    return Difference(one, other, pairs)


# ---- parts


def _parts(net: Net, known: dict[object, int]) -> list[Part]:
    scopes = {scope.path: scope for scope in net.scopes}
    made: dict[str, Part] = {}
    whole: list[Part] = []
    for node in net:
        above, inside = "", whole
        for place in (i for i, char in enumerate(node.path) if char == "."):
            path = node.path[:place]
            scope = scopes.get(path)
            if scope is None:
                continue
            if path not in made:
                name = path[len(above) :].lstrip(".")
                made[path] = Part(net, path, name, scope.kind, None, net.nodes[scope.output].shape)
                inside.append(made[path])
            above, inside = path, made[path].parts
        name = node.path[len(above) :].lstrip(".")
        kind = node.layer.keyword or node.layer.text()
        inside.append(Part(net, node.path, name, kind, node, node.shape))
    for part in whole:
        _number(part, known)
    return whole


def _number(part: Part, known: dict[object, int]) -> int:
    if part.node is not None:
        says: object = (part.node.layer.text(), part.net.input_shapes(part.path), part.shape)
    else:
        says = (part.kind, tuple(_number(inner, known) for inner in part.parts))
    part.holds = known.setdefault(says, len(known))
    return part.holds


# ---- alignment


def _match(ones: Sequence[Part], others: Sequence[Part]) -> tuple[Pair, ...]:
    """The pairs of one level, those without a partner at their places: first those of the first net."""
    found: list[Pair] = []
    a = b = 0
    for i, j in (*_aligned(ones, others), (len(ones), len(others))):
        found += [Pair(part, None) for part in ones[a:i]]
        found += [Pair(None, part) for part in others[b:j]]
        if i < len(ones):
            found.append(Pair(ones[i], others[j], _match(ones[i].parts, others[j].parts)))
        a, b = i + 1, j + 1
    return tuple(found)


def _aligned(ones: Sequence[Part], others: Sequence[Part]) -> list[tuple[int, int]]:
    start, end = 0, 0
    while start < min(len(ones), len(others)) and _is_same(ones[start], others[start]):
        start += 1
    while end < min(len(ones), len(others)) - start and _is_same(ones[-1 - end], others[-1 - end]):
        end += 1
    middle = ones[start : len(ones) - end], others[start : len(others) - end]
    by = _by_score if len(middle[0]) * len(middle[1]) <= LARGEST else _by_name
    found = [(i, i) for i in range(start)] + [(i + start, j + start) for i, j in by(*middle)]
    return found + [(len(ones) - place, len(others) - place) for place in range(end, 0, -1)]


def _is_same(one: Part, other: Part) -> bool:
    return one.name == other.name and one.holds == other.holds


def _score(one: Part, other: Part) -> int:
    """How well two parts fit, 0 where they do not."""
    if (one.node is None) != (other.node is None):
        return 0
    same_name = one.name == other.name
    if one.holds == other.holds:
        return 18 + same_name
    if same_name and one.is_named and other.is_named:
        return 14
    if one.kind == other.kind:
        says_same = one.node is not None and other.node is not None and one.node.layer == other.node.layer
        return 6 + 4 * says_same + 2 * (one.shape == other.shape) + same_name
    return 3 + (one.shape == other.shape) if one.node is None else 0


def _by_score(ones: Sequence[Part], others: Sequence[Part]) -> list[tuple[int, int]]:
    """Needleman and Wunsch 1970: best[i][j] is the highest score of the parts from i and j on."""
    best = [[0] * (len(others) + 1) for _ in range(len(ones) + 1)]
    for i in reversed(range(len(ones))):
        for j in reversed(range(len(others))):
            score = _score(ones[i], others[j])
            joined = best[i + 1][j + 1] + score if score else 0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], joined)
    found, i, j = [], 0, 0
    while i < len(ones) and j < len(others):
        score = _score(ones[i], others[j])
        if score and best[i][j] == best[i + 1][j + 1] + score:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def _by_name(ones: Sequence[Part], others: Sequence[Part]) -> list[tuple[int, int]]:
    """The longest run of equal names in both orders."""
    place = {(part.name, part.node is None): j for j, part in enumerate(others)}
    ends: list[int] = []  # ends[n]: the least place at which a run of n + 1 names ends
    runs: list[tuple[int, int, int]] = []  # name in one, in the other, and the run's member before it
    last: list[int] = []
    for i, part in enumerate(ones):
        j = place.get((part.name, part.node is None))
        if j is not None:
            n = bisect_left(ends, j)
            runs.append((i, j, last[n - 1] if n else -1))
            ends[n : n + 1] = [j]
            last[n : n + 1] = [len(runs) - 1]
    found, at = [], last[-1] if last else -1
    while at >= 0:
        i, j, at = runs[at]
        found.append((i, j))
    return found[::-1]


# ---- judgement


def _node_pairs(pairs: Sequence[Pair]) -> Iterator[tuple[Node, Node]]:
    stack = list(pairs)
    while stack:
        pair = stack.pop()
        if pair.one and pair.other and pair.one.node and pair.other.node:
            yield pair.one.node, pair.other.node
        stack += pair.inner


def _judge(pair: Pair, partner: dict[str, str], partners: frozenset[str]) -> bool:
    """Whether both sides are the same, to their wires; what was put in or taken out before a node changes it not."""
    for inner in pair.inner:
        _judge(inner, partner, partners)
    one, other = pair.one, pair.other
    if one is None or other is None:
        pair.equal = False
    elif one.node and other.node:
        wires = zip(one.node.inputs, other.node.inputs, strict=False)
        wired = all(partner.get(a, b) == b or b not in partners for a, b in wires)
        pair.equal = one.holds == other.holds and wired
    else:
        pair.equal = one.kind == other.kind and all(inner.equal for inner in pair.inner)
    return pair.equal

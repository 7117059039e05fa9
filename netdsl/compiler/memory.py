"""Where each temporary lies in the arena: liveness, aliases, in-place writes, offsets.

    before   y = map(x, …)    z = conv(y, w)    (x dies at the map)
    after    y at 0 (in x's place), z at 100352

A value lives from the step that makes it to the last that reads it. Values that share storage form a group: a
`reshape` and its source; a `map` and an operand of the same size that dies there; an updated parameter and the value
assigned to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from netdsl.compiler.lanes import GROUP
from netdsl.compiler.layout import IN_LANES, Layout
from netdsl.compiler.tiles import Stretch
from netdsl.compiler.views import View
from netdsl.ops.op import Op, Ops

if TYPE_CHECKING:
    import numpy as np

ALIGN = 16


@dataclass(frozen=True)
class Memory:
    """`group[i]` is the id that stands for value i's storage; `offsets` places the groups that lie in the arena, in
    elements of 4 bytes; `arena` is its size; `skipped` are indices of operations that need no step; `inner` are groups
    that hold the images of one tile alone.
    """

    group: Mapping[int, int]
    offsets: Mapping[int, int]
    arena: int
    skipped: frozenset[int]
    inner: frozenset[int] = frozenset()


def elements(program: Ops, layouts: Mapping[int, Layout], i: int, batch: int) -> int:
    """Elements of a value at the declared batch, padding included."""
    value = program.values[i]
    if value.batched:
        images = -(-batch // GROUP) * GROUP if layouts[i] == IN_LANES else batch
        return images * prod(d for d in value.shape[1:] if isinstance(d, int))
    return layouts[i].length(tuple(d for d in value.shape if isinstance(d, int)))


def plan_memory(
    program: Ops,
    layouts: Mapping[int, Layout],
    batch: int,
    extra: Sequence[int] = (),
    views: Mapping[int, View] | None = None,
    stretches: Sequence[Stretch] = (),
) -> Memory:
    """Group, then place. `extra[k]` is scratch, in elements, that operation k needs while it runs.

    What lives within a stretch has room for its images; what else it makes or reads lives through all of it.
    """
    views = views or {}
    tiles = {k: stretch for stretch in stretches for k in range(stretch.begin, stretch.end)}
    last = {i: k for k, op in enumerate(program.ops) for i in op.ins}
    made = {i: k for k, op in enumerate(program.ops) for i in op.outs}
    groups = _Groups(program, layouts, batch, last, made, views)
    for i, view in views.items():
        if view.whole != i:
            groups.join(i, view.whole)
    for k, op in enumerate(program.ops):
        if op.kind == "assign":
            groups.assign(k, op)
    for k, op in enumerate(program.ops):
        groups.visit(k, op)
    births, deaths, sizes, keys = [], [], [], []
    members: dict[int, list[int]] = {}
    inner: set[int] = set()
    for i in made:
        members.setdefault(groups.find(i), []).append(i)
    for root, inside in members.items():
        if root in groups.bound:
            continue
        birth, death = min(made[i] for i in inside), max(last.get(i, made[i]) for i in inside)
        images = batch
        if (tile := tiles.get(birth)) is not None and tile == tiles.get(death):
            images = tile.images
            inner.add(root)
        else:
            birth = tiles[birth].begin if birth in tiles else birth
            death = tiles[death].end - 1 if death in tiles else death
        births.append(birth)
        deaths.append(death)
        sizes.append(max(_room(program, layouts, i, images, views.get(i)) for i in inside))
        keys.append(root)
    for k, size in enumerate(extra):
        if size:
            births.append(k)
            deaths.append(k)
            sizes.append(size)
            keys.append(-1 - k)
    offsets, arena = place(births, deaths, sizes)
    return Memory(
        {i: groups.find(i) for i in program.values},
        dict(zip(keys, offsets, strict=True)),
        arena,
        frozenset(groups.skipped),
        frozenset(inner),
    )


def _room(program: Ops, layouts: Mapping[int, Layout], i: int, batch: int, view: View | None) -> int:
    """Elements of the storage of a value, which is wider than the value where its pixels are spread."""
    dense = elements(program, layouts, i, batch)
    return dense // int(program.values[i].shape[-1]) * view.pitch if view and view.whole == i else dense


class _Groups:
    """Union of values that share storage; `bound` roots lie outside the arena (inputs, parameters, outputs)."""

    def __init__(
        self,
        program: Ops,
        layouts: Mapping[int, Layout],
        batch: int,
        last: Mapping[int, int],
        made: Mapping[int, int],
        views: Mapping[int, View],
    ) -> None:
        self.program, self.layouts, self.batch, self.last, self.made = program, layouts, batch, last, made
        self.views = views
        self.parent = {i: i for i in program.values}
        self.bound = {i for i, v in program.values.items() if v.role != "temp"}
        self.bound |= {*program.outputs.values(), *program.gradients.values()}
        self.readers: dict[int, list[int]] = {}
        for k, op in enumerate(program.ops):
            for i in op.ins:
                self.readers.setdefault(i, []).append(k)
        self.skipped: set[int] = set()
        self.free_at: dict[int, int] = {}

    def find(self, i: int) -> int:
        while self.parent[i] != i:
            i = self.parent[i]
        return i

    def join(self, i: int, into: int) -> None:
        self.parent[self.find(i)] = self.find(into)

    def assign(self, k: int, op: Op) -> None:
        """The new value is written over the old one where nothing but its own `map` reads the old one by then."""
        dest, source = op.ins
        maker = self.made.get(source)
        if maker is None or self.find(source) != source or source in self.bound:
            return
        read_after = self.last_before(dest, k) > maker
        if read_after or (dest in self.program.ops[maker].ins and self.program.ops[maker].kind != "map"):
            return
        if self.layouts[dest] == self.layouts[source]:
            self.join(source, dest)
            self.skipped.add(k)

    def last_before(self, i: int, k: int) -> int:
        """The last operation that reads value i, operation k apart."""
        if self.last.get(i, -1) != k:
            return self.last.get(i, -1)
        return max((j for j in self.readers[i] if j < k), default=-1)

    def visit(self, k: int, op: Op) -> None:
        if op.kind == "reshape":
            self._reshape(k, op)
        elif op.kind == "map":
            self._in_place(k, op)
        elif op.kind == "slice" and op.outs[0] in self.views and self.views[op.outs[0]].by == "slice":
            self.skipped.add(k)
        for i in (*op.ins, *op.outs):
            root = self.find(i)
            self.free_at[root] = max(self.free_at.get(root, 0), self.last.get(i, k))

    def _reshape(self, k: int, op: Op) -> None:
        """A reshape is another name for its source, unless its result must be written where the caller wants it."""
        if self.find(op.outs[0]) not in self.bound:
            self.join(op.outs[0], op.ins[0])
            self.skipped.add(k)

    def _in_place(self, k: int, op: Op) -> None:
        """A map writes over an operand of its own size that nobody reads any more."""
        out = op.outs[0]
        if self.find(out) != out or out in self.bound:
            return
        for i in op.ins:
            root = self.find(i)
            dies = self.free_at.get(root, -1) <= k and self.last.get(i) == k
            if dies and root not in self.bound and self._same_extent(i, out):
                self.join(out, i)
                return

    def _same_extent(self, i: int, out: int) -> bool:
        sizes = [elements(self.program, self.layouts, j, self.batch) for j in (i, out)]
        same = self.program.values[i].shape == self.program.values[out].shape and sizes[0] == sizes[1]
        return same and i not in self.views and out not in self.views


def place(births: Sequence[int], deaths: Sequence[int], sizes: Sequence[int]) -> tuple[list[int], int]:
    """Offsets such that no two live at once overlap: largest first, each at the lowest place that is free."""
    import numpy as np

    count = len(sizes)
    birth, death = np.asarray(births, np.int64), np.asarray(deaths, np.int64)
    rounded = (np.asarray(sizes, np.int64) + ALIGN - 1) // ALIGN * ALIGN
    start = np.zeros(count, np.int64)
    placed = np.zeros(count, bool)
    for i in np.lexsort((np.arange(count), -rounded)):
        clash = placed & (birth <= death[i]) & (death >= birth[i])
        start[i] = _lowest(start[clash], start[clash] + rounded[clash], int(rounded[i]))
        placed[i] = True
    return [int(s) for s in start], int((start + rounded).max(initial=0))


def _lowest(
    starts: np.ndarray[tuple[int], np.dtype[np.int64]], ends: np.ndarray[tuple[int], np.dtype[np.int64]], size: int
) -> int:
    """The lowest offset at which `size` elements fit between the occupied stretches."""
    at = 0
    for j in starts.argsort(kind="stable"):
        if starts[j] - at >= size:
            break
        at = max(at, int(ends[j]))
    return at

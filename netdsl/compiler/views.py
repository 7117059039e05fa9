"""Parts of concatenations and slices that lie inside the whole: nothing is copied.

    before   a = conv(x, …)   b = pool_max(x, …)   y = concat(a, b, axis=2)      a and b are copied into y
    after    a and b are views of y: their makers write where the part belongs    no step for the concatenation

Activations are dense with the channels last, so a stretch of the channels has the pixels of the whole, `pitch` elements
apart. A part is written in place where it sits in one concatenation, once, is made here and not wanted from outside,
and whoever makes or reads it can step from pixel to pixel; else it is copied. A slice of channels is read in place on
the same terms.

A value of its own storage may be pitched too. Where a product reads rows of pixels as they lie, and a pixel is a
multiple of 2 KiB, a tile's rows would share a few sets of the first-level cache and drive one another out of it
(ResNet-50's 1x1 convolutions of 1,024 channels: 640 us; a transposed 2x2 of stride 2, which is four of them); a line
more between pixels spreads them (467 us).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from netdsl.compiler.dense import spans_pixels
from netdsl.compiler.layout import DENSE, Layout
from netdsl.ops.op import Op, Ops

EVERY = range(16)
ACTIVATIONS = (0, *range(2, 16))
"""Which operands may be pitched: every one, or all but the weight. Kinds that are no readers read no views."""
READERS: Mapping[str, range | tuple[int, ...]] = {
    **dict.fromkeys(("conv", "conv_dx"), ACTIVATIONS),
    **dict.fromkeys(("pool_max", "pool_max_dx", "pool_sum", "pool_sum_dx", "resample", "resample_dx"), EVERY),
    **dict.fromkeys(("map", "moments", "conv_dw", "pad", "slice", "concat", "permute"), EVERY),
}
MAKERS = frozenset({"conv", "conv_dx", "dot", *(kind for kind in READERS if kind not in ("moments", "conv_dw"))})


CROWDED, LINE = 512, 16
"""Elements that pixels must not be a multiple of apart; elements of a line of the cache."""


@dataclass(frozen=True)
class View:
    """A value that lies inside `whole`, `offset` elements from its start, its pixels `pitch` elements apart; `by` the
    kind of the operation that needs no step for it, or `""` where `whole` is the value itself.
    """

    whole: int
    offset: int
    pitch: int
    by: str


def find_views(program: Ops, layouts: Mapping[int, Layout]) -> dict[int, View]:
    """The values that need no storage of their own, each inside a value that is no view itself."""
    finder = _Finder(program, layouts)
    for op in reversed(program.ops):
        if op.kind == "concat" and op["axis"] == finder.channels(op.outs[0]):
            finder.concat(op)
    for op in program.ops:
        if op.kind == "slice":
            finder.cut(op)
    for op in program.ops:
        if op.kind in ("conv", "conv_dx"):
            finder.spread(op)
    return finder.views


class _Finder:
    """The views found so far. A concatenation is met before those inside it, a slice after those that it cuts."""

    def __init__(self, program: Ops, layouts: Mapping[int, Layout]) -> None:
        self.program, self.layouts = program, layouts
        self.views: dict[int, View] = {}
        self.maker = {i: op for op in program.ops for i in op.outs}
        self.readers: dict[int, list[tuple[Op, int]]] = {}
        for op in program.ops:
            for position, i in enumerate(op.ins):
                self.readers.setdefault(i, []).append((op, position))
        self.outside = {*program.outputs.values(), *program.gradients.values()}
        self.parts = Counter(i for op in program.ops if op.kind == "concat" for i in op.ins)

    def channels(self, i: int) -> int:
        """The axis of the channels, counted without the batch."""
        return len(self.program.values[i].shape) - 2

    def concat(self, op: Op) -> None:
        (whole,) = op.outs
        offset, pitch = 0, int(self.program.values[whole].shape[-1])
        if not self._fits(whole):
            return
        for i in op.ins:
            made = self.maker.get(i)
            if made and _writes(self.program, made) and self.parts[i] == 1 and self._free(i):
                self._add(i, View(whole, offset, pitch, "concat"))
            offset += int(self.program.values[i].shape[-1])

    def cut(self, op: Op) -> None:
        (source,), (part,) = op.ins, op.outs
        whole, axis = self.program.values[source].shape, self.channels(source)
        sizes = tuple(n for n in whole[1:] if isinstance(n, int))
        rest = all(a == 0 and b == n for a, b, n in zip(op["start"][:axis], op["stop"][:axis], sizes, strict=False))
        if rest and self._fits(source) and self._free(part) and part not in self.views:
            self._add(part, View(source, op["start"][axis], sizes[axis], "slice"))

    def spread(self, op: Op) -> None:
        """Spread the pixels that a 1x1 convolution reads as they lie, or a transposed one whose taps do not overlap."""
        i = op.ins[0]
        *area, channels = self.program.values[i].shape[1:]
        apart = all(k <= s for k, s in zip(op["kernel"], op["stride"], strict=True))
        every = op.kind == "conv_dx" or {*op["stride"]} == {1}
        as_they_lie = apart and every and {*op["dilation"]} == {1} and not any(op["pad"])
        crowded = isinstance(channels, int) and channels % CROWDED == 0 and area.count(1) < len(area)
        made = self.maker.get(i)
        alone = i not in self.views and all(view.whole != i for view in self.views.values())
        if as_they_lie and crowded and alone and made and _writes(self.program, made) and self._free(i):
            self._add(i, View(i, 0, int(channels) + LINE, ""))

    def _add(self, i: int, view: View) -> None:
        """A view of a view is one of the whole."""
        if outer := self.views.get(view.whole):
            view = View(outer.whole, outer.offset + view.offset, outer.pitch, view.by)
        self.views[i] = view

    def _fits(self, i: int) -> bool:
        """Whether it has images and channels, densely."""
        value = self.program.values[i]
        return value.batched and len(value.shape) >= 2 and self.layouts[i] == DENSE

    def _free(self, i: int) -> bool:
        """Whether nobody outside wants it, and every reader can read it pitched."""
        readers = self.readers.get(i, ())
        return i not in self.outside and self._fits(i) and all(_reads(self.program, *reader) for reader in readers)


def _reads(program: Ops, op: Op, position: int) -> bool:
    """A sum over the channels takes them in other stretches where they are pitched, so its bits would change."""
    if spans_pixels(op, lambda i: program.values[i].shape):
        return False
    if op.kind == "dot":
        return op["transpose"] == "a" or position != 1
    if op.kind == "reduce":
        shape = program.values[op.ins[position]].shape
        return len(shape) - 1 not in op["axes"] and shape[-1] != 1
    if op.kind == "conv_pool":
        return _is_pitched(op) and position == 0
    return position in READERS.get(op.kind, ())


def _is_pitched(pooled: Op) -> bool:
    """Whether a convolution that pools steps from pixel to pixel: Winograd's; the direct one has dense images."""
    return bool(pooled.get("algorithm") == "winograd")


def _writes(program: Ops, op: Op) -> bool:
    if op.kind == "conv_dx" and spans_pixels(op, lambda i: program.values[i].shape):
        return False
    if op.kind == "conv_pool":
        return _is_pitched(op)
    return op.kind in MAKERS and (op.kind != "dot" or op["transpose"] != "a")

"""The tensors of a net by full name, shared by all programs compiled for it.

A tensor has one canonical form, float32 as the language writes it (conv (kh, kw, in/groups, out), dense (in, out)), and
packings derived from it on demand. Whoever writes one form makes the others stale; reading a stale form
derives it again, so that evaluation beside training, or two programs of different batch, see the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.compiler.layout import DENSE, LANES, Layout
from netdsl.errors import fail
from netdsl.shapes import format_shape

if TYPE_CHECKING:
    from netdsl.graph.net import Net

Array = np.ndarray[Any, np.dtype[np.float32]]


class Weights(MutableMapping[str, Array]):
    """Arrays by name: `weights["C1.weight"]`. Setting one copies into place and must keep its shape.

    Names with `@` are slots of an optimiser (`C1.weight@momentum`). `version` grows at every write.
    """

    def __init__(self, arrays: Mapping[str, Any] | None = None) -> None:
        self._forms: dict[str, dict[Layout, Array]] = {}
        self._fresh: dict[str, set[Layout]] = {}
        self.version = 0
        for name, array in (arrays or {}).items():
            self.add(name, array)

    def add(self, name: str, array: Any) -> None:
        """Add a tensor, copied to float32."""
        assert name not in self._forms, name
        self._forms[name] = {DENSE: aligned_copy(np.asarray(array, np.float32))}
        self._fresh[name] = {DENSE}

    def form(self, name: str, layout: Layout) -> Array:
        """The tensor in a layout, up to date; the same memory at every call, panels as a flat array."""
        forms, fresh = self._forms[name], self._fresh[name]
        if layout not in forms:
            forms[layout] = aligned_zeros(layout.length(forms[DENSE].shape))
        if layout not in fresh:
            source = next(iter(sorted(fresh, key=lambda form: form.kind)))
            if DENSE not in fresh:
                unpack(forms[source], source, forms[DENSE])
                fresh.add(DENSE)
            if layout != DENSE:
                pack(forms[DENSE], layout, forms[layout])
            fresh.add(layout)
        return forms[layout]

    def wrote(self, name: str, layout: Layout) -> None:
        """Say that a program wrote the tensor in this layout: the other forms are stale."""
        self._fresh[name] = {layout}
        self.version += 1

    def __getitem__(self, name: str) -> Array:
        view = self.form(name, DENSE).view()
        view.flags.writeable = False
        return view

    def __setitem__(self, name: str, array: Any) -> None:
        new = np.asarray(array)
        if name not in self._forms:
            raise fail("N701", f"no tensor is called `{name}`")
        old = self._forms[name][DENSE]
        if new.shape != old.shape:
            raise fail("N702", f"`{name}` is {format_shape(old.shape)}, not {format_shape(new.shape)}")
        old[...] = new
        self.wrote(name, DENSE)

    def __delitem__(self, name: str) -> None:
        del self._forms[name], self._fresh[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._forms)

    def __len__(self) -> int:
        return len(self._forms)

    def shape(self, name: str) -> tuple[int, ...]:
        """Canonical shape of a tensor."""
        return self._forms[name][DENSE].shape


def aligned_zeros(count: int) -> Array:
    """`count` float32 zeros whose first byte lies on a cache line."""
    raw = np.zeros(count + LANES, np.float32)
    start = -raw.ctypes.data // 4 % LANES
    return raw[start : start + count]


def aligned_copy(array: Array) -> Array:
    """A contiguous copy whose first byte lies on a cache line."""
    made = aligned_zeros(array.size).reshape(array.shape)
    made[...] = array
    return made


def pack(array: Array, layout: Layout, out: Array) -> None:
    """Canonical → panels: for each group, blocks of 16 columns, each with all rows; lanes past the last column 0."""
    rows, columns = layout.panels(array.shape)
    matrix = array.reshape(rows, layout.groups, columns)
    blocks = -(-columns // LANES)
    panels = out.reshape(layout.groups, blocks, rows, LANES)
    panels[...] = 0
    for block in range(blocks):
        part = matrix[:, :, block * LANES : (block + 1) * LANES]
        panels[:, block, :, : part.shape[2]] = part.transpose(1, 0, 2)


def unpack(panels: Array, layout: Layout, out: Array) -> None:
    """Panels → canonical."""
    rows, columns = layout.panels(out.shape)
    blocks = -(-columns // LANES)
    source = panels.reshape(layout.groups, blocks, rows, LANES)
    matrix = out.reshape(rows, layout.groups, columns)
    for block in range(blocks):
        width = min(LANES, columns - block * LANES)
        matrix[:, :, block * LANES : block * LANES + width] = source[:, block, :, :width].transpose(1, 0, 2)


def initialise(net: Net, seed: int = 0) -> Weights:
    """Weights drawn as each layer's `init=` says; each tensor's numbers depend on `seed` and its name alone."""
    from netdsl.graph.initialise import initial_arrays

    return Weights(initial_arrays(net, seed))

"""The tensors of a net by full name, shared by all programs compiled for it.

A tensor has one canonical form, float32 as the language writes it (conv (kh, kw, in/groups, out), dense (in, out)), and
packings derived from it on demand. Whoever writes one form makes the others stale; reading a stale form
derives it again, so that evaluation beside training, or two programs of different batch, see the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from math import prod
from threading import RLock
from typing import Any, Protocol

import numpy as np

from netdsl.errors import fail
from netdsl.shapes import Shape, format_shape

Array = np.ndarray[Any, np.dtype[np.float32]]
CACHE_LINE = 16


class Form(Protocol):
    """An order of a tensor's numbers, perhaps with padding: what a plan calls a layout. Equal by value."""

    @property
    def canonical(self) -> bool:
        """Whether this is the canonical form itself."""

    def length(self, shape: Shape) -> int:
        """Elements that a tensor of this canonical shape has in this form."""

    def pack(self, array: Array, out: Array) -> None:
        """Write a canonical tensor in this form."""

    def unpack(self, form: Array, out: Array) -> None:
        """Write a tensor in this form canonically."""


class Weights(MutableMapping[str, Array]):
    """Arrays by name: `weights["C1.weight"]`. Setting one copies into place and must keep its shape.

    Names with `@` are slots of an optimiser (`C1.weight@momentum`). `version` grows at every write. A program holds
    `lock` while it runs: a form derived meanwhile, by another thread, would mix old numbers with new ones.

    Memory holds the forms that programs have asked for, and the canonical one only where no other is up to date: every
    form gives it back exactly.
    """

    def __init__(self, arrays: Mapping[str, Any] | None = None) -> None:
        self.lock = RLock()
        self._tensors: dict[str, _Tensor] = {}
        self.version = 0
        for name, array in (arrays or {}).items():
            self.add(name, array)

    def add(self, name: str, array: Any) -> None:
        """Add a tensor, copied to float32; `NetError` N703 where it holds no real numbers."""
        given = _numbers(name, array)
        self.declare(name, given.shape)
        self._tensors[name].write(given)

    def declare(self, name: str, shape: Shape, draw: Callable[[], Array] | None = None) -> None:
        """Add a tensor of zeros, or of what `draw` gives: called when it is read for the first time, if ever."""
        assert name not in self._tensors, name
        self._tensors[name] = _Tensor(tuple(shape), draw)

    def adopt(self, name: str, shape: Shape, form: Form, array: Array) -> None:
        """Add a tensor of a canonical shape that is known in one form, whose array is kept and not copied."""
        self.declare(name, shape)
        self._tensors[name].adopt(form, array)

    def form(self, name: str, form: Form) -> Array:
        """The tensor in a form, up to date, in the same memory at every call; only the canonical one is not flat.

        The caller holds `lock` for as long as it reads.
        """
        return self._tensors[name].ask(form)

    def wrote(self, name: str, form: Form) -> None:
        """Say that a program wrote the tensor in this form: the others are stale."""
        self._tensors[name].fresh = {_key(form)}
        self.version += 1

    def __getitem__(self, name: str) -> Array:
        with self.lock:
            view = self._tensors[name].canonical().view()
        view.flags.writeable = False
        return view

    def __setitem__(self, name: str, array: Any) -> None:
        if name not in self._tensors:
            raise fail("N701", f"no tensor is called `{name}`")
        new, shape = _numbers(name, array), self.shape(name)
        if new.shape != shape:
            given = format_shape(new.shape) or "a single number"
            raise fail("N702", f"`{name}` is {format_shape(shape)}, not {given}")
        with self.lock:
            self._tensors[name].write(new)
            self.version += 1

    def __reduce__(self) -> tuple[type[Weights], tuple[dict[str, Array]]]:
        """Copies and pickles hold the tensors alone."""
        return Weights, (dict(self),)

    def __delitem__(self, name: str) -> None:
        del self._tensors[name]

    def __contains__(self, name: object) -> bool:
        return name in self._tensors

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def undrawn(self, names: Iterable[str]) -> int:
        """Bytes of those of these tensors that nobody has read or set, and that have no memory yet."""
        return 4 * sum(prod(tensor.shape) for name in set(names) if not (tensor := self._tensors[name]).fresh)

    def shape(self, name: str) -> Shape:
        """Canonical shape of a tensor."""
        return self._tensors[name].shape


class _Tensor:
    """One tensor: its arrays by form (None: the canonical one), which of them are up to date, which were asked for.

    None is up to date as long as nobody has read it: then `draw` gives it, or it is 0.
    """

    def __init__(self, shape: Shape, draw: Callable[[], Array] | None) -> None:
        self.shape, self.draw = shape, draw
        self.arrays: dict[Form | None, Array] = {}
        self.fresh: set[Form | None] = set()
        self.asked: set[Form | None] = set()

    def adopt(self, form: Form, array: Array) -> None:
        """Take an array of one form as it is."""
        self.arrays = {_key(form): array.reshape(self.shape) if form.canonical else array}
        self.fresh = set(self.arrays)

    def ask(self, form: Form) -> Array:
        """The array of a form that a program reads, kept from now on."""
        key = _key(form)
        self.asked.add(key)
        if key not in self.fresh:
            self._derive(key)
            self.fresh.add(key)
        if None in self.arrays and None not in self.asked:
            del self.arrays[None]
            self.fresh.discard(None)
        return self.arrays[key]

    def _derive(self, key: Form | None) -> None:
        if key is None:
            self.arrays[None] = self.canonical()
            return
        zeros = not self.fresh and self.draw is None
        if key not in self.arrays:
            self.arrays[key] = aligned_zeros(key.length(self.shape))
        if not zeros:
            key.pack(self.canonical(), self.arrays[key])

    def canonical(self) -> Array:
        """The tensor as the language writes it; kept only where it is the one form."""
        if None in self.fresh:
            return self.arrays[None]
        if not self.fresh:
            self.arrays[None] = aligned_zeros(prod(self.shape)).reshape(self.shape)
            if self.draw:
                self.arrays[None][...] = self.draw()
            self.fresh, self.draw = {None}, None
            return self.arrays[None]
        made = self.arrays[None] if None in self.arrays else aligned_zeros(prod(self.shape)).reshape(self.shape)
        source = next(key for key in self.fresh if key is not None)
        source.unpack(self.arrays[source], made)
        if None in self.arrays:
            self.fresh.add(None)
        return made

    def write(self, new: np.ndarray[Any, Any]) -> None:
        """Take these numbers, in every form that there is."""
        if not self.arrays:
            self.arrays[None] = aligned_zeros(prod(self.shape)).reshape(self.shape)
        for key, array in self.arrays.items():
            if key is None:
                array[...] = new
            else:
                key.pack(new, array)
        self.fresh, self.draw = set(self.arrays), None


def _key(form: Form) -> Form | None:
    return None if form.canonical else form


def _numbers(name: str, array: Any) -> np.ndarray[Any, Any]:
    """Real numbers as an array, in their own type."""
    try:
        found = np.asarray(array)
    except ValueError as cause:
        raise fail("N703", f"`{name}` is not an array: {cause}") from None
    if found.dtype.kind not in "fiub":
        raise fail("N703", f"`{name}` is {found.dtype.name}, not an array of real numbers")
    return found


def aligned_zeros(count: int) -> Array:
    """`count` float32 zeros whose first byte lies on a cache line."""
    raw = np.zeros(count + CACHE_LINE, np.float32)
    start = -raw.ctypes.data // 4 % CACHE_LINE
    return raw[start : start + count]

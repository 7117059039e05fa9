"""The tensors of a net by full name, shared by all programs compiled for it.

A tensor has one canonical form, float32 as the language writes it (conv (kh, kw, in/groups, out), dense (in, out)), and
packings derived from it on demand. Whoever writes one form makes the others stale; reading a stale form
derives it again, so that evaluation beside training, or two programs of different batch, see the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
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
    """

    def __init__(self, arrays: Mapping[str, Any] | None = None) -> None:
        self.lock = RLock()
        self._canonical: dict[str, Array] = {}
        self._forms: dict[str, dict[Form, Array]] = {}
        self._fresh: dict[str, set[Form | None]] = {}
        self.version = 0
        for name, array in (arrays or {}).items():
            self.add(name, array)

    def add(self, name: str, array: Any) -> None:
        """Add a tensor, copied to float32; `NetError` N703 where it holds no real numbers."""
        assert name not in self._canonical, name
        self._canonical[name] = aligned_copy(_numbers(name, array))
        self._forms[name] = {}
        self._fresh[name] = {None}

    def adopt(self, name: str, shape: Shape, form: Form, array: Array) -> None:
        """Add a tensor of a canonical shape that is known in one form, whose array is kept and not copied."""
        assert name not in self._canonical, name
        self._canonical[name] = array.reshape(shape) if form.canonical else aligned_zeros(prod(shape)).reshape(shape)
        self._forms[name] = {} if form.canonical else {form: array}
        self._fresh[name] = {None if form.canonical else form}

    def add_zeros(self, name: str, shape: Shape) -> None:
        """Add a tensor of zeros, whose memory the system gives when it is first touched."""
        assert name not in self._canonical, name
        self._canonical[name] = aligned_zeros(prod(shape)).reshape(shape)
        self._forms[name] = {}
        self._fresh[name] = {None}

    def form(self, name: str, form: Form) -> Array:
        """The tensor in a form, up to date, in the same memory at every call; only the canonical one is not flat.

        The caller holds `lock` for as long as it reads.
        """
        canonical = self._up_to_date(name)
        if form.canonical:
            return canonical
        forms, fresh = self._forms[name], self._fresh[name]
        if form not in forms:
            forms[form] = aligned_zeros(form.length(canonical.shape))
        if form not in fresh:
            form.pack(canonical, forms[form])
            fresh.add(form)
        return forms[form]

    def _up_to_date(self, name: str) -> Array:
        """The canonical tensor, derived from a form if a program wrote that."""
        fresh = self._fresh[name]
        if None not in fresh:
            (source,) = fresh
            assert source is not None
            source.unpack(self._forms[name][source], self._canonical[name])
            fresh.add(None)
        return self._canonical[name]

    def wrote(self, name: str, form: Form) -> None:
        """Say that a program wrote the tensor in this form: the others are stale."""
        self._fresh[name] = {None if form.canonical else form}
        self.version += 1

    def __getitem__(self, name: str) -> Array:
        with self.lock:
            view = self._up_to_date(name).view()
        view.flags.writeable = False
        return view

    def __setitem__(self, name: str, array: Any) -> None:
        if name not in self._canonical:
            raise fail("N701", f"no tensor is called `{name}`")
        new, old = _numbers(name, array), self._canonical[name]
        if new.shape != old.shape:
            given = format_shape(new.shape) or "a single number"
            raise fail("N702", f"`{name}` is {format_shape(old.shape)}, not {given}")
        with self.lock:
            old[...] = new
            self._fresh[name] = {None}
            self.version += 1

    def __reduce__(self) -> tuple[type[Weights], tuple[dict[str, Array]]]:
        """Copies and pickles hold the tensors alone."""
        return Weights, (dict(self),)

    def __delitem__(self, name: str) -> None:
        del self._canonical[name], self._forms[name], self._fresh[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._canonical)

    def __len__(self) -> int:
        return len(self._canonical)

    def shape(self, name: str) -> Shape:
        """Canonical shape of a tensor."""
        shape: Shape = self._canonical[name].shape
        return shape


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


def aligned_copy(array: Array) -> Array:
    """A contiguous copy whose first byte lies on a cache line."""
    made = aligned_zeros(array.size).reshape(array.shape)
    made[...] = array
    return made

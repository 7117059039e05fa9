"""What a program is given, checked: arrays by name, numbers, counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np

from netdsl.compiler.plan import Binding
from netdsl.errors import fail
from netdsl.graph.integer import checked_integer, checked_seed
from netdsl.shapes import format_shape

Array = np.ndarray[Any, Any]
FLOAT, WHOLE = np.dtype(np.float32), np.dtype(np.int32)


def names_of(bindings: Sequence[Binding]) -> str:
    """The names of bindings, as a message lists them."""
    return ", ".join(f"`{b.name}`" for b in bindings)


def checked_scalar(name: str, dtype: str, scalars: Mapping[str, float]) -> float:
    """A number that the plan names; `NetError` N705 where it is missing or does not fit its type, N708 for a seed."""
    if name not in scalars:
        raise fail("N705", f"the plan needs a number for `{name}`")
    number = scalars[name]
    if name == "seed":
        return checked_seed(number)
    if isinstance(number, bool) or not isinstance(number, int | float | np.integer | np.floating):
        raise fail("N705", f"`{name}` is a number, not {type(number).__name__}")
    if dtype == "f32":
        return float(number)
    if not isfinite(number) or number != int(number) or abs(number) >= 2**31:
        raise fail("N705", f"`{name}` is a whole number below 2^31, not {number}")
    return int(number)


def checked_array(binding: Binding, array: Any) -> Array:
    """The array as the engine reads it: right dtype and shape, contiguous and aligned; copied only if it must be."""
    dtype = FLOAT if binding.dtype == "f32" else WHOLE
    if type(array) is np.ndarray and array.dtype == dtype and array.shape[1:] == binding.shape and array.ndim:
        flags = array.flags
        if flags.c_contiguous and flags.aligned:
            return array
    expected = f"{dtype.name} (N, {', '.join(map(str, binding.shape))})".replace("(N, )", "(N,)")
    try:
        given = np.asarray(array)
    except ValueError as cause:
        raise fail("N703", f"input `{binding.name}` is not an array: {cause}; expected {expected}") from None
    if given.dtype == object or array is None:
        raise fail(
            "N703", f"input `{binding.name}` is {type(array).__name__}, not an array of numbers; expected {expected}"
        )
    if given.dtype.newbyteorder("=") != dtype and not (dtype.kind == "i" and given.dtype.kind in "iu"):
        raise fail(
            "N703",
            f"input `{binding.name}` is {given.dtype.name}; expected {expected}",
            help=f'convert it: `x.astype("{dtype.name}")`',
        )
    if given.shape[1:] != binding.shape or given.ndim != 1 + len(binding.shape):
        hint = "add the batch axis: `x[None]`" if given.shape == binding.shape else None
        shown = format_shape(given.shape) or "a single number"
        raise fail("N704", f"input `{binding.name}` has shape {shown}; expected {expected}", help=hint)
    if dtype.kind == "i":
        return _whole(binding.name, given)
    return np.require(given, np.float32, ["C", "A"])


def _whole(name: str, given: Array) -> Array:
    """Whole numbers of any width as int32; `NetError` N703 where one is out of its range."""
    limits = np.iinfo(np.int32)
    if given.size and not (limits.min <= int(given.min()) and int(given.max()) <= limits.max):
        raise fail("N703", f"input `{name}` holds whole numbers that int32 has not")
    return np.require(given, np.int32, ["C", "A"])


def checked_count(name: str, value: Any, most: int) -> int:
    """An integer from 1 to `most`; `NetError` N708."""
    return checked_integer(name, value, 1, most)

"""Taking over weights by name: which tensor of a file becomes which of the net, and what became of every one.

A tensor is loaded where the file has its name, or one that `map` renames to it, with the same shape. All others of the
net are drawn as a new training draws them; what the net does not take is left in the file. Nothing happens in silence:
the report has a line for each.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netdsl.errors import Diagnostic, escape, fail, render
from netdsl.files.regular import quoted
from netdsl.shapes import Shape, format_shape
from netdsl.training.keeping.run_folder import weights_path
from netdsl.training.keeping.weights_file import WEIGHTS, exact, not_finite, read_weights

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.graph.weights import Weights
    from netdsl.training.block.transfer import Transfer

LOADED, DRAWN, SKIPPED = "loaded", "re-initialised", "skipped"
SHOWN = 12


@dataclass(frozen=True)
class Fate:
    """What became of one tensor, `name` being the net's, of a skipped one the file's; `why` says the reason."""

    what: str
    name: str
    shape: Shape
    why: str = ""


@dataclass(frozen=True)
class Report:
    """The fates of all tensors of the net and of the file, and warnings of numbers that are not finite."""

    path: Path
    fates: tuple[Fate, ...]
    warnings: tuple[Diagnostic, ...] = ()

    def of(self, what: str) -> list[Fate]:
        """Those that share a fate."""
        return [fate for fate in self.fates if fate.what == what]

    def lines(self) -> list[str]:
        """For people: a line for all that was loaded, one for each other tensor, up to a dozen of each kind."""
        loaded = self.of(LOADED)
        numbers = sum(prod(fate.shape) for fate in loaded)
        lines = [f"weights of {escape(str(self.path))}", f"  {LOADED:<15} {len(loaded)} tensors, {numbers:,} numbers"]
        for what in (DRAWN, SKIPPED):
            found = self.of(what)
            lines += [f"  {what:<15} {escape(fate.name)}: {escape(fate.why)}" for fate in found[:SHOWN]]
            lines += [f"  {what:<15} and {len(found) - SHOWN} more"] * (len(found) > SHOWN)
        return lines + ([render(self.warnings)] if self.warnings else [])

    def as_csv(self) -> str:
        """A line of titles and a line for each tensor."""
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("tensor", "shape", "outcome", "why"))
        writer.writerows((fate.name, format_shape(fate.shape), fate.what, fate.why) for fate in self.fates)
        return text.getvalue()


@dataclass(frozen=True)
class Stored:
    """The tensors of a file, float32 by name; those that are none, with the reason; warnings."""

    tensors: dict[str, NDArray[np.float32]]
    left: dict[str, str]
    warnings: tuple[Diagnostic, ...]


def read_tensors(path: Path, *, strict: bool = False) -> Stored:
    """The tensors of a run's folder, of its weight file, or of any safetensors file.

    Halves and singles are converted exactly. Raises `NetError`: N501 to N503 and N601 for files that cannot be used,
    N525 for doubles that float32 cannot hold; where `strict`, N526 for numbers that are not finite.
    """
    if WEIGHTS.is_own(path):
        file = read_weights(path, strict=strict)
        return Stored(file.tensors, {}, file.warnings)
    stored, left = WEIGHTS.read_plain(path)
    tensors = {name: _single(path, name, array) for name, array in stored.items()}
    return Stored(tensors, left, not_finite(path, tensors, strict=strict))


def take_over(net: Net, weights: Weights, transfer: Transfer, *, strict: bool = False) -> Report:
    """Load what fits of `transfer.weights` into the weights of a net, and say what became of every tensor.

    Raises `NetError` as `read_tensors` does, N510 for a folder that is not that of a run, N520 for a pattern that
    matches nothing, N522 where two tensors of the file are for one of the net, or none fits.
    """
    path = weights_path(Path(transfer.weights))
    stored = read_tensors(path, strict=strict)
    anew = {node for pattern in transfer.fresh for node in pattern.nodes(net)}
    given = _renamed(path, stored, transfer)
    fates: list[Fate] = []
    for name, param in net.tensors.items():
        source = given.get(name)
        why = ""
        if name.rpartition(".")[0] in anew:
            why = "`fresh` asks for it"
        elif source is None:
            why = stored.left.get(name, "") or "the file has none of this name"
        elif stored.tensors[source].shape != param.shape:
            why = _other_shape(param.shape, stored.tensors[source].shape)
        else:
            weights[name] = stored.tensors[source]
        if why and net.nodes[name.rpartition(".")[0]].frozen:
            why += "; it is frozen, and stays as it is drawn"
        origin = f"from {source}" if source not in (None, name) else ""
        fates.append(Fate(DRAWN if why else LOADED, name, param.shape, why or origin))
    taken = {source for name, source in given.items() if name in net.tensors}
    fates += [Fate(SKIPPED, n, a.shape, _unused(n)) for n, a in stored.tensors.items() if n not in taken]
    fates += [Fate(SKIPPED, name, (), why) for name, why in stored.left.items()]
    if not any(fate.what == LOADED for fate in fates):
        raise _nothing(path, net, stored)
    return Report(path, tuple(fates), stored.warnings)


def _renamed(path: Path, stored: Stored, transfer: Transfer) -> dict[str, str]:
    """The file's name of a tensor by the net's; the first pair of `map` that matches a name renames it."""
    found: dict[str, str] = {}
    matched = set()
    for source in stored.tensors:
        name = source
        for old, new in transfer.map:
            parts = old.found(source)
            if parts is not None:
                matched.add(old)
                name = new.filled(parts)
                break
        if name in found:
            both = f"`{escape(found[name])}` and `{escape(source)}` are both for `{escape(name)}`"
            raise fail("N522", f"{quoted(path)}: {both}")
        found[name] = source
    for old, _ in transfer.map:
        if old not in matched:
            names = ", ".join(f"`{escape(name)}`" for name in list(stored.tensors)[:5])
            advice = f"it begins with {names}" if names else None
            raise fail("N520", f"{quoted(path)} has no tensor {old}", span=old.span, help=advice)
    return found


def _other_shape(wanted: Shape, found: Shape) -> str:
    why = f"{format_shape(wanted)} here, {format_shape(found) or 'a single number'} in the file"
    if sorted(wanted) == sorted(found):
        order = "(kernel, in, out)" if len(wanted) > 2 else "(in, out)"
        why += f"; the order here is {order}"
    return why


def _unused(name: str) -> str:
    return "the state of an optimiser" if "@" in name else "the net has none of this name"


def _nothing(path: Path, net: Net, stored: Stored) -> Exception:
    def first(names: Mapping[str, Any]) -> str:
        return ", ".join(f"`{escape(name)}`" for name in list(names)[:3]) or "none"

    return fail(
        "N522",
        f"no tensor of {quoted(path)} fits `{net.name}`: it has {first(stored.tensors)}, the net {first(net.tensors)}",
        help='`map "old.**=new.**"` renames them',
    )


def _single(path: Path, name: str, array: NDArray[Any]) -> NDArray[np.float32]:
    single = exact(array)
    if single is None:
        raise fail("N525", f"{quoted(path)}: `{escape(name)}` is F64 and holds numbers that float32 cannot")
    return single

"""Arguments of a call to the parameters of a layer or block, by Python's rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any

from netdsl.errors import fail
from netdsl.language import tree
from netdsl.language.evaluate import evaluate
from netdsl.language.names import Env, Wire
from netdsl.language.suggest import nearest
from netdsl.layers.base import Layer, arguments
from netdsl.layers.everywhere import Settings


@dataclass(frozen=True)
class Slot:
    """A parameter as a caller sees it."""

    name: str
    required: bool
    positional: bool = True
    everywhere: bool = False


@dataclass(frozen=True)
class Bound:
    """A value for a parameter, and the argument it came from."""

    value: object
    argument: tree.Argument
    positional: bool


def slots_of(layer: type[Layer]) -> tuple[Slot, ...]:
    """The parameters of a layer type; those of a merge have names only, as its positional arguments are values."""
    key: Any = layer  # mypy takes no type of frozen dataclasses for hashable
    return _slots_of(key)


@cache
def _slots_of(layer: Any) -> tuple[Slot, ...]:
    merges = layer.operands[1] != 1
    return tuple(
        Slot(item.name, item.default is MISSING, positional=not item.kw_only and not merges)
        for item in arguments(layer)
    ) + tuple(Slot(item.name, False, positional=False, everywhere=True) for item in fields(Settings))


def bind(
    callee: tree.Callee, slots: Sequence[Slot], given: Sequence[tree.Argument], env: Env, at: Wire | None
) -> dict[str, Bound]:
    """Values by parameter, defaults of the body included; `NetError` N203 … N206, N232."""
    bound: dict[str, Bound] = {}
    by_name = {slot.name: slot for slot in slots}
    positional = [slot for slot in slots if slot.positional]
    named = False
    for place, argument in enumerate(given):
        if argument.name is None:
            if named:
                raise fail("N232", "a positional argument stands behind a named one", span=argument.span)
            slot = _positional_slot(callee, positional, place, argument)
        else:
            named = True
            slot = _named_slot(callee, by_name, argument.name)
        if slot.name in bound:
            first = bound[slot.name].argument.span
            raise fail(
                "N205",
                f"`{slot.name}` of `{callee.text}` is given twice",
                span=argument.span,
                notes=((first, "first here"),),
            )
        bound[slot.name] = Bound(evaluate(argument.value, env, at), argument, argument.name is None)
    for name, (value, argument) in env.default_arguments(callee.text).items():
        if name in by_name and name not in bound:
            bound[name] = Bound(value, argument, False)
    _check_complete(callee, slots, bound, given)
    return bound


def check_names(callee: tree.Callee, slots: Sequence[Slot], given: Sequence[tree.Argument]) -> None:
    """Only the names of arguments, as a `default` gives them; `NetError` N203 or N232."""
    by_name = {slot.name: slot for slot in slots}
    for argument in given:
        if argument.name is None:
            raise fail(
                "N232", "a default is given by name", span=argument.span, help=f"`default {callee.text}(name=value)`"
            )
        _named_slot(callee, by_name, argument.name)


def _positional_slot(callee: tree.Callee, positional: list[Slot], place: int, argument: tree.Argument) -> Slot:
    if place < len(positional):
        return positional[place]
    most = f"at most {len(positional)} positional arguments" if positional else "no positional arguments"
    if len(positional) == 1:
        most = "at most 1 positional argument"
    raise fail("N204", f"`{callee.text}` takes {most}", span=argument.span)


def _named_slot(callee: tree.Callee, by_name: dict[str, Slot], name: tree.Name) -> Slot:
    slot = by_name.get(name.text)
    if slot is None:
        own = [n for n, known in by_name.items() if not known.everywhere]
        takes = f"it takes {', '.join(f'`{n}`' for n in own)}" if own else "it takes none"
        parts = {"help": takes, **nearest(name, by_name)}
        raise fail("N203", f"`{callee.text}` has no argument `{name.text}`", span=name.span, **parts)
    return slot


def _check_complete(
    callee: tree.Callee, slots: Sequence[Slot], bound: dict[str, Bound], given: Sequence[tree.Argument]
) -> None:
    missing = [slot.name for slot in slots if slot.required and slot.name not in bound]
    if not missing:
        return
    names = " and ".join(f"`{name}`" for name in missing)
    every = ", ".join(slot.name if slot.required else f"[{slot.name}]" for slot in slots if not slot.everywhere)
    raise fail("N206", f"`{callee.text}` misses {names}", span=callee.span, help=f"`{callee.text}({every})`"[:200])

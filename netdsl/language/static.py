"""What can be said of blocks without expanding them: recursion, and calls of things that do not exist."""

from __future__ import annotations

from netdsl.errors import Diagnostic, NetError
from netdsl.language import tree
from netdsl.language.bind import check_names, slots_of
from netdsl.language.expansion import Definition
from netdsl.language.modules import Module
from netdsl.language.suggest import nearest
from netdsl.language.walk import calls_in
from netdsl.layers.base import REGISTRY


def find_recursion(module: Module) -> list[Diagnostic]:
    """N213 for each block that calls itself, over others or directly; the message lists the way round."""
    found: list[Diagnostic] = []
    done: set[int] = set()
    for start in module.own_blocks:
        path: list[tuple[Definition, list[tree.Call]]] = [(start, _calls(start))]
        on_path = {id(start)}
        while path and id(start) not in done:
            definition, calls = path[-1]
            if not calls:
                done.add(id(definition))
                on_path.discard(id(definition))
                path.pop()
                continue
            call = calls.pop()
            callee = definition.blocks[call.callee.text]
            if id(callee) in on_path:
                names = [d.block.name.text for d, _ in path]
                at = next(i for i, (d, _) in enumerate(path) if d is callee)
                chain = " → ".join([*names[at:], callee.block.name.text])
                found.append(
                    Diagnostic("N213", f"block `{callee.block.name.text}` calls itself: {chain}", call.callee.span)
                )
            elif id(callee) not in done:
                on_path.add(id(callee))
                path.append((callee, _calls(callee)))
    return found


def _calls(definition: Definition) -> list[tree.Call]:
    return [call for call in reversed(list(calls_in(definition.block.body))) if call.callee.text in definition.blocks]


def check_unused(definition: Definition, lacking: set[str]) -> list[Diagnostic]:
    """Mistakes in the names of a block that no net uses: unknown calls and arguments."""
    found: list[Diagnostic] = []
    for call in calls_in(definition.block.body):
        name = call.callee.text
        if name in ("id", "body") or name in definition.blocks:
            continue
        if lacking and call.callee.name.text in lacking:
            continue
        if name not in REGISTRY or name == "input":
            near = nearest(call.callee.name, [*REGISTRY, *definition.blocks])
            found.append(Diagnostic("N202", f"unknown layer or block `{name}`", call.callee.span, **near))
            continue
        try:
            check_names(call.callee, slots_of(REGISTRY[name]), [a for a in call.arguments or () if a.name is not None])
        except NetError as error:
            found += error.diagnostics
    return found

"""Labels: their paths, and what they name from then on."""

from __future__ import annotations

from netdsl.errors import fail
from netdsl.language import tree
from netdsl.language.evaluate import count
from netdsl.language.names import MEMBERS, Env, Family, Wire


def label_path(label: tree.Label, env: Env, at: Wire | None) -> str:
    """The path of a label, which it takes; `NetError` N211, N223."""
    name = label.name.text
    if name in MEMBERS:
        raise fail("N223", f"`{name}` is a quantity of every value and cannot be a label", span=label.name.span)
    path = env.scope.prefix + name + "".join(f"[{count(i.value, env, at)}]" for i in label.indices)
    env.expansion.claim_path(path, label.span)
    return path


def set_label(label: tree.Label, path: str, named: Wire, env: Env, at: Wire | None) -> None:
    """Let a label name a value, in its family where it has indices."""
    env.expansion.places[path] = named
    if named.known:
        env.expansion.labelled[path] = named.path
    name = label.name.text
    if not label.indices:
        env.scope.labels[name] = named
        return
    base = env.scope.prefix + name
    family = env.scope.labels.get(name)
    if family is None:
        family = env.scope.labels[name] = env.expansion.places[base] = Family(base)
        env.expansion.place_spans.setdefault(base, label.span)
    for place, index in enumerate(label.indices):
        if not isinstance(family, Family):
            raise fail("N211", f"`{name}` is a value and a family at once", span=label.span)
        number = count(index.value, env, at)
        base += f"[{number}]"
        if place == len(label.indices) - 1:
            family.elements[number] = named
        else:
            inner = family.elements.get(number)
            if inner is None:
                inner = family.elements[number] = env.expansion.places[base] = Family(base)
            family = inner

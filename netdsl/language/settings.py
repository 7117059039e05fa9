"""`train` and `tune` blocks: known setting names, and values by the language's own rules."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.errors import Diagnostic, NetError, fail
from netdsl.graph.net import Setting
from netdsl.language import tree
from netdsl.language.evaluate import evaluate
from netdsl.language.modules import Module
from netdsl.language.names import Env, Unknown
from netdsl.language.suggest import nearest

SETTINGS = (
    "data",
    "augment",
    "loss",
    "optimizer",
    "schedule",
    "epochs",
    "batch",
    "seed",
    "validation",
    "steps",
    "clip",
    "accumulate",
    "ema",
    "on_nan",
    "metrics",
    "stop",
    "checkpoint",
    "overfit",
    "freeze",
    "unfreeze",
    "weights",
    "map",
    "fresh",
    "pop",
    "append",
    "stages",
    "recipe",
)


Lines = dict[str, tuple[Setting, ...]]


def check_blocks(module: Module) -> tuple[Lines, Lines, list[Diagnostic]]:
    """The settings and the searches of each net of a module, and the mistakes in its `train` and `tune` blocks."""
    found: list[Diagnostic] = []
    settings, searches = Lines(), Lines()
    places: dict[str, tree.Name] = {}
    for train, env in module.trains:
        values = _settings(train, env, found)
        for net in train.nets:
            if _is_net(net, module, found):
                if net.text in places:
                    note = (places[net.text].span, "first here")
                    found.append(
                        Diagnostic("N212", f"`{net.text}` already has a `train` block", net.span, notes=(note,))
                    )
                places[net.text] = net
                settings[net.text] = values
    for tune, env in module.tunes:
        lines = _searches(tune, env, found)
        if _is_net(tune.net, module, found):
            searches[tune.net.text] = searches.get(tune.net.text, ()) + lines
    return settings, searches, found


def setting(
    name: tree.Name, values: Sequence[tuple[tree.Name | None, tuple[tree.Expr, ...]]], env: Env
) -> tuple[Setting, ...]:
    """The settings of one line; `NetError` N222 for a name that no training knows."""
    if name.text not in SETTINGS:
        raise fail("N222", f"unknown setting `{name.text}`", span=name.span, **nearest(name, SETTINGS))
    return tuple(
        Setting(name.text, key.text if key else "", tuple(evaluate(step, env, None) for step in steps), steps[0].span)
        for key, steps in values
    )


def _settings(train: tree.Train, env: Env, found: list[Diagnostic]) -> tuple[Setting, ...]:
    result: list[Setting] = []
    seen: dict[str, tree.Name] = {}
    for line in train.settings:
        if isinstance(line, tree.Broken):
            continue
        try:
            result += setting(line.name, line.values, env)
            first = seen.setdefault(line.name.text, line.name)
            if first is not line.name:
                raise fail(
                    "N205", f"`{line.name.text}` is set twice", span=line.name.span, notes=((first.span, "first here"),)
                )
        except NetError as error:
            found += error.diagnostics
        except Unknown:
            continue
    return tuple(result)


def _searches(tune: tree.Tune, env: Env, found: list[Diagnostic]) -> tuple[Setting, ...]:
    """What is searched, by the name that stands before the colon."""
    result = []
    if tune.arguments:
        span = tune.arguments[0].value.span
        found.append(Diagnostic("N222", "a `tune` block takes no arguments: they are options of `netdsl tune`", span))
    for line in tune.searches:
        if isinstance(line, tree.Broken):
            continue
        try:
            name = ".".join(part.text for part in line.path)
            result.append(Setting(name, "", (evaluate(line.value, env, None),), line.span))
        except NetError as error:
            found += error.diagnostics
        except Unknown:
            continue
    return tuple(result)


def _is_net(name: tree.Name, module: Module, found: list[Diagnostic]) -> bool:
    if name.text in module.nets:
        return True
    if module.lacking is not None and name.text not in module.lacking:
        found.append(Diagnostic("N229", f"there is no net `{name.text}` here", name.span, **nearest(name, module.nets)))
    return False

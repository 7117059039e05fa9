"""A net's statements with its parameters set, expanded to a checked graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import networkx as nx

from netdsl.errors import Diagnostic, NetError, Span, fail
from netdsl.graph.net import Net, Setting
from netdsl.language import tree
from netdsl.language.claims import judge
from netdsl.language.evaluate import describe, evaluate
from netdsl.language.expansion import Expansion
from netdsl.language.measure import measurer
from netdsl.language.modules import NetDefinition
from netdsl.language.names import Env, Scope, Unknown, Wire
from netdsl.language.statements import run_body, run_branches
from netdsl.language.suggest import nearest_name
from netdsl.language.walk import statements_in
from netdsl.layers.values import Word, format_value, kind_of
from netdsl.symbolic.size import symbol, symbols_in


@dataclass(frozen=True)
class Override:
    """A value for a parameter from outside the file, and its place on the command line, if any."""

    value: object
    span: Span | None = None


def expand(
    definition: NetDefinition,
    overrides: Mapping[str, Override],
    *,
    texts: Mapping[str, str],
    main: str,
    settings: tuple[Setting, ...],
) -> tuple[Net | None, list[Diagnostic], Expansion]:
    """The net (None after a mistake), and everything found on the way."""
    item, module = definition.item, definition.module
    values = {name: override.value for name, override in overrides.items()}
    expansion = Expansion(
        run_body, run_branches, overrides=values, incomplete=module.incomplete, lacking=module.lacking
    )
    expansion.later = {
        s.label.name.text: s.label.span
        for s in reversed(list(statements_in(item.body)))
        if isinstance(s, tree.Line) and s.label
    }
    scope = Scope("")
    base = Env(expansion, scope, definition.names, module.blocks, defaults=definition.defaults)
    bound: dict[str, object] = {}
    env = base.inside(bound)
    last: Wire | None = None
    try:
        if not any(isinstance(s, tree.Input | tree.Broken) for s in statements_in(item.body)):
            raise fail(
                "N217",
                f"net `{item.name.text}` has no input",
                span=item.name.span,
                help="begin with `input image: 28x28x1`",
            )
        _set_parameters(item, overrides, bound, env)
        last = run_body(item.body.statements, env, None)
    except (NetError, Unknown) as error:
        expansion.catch(error, env)
    if not expansion.failed:
        _check_whole(item, expansion)
    if expansion.failed:
        judge(expansion)
        return None, expansion.found, expansion
    net = _build(item, expansion, last, texts=texts, main=main, settings=settings)
    expansion.measure_path = measurer(net)
    try:
        expansion.measure_path("", "total", item.name.span)
    except NetError as error:
        expansion.report(error.diagnostics[0])
        return None, expansion.found, expansion
    judge(expansion)
    errors = any(d.severity == "error" for d in expansion.found)
    return (None if errors else replace(net, skipped=tuple(expansion.skipped))), expansion.found, expansion


def _set_parameters(item: tree.NetItem, overrides: Mapping[str, Override], bound: dict[str, object], env: Env) -> None:
    names = [p.name.text for p in item.parameters]
    for name, override in overrides.items():
        if name not in names:
            near = nearest_name(name, names)
            takes = f"it takes {', '.join(f'`{n}`' for n in names)}" if names else "it takes none"
            help_text = f"did you mean `{near}`?" if near else takes
            raise fail("N219", f"net `{item.name.text}` has no parameter `{name}`", span=override.span, help=help_text)
    seen: dict[str, Span] = {}
    for parameter in item.parameters:
        name = parameter.name.text
        if name in seen:
            raise fail(
                "N205",
                f"parameter `{name}` stands there twice",
                span=parameter.name.span,
                notes=((seen[name], "first here"),),
            )
        seen[name] = parameter.name.span
        default = evaluate(parameter.default, env, None) if parameter.default is not None else Word("any")
        symbolic = default == "any" and isinstance(default, Word)
        if name in overrides:
            bound[name] = default_kind(
                name, overrides[name], None if symbolic and parameter.default is None else default
            )
        elif symbolic and parameter.default is not None:
            bound[name] = symbol(name)
            env.expansion.symbols += symbols_in(bound[name])
        elif symbolic:
            message = f"parameter `{name}` of net `{item.name.text}` must be set"
            raise fail("N221", message, span=parameter.name.span, help=f"`-p {name}=…`")
        else:
            bound[name] = default


def default_kind(name: str, override: Override, default: object) -> object:
    """An override as a value of the default's kind; `NetError` N220 for another kind."""
    value = override.value
    if default is None:
        return value
    if isinstance(default, Word) and default == "any":
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise fail("N220", f"parameter `{name}` is an integer, not {describe(value)}", span=override.span)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(default, int) and not isinstance(default, bool) and isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(default, list) and type(value) is tuple:
        return list(value)
    if type(default) is tuple and isinstance(value, list):
        return tuple(value)
    if isinstance(default, Word) and type(value) is str:
        return Word(value)
    if kind_of(default) != kind_of(value):
        shown = format_value(default)
        raise fail(
            "N220",
            f"parameter `{name}` is {kind_of(default)} such as `{shown}`, not {describe(value)}",
            span=override.span,
        )
    return value


def _check_whole(item: tree.NetItem, expansion: Expansion) -> None:
    """What a net must have: an input, a layer, and values that meet."""
    problem: NetError | None = None
    if not expansion.inputs:
        problem = fail(
            "N217",
            f"net `{item.name.text}` has no input",
            span=item.name.span,
            help="begin with `input image: 28x28x1`",
        )
    elif len(expansion.nodes) == len(expansion.inputs):
        problem = fail("N217", f"net `{item.name.text}` has no layers", span=item.name.span)
    if problem is None:
        groups: dict[str, str] = {}
        for node in expansion.nodes.values():
            roots = [_root(groups, path) for path in (node.path, *node.inputs)]
            for root in roots[1:]:
                groups[root] = roots[0]
                roots[0] = _root(groups, roots[0])
        first = _root(groups, expansion.inputs[0])
        for name in expansion.inputs[1:]:
            if _root(groups, name) != first:
                span = expansion.nodes[name].span
                notes = ((other, "the first input"),) if (other := expansion.nodes[expansion.inputs[0]].span) else ()
                problem = fail(
                    "N228",
                    f"the values of input `{name}` never meet those of `{expansion.inputs[0]}`",
                    span=span,
                    notes=notes,
                )
                break
    if problem is not None:
        expansion.lost = True
        for diagnostic in problem.diagnostics:
            expansion.report(diagnostic)


def _root(groups: dict[str, str], path: str) -> str:
    while (up := groups.setdefault(path, path)) != path:
        groups[path] = groups[up]
        path = up
    return path


def _build(
    item: tree.NetItem,
    expansion: Expansion,
    last: Wire | None,
    *,
    texts: Mapping[str, str],
    main: str,
    settings: tuple[Setting, ...],
) -> Net:
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    graph.add_nodes_from((path, {"node": node}) for path, node in expansion.nodes.items())
    for path, node in expansion.nodes.items():
        for operand, source in enumerate(node.inputs):
            graph.add_edge(source, path, key=operand)
    assert last is not None
    outputs = dict(expansion.outputs) or {last.name: last.path}
    _warn_unused(expansion, graph, set(outputs.values()))
    return Net(
        item.name.text,
        graph,
        tuple(expansion.inputs),
        MappingProxyType(outputs),
        heads=tuple(expansion.heads),
        scopes=tuple(expansion.scopes),
        labels=MappingProxyType(dict(expansion.labelled)),
        parameters=MappingProxyType(dict(expansion.overrides)),
        settings=settings,
        texts=texts,
        main=main,
        symbols=tuple(expansion.symbols),
        warnings=tuple(d for d in expansion.found if d.severity == "warning"),
    )


def _warn_unused(expansion: Expansion, graph: nx.MultiDiGraph[str], outputs: set[str]) -> None:
    used = outputs | set(expansion.labelled.values()) | {head.output for head in expansion.heads}
    for path, node in expansion.nodes.items():
        if path not in used and not graph.succ[path]:
            message = f"nothing uses the value of `{path}`"
            expansion.report(
                Diagnostic("W201", message, node.span, severity="warning", help="name it, or leave it out")
            )

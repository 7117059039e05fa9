"""Statements of a body, one after the other; each takes the current value and leaves its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from netdsl.errors import Fault, NetError, Span, fail
from netdsl.graph.net import Head, Node
from netdsl.graph.net import Scope as NetScope
from netdsl.language import tree
from netdsl.language.bind import Slot, bind, check_names, slots_of
from netdsl.language.calls import run_chain
from netdsl.language.claims import check_declared
from netdsl.language.evaluate import condition, describe, evaluate, wire
from netdsl.language.labels import label_path, set_label
from netdsl.language.loops import choose, iterate
from netdsl.language.names import LOST, Env, Given, Scope, Unknown, Wire
from netdsl.language.operands import block_names, find_block
from netdsl.language.suggest import nearest
from netdsl.layers.base import REGISTRY
from netdsl.layers.input import Input
from netdsl.layers.values import Size
from netdsl.shapes import MAX_SIZE, Shape, format_shape, volume
from netdsl.symbolic.size import Symbolic


def run_body(statements: Sequence[tree.Statement], env: Env, at: Wire | None) -> Wire | None:
    """The current value behind the statements; a mistake is recorded, and what depends on it stays silent."""
    for statement in statements:
        env.expansion.steps += 1
        try:
            at = _run(statement, env, at)
        except (NetError, Unknown) as error:
            env.expansion.catch(error, env, _lost_text(statement))
            if isinstance(statement, tree.Line | tree.Input | tree.Broken | tree.If | tree.For):
                at = LOST
            if env.expansion.full:
                break
    return at


def _lost_text(statement: tree.Statement) -> Span | None:
    """The part of a failed statement whose names may be missing from now on."""
    if not isinstance(statement, tree.Line) or _has_braces(statement.chain):
        return statement.span
    return statement.label.span if statement.label else None


def _has_braces(chain: tree.Chain) -> bool:
    return any(isinstance(e, tree.Call) and e.braces is not None for e in chain.elements)


def _run(statement: tree.Statement, env: Env, at: Wire | None) -> Wire | None:
    match statement:
        case tree.Line():
            return run_line(statement.label, statement.chain, statement.shape, env, at)
        case tree.Input():
            return _run_input(statement, env, at)
        case tree.If():
            return _run_if(statement, env, at)
        case tree.For():
            for inner in iterate(statement, env, at):
                at = run_body(statement.body.statements, inner, at)
                if env.expansion.full:
                    break
            return at
        case tree.Let():
            run_let(statement, env, at)
        case tree.Default():
            run_default(statement, env, at)
        case tree.Head():
            _run_head(statement, env, at)
        case tree.Output():
            _run_output(statement, env, at)
        case tree.Assert():
            env.expansion.claims.append((statement, env.for_assert(), at))
        case tree.Branch():
            raise fail("N215", "a `-` branch stands only between the braces of a merge", span=statement.span)
        case tree.Broken():
            env.expansion.incomplete = True
            raise Unknown
    return at


def run_line(label: tree.Label | None, chain: tree.Chain, shape: tree.Expr | None, env: Env, at: Wire | None) -> Wire:
    """A labelled or plain chain with its declared shape."""
    if label is None:
        value = run_chain(chain, env, at, None)
    else:
        path = label_path(label, env, at)
        value = LOST
        try:
            value = run_chain(chain, env, at, path)
        except (NetError, Unknown) as error:
            env.expansion.catch(error, env, chain.span if _has_braces(chain) else None)
        set_label(label, path, value, env, at)
    if shape is not None and value.known:
        check_declared(label.span.text if label else None, chain, shape, value, env, at)
    return value


# ---- inputs and outputs


def input_shape(size: tree.Expr, env: Env, at: Wire | None) -> Shape:
    """The shape that an input or a declaration writes; `NetError` N311 for sizes outside 1 … 2^31 - 1."""
    value = evaluate(size, env, at)
    shape = tuple(value) if isinstance(value, Size) else (value,)
    if isinstance(value, float) and value.is_integer():
        shape = (int(value),)
    for number in shape:
        if isinstance(number, Symbolic):
            continue
        if not isinstance(number, int) or isinstance(number, bool):
            raise fail("N320", f"a size is an integer, not {describe(value)}", span=size.span)
        if not 1 <= number <= MAX_SIZE:
            raise fail(
                "N311",
                f"`{format_shape(cast(Shape, shape))}` has the size {number}; sizes count from 1 to 2^31 - 1",
                span=size.span,
            )
    try:
        volume(cast(Shape, shape))
    except Fault as fault:
        raise fail(fault.code, fault.message, span=size.span) from None
    return cast(Shape, shape)


def _run_input(statement: tree.Input, env: Env, at: Wire | None) -> Wire:
    expansion = env.expansion
    if env.scope.prefix or env.calls:
        raise fail("N215", "an `input` stands only in a net, not in a block or head", span=statement.span)
    label = tree.Label(statement.name, (), statement.name.span)
    path = label_path(label, env, at)
    try:
        shape = input_shape(statement.size, env, at)
    except (NetError, Unknown):
        set_label(label, path, LOST, env, at)
        expansion.inputs.append(path)
        raise
    value = expansion.add(Node(path, Input(shape), (), shape, statement.span))
    expansion.inputs.append(path)
    set_label(label, path, value, env, at)
    return value


def _run_output(statement: tree.Output, env: Env, at: Wire | None) -> None:
    if env.scope.prefix or env.calls:
        raise fail("N215", "an `output` stands only in a net, not in a block or head", span=statement.span)
    for reference in statement.references:
        found = wire(reference, env, at)
        if reference.span.text in env.expansion.outputs:
            raise fail("N211", f"`{reference.span.text}` is already an output", span=reference.span)
        env.expansion.outputs[found.name] = found.path


def _run_head(statement: tree.Head, env: Env, at: Wire | None) -> None:
    if env.calls:
        raise fail("N215", "a `head` stands only in a net", span=statement.span)
    expansion, name = env.expansion, statement.name
    callee = tree.Callee(None, name, name.span)
    path = label_path(tree.Label(name, (), name.span), env, at)
    bound = bind(callee, [Slot("weight", True)], statement.arguments, env, at)
    weight = bound["weight"].value
    if isinstance(weight, bool) or not isinstance(weight, int | float) or weight < 0:
        raise fail(
            "N208",
            f"`weight` of a head is a number from 0 up, not {describe(weight)}",
            span=bound["weight"].argument.value.span,
        )
    start = wire(statement.start, env, at) if statement.start else at
    place = len(expansion.scopes)
    inner = env.inside(scope=Scope(f"{path}.", env.scope))
    out = run_body(statement.body.statements, inner, start)
    if out is None or not out.known:
        raise Unknown
    expansion.scopes.insert(place, NetScope(path, "head", out.path))
    expansion.heads.append(Head(path, float(weight), out.path))
    result = Wire(out.path, out.shape, path, statement.span)
    expansion.places[path] = result
    expansion.labelled[path] = out.path
    env.scope.labels[name.text] = result


# ---- names for values


def run_let(statement: tree.Let, env: Env, at: Wire | None) -> None:
    """Give a value a name in this body; `NetError` N212 where the name has one."""
    name = statement.name
    values = cast("dict[str, object]", env.values)
    if name.text in values:
        raise fail("N212", f"`{name.text}` already has a value", span=name.span, help="a `let` is not assigned again")
    values[name.text] = LOST
    values[name.text] = evaluate(statement.value, env, at)


def run_default(statement: tree.Default, env: Env, at: Wire | None) -> None:
    """Default arguments for the calls written in the rest of this body."""
    name = statement.callee.text
    definition = find_block(statement.callee, env)
    if definition is not None:
        slots: Sequence[Slot] = [Slot(p.name.text, False) for p in definition.block.parameters]
    elif name in REGISTRY:
        slots = slots_of(REGISTRY[name])
    elif env.expansion.may_lack(name):
        raise Unknown
    else:
        known = [*REGISTRY, *block_names(env)]
        raise fail(
            "N202",
            f"unknown layer or block `{name}`",
            span=statement.callee.span,
            **nearest(statement.callee.name, known),
        )
    check_names(statement.callee, slots, statement.arguments)
    given = {cast(tree.Name, a.name).text: (evaluate(a.value, env, at), a) for a in statement.arguments}
    defaults = cast("dict[str, Mapping[str, Given]]", env.defaults)
    defaults[name] = {**defaults.get(name, {}), **given}


# ---- loops and conditions


def _run_if(statement: tree.If, env: Env, at: Wire | None) -> Wire | None:
    body = choose(statement, env, at)
    return at if body is None else run_body(body.statements, env.inside(), at)


# ---- branches


def run_branches(body: tree.Body, env: Env, at: Wire | None, operands: list[Wire]) -> None:
    """The values of a merge's branches, each starting where the merge stands; `for` and `if` may stand around them."""
    for statement in body.statements:
        env.expansion.steps += 1
        try:
            _run_branch(statement, env, at, operands)
        except (NetError, Unknown) as error:
            env.expansion.catch(error, env, statement.span)
            operands.append(LOST)


def _run_branch(statement: tree.Statement, env: Env, at: Wire | None, operands: list[Wire]) -> None:
    match statement:
        case tree.Branch():
            chain: tree.Chain | None = statement.chain
            if statement.condition is not None and not condition(statement.condition, env, at):
                chain = statement.otherwise
            if chain is not None:
                operands.append(run_line(statement.label, chain, statement.shape, env, at))
        case tree.For():
            for inner in iterate(statement, env, at):
                run_branches(statement.body, inner, at, operands)
        case tree.If():
            chosen = choose(statement, env, at)
            if chosen is not None:
                run_branches(chosen, env.inside(), at, operands)
        case tree.Let():
            run_let(statement, env, at)
        case tree.Default():
            run_default(statement, env, at)
        case tree.Broken():
            raise Unknown
        case _:
            raise fail("N215", "between the braces of a merge, each branch begins with `-`", span=statement.span)

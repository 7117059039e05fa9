"""Chains and their calls: layers, merges and blocks become nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import cast

from netdsl.errors import Fault, NetError, Source, fail
from netdsl.graph.net import Node
from netdsl.graph.net import Scope as NetScope
from netdsl.language import tree
from netdsl.language.bind import Bound, Slot, bind, slots_of
from netdsl.language.evaluate import condition, count, evaluate, unknown_name, wire
from netdsl.language.expansion import MAX_NESTING, Definition
from netdsl.language.faults import diagnose, sizes_chain
from netdsl.language.limits import check_limits
from netdsl.language.names import LOST, Env, Scope, Unknown, Wire
from netdsl.language.operands import (
    block_names,
    check_operand_count,
    find_block,
    is_bare,
    merge_operands,
    refuse_operand,
    value_operands,
)
from netdsl.language.sharing import split_share, tie
from netdsl.language.suggest import nearest
from netdsl.language.syntax import parse_value
from netdsl.layers.base import REGISTRY, Layer, make
from netdsl.layers.table import TABLES
from netdsl.layers.values import Word
from netdsl.shapes import Shape, format_shape
from netdsl.symbolic.size import names_in, symbols_in
from netdsl.symbolic.symbol import watched


def run_chain(chain: tree.Chain, env: Env, at: Wire | None, path: str | None) -> Wire:
    """The value of a chain that starts at `at`; `path` names its only call, or the scope of a longer one."""
    if chain.start is not None:
        at = wire(chain.start.reference, env, at)
    calls = [e for e in chain.elements if not _is_identity(e)]
    if path is None or (len(calls) == 1 and not isinstance(calls[0], tree.Repeat)):
        for element in calls:
            at = run_element(element, env, at, path)
        return _present(at, chain)
    if not calls:
        return _present(at, chain)
    inner = env.inside(scope=Scope(f"{path}.", env.scope))
    place = len(env.expansion.scopes)
    for element in calls:
        at = run_element(element, inner, at, None)
    at = _present(at, chain)
    env.expansion.scopes.insert(place, NetScope(path, "", at.path))
    return Wire(at.path, at.shape, path, chain.span) if at.known else at


def _present(at: Wire | None, chain: tree.Chain) -> Wire:
    if at is None:
        raise fail("N224", "there is no current value yet: an `input` comes first", span=chain.span)
    return at


def _is_identity(element: tree.Element) -> bool:
    return isinstance(element, tree.Call) and element.callee.text == "id"


def run_element(element: tree.Element, env: Env, at: Wire | None, path: str | None) -> Wire | None:
    """The value behind one element of a chain."""
    match element:
        case tree.Call():
            return run_call(element, env, at, path)
        case tree.Choice():
            return _run_choice(element, env, at, path)
        case tree.Repeat():
            return _repeat(element, env, at)


def _repeat(element: tree.Repeat, env: Env, at: Wire | None) -> Wire | None:
    times, span = count(element.count, env, at), element.count.span
    env.expansion.charge(times, 1, span)
    settled = False
    for left in reversed(range(times)):
        entered, before = at, len(env.expansion.nodes)
        at = run_element(element.element, env, at, None)
        if at is not None and not at.known:
            break  # a mistake, which the next time would only find again
        if not settled and at is not None and entered is not None and at.shape == entered.shape:
            settled = True  # from here on each time makes as many nodes
            env.expansion.expect(left * (len(env.expansion.nodes) - before), span)
    return at


def _run_choice(choice: tree.Choice, env: Env, at: Wire | None, path: str | None) -> Wire | None:
    if choice.condition is None or condition(choice.condition, env, at):
        return run_chain(choice.chain, env, at, path)
    return run_chain(choice.otherwise, env, at, path) if choice.otherwise else at


def run_call(call: tree.Call, env: Env, at: Wire | None, path: str | None) -> Wire | None:
    """One call: `body`, a block, or a layer; a block of the same name wins."""
    name = call.callee.text
    if name == "body":
        return _run_braces(call, env, at)
    if name == "id":
        return at
    definition = find_block(call.callee, env)
    number = env.scope.number(call.callee.name.text)
    if path is None:
        path = number
        env.expansion.claim_path(path, call.callee.span)
    layer = REGISTRY.get(name)
    if definition is None and (layer is None or name == "input"):
        raise _unknown_call(call.callee, env)
    call, share = split_share(call, definition, env, at)
    if definition is not None:
        made = run_block(definition, call, env, at, path)
    else:
        assert layer is not None
        made = _run_layer(layer, call, env, at, path)
    if share is not None and made is not None and made.known:
        tie(env.expansion, path, share)
    return made


def _unknown_call(callee: tree.Callee, env: Env) -> NetError | Unknown:
    if env.expansion.may_lack(callee.name.text):
        return Unknown()
    known = [*REGISTRY, *block_names(env)]
    if callee.qualifier is None and isinstance(env.scope.find(callee.text), Wire):
        help_text = f"`from {callee.text}` makes it the current value"
        return fail("N202", f"`{callee.text}` is a value, not a layer or block", span=callee.span, help=help_text)
    return fail("N202", f"unknown layer or block `{callee.text}`", span=callee.span, **nearest(callee.name, known))


# ---- blocks


def _run_braces(call: tree.Call, env: Env, at: Wire | None) -> Wire | None:
    if env.braces is None:
        raise fail(
            "N214", "`body` stands only in a block: it is what the caller puts between the braces", span=call.span
        )
    if call.arguments is not None or call.braces is not None:
        raise fail("N214", "`body` takes no arguments and no braces", span=call.span)
    body, caller = env.braces
    return env.expansion.run(body.statements, caller.inside(), at)


def run_block(definition: Definition, call: tree.Call, env: Env, at: Wire | None, path: str) -> Wire | None:
    """One instance of a block, in a scope of its own."""
    expansion, block = env.expansion, definition.block
    expansion.used.add(id(definition))
    if env.depth >= MAX_NESTING:
        raise fail("N108", f"blocks nest deeper than {MAX_NESTING} levels", span=call.span)
    if (call.braces is not None) != definition.wants_body:
        wants = "takes" if definition.wants_body else "has no `body`: it takes no"
        end = " `{ … }` behind the call" if definition.wants_body else " braces"
        first = ((block.name.span, "defined here"),)
        span = call.callee.span if call.braces is None else call.braces.span
        raise fail("N214", f"`{call.callee.text}` {wants}{end}", span=span, notes=first)
    slots = [Slot(p.name.text, p.default is None) for p in block.parameters]
    bound = bind(call.callee, slots, call.arguments or (), env, at)
    scope = Scope(f"{path}.")
    base = Env(expansion, scope, definition.names, definition.blocks, defaults=definition.defaults, depth=env.depth)
    values: dict[str, object] = {}
    braces = (call.braces, env) if call.braces is not None else None
    inner = base.inside(values, calls=(*env.calls, call.callee.span), braces=braces)
    for parameter in block.parameters:
        name = parameter.name.text
        given = bound.get(name)
        if given is not None:
            values[name] = given.value
        else:
            assert parameter.default is not None
            values[name] = evaluate(parameter.default, inner, None)
    place = len(expansion.scopes)
    out = expansion.run(block.body.statements, inner, at)
    if out is None or not out.known:
        return out
    expansion.scopes.insert(place, NetScope(path, block.name.text, out.path))
    result = Wire(out.path, out.shape, path, call.span)
    expansion.places[path] = result
    return result


# ---- layers


def _run_layer(layer: type[Layer], call: tree.Call, env: Env, at: Wire | None, path: str) -> Wire:
    low, high = layer.operands
    given = call.arguments or ()
    if high == 1:
        refuse_operand(call, env)
        if call.braces is not None:
            raise fail("N214", f"`{call.callee.text}` takes no braces", span=call.braces.span)
        bound = bind(call.callee, slots_of(layer), given, env, at)
        operands = [_present(at, tree.Chain(None, (), call.span)), *value_operands(layer, bound, env)]
    else:
        named = [a for a in given if a.name is not None]
        bound = bind(call.callee, slots_of(layer), named, env, at)
        operands = merge_operands(call, env, at, [a for a in given if a.name is None])
        check_operand_count(call, operands, low, high)
    shapes = [o.shape for o in operands]
    made = _make(layer, call, env, bound, cast("list[Shape]", shapes) if all(o.known for o in operands) else None)
    if not all(o.known for o in operands):
        return LOST
    return _place(made, call, env, bound, operands, cast("list[Shape]", shapes), path)


def _outcome(
    layer: type[Layer], bound: Mapping[str, Bound], env: Env, shapes: Sequence[Shape], changes: Mapping[str, str]
) -> str | None:
    """The shape that a layer would give with some arguments changed, or None."""
    values = {name: b.value for name, b in bound.items()}
    try:
        for name, text in changes.items():
            values[name] = evaluate(parse_value(Source("change", text)), env, None)
        return format_shape(make(layer, values).out_shape(*shapes))
    except (Fault, NetError, Unknown):
        return None


def _make(layer: type[Layer], call: tree.Call, env: Env, bound: dict[str, Bound], shapes: list[Shape] | None) -> Layer:
    try:
        return make(layer, {name: b.value for name, b in bound.items()})
    except Fault as fault:
        b = bound.get(fault.argument or "")
        if b is not None and fault.code == "N207" and type(b.value) is Word and is_bare(b.argument.value, b.value):
            reference = cast(tree.Reference, b.argument.value)
            words = _words_of(layer, fault.argument or "")
            raise unknown_name(reference.name, env, words) from None
        outcome = partial(_outcome, layer, bound, env, shapes) if shapes is not None else None
        raise NetError(diagnose(fault, call, bound, outcome=outcome)) from None


def _words_of(layer: type[Layer], argument: str) -> tuple[str, ...]:
    item = layer.__dataclass_fields__[argument].metadata
    words = {"pad": ("valid", "same", "causal"), "flag": ("true", "false"), "table": tuple(TABLES)}.get(
        item["kind"], ()
    )
    return (*words, *item["choices"])


def _place(
    layer: Layer,
    call: tree.Call,
    env: Env,
    bound: dict[str, Bound],
    operands: Sequence[Wire],
    shapes: list[Shape],
    path: str,
) -> Wire:
    """Check a layer on its inputs and make its node."""
    expansion = env.expansion
    try:
        with watched(path, call.span):
            shape = layer.out_shape(*shapes)
            check_limits(layer, shape, shapes)
    except TypeError as cause:
        if not symbols_in(shapes):
            raise
        what = f"`{layer.keyword}` has no formula for a size that depends on {names_in(shapes)}"
        raise fail("N313", what, span=call.callee.span, help="`-p` sets a size") from cause
    except Fault as fault:
        notes = [(o.span, f"`{o.name}` is {format_shape(s)}") for o, s in zip(operands, shapes, strict=True) if o.span]
        led = fault.code in ("N301", "N302") and len(operands) == 1
        chain = sizes_chain(expansion.nodes, operands[0], layer, path, None) if led else None
        facts = [("sizes", chain)] if chain else []
        outcome = partial(_outcome, type(layer), bound, env, shapes)
        notes = notes if fault.code == "N308" else []
        raise NetError(diagnose(fault, call, bound, facts=facts, notes=notes, outcome=outcome)) from None
    node = Node(path, layer, tuple(o.path for o in operands), shape, call.span)
    return expansion.add(node)

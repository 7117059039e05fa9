"""What calls refer to: blocks by name, and the values that merges combine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from netdsl.errors import Span, fail
from netdsl.language import tree
from netdsl.language.bind import Bound
from netdsl.language.evaluate import describe, evaluate, unknown_name
from netdsl.language.expansion import Definition
from netdsl.language.names import LOST, Env, Family, Unknown, Wire
from netdsl.layers.base import REGISTRY, Layer, arguments
from netdsl.layers.values import Applied, Word


def find_block(callee: tree.Callee, env: Env) -> Definition | None:
    """The block that a call names in its file, or None."""
    return env.blocks.get(callee.text)


def block_names(env: Env) -> list[str]:
    """Blocks that a call may name."""
    return list(env.blocks)


def is_bare(expr: tree.Expr, word: str) -> bool:
    """Whether an expression is nothing but this word."""
    return isinstance(expr, tree.Reference) and not expr.suffixes and expr.name.text == word


def refuse_operand(call: tree.Call, env: Env) -> None:
    """Refuse a label among the arguments of a layer, which takes its input from the chain."""
    for argument in call.arguments or ():
        value = argument.value
        if argument.name is None and isinstance(value, tree.Reference) and not value.suffixes:
            name = value.name.text
            if not env.find(name)[0] and isinstance(env.scope.find(name), Wire):
                message = f"`{call.callee.text}` takes its input from the chain, not as an argument"
                raise fail("N210", message, span=value.span, help=f"`from {name} | {call.callee.text}(…)`")


def value_operands(layer: type[Layer], bound: dict[str, Bound], env: Env) -> list[Wire]:
    """The values that arguments name, such as `like=` of a crop, as further operands; what is bound becomes their name.

    Raises `NetError` N201 or N226 for what is no value of the net.
    """
    found = []
    for item in arguments(layer):
        given = bound.get(item.name)
        if item.metadata["kind"] != "value" or given is None:
            continue
        value, expr = given.value, given.argument.value
        if not isinstance(value, Wire):
            if isinstance(expr, tree.Reference) and type(value) is Word and is_bare(expr, value):
                raise unknown_name(expr.name, env)
            message = f"`{item.name}` of `{layer.keyword}` takes a value of the net, not {describe(value)}"
            raise fail("N226", message, span=expr.span)
        found.append(value)
        bound[item.name] = replace(given, value=Word(value.name))
    return found


def check_operand_count(call: tree.Call, operands: Sequence[Wire], low: int, high: int | None) -> None:
    """Refuse more or fewer values than a merge combines."""
    if len(operands) < low or (high is not None and len(operands) > high):
        wanted = f"{low}" if low == high else f"at least {low}"
        message = f"`{call.callee.text}` takes {wanted} values, not {len(operands)}"
        raise fail("N227", message, span=call.callee.span)


def merge_operands(call: tree.Call, env: Env, at: Wire | None, given: Sequence[tree.Argument]) -> list[Wire]:
    """The values that a merge combines: its branches, or the values named in its arguments."""
    if call.braces is not None:
        if given:
            raise fail("N214", f"`{call.callee.text}` takes either branches or values, not both", span=given[0].span)
        operands: list[Wire] = []
        env.expansion.run_branches(call.braces, env.inside(), at, operands)
        return operands
    if not given:
        help_text = "`{ - a | b` … `}`, one branch a line, or named values: `add(a, _)`"
        raise fail(
            "N214",
            f"`{call.callee.text}` takes branches in braces, or named values",
            span=call.callee.span,
            help=help_text,
        )
    operands = []
    for argument in given:
        try:
            operands += _wires(evaluate(argument.value, env, at), argument, call, env)
        except Unknown:
            operands.append(LOST)
    return operands


def _wires(value: object, argument: tree.Argument, call: tree.Call, env: Env) -> list[Wire]:
    if isinstance(value, Wire):
        return [value]
    if isinstance(value, Family):
        return list(value.wires())
    if isinstance(value, list | tuple):
        return [w for item in value for w in _wires(item, argument, call, env)]
    if isinstance(value, Applied) and (value.name in REGISTRY or value.name in block_names(env)):
        name = call.callee.text
        message = f"`{name}` takes values, and `{value.name}(…)` is a call"
        raise fail(
            "N210",
            message,
            span=argument.span,
            help=f"give it a name first, or write `{name} {{ - id` … `- {value.name}(…) }}`",
        )
    if type(value) is Word and is_bare(argument.value, value):
        raise unknown_name(cast(tree.Reference, argument.value).name, env)
    span: Span = argument.span
    raise fail("N226", f"`{call.callee.text}` takes values of the net, not {describe(value)}", span=span)

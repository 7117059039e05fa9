"""What a file claims about itself: declared shapes and asserts, judged with the actual numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from netdsl.errors import Diagnostic, Fix, NetError, fail
from netdsl.language import tree
from netdsl.language.evaluate import describe, evaluate
from netdsl.language.expansion import Expansion
from netdsl.language.faults import sizes_chain
from netdsl.language.names import Env, Unknown, Wire
from netdsl.layers.values import Size, format_value
from netdsl.shapes import Shape, format_shape
from netdsl.symbolic.size import Symbolic


def check_declared(
    label: str | None, chain: tree.Chain, size: tree.Expr, value: Wire, env: Env, at: Wire | None
) -> None:
    """Report N401 where a chain does not give the shape written behind `->`."""
    assert value.shape is not None
    declared = _shape(size, env, at)
    if declared == value.shape:
        return
    if _is_skipped(env.expansion, size, always=False):
        env.expansion.skipped.append(f"{size.span}: -> {size.span.text}")
        return
    name = label or (chain.elements[-1].span.text.partition("(")[0] if chain.elements else chain.span.text)
    actual = format_shape(value.shape)
    node = env.expansion.nodes[value.path]
    shapes = [env.expansion.nodes[p].shape for p in node.inputs]
    facts = [(axis, extent.text) for axis, extent in node.layer.extents(*shapes)] if shapes else []
    sizes = sizes_chain(env.expansion.nodes, value, None, "", None)
    if sizes:
        facts.append(("sizes", sizes))
    message = f"`{name}` gives {actual}, not {format_shape(declared)}"
    fix = Fix(f"-> {actual}", ((size.span, actual),))
    env.expansion.report(Diagnostic("N401", message, size.span, tuple(facts), fixes=(fix,)), env.calls)


def _shape(size: tree.Expr, env: Env, at: Wire | None) -> Shape:
    value = evaluate(size, env, at)
    if isinstance(value, Size):
        return tuple(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | Symbolic) and not isinstance(value, bool):
        return (value,)
    raise fail("N320", f"a shape is a size or an integer, not {describe(value)}", span=size.span)


def judge(expansion: Expansion) -> None:
    """Evaluate every assert, in order; report N402 for those that are false."""
    for claim, env, at in expansion.claims:
        if expansion.full:
            break
        try:
            _judge(claim, env, at)
        except Unknown:
            continue
        except NetError as error:
            for diagnostic in error.diagnostics:
                expansion.report(diagnostic, env.calls)


def _judge(claim: tree.Assert, env: Env, at: Wire | None) -> None:
    expr = claim.condition
    held = evaluate(expr, env, at)
    if not isinstance(held, bool):
        raise fail("N320", f"an assert is `true` or `false`, not {describe(held)}", span=expr.span)
    if held:
        return
    if _is_skipped(env.expansion, expr, always=claim.always):
        env.expansion.skipped.append(f"{claim.span}: {claim.span.text}")
        return
    text = " ".join(expr.span.text.split())
    message = f"`{text}` does not hold" + (f": {claim.words}" if claim.words else "")
    facts, fixes = _sides(expr, env, at)
    env.expansion.report(Diagnostic("N402", message, expr.span, facts, fixes=fixes), env.calls)


def _sides(expr: tree.Expr, env: Env, at: Wire | None) -> tuple[tuple[tuple[str, str], ...], tuple[Fix, ...]]:
    """The value of each side of a comparison that is not a number itself, and the number that would make it hold."""
    if not isinstance(expr, tree.Compare) or len(expr.rest) != 1:
        return (), ()
    symbol, right = expr.rest[0]
    facts = []
    for side in (expr.first, right):
        if not isinstance(side, tree.Literal | tree.Dims):
            facts.append((" ".join(side.span.text.split()), _number(evaluate(side, env, at))))
    if symbol != "==" or not isinstance(right, tree.Literal | tree.Dims):
        return tuple(facts), ()
    actual = _number(evaluate(expr.first, env, at))
    return tuple(facts), (Fix(f"`{actual}`", ((right.span, actual),)),)


def _number(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:_}" if abs(value) >= 10_000 else str(value)
    return value.name if isinstance(value, Wire) else format_value(value)


def _is_skipped(expansion: Expansion, expr: tree.Expr, *, always: bool) -> bool:
    """Under `-p`, a false claim is only reported unless it says `always` or names every overridden parameter."""
    if not expansion.overrides or always:
        return False
    return not set(expansion.overrides) <= set(names_in(expr))


def names_in(expr: object) -> Iterator[str]:
    """Every name that an expression mentions."""
    if isinstance(expr, tree.Reference):
        yield expr.name.text
    if isinstance(expr, tuple):
        for part in expr:
            yield from names_in(part)
    elif is_dataclass(expr) and not isinstance(expr, tree.Name | tree.Literal):
        for item in fields(expr):
            if item.name != "span":
                yield from names_in(getattr(expr, item.name))

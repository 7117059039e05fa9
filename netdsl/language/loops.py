"""Loops and conditions: which bodies run, and what their names mean; counted before they are expanded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdsl.errors import Span, fail
from netdsl.language import tree
from netdsl.language.evaluate import condition, count, describe, evaluate
from netdsl.language.names import Env, Family, Wire


def choose(statement: tree.If, env: Env, at: Wire | None) -> tree.Body | None:
    """The body whose condition holds."""
    for test, body in statement.cases:
        if condition(test, env, at):
            return body
    return statement.otherwise


def iterate(statement: tree.For, env: Env, at: Wire | None) -> Iterator[Env]:
    """The body's environment for each element of the list; `NetError` N320 for what is not one."""
    values = evaluate(statement.values, env, at)
    if isinstance(values, int | float) and not isinstance(values, bool):
        times = count(statement.values, env, at)
        env.expansion.charge(times, minimum(statement.body), statement.values.span)
        items: Sequence[object] = range(times)
    elif isinstance(values, list | tuple):
        env.expansion.charge(len(values), minimum(statement.body), statement.values.span)
        items = values
    elif isinstance(values, Family):
        items = list(values.wires())
    else:
        raise fail("N320", f"`for` runs over a list or a count, not {describe(values)}", span=statement.values.span)
    for index, item in enumerate(items):
        names: dict[str, object] = {}
        if len(statement.patterns) == 2:
            names[statement.patterns[0][0].text] = index
        _take_apart(statement, item, names)
        yield env.inside(names)


def _take_apart(statement: tree.For, item: object, names: dict[str, object]) -> None:
    pattern = statement.patterns[-1]
    if not statement.unpacks:
        names[pattern[0].text] = item
        return
    if not isinstance(item, list | tuple) or len(item) != len(pattern):
        span = Span(pattern[0].span.source, pattern[0].span.start, pattern[-1].span.end)
        raise fail("N320", f"{len(pattern)} names cannot take apart {describe(item)}", span=span)
    for name, value in zip(pattern, item, strict=True):
        names[name.text] = value


def minimum(body: tree.Body) -> int:
    """A lower bound on the calls that one pass through a body makes, where counts are written as numbers."""
    total = 0
    for statement in body.statements:
        if isinstance(statement, tree.Line):
            total += sum(_minimum_of(e) for e in statement.chain.elements)
        elif isinstance(statement, tree.For) and isinstance(statement.values, tree.Literal):
            times = statement.values.value
            total += int(times) * minimum(statement.body) if isinstance(times, int) else 0
    return total


def _minimum_of(element: tree.Element) -> int:
    if isinstance(element, tree.Call):
        return 0 if element.callee.text in ("id", "body") else 1
    if (
        isinstance(element, tree.Repeat)
        and isinstance(element.count, tree.Literal)
        and isinstance(element.count.value, int)
    ):
        return element.count.value * _minimum_of(element.element)
    return 0

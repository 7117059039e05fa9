"""Expressions to values."""

from __future__ import annotations

from netdsl.errors import Fault, NetError, Span, fail
from netdsl.language import tree
from netdsl.language.arithmetic import FUNCTIONS, checked_number, is_number, operate, relate
from netdsl.language.names import LOST, MEMBERS, QUANTITIES, Env, Family, Unknown, Wire
from netdsl.language.suggest import nearest
from netdsl.layers.base import REGISTRY
from netdsl.layers.values import Applied, Size, Word, format_value, kind_of
from netdsl.shapes import format_shape
from netdsl.symbolic.size import Symbolic

_CONSTANTS: dict[str, object] = {"true": True, "false": False}


def evaluate(expr: tree.Expr, env: Env, at: Wire | None) -> object:
    """The value of an expression where `at` is the current value; raises `NetError`, or `Unknown` after a mistake."""
    match expr:
        case tree.Literal():
            return expr.value
        case tree.Reference():
            return _reference(expr, env, at)
        case tree.Dims():
            return _dims(expr, env, at)
        case tree.Arithmetic():
            return _arithmetic(expr, env, at)
        case tree.Power():
            return _power(expr, env, at)
        case tree.Sequence():
            items = [evaluate(item, env, at) for item in expr.items]
            return tuple(items) if expr.is_tuple else items
        case tree.Invoke():
            return _invoke(expr, env, at)
        case tree.Compare():
            return _compare(expr, env, at)
        case tree.Logic():
            for part in expr.parts:
                if condition(part, env, at) == (expr.word == "or"):
                    return expr.word == "or"
            return expr.word == "and"
        case tree.Not():
            return condition(expr.value, env, at) == (expr.count % 2 == 0)
        case tree.Cond():
            for value, test in expr.cases:
                if condition(test, env, at):
                    return evaluate(value, env, at)
            return evaluate(expr.otherwise, env, at)


def condition(expr: tree.Expr, env: Env, at: Wire | None) -> bool:
    """The value of an expression that must be a boolean; `NetError` N320 otherwise."""
    value = evaluate(expr, env, at)
    if not isinstance(value, bool):
        _refuse_word(expr, value, env)
        raise fail("N320", f"a condition is `true` or `false`, not {describe(value)}", span=expr.span)
    return value


def count(expr: tree.Expr, env: Env, at: Wire | None) -> int:
    """The value of an expression that must be whole and not negative; `NetError` N320 otherwise."""
    value = evaluate(expr, env, at)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        _refuse_word(expr, value, env)
        raise fail("N320", f"a count is an integer, not {describe(value)}", span=expr.span)
    if value < 0:
        raise fail("N320", f"a count cannot be negative: {value}", span=expr.span)
    return value


def describe(value: object) -> str:
    """A value with its kind, for messages."""
    if isinstance(value, Wire):
        return f"the value `{value.name}`"
    if isinstance(value, Family):
        return f"the family `{value.path}`"
    return f"{kind_of(value)}: `{format_value(value)}`"


def wire(reference: tree.Reference, env: Env, at: Wire | None) -> Wire:
    """The net's value that a reference names; `NetError` N226 for anything else."""
    value = evaluate(reference, env, at)
    if isinstance(value, Wire):
        return value
    _refuse_word(reference, value, env)
    help_text = "a family stands for all its elements only in a merge" if isinstance(value, Family) else None
    raise fail("N226", f"a value of the net is needed here, not {describe(value)}", span=reference.span, help=help_text)


def unknown_name(name: tree.Name, env: Env, extra: tuple[str, ...] = ()) -> NetError | Unknown:
    """The error of a name that means nothing here, with the nearest that does."""
    if env.scope.lost_name(name.text) or env.expansion.may_lack(name.text):
        return Unknown()
    later = env.expansion.defined_later(name)
    if later is not None:
        return fail(
            "N201", f"`{name.text}` is used before it is defined", span=name.span, notes=((later, "defined here"),)
        )
    own = env.expansion.later.get(name.text)
    if own is not None and own.source is name.span.source and "\n" not in own.source.text[own.start : name.span.end]:
        return fail(
            "N201", f"`{name.text}` is used in its own definition", span=name.span, notes=((own, "defined here"),)
        )
    known = [*env.all_values(), *env.scope.all_labels(), *extra]
    known += [p.removeprefix(env.scope.prefix) for p in env.expansion.places if p.startswith(env.scope.prefix)]
    return fail("N201", f"unknown name `{name.text}`", span=name.span, **nearest(name, known))


def _refuse_word(expr: tree.Expr, value: object, env: Env) -> None:
    """A word where a value is needed is a name that nobody defined."""
    if isinstance(value, Word) and isinstance(expr, tree.Reference) and not expr.suffixes and value == expr.name.text:
        raise unknown_name(expr.name, env)


def _reference(expr: tree.Reference, env: Env, at: Wire | None) -> object:
    name = expr.name
    value: object
    if name.text == "_":
        if at is None:
            raise fail("N224", "`_` has no value here: no layer or input came before", span=name.span)
        value = at
    elif name.text in _CONSTANTS:
        value = _CONSTANTS[name.text]
    else:
        value = _named(name, env, bare=not expr.suffixes)
    for suffix in expr.suffixes:
        if value is LOST or (isinstance(value, Wire) and not value.known and isinstance(suffix, tree.Member)):
            raise Unknown
        span = Span(name.span.source, name.span.start, name.span.end)
        value = (
            _member(value, suffix.name, env)
            if isinstance(suffix, tree.Member)
            else _index(value, suffix, env, at, span)
        )
    return value


def _named(name: tree.Name, env: Env, *, bare: bool) -> object:
    found, value = env.find(name.text)
    if found:
        return value
    label = env.scope.find(name.text) or env.expansion.places.get(env.scope.prefix + name.text)
    if label is not None:
        return label
    if env.in_assert and bare and name.text in QUANTITIES:
        return env.expansion.measure(env.scope.prefix.removesuffix("."), name)
    if not bare:
        raise unknown_name(name, env)
    return Word(name.text)


def _member(value: object, name: tree.Name, env: Env) -> object:
    if isinstance(value, Family) and name.text in QUANTITIES - {"rf"}:
        return env.expansion.measure_family(value, name)
    if not isinstance(value, Wire):
        raise fail("N225", f"{describe(value)} has no `.{name.text}`", span=name.span)
    assert value.shape is not None
    shape = value.shape
    if name.text == "shape":
        return Size(shape) if len(shape) > 1 else shape[0]
    if name.text in ("h", "w", "c"):
        at = {"h": -3, "w": -2, "c": -1}[name.text]
        if len(shape) < -at:
            what = {"h": "height", "w": "width"}[name.text]
            raise fail("N225", f"`{value.name}` is {format_shape(shape)}: it has no {what}", span=name.span)
        return shape[at]
    if name.text in QUANTITIES:
        if not env.in_assert:
            raise fail(
                "N225",
                f"`.{name.text}` is known only in an `assert`; a condition may ask `.h .w .c .shape`",
                span=name.span,
            )
        return env.expansion.measure(value.name, name)
    inner = env.expansion.places.get(f"{value.name}.{name.text}")
    if inner is None:
        begin = f"{value.name}."
        known = [*MEMBERS, *(p[len(begin) :] for p in env.expansion.places if p.startswith(begin))]
        raise fail("N225", f"`{value.name}` has no `.{name.text}`", span=name.span, **nearest(name, known))
    return inner


def _index(value: object, suffix: tree.Index, env: Env, at: Wire | None, span: Span) -> object:
    index = evaluate(suffix.value, env, at)
    if isinstance(index, float) and index.is_integer():
        index = int(index)
    if not isinstance(index, int) or isinstance(index, bool):
        _refuse_word(suffix.value, index, env)
        raise fail("N230", f"an index is an integer, not {describe(index)}", span=suffix.value.span)
    if isinstance(value, Family):
        if index not in value.elements:
            if env.scope.lost_name(span.text):
                raise Unknown
            raise fail("N230", f"`{value.path}` has no element [{index}]", span=suffix.span)
        return value.elements[index]
    if not isinstance(value, list | tuple | Size):
        raise fail("N230", f"{describe(value)} has no elements", span=suffix.span)
    if not -len(value) <= index < len(value):
        raise fail("N230", f"index {index} is outside a list of {len(value)}", span=suffix.value.span)
    return value[index]


def _dims(expr: tree.Dims, env: Env, at: Wire | None) -> object:
    sizes: list[int] = []
    for part in expr.parts:
        value = part if isinstance(part, int) else evaluate(part, env, at)
        span = expr.span if isinstance(part, int) else part.span
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int | Symbolic) or isinstance(value, bool):
            if not isinstance(part, int):
                _refuse_word(part, value, env)
            raise fail("N320", f"a size is an integer, not {describe(value)}", span=span)
        sizes.append(value)
    return sizes[0] if len(sizes) == 1 else Size(sizes)


def _operand(expr: tree.Expr, env: Env, at: Wire | None) -> object:
    value = evaluate(expr, env, at)
    if isinstance(value, Word):
        _refuse_word(expr, value, env)
    return value


def _arithmetic(expr: tree.Arithmetic, env: Env, at: Wire | None) -> object:
    value = _operand(expr.first, env, at)
    for symbol, part in expr.rest:
        right = _operand(part, env, at)
        try:
            value = operate(symbol, value, right)
        except Fault as fault:
            span = Span(expr.span.source, expr.first.span.start, part.span.end)
            raise fail(fault.code, fault.message, span=span, help=fault.help) from None
    return value


def _power(expr: tree.Power, env: Env, at: Wire | None) -> object:
    value: object = None
    for place, (signs, part) in reversed(list(enumerate(expr.operands))):
        base = _operand(part, env, at)
        span = Span(expr.span.source, part.span.start, expr.span.end)
        try:
            value = base if place == len(expr.operands) - 1 else operate("**", base, value)
            if signs and not is_number(value):
                raise Fault("N320", f"`-` takes a number, not {describe(value)}")
            if signs % 2:
                value = checked_number(-value, f"`-{format_value(value)}`")  # type: ignore[operator]
        except Fault as fault:
            raise fail(fault.code, fault.message, span=span, help=fault.help) from None
    return value


def _compare(expr: tree.Compare, env: Env, at: Wire | None) -> bool:
    left = evaluate(expr.first, env, at)
    for symbol, part in expr.rest:
        right = evaluate(part, env, at)
        try:
            if not relate(symbol, left, right):
                return False
        except Fault as fault:
            raise fail(fault.code, fault.message, span=expr.span, help=fault.help) from None
        left = right
    return True


def _invoke(expr: tree.Invoke, env: Env, at: Wire | None) -> object:
    positional: list[object] = []
    keywords: dict[str, object] = {}
    for argument in expr.arguments:
        value = evaluate(argument.value, env, at)
        if argument.name is None and keywords:
            raise fail("N232", "a positional argument stands behind a named one", span=argument.span)
        if argument.name is None:
            positional.append(value)
        elif argument.name.text in keywords:
            words = f"`{argument.name.text}` of `{expr.name.text}` is given twice"
            raise fail("N205", words, span=argument.span)
        else:
            keywords[argument.name.text] = value
    function = FUNCTIONS.get(expr.name.text)
    if function is None or (
        expr.name.text in REGISTRY and not all(is_number(v) or isinstance(v, list) for v in positional)
    ):
        return Applied(expr.name.text, tuple(positional), keywords)
    if keywords:
        raise fail("N203", f"`{expr.name.text}` takes no named arguments", span=expr.span)
    try:
        return checked_number(function(positional), f"`{expr.span.text}`")
    except Fault as fault:
        raise fail(fault.code, fault.message, span=expr.span, help=fault.help) from None

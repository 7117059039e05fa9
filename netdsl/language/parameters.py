"""Values for parameters from outside a file: `-p depths=[3,4,23,3]`, or Python's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netdsl.errors import NetError, Source, Span, escape, fail
from netdsl.language.evaluate import evaluate
from netdsl.language.expand import Override
from netdsl.language.expansion import Expansion
from netdsl.language.names import Env, Scope
from netdsl.language.statements import run_body, run_branches
from netdsl.language.syntax import parse_steps
from netdsl.language.syntax import parse_value as parse_expression
from netdsl.language.text import check_characters
from netdsl.layers.values import Applied, Size, Word


def bare_env() -> Env:
    """An environment without any names: words stay words."""
    return Env(Expansion(run_body, run_branches), Scope(""), {}, {})


def parse_value(text: str, name: str = "value") -> object:
    """The value of an expression of the language that stands alone; `NetError` for one that is none."""
    return evaluate(parse_expression(_source(text, name)), bare_env(), None)


def parse_setting(text: str, name: str = "value") -> list[tuple[str, tuple[object, ...]]]:
    """Each value of a setting, its key, or an empty text, and its steps: `mnist | pad(2)`, `cls=mse, box=mse`."""
    values = parse_steps(_source(text, name))
    return [(key.text if key else "", tuple(evaluate(s, bare_env(), None) for s in steps)) for key, steps in values]


def _source(text: str, name: str) -> Source:
    source = Source(name, text)
    check_characters(source)
    if not text.strip():
        raise fail("N101", "a value is missing", span=Span(source, 0, len(text)))
    return source


def parse_parameters(texts: Iterable[str]) -> dict[str, Override]:
    """`name=value` texts of a command line; `NetError` N219 for one without a name, N205 for one given twice."""
    found: dict[str, Override] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier() or not name.isascii():
            raise fail("N219", f"a parameter is given as `name=value`, not `{escape(text)}`")
        name = name.strip()
        if name in found:
            raise fail("N205", f"parameter `{name}` is given twice")
        found[name] = Override(parse_value(value, f"-p {name}"))
    return found


def overrides_of(parameters: Mapping[str, object]) -> dict[str, Override]:
    """Python values as parameters; `NetError` N220 for one that the language has no kind for."""
    return {
        name: value if isinstance(value, Override) else Override(_value(name, value))
        for name, value in parameters.items()
    }


def _value(name: str, value: object) -> object:
    if isinstance(value, bool | str | Size | Word | Applied):
        return value
    if hasattr(value, "tolist") and not isinstance(value, int | float):
        value = value.tolist()
    if isinstance(value, int | float):
        return value
    if isinstance(value, list | tuple):
        return type(value)(_value(name, item) for item in value)
    raise NetError(fail("N220", f"parameter `{name}` cannot be {value!r}"[:200]).diagnostics)

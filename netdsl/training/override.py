"""Settings from the command line: `optimizer.lr=0.1`, `batch=32`, `data=digits | pad(2)`."""

from __future__ import annotations

from netdsl.errors import Source, Span, escape, fail
from netdsl.graph.net import Setting
from netdsl.language.parameters import parse_setting


def parse_override(text: str, *, option: str = "--set") -> Setting:
    """The setting of a `key=value` text, the value in the language; `NetError` N506 where one of them is missing."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip() or not value.strip():
        raise fail("N506", f"a setting is given as `key=value`, not `{escape(text)}`")
    span = Span(Source(option, text), 0, len(text))
    return Setting(key.strip(), *parse_setting(value, option), span)


def plain_override(key: str, value: object, *, option: str) -> Setting:
    """The setting of an option such as `--epochs 3`, whose value is already one."""
    text = str(value)
    return Setting(key, "", (value,), Span(Source(option, text), 0, len(text)))

"""Settings from the command line: `optimizer.lr=0.1`, `metrics=top1, top5`, `data=digits | pad(2)`."""

from __future__ import annotations

from netdsl.errors import Source, Span, escape, fail
from netdsl.graph.net import Setting
from netdsl.language.parameters import parse_setting


def parse_override(text: str, *, option: str = "--set") -> list[Setting]:
    """The setting of a `key=value` text, the value in the language: one `Setting` for each of several with commas.

    `NetError` N506 where one of them is missing.
    """
    key, equals, value = text.partition("=")
    if option == f"--{key}" and not value.strip():
        raise fail("N506", f"`{option}` has no value", help=f"leave `{option}` away, or give it one")
    if not equals or not key.strip() or not value.strip():
        raise fail("N506", f"a setting is given as `key=value`, not `{escape(text)}`")
    span = Span(Source(option, text), 0, len(text))
    return [Setting(key.strip(), *found, span) for found in parse_setting(value, option)]


def plain_override(key: str, value: object, *, option: str) -> Setting:
    """The setting of an option such as `--epochs 3`, whose value is already one."""
    text = str(value)
    return Setting(key, "", (value,), Span(Source(option, text), 0, len(text)))

"""What is searched: a setting of the training, or a parameter of the net, and the values that it may take.

optimizer.lr: log(1e-4, 1e-1)        even in the logarithm
optimizer.momentum: uniform(0, 0.99)
width: integer(6, 24)
batch: choice(16, 32, 64)            any values: numbers, words, calls
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from netdsl.errors import Span, escape, fail
from netdsl.graph.net import Setting
from netdsl.language.settings import SETTINGS
from netdsl.layers.values import Applied, format_value

KINDS = ("log", "uniform", "integer", "choice")
DEFAULT = (("optimizer.lr", Applied("log", (1e-4, 1.0))), ("batch", Applied("choice", (16, 32, 64, 128))))
"""What is searched where neither the net nor the command line says it."""


@dataclass(frozen=True)
class Dimension:
    """One name and its values: of a `choice` all of them, else the lowest and the highest."""

    name: str
    kind: str
    values: tuple[object, ...]
    span: Span | None = None

    @property
    def is_setting(self) -> bool:
        """Whether it is a setting of the training, and not a parameter of the net."""
        return self.name.partition(".")[0] in SETTINGS

    @property
    def texts(self) -> list[str]:
        """The values as text of the language."""
        return [format_value(value) for value in self.values]

    def suggest(self, trial: Any) -> str:
        """The value that a trial of Optuna is to try, as text of the language."""
        if self.kind == "choice":
            return str(trial.suggest_categorical(self.name, self.texts))
        low, high = self.values
        if self.kind == "integer":
            return format_value(trial.suggest_int(self.name, low, high))
        return format_value(trial.suggest_float(self.name, low, high, log=self.kind == "log"))


def space_of(lines: Sequence[Setting]) -> tuple[Dimension, ...]:
    """The dimensions of `tune` lines, the last of a name winning, or the default ones; `NetError` N540."""
    given = lines or [Setting(name, "", (value,)) for name, value in DEFAULT]
    return tuple({line.name: _dimension(line) for line in given}.values())


def _dimension(line: Setting) -> Dimension:
    call = line.steps[0] if len(line.steps) == 1 else None
    if not isinstance(call, Applied) or call.name not in KINDS or call.keywords:
        raise _refuse(line, f"is searched by {', '.join(f'`{kind}(…)`' for kind in KINDS)}")
    values = call.arguments
    if call.name == "choice":
        if len({format_value(value) for value in values}) < max(len(values), 2):
            raise _refuse(line, "has a choice of two or more different values")
        return Dimension(line.name, call.name, values, line.span)
    if len(values) != 2 or not all(_fits(call.name, value) for value in values):
        what = "integers" if call.name == "integer" else "numbers above 0" if call.name == "log" else "numbers"
        raise _refuse(line, f"has two {what}: `{call.name}(lowest, highest)`")
    low, high = values
    if not low < high:  # type: ignore[operator]
        raise _refuse(line, f"goes from {format_value(low)} to {format_value(high)}, which is nothing")
    return Dimension(line.name, call.name, values, line.span)


def _fits(kind: str, value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int if kind == "integer" else int | float):
        return False
    return isfinite(value) and (kind != "log" or value > 0)


def _refuse(line: Setting, words: str) -> Exception:
    return fail("N540", f"`{escape(line.name)}` {words}", span=line.span)

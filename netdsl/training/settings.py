"""The settings of a training: a `train` block, the defaults below it, and the command line above it.

```
train LeNet5 {
  data       fashion_mnist | pad(2) | standardize(pixel)
  loss       cross_entropy
  optimizer  sgd(lr=0.01, momentum=0.9, decay=5e-4)
  schedule   cosine(warmup=1)
  epochs     30
  batch      64
  seed       1
  validation 0.1
}
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from math import isfinite
from typing import Any, TypeVar

from netdsl.data.pipeline import Pipeline
from netdsl.data.steps import make_step
from netdsl.errors import Diagnostic, Fault, NetError, escape, fail
from netdsl.graph.net import Setting
from netdsl.language.settings import SETTINGS
from netdsl.language.suggest import nearest_name
from netdsl.layers.values import Applied, Word, format_value, kind_of
from netdsl.training.loss import LOSSES
from netdsl.training.optimiser import OPTIMISERS, Optimiser, Sgd
from netdsl.training.schedule import SCHEDULES, Constant, Schedule

MOST = 2**31 - 1
Method = TypeVar("Method", Optimiser, Schedule)


@dataclass(frozen=True)
class Settings:
    """What a training is told.

    `data` is a shipped name or a folder, `pipeline` its preparation, not yet fitted; `loss` a name of `LOSSES`;
    `validation` the share of the training images that is only measured; `steps` the most updates, over all epochs.
    """

    data: str = "fashion_mnist"
    pipeline: Pipeline = field(default_factory=Pipeline)
    loss: str = "cross_entropy"
    optimizer: Optimiser = field(default_factory=Sgd)
    schedule: Schedule = field(default_factory=Constant)
    epochs: int = 10
    batch: int = 64
    seed: int = 1
    validation: float = 0.1
    steps: int | None = None

    def texts(self) -> dict[str, str]:
        """Each setting as its line of a `train` block has it, those that are not set left out."""
        texts = {f.name: str(getattr(self, f.name)) for f in fields(self) if getattr(self, f.name) is not None}
        texts["data"] = " | ".join(
            [
                self.data if self.data.isidentifier() else format_value(self.data),
                *(step.text() for step in self.pipeline.steps),
            ]
        )
        texts |= {"optimizer": _call_text(self.optimizer), "schedule": _call_text(self.schedule)}
        del texts["pipeline"]
        return texts


def read_settings(lines: Iterable[Setting], overrides: Iterable[Setting] = ()) -> Settings:
    """The settings of a `train` block and of the command line, which wins; defaults fill the rest.

    Every mistake is reported, in line order: `NetError` N506 for a setting that does not exist, N507 for a value that
    does not fit, N608 and N609 for a preparation of data.
    """
    found, mistakes = Settings(), list[Diagnostic]()
    for line in (*lines, *overrides):
        found = _apply(found, line, mistakes)
    if mistakes:
        raise NetError(mistakes)
    return found


def _apply(settings: Settings, line: Setting, mistakes: list[Diagnostic]) -> Settings:
    name, _, part = line.name.partition(".")
    try:
        reader = _READERS.get(name)
        if reader is None and name in SETTINGS:
            raise fail("N506", f"this version of netdsl does not carry out the setting `{name}`", span=line.span)
        if reader is None:
            raise _unknown(line, "setting", name, _READERS)
        if part:
            given = {part: _only(line)}
            if name == "optimizer":
                return replace(settings, optimizer=_with(settings.optimizer, line, given))
            if name == "schedule":
                return replace(settings, schedule=_with(settings.schedule, line, given))
            raise fail("N506", f"`{name}` has no parts: `{escape(line.name)}`", span=line.span)
        if line.key:
            message = f"`{name}` is one value for the whole net: `{escape(line.key)}=` cannot be told apart"
            raise fail("N507", message, span=line.span)
        return reader(settings, line)
    except NetError as error:
        mistakes += error.diagnostics
    except Fault as fault:
        mistakes.append(Diagnostic(fault.code, fault.message, span=line.span, help=fault.help))
    return settings


def _unknown(line: Setting, what: str, name: str, known: Iterable[str]) -> NetError:
    near = nearest_name(name, known)
    words = ", ".join(f"`{word}`" for word in sorted(known))
    advice = f"did you mean `{near}`?" if near else f"there are {words}" if words else "it takes none"
    return fail("N506", f"there is no {what} `{escape(name)}`", span=line.span, help=advice)


def _refuse(line: Setting, expected: str, value: object, name: str = "") -> NetError:
    words = f"`{name or line.name}` is {expected}, not {kind_of(value)}: `{escape(format_value(value))}`"
    return fail("N507", words, span=line.span)


def _outside(line: Setting, limit: str, value: object, name: str = "") -> NetError:
    words = f"`{name or line.name}` is {escape(format_value(value))}; it must be {limit}"
    return fail("N507", words, span=line.span)


def _only(line: Setting) -> object:
    if len(line.steps) != 1:
        raise fail("N507", f"`{line.name}` is one value, not a chain of {len(line.steps)}", span=line.span)
    return line.steps[0]


def _data(settings: Settings, line: Setting) -> Settings:
    """A name alone keeps the preparation, so that `--data FOLDER` needs not repeat it."""
    source, *calls = line.steps
    if not isinstance(source, str):
        raise _refuse(line, "the name of data that ships or a folder in quotes", source)
    if not calls:
        return replace(settings, data=str(source))
    steps = []
    for call in calls:
        if isinstance(call, Applied):
            steps.append(make_step(call.name, call.arguments, call.keywords))
        elif isinstance(call, Word):
            steps.append(make_step(str(call)))
        else:
            raise _refuse(line, "followed by preparations such as `pad(2)`", call)
    return replace(settings, data=str(source), pipeline=Pipeline(tuple(steps)))


def _loss(settings: Settings, line: Setting) -> Settings:
    word = _only(line)
    if not isinstance(word, Word):
        raise _refuse(line, "the name of a loss", word)
    if word not in LOSSES:
        raise _unknown(line, "loss", word, LOSSES)
    return replace(settings, loss=str(word))


def _optimizer(settings: Settings, line: Setting) -> Settings:
    return replace(settings, optimizer=_made(line, "optimiser", OPTIMISERS))


def _schedule(settings: Settings, line: Setting) -> Settings:
    return replace(settings, schedule=_made(line, "schedule", SCHEDULES))


def _made(line: Setting, what: str, known: Mapping[str, type[Method]]) -> Method:
    """What a call such as `sgd(lr=0.01)` names, with its arguments, each checked."""
    value = _only(line)
    call = Applied(str(value)) if isinstance(value, Word) else value
    if not isinstance(call, Applied):
        raise _refuse(line, f"a call such as `{next(iter(known))}`", value)
    if call.name not in known:
        raise _unknown(line, what, call.name, known)
    made = known[call.name]()
    names = [item.name for item in _declared(made)]
    if len(call.arguments) > len(names):
        words = f"`{call.name}` takes {len(names)} arguments, not {len(call.arguments)}"
        raise fail("N507", words, span=line.span)
    given = dict(zip(names, call.arguments, strict=False))
    if twice := [name for name in call.keywords if name in given]:
        raise fail("N507", f"`{call.name}` has `{twice[0]}` twice", span=line.span)
    return _with(made, line, given | dict(call.keywords))


def _declared(method: Optimiser | Schedule) -> list[Field[Any]]:
    return [item for item in fields(method) if "words" in item.metadata]


def _with(method: Method, line: Setting, given: Mapping[str, object]) -> Method:
    """The optimiser or schedule with some arguments changed, each checked."""
    declared = {item.name: item for item in _declared(method)}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in declared:
            raise _unknown(line, f"argument of `{method.word}` called", name, declared)
        meta = declared[name].metadata
        values[name] = _number(line, f"{method.word}.{name}", value, **_limits(meta)) if "low" in meta else value
        if "low" not in meta and not isinstance(value, bool):
            raise _refuse(line, "`true` or `false`", value, f"{method.word}.{name}")
    return replace(method, **values)


def _call_text(method: Optimiser | Schedule) -> str:
    given = [f"{item.name}={format_value(getattr(method, item.name))}" for item in _declared(method)]
    return f"{method.word}({', '.join(given)})" if given else method.word


def _limits(meta: Any) -> dict[str, float]:
    return {key: meta[key] for key in ("low", "below") if meta[key] is not None}


def _number(line: Setting, name: str, value: object, *, low: float = 0.0, below: float = float("inf")) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refuse(line, "a number", value, name)
    if not (isfinite(value) and low <= value < below):
        limit = f"at least {low:g}" + (f" and less than {below:g}" if isfinite(below) else " and finite")
        raise _outside(line, limit, value, name)
    return float(value)


def _count(name: str, *, low: int, high: int = MOST) -> Callable[[Settings, Setting], Settings]:
    def read(settings: Settings, line: Setting) -> Settings:
        value: Any = _only(line)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise _refuse(line, "an integer", value)
        if not low <= value <= high:
            raise _outside(line, f"from {low} to {high}", value)
        changed: dict[str, Any] = {name: value}
        return replace(settings, **changed)

    return read


def _validation(settings: Settings, line: Setting) -> Settings:
    return replace(settings, validation=_number(line, "validation", _only(line), below=1.0))


_READERS: dict[str, Callable[[Settings, Setting], Settings]] = {
    "data": _data,
    "loss": _loss,
    "optimizer": _optimizer,
    "schedule": _schedule,
    "epochs": _count("epochs", low=1),
    "batch": _count("batch", low=1, high=2**20),
    "seed": _count("seed", low=0),
    "validation": _validation,
    "steps": _count("steps", low=1),
}

"""The settings of a training: a `train` block, the defaults below it, and the command line above it.

```
train LeNet5 {
  data       fashion_mnist | pad(2) | standardize(pixel)
  loss       cross_entropy(smoothing=0.1)
  optimizer  sgd(lr=0.01, momentum=0.9, decay=5e-4)
  schedule   cosine(warmup=1)
  epochs     30
  batch      64
  seed       1
  validation 0.1
  clip       norm(1)
  metrics    top1, top5
  stop       early(monitor=val_loss, patience=2)
}
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from netdsl.data.augment.policy import Augment, make_augmentation
from netdsl.data.pipeline import Pipeline
from netdsl.data.steps import make_step
from netdsl.errors import Diagnostic, Fault, NetError, escape, fail
from netdsl.graph.net import Setting
from netdsl.language.settings import SETTINGS
from netdsl.layers.values import Applied, Word, format_value
from netdsl.training.clip import CLIPS, Clip
from netdsl.training.loss import LOSSES, CrossEntropy, Loss
from netdsl.training.method import Method
from netdsl.training.metric import OF_CLASSES, OF_NUMBERS, is_metric
from netdsl.training.optimiser import OPTIMISERS, Optimiser, Sgd
from netdsl.training.overfit import without_validation
from netdsl.training.override import parse_override
from netdsl.training.readers import MOST, changed, count_in, method_of, number_in, only, refused, unknown
from netdsl.training.schedule import SCHEDULES, Constant, Schedule
from netdsl.training.stop import STOPS, Early
from netdsl.training.template import Template
from netdsl.training.transfer import READERS, Transfer

ON_NAN = ("stop", "skip", "rollback")
Reader = Callable[["Settings", list[Setting]], dict[str, Any]]


@dataclass(frozen=True)
class Settings:
    """What a training is told.

    `data` is a shipped name or a folder, `pipeline` its preparation, not yet fitted. `loss` is by output, or under an
    empty name for all. `validation` is the share of the training images that is only measured; `steps` the most
    batches, over all epochs. `metrics` is empty where the data are to say what is measured. `checkpoint` is the name of
    a file an epoch. `on_nan` is what becomes of a step that is not finite: `stop`, `skip` or `rollback`. `overfit` is
    how many images are learned by heart, with none to validate. `transfer` is what is taken over from another training,
    and what of the net is changed or frozen.
    """

    data: str = "fashion_mnist"
    pipeline: Pipeline = field(default_factory=Pipeline)
    augment: Augment = field(default_factory=Augment)
    loss: Mapping[str, Loss] = field(default_factory=lambda: {"": CrossEntropy()})
    optimizer: Optimiser = field(default_factory=Sgd)
    schedule: Schedule = field(default_factory=Constant)
    epochs: int = 10
    batch: int = 64
    seed: int = 1
    validation: float = 0.1
    steps: int | None = None
    clip: Clip | None = None
    accumulate: int = 1
    ema: float = 0.0
    on_nan: str = "stop"
    metrics: tuple[str, ...] = ()
    stop: Early | None = None
    checkpoint: Template | None = None
    overfit: int | None = None
    transfer: Transfer = field(default_factory=Transfer)

    def texts(self) -> dict[str, str]:
        """Each setting as its line of a `train` block has it, those that are not set left out."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        texts = {name: str(value) for name, value in given.items() if value is not None}
        texts["data"] = " | ".join(
            [
                self.data if self.data.isidentifier() else format_value(self.data),
                *(step.text() for step in self.pipeline.steps),
            ]
        )
        texts["augment"] = self.augment.text()
        texts["loss"] = ", ".join(f"{name}={loss}" if name else str(loss) for name, loss in self.loss.items())
        texts["metrics"] = ", ".join(self.metrics)
        del texts["pipeline"], texts["transfer"]
        return {name: text for name, text in texts.items() if text} | self.transfer.texts()


def read_settings(lines: Iterable[Setting], overrides: Iterable[Setting] = ()) -> Settings:
    """The settings of a `train` block and of the command line, which wins; defaults fill the rest.

    Every mistake is reported, in line order: `NetError` N506 for a setting that does not exist, N507 for a value that
    does not fit, N608 and N609 for a preparation of data, N614 and N615 for augmentations.
    """
    found, mistakes = Settings(), list[Diagnostic]()
    for group in (*_groups(lines), *_groups(overrides)):
        found = _apply(found, group, mistakes)
    if mistakes:
        raise NetError(mistakes)
    return without_validation(found) if found.overfit else found


def read_losses(text: str) -> Mapping[str, Loss]:
    """The losses of the text that `Settings.texts` gives; `NetError` N506 or N507."""
    return read_settings((), parse_override(f"loss={text}")).loss


def read_metrics(text: str) -> tuple[str, ...]:
    """The metrics of a text such as `top1, top5`; `NetError` N506 or N507."""
    return read_settings((), parse_override(f"metrics={text}")).metrics if text.strip() else ()


def _groups(lines: Iterable[Setting]) -> list[list[Setting]]:
    """The values of each line: several where commas stand between them."""
    found: list[list[Setting]] = []
    for line in lines:
        last = found[-1][-1] if found else None
        beside = last is not None and last.name == line.name and _source(last) is _source(line)
        if beside:
            found[-1].append(line)
        else:
            found.append([line])
    return found


def _source(line: Setting) -> object:
    return line.span.source if line.span else None


def _apply(settings: Settings, group: list[Setting], mistakes: list[Diagnostic]) -> Settings:
    line = group[0]
    name, *parts = line.name.split(".")
    try:
        reader = _READERS.get(name)
        if reader is None and name in SETTINGS:
            raise fail("N506", f"this version of netdsl does not carry out the setting `{name}`", span=line.span)
        if reader is None:
            raise unknown(line, "setting", name, _READERS)
        if parts:
            return _with_part(settings, name, parts, line)
        if name not in _SEVERAL:
            _check_single(group)
        return replace(settings, **reader(settings, group))
    except NetError as error:
        mistakes += error.diagnostics
    except Fault as fault:
        mistakes.append(Diagnostic(fault.code, fault.message, span=line.span, help=fault.help))
    return settings


def _check_single(group: list[Setting]) -> None:
    line = group[0]
    if line.key:
        message = f"`{line.name}` is one value for the whole net: `{escape(line.key)}=` cannot be told apart"
        raise fail("N507", message, span=line.span)
    if len(group) > 1:
        raise fail("N507", f"`{line.name}` is one value, not {len(group)}", span=group[1].span)


def _with_part(settings: Settings, name: str, parts: list[str], line: Setting) -> Settings:
    """`optimizer.lr=0.1`, `loss.smoothing=0.1`, and of the loss of one output `loss.box.weight=2`."""
    whole: Any = getattr(settings, name, "")
    if isinstance(whole, Mapping):
        output = parts.pop(0) if len(parts) > 1 else "" if "" in whole else next(iter(whole))
        if output not in whole:
            raise unknown(line, "loss of an output called", output, [key for key in whole if key])
        loss = changed(whole[output], line, {_last(line, parts): only(line)})
        return replace(settings, loss={**whole, output: loss})
    if not isinstance(whole, Method):
        words = f"`{name}` is not set, and so has no parts" if whole is None else f"`{name}` has no parts"
        raise fail("N506", f"{words}: `{escape(line.name)}`", span=line.span)
    made: Any = {name: changed(whole, line, {_last(line, parts): only(line)})}
    return replace(settings, **made)


def _last(line: Setting, parts: list[str]) -> str:
    if len(parts) != 1:
        raise fail("N506", f"there is no setting `{escape(line.name)}`", span=line.span)
    return parts[0]


def _data(settings: Settings, group: list[Setting]) -> dict[str, Any]:
    """A name alone keeps the preparation, so that `--data FOLDER` needs not repeat it."""
    line = group[0]
    source, *calls = line.steps
    if not isinstance(source, str):
        raise refused(line, "the name of data that ships or a folder in quotes", source)
    if not calls:
        return {"data": str(source)}
    steps = []
    for call in calls:
        if isinstance(call, Applied):
            steps.append(make_step(call.name, call.arguments, call.keywords))
        elif isinstance(call, Word):
            steps.append(make_step(str(call)))
        else:
            raise refused(line, "followed by preparations such as `pad(2)`", call)
    return {"data": str(source), "pipeline": Pipeline(tuple(steps))}


def _augment(settings: Settings, group: list[Setting]) -> dict[str, Any]:
    """A chain of calls, or `none`, with which the command line undoes what the block says."""
    steps = group[0].steps
    chain = []
    for call in () if steps == (Word("none"),) else steps:
        if isinstance(call, Applied):
            chain.append(make_augmentation(call.name, call.arguments, call.keywords))
        elif isinstance(call, Word):
            chain.append(make_augmentation(str(call)))
        else:
            raise refused(group[0], "a chain such as `flip(horizontal) | crop(28, pad=4)`", call)
    return {"augment": Augment(tuple(chain))}


def _loss(settings: Settings, group: list[Setting]) -> dict[str, Any]:
    """One for all outputs, or one by name for each; the command line may replace that of one output alone."""
    made = {line.key: method_of(line, "loss", LOSSES) for line in group}
    if len(made) < len(group) or ("" in made and len(made) > 1):
        raise fail(
            "N507", "a net has one loss, or one for each output: `cls=cross_entropy, box=mse`", span=group[1].span
        )
    before = {name: loss for name, loss in settings.loss.items() if name}
    return {"loss": made if "" in made or not before else before | made}


def _metrics(settings: Settings, group: list[Setting]) -> dict[str, Any]:
    names = []
    for line in group:
        word = only(line)
        if not isinstance(word, Word) or line.key:
            raise refused(line, "the names of metrics", word)
        if not is_metric(word):
            raise unknown(line, "metric", word, (*OF_CLASSES, *OF_NUMBERS, "top5"))
        if word in names:
            raise fail("N507", f"`metrics` has `{word}` twice", span=line.span)
        names.append(str(word))
    return {"metrics": tuple(names)}


def _checkpoint(settings: Settings, group: list[Setting]) -> dict[str, Any]:
    text = only(group[0])
    if not isinstance(text, str) or isinstance(text, Word):
        raise refused(group[0], 'the name of a file in quotes, such as "model.{epoch:02d}"', text)
    return {"checkpoint": Template(text)}


def _on_nan(settings: Settings, group: list[Setting]) -> dict[str, Any]:
    word = only(group[0])
    if word not in ON_NAN or not isinstance(word, Word):
        raise refused(group[0], "`stop`, `skip` or `rollback`", word)
    return {"on_nan": str(word)}


def _transfer(settings: Settings, group: list[Setting]) -> dict[str, Any]:
    return {"transfer": settings.transfer.with_lines(group)}


def _method(name: str, what: str, known: Mapping[str, type[Method]]) -> Reader:
    return lambda settings, group: {name: method_of(group[0], what, known)}


def _optional(name: str, what: str, known: Mapping[str, type[Method]]) -> Reader:
    """A method, or `none`, with which the command line undoes what the block says."""
    read = _method(name, what, known)
    return lambda settings, group: {name: None} if only(group[0]) == Word("none") else read(settings, group)


def _count(name: str, *, low: int, high: int = MOST) -> Reader:
    return lambda settings, group: {name: count_in(group[0], only(group[0]), low=low, high=high)}


def _share(name: str) -> Reader:
    return lambda settings, group: {name: number_in(group[0], only(group[0]), below=1.0)}


_READERS: dict[str, Reader] = {
    "data": _data,
    "augment": _augment,
    "loss": _loss,
    "optimizer": _method("optimizer", "optimiser", OPTIMISERS),
    "schedule": _method("schedule", "schedule", SCHEDULES),
    "epochs": _count("epochs", low=1),
    "batch": _count("batch", low=1, high=2**20),
    "seed": _count("seed", low=0),
    "validation": _share("validation"),
    "steps": _count("steps", low=1),
    "clip": _optional("clip", "way to clip", CLIPS),
    "accumulate": _count("accumulate", low=1, high=2**20),
    "ema": _share("ema"),
    "on_nan": _on_nan,
    "metrics": _metrics,
    "stop": _optional("stop", "rule to stop", STOPS),
    "checkpoint": _checkpoint,
    "overfit": _count("overfit", low=1),
    **dict.fromkeys(READERS, _transfer),
}
_SEVERAL = ("loss", "metrics", "map", "fresh", "freeze", "unfreeze")

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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from math import ceil
from typing import Any

from netdsl.data.augment.policy import Augment
from netdsl.data.pipeline import Pipeline
from netdsl.errors import Diagnostic, Fault, NetError, escape, fail
from netdsl.graph.net import Setting
from netdsl.language.settings import SETTINGS
from netdsl.layers.values import format_value
from netdsl.training.block.lines import LINES, SEVERAL
from netdsl.training.block.overfit import without_validation
from netdsl.training.block.override import parse_override
from netdsl.training.block.readers import changed, only, unknown
from netdsl.training.block.stop import Early
from netdsl.training.block.transfer import Transfer
from netdsl.training.keeping.best import Best
from netdsl.training.keeping.template import Template
from netdsl.training.optimise.clip import Clip
from netdsl.training.optimise.loss import CrossEntropy, Loss
from netdsl.training.optimise.method import Method
from netdsl.training.optimise.optimiser import Optimiser, Sgd
from netdsl.training.optimise.schedule import Constant, Schedule


@dataclass(frozen=True)
class Settings:
    """What a training is told.

    `data` is a shipped name or a folder, `pipeline` its preparation, not yet fitted. `loss` is by output, or under an
    empty name for all. `validation` is the share of the training images that is only measured; `steps` the most
    batches, over all epochs. `metrics` is empty where the data are to say what is measured; `cls=top5` is of one
    output. `checkpoint` names the file that keeps the weights of an epoch, or of the best. `on_nan` is what becomes of
    a step that is not finite: `stop`, `skip` or `rollback`. `overfit` is how many images are learned by heart, with
    none to validate. `transfer` is what is taken over from another training, and what of the net is changed or frozen.
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
    checkpoint: Template | Best | None = None
    overfit: int | None = None
    transfer: Transfer = field(default_factory=Transfer)

    @property
    def stepping(self) -> Optimiser:
        """The optimiser as a step computes it: cycled where the schedule moves its momentum, too."""
        cycled = self.schedule.cycles and self.optimizer.has_momentum
        return replace(self.optimizer, cycled=True) if cycled else self.optimizer

    def epoch_steps(self, images: int) -> int:
        """Steps of one epoch."""
        return ceil(images / self.batch)

    def all_steps(self, images: int) -> int:
        """Steps of the whole training."""
        whole = self.epochs * self.epoch_steps(images)
        return whole if self.steps is None else min(whole, self.steps)

    def texts(self) -> dict[str, str]:
        """Each setting as its line of a `train` block has it, those that are not set left out."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        texts = {name: str(value) for name, value in given.items() if value is not None}
        source = self.data if self.data.isidentifier() else format_value(self.data)
        texts["data"] = " | ".join([source, *(step.text() for step in self.pipeline.steps)])
        texts["data"] += "".join(f", {name}={one.text() or 'none'}" for name, one in self.pipeline.beside.items())
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
        reader = LINES.get(name)
        if reader is None and name in SETTINGS:
            raise fail("N506", f"this version of netdsl does not carry out the setting `{name}`", span=line.span)
        if reader is None:
            raise unknown(line, "setting", name, LINES)
        if parts:
            return _with_part(settings, name, parts, line)
        if name not in SEVERAL:
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

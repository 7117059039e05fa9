"""What each line of a `train` block says: from its values to the fields of `Settings` that it sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netdsl.data.augment.policy import Augment, make_augmentation
from netdsl.data.pipeline import Pipeline
from netdsl.data.steps import make_step
from netdsl.errors import fail
from netdsl.graph.net import Setting
from netdsl.layers.values import Applied, Word
from netdsl.training.block.readers import MOST, count_in, method_of, number_in, only, refused, unknown
from netdsl.training.block.stop import STOPS
from netdsl.training.block.transfer import READERS
from netdsl.training.keeping.best import KEEPS
from netdsl.training.keeping.template import Template
from netdsl.training.optimise.clip import CLIPS
from netdsl.training.optimise.loss import LOSSES
from netdsl.training.optimise.method import Method
from netdsl.training.optimise.optimiser import OPTIMISERS
from netdsl.training.optimise.schedule import SCHEDULES
from netdsl.training.scores.metric import OF_CLASSES, OF_NUMBERS, is_metric

if TYPE_CHECKING:
    from netdsl.training.block.settings import Settings

ON_NAN = ("stop", "skip", "rollback")
Reader = Callable[["Settings", list[Setting]], dict[str, Any]]
"""From the settings so far and the values of a line to what the line changes; raises `NetError` or `Fault`."""


def _data(settings: Settings, group: list[Setting]) -> dict[str, Any]:
    """A name alone keeps the preparation, so that `--data FOLDER` needs not repeat it.

    After commas, `numbers=standardize(pixel)` is the preparation of one input of several; `none` leaves it as it is.
    """
    line, *others = group
    source, *calls = line.steps
    if line.key or not isinstance(source, str):
        raise refused(line, "the name of data that ships or a folder in quotes", source)
    beside: dict[str, Pipeline] = {}
    for other in others:
        if not other.key or other.key in beside:
            words = "after its source and a comma, `data` has the preparation of an input, once: `numbers=none`"
            raise fail("N507", words, span=other.span)
        steps = () if other.steps == (Word("none"),) else other.steps
        beside[other.key] = _preparation(other, steps)
    if not calls and not beside:
        return {"data": str(source)}
    return {"data": str(source), "pipeline": Pipeline(_preparation(line, calls).steps, beside)}


def _preparation(line: Setting, calls: Sequence[object]) -> Pipeline:
    steps = []
    for call in calls:
        if isinstance(call, Applied):
            steps.append(make_step(call.name, call.arguments, call.keywords))
        elif isinstance(call, Word):
            steps.append(make_step(str(call)))
        else:
            raise refused(line, "followed by preparations such as `pad(2)`", call)
    return Pipeline(tuple(steps))


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
    """Names, each of all outputs or, as `cls=top5`, of one."""
    names = []
    for line in group:
        word = only(line)
        if not isinstance(word, Word):
            raise refused(line, "the names of metrics", word)
        if not is_metric(word):
            raise unknown(line, "metric", word, (*OF_CLASSES, *OF_NUMBERS, "top5"))
        name = f"{line.key}={word}" if line.key else str(word)
        if name in names:
            raise fail("N507", f"`metrics` has `{name}` twice", span=line.span)
        names.append(name)
    return {"metrics": tuple(names)}


def _checkpoint(settings: Settings, group: list[Setting]) -> dict[str, Any]:
    """The name of a file, or a call such as `best(monitor=val_loss)`; `none` undoes what the block says."""
    given = only(group[0])
    if given == Word("none"):
        return {"checkpoint": None}
    if isinstance(given, Applied) or (isinstance(given, Word) and given in KEEPS):
        return {"checkpoint": method_of(group[0], "way to keep weights", KEEPS)}
    if not isinstance(given, str) or isinstance(given, Word):
        raise refused(group[0], 'the name of a file in quotes, such as "model.{epoch:02d}", or `best`', given)
    return {"checkpoint": Template(given, group[0].span)}


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


LINES: dict[str, Reader] = {
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
    "stages": lambda settings, group: {},  # `stages.py` reads them
}
SEVERAL = ("data", "loss", "metrics", "map", "fresh", "freeze", "unfreeze", "stages")
"""Settings that take several values with commas between them."""

"""A training tried out: everything that a run needs is made and used once, and nothing is written."""

from __future__ import annotations

from itertools import islice
from math import isfinite, prod
from time import perf_counter
from typing import TYPE_CHECKING

from netdsl.errors import fail
from netdsl.shapes import format_shape
from netdsl.training.find_rate import batches_of
from netdsl.training.memory import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netdsl.training.loop import Task
    from netdsl.training.programs import Programs

TIMED = 3


def rehearse(task: Task, programs: Programs) -> Iterator[tuple[str, str]]:
    """What would be trained, on what, for how long, in lines of two columns, after a few steps.

    Raises `NetError` N509 where the loss of the first batch is not finite.
    """
    net, settings = task.net, task.settings
    learned = sum(prod(net.tensors[name].shape) for name in net.learned)
    held = len(task.validation) if task.validation else 0
    yield "net", f"{net.name}: {learned:,} parameters learn"
    yield "data", f"{task.data.name}: {len(task.train):,} images to train on, {held:,} to validate"
    classes = f"{len(task.data.classes)} classes" if task.data.classes else "labels are numbers"
    if len(net.inputs) == 1:
        labels = "" if task.data.others else f", {classes}"
        yield "image", f"{_taken(task, net.inputs[0])}{labels}"
    else:
        for name in net.inputs:
            yield "input", f"{name}: {_taken(task, name)}, {settings.pipeline.of(name).text() or 'as it is'}"
        if not task.data.others:
            yield "labels", classes
    if task.data.others:
        for name, part in task.objective.parts.items():
            target = task.data.others.get(name, task.data)
            what = f"{len(target.classes)} classes" if target.classes else f"{part.size} numbers"
            shown = f", {format_shape(part.places)} places" if part.places else ""
            factor = part.loss.weight * part.end.weight
            weight = f", weight {factor:g}" if factor != 1 else ""
            yield "head" if part.end.is_head else "output", f"{name}: {what}{shown}, {part.loss.word}{weight}"
    if task.cropped:
        yield "masks", task.cropped
    yield (
        "training",
        f"{settings.epochs} epochs of {task.epoch_steps} batches of {settings.batch}: {task.steps:,} steps",
    )
    yield "memory", told(programs)
    loss, seconds = _steps(task, programs)
    if not isfinite(loss):
        raise fail("N509", f"the loss of the first batch is {loss}", help="are the images scaled, as `| rescale` does?")
    yield (
        "step",
        f"loss {loss:.4f} of the first batch, {1000 * seconds:.1f} ms, about {_spell(seconds * task.steps)} in all",
    )


def _taken(task: Task, name: str) -> str:
    """The shape of what an input is given, as it is stored and as the net takes it."""
    stored, taken = (format_shape(shape) for shape in (task.data.of(name).shape, task.net.nodes[name].shape))
    return stored if stored == taken else f"{stored}, as {taken}"


def _steps(task: Task, programs: Programs) -> tuple[float, float]:
    """The loss of the first batch, and the seconds of the quickest of a few steps."""
    course, first, seconds = task.course(), float("nan"), float("inf")
    for step, given in enumerate(islice(batches_of(task), TIMED), 1):
        begun = perf_counter()
        found = programs.learning.step(given, **course.scalars(step))
        seconds = min(seconds, perf_counter() - begun)
        first = float(found["loss"]) if step == 1 else first
    return first, seconds


def _spell(seconds: float) -> str:
    """`40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

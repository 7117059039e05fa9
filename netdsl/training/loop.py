"""The training loop: epochs of steps, each one call of the engine; scores, saving and stopping between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import ceil, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.compiler.compile import compile
from netdsl.compiler.program import Program
from netdsl.data.augment.policy import check_augmented
from netdsl.data.dataset import Dataset
from netdsl.data.pipeline import Pipeline, check_fits
from netdsl.errors import fail
from netdsl.graph.weights import Weights
from netdsl.training.average import averaged
from netdsl.training.batches import Prepared, Samples, hold_out, order, samples_of
from netdsl.training.course import Course
from netdsl.training.gate import FINITE
from netdsl.training.interrupt import Interrupt
from netdsl.training.loss import CrossEntropy, Objective, objective_for
from netdsl.training.metric import Score, Tally, chosen, columns
from netdsl.training.overfit import few
from netdsl.training.progress import Epoch, Progress, Silent
from netdsl.training.record import Record
from netdsl.training.rules import update_of, with_penalties
from netdsl.training.run_folder import WEIGHTS, append_metrics, parameter_texts, write_config, write_texts
from netdsl.training.settings import Settings
from netdsl.training.weights_file import write_weights

if TYPE_CHECKING:
    from netdsl.compiler.lower import Update
    from netdsl.compiler.plan import Plan
    from netdsl.graph.net import Net

LOSS = "loss"
MEASURED = 1024
"""Images that are measured at once where they are not in memory."""


@dataclass(frozen=True, eq=False)
class Task:
    """Everything that a training needs, checked: data that fit the net, prepared; what is made smaller, and what is
    measured, by name; the fitted pipeline.
    """

    net: Net
    settings: Settings
    objective: Objective
    metrics: tuple[str, ...]
    pipeline: Pipeline
    train: Samples
    validation: Samples | None
    data: Dataset

    @property
    def epoch_steps(self) -> int:
        """Updates in one epoch."""
        return ceil(len(self.train) / self.settings.batch)

    @property
    def steps(self) -> int:
        """All updates."""
        whole = self.settings.epochs * self.epoch_steps
        return whole if self.settings.steps is None else min(whole, self.settings.steps)

    @property
    def scores(self) -> tuple[str, ...]:
        """The names of the numbers that an epoch gives."""
        own = ("loss", *columns(self.metrics))
        return own + tuple(f"val_{name}" for name in own) if self.validation else own

    def course(self) -> Course:
        """The course of the training from its beginning."""
        return Course(self.settings, steps=self.steps, epoch_steps=self.epoch_steps)

    def tally(self) -> Tally:
        """A count of nothing yet."""
        return Tally(self.metrics, classes_of(self.data))


@dataclass(frozen=True)
class Trained:
    """What came of a training: its weights, scores by epoch, and the exit code of the signal that ended it, or 0."""

    weights: Weights
    epochs: tuple[Epoch, ...]
    steps: int
    exit_code: int = 0


def prepare(net: Net, settings: Settings, data: Dataset, validation: Dataset | None = None) -> Task:
    """Split off a part to validate on, unless there is one, fit the preparation to the rest, and apply it to both.

    Raises `NetError`: N607 with both shapes, or N605 with the first bad label, where the data do not fit the net;
    N508 where the outputs do not fit the classes; N507 for scores and metrics that there are not.
    """
    if settings.overfit:
        data, validation = few(data, settings.overfit, settings.seed), None
    name = input_name(net)
    shape, seed, augment = net.nodes[name].shape, settings.seed, settings.augment
    for part in (data, validation or data):
        check_fits(part, settings.pipeline, shape)
    check_augmented(data, settings.pipeline, augment, shape)
    objective = objective_of_data(net, settings, data)
    drawn, held = hold_out(len(data), 0.0 if validation else settings.validation, seed)
    pipeline = settings.pipeline.fit(data.images, drawn)
    train = samples_of(data, pipeline, drawn, augment=augment, seed=seed, classes=objective.main.size)
    measured = samples_of(validation or data, pipeline, None if validation else held)
    metrics = chosen(settings.metrics, classes_of(data))
    task = Task(net, settings, objective, metrics, pipeline, train, measured if len(measured) else None, data)
    task.course().check(task.scores)
    if settings.checkpoint:
        settings.checkpoint.check(task.scores)
    return task


def classes_of(data: Dataset) -> int:
    """How many classes the labels tell apart; 0 where they are numbers."""
    return 0 if data.labels.dtype.kind == "f" else len(data.classes)


def objective_of_data(net: Net, settings: Settings, data: Dataset) -> Objective:
    """What is made smaller; labels of classes may be one for an image, or one for each place of a map."""
    classes, losses = classes_of(data), settings.loss
    if settings.augment.blends:
        losses = {k: replace(v, shares=True) if isinstance(v, CrossEntropy) else v for k, v in losses.items()}
    return objective_for(net, losses, classes, settings.pipeline.out_shape(data.shape)[:-1] if data.dense else ())


def input_name(net: Net) -> str:
    """The one input of the net; `NetError` N508 where there are several."""
    if len(net.inputs) != 1:
        raise fail("N508", f"`{net.name}` has {len(net.inputs)} inputs; images and labels train nets with one")
    return net.inputs[0]


@dataclass(frozen=True, eq=False)
class Programs:
    """The two programs of a training: one learns, the other measures, on the same weights or on their average."""

    learning: Program
    measuring: Program | None

    @property
    def weights(self) -> Weights:
        """The weights that are learned."""
        return self.learning.weights


def compiled(
    task: Task, *, threads: int | None = None, weights: Weights | None = None, memory: int | None = None
) -> Programs:
    """The programs of a task, for `weights`, by default drawn with its seed; `memory` in bytes bounds both together.

    Raises `NetError` N7xx.
    """
    net, settings = task.net, task.settings
    weights = net.initialise(settings.seed) if weights is None else weights
    measuring = None
    if task.validation:
        measured = Weights(dict(weights)) if settings.ema else weights
        measuring = compile(net, measured, batch=settings.batch, threads=threads, memory=memory)
    learning = compile(
        net,
        weights,
        batch=settings.batch,
        wrt=net.learned,
        loss=with_penalties(net, task.objective.lower),
        update=update_for(net, settings),
        threads=threads,
        memory=memory and _left_beside(measuring, memory, shared=not settings.ema),
    )
    return Programs(learning, measuring)


def update_for(net: Net, settings: Settings) -> Update:
    """What `compile` takes as `update` of a training with these settings."""
    return update_of(
        net,
        settings.optimizer,
        clip=settings.clip,
        accumulate=settings.accumulate,
        ema=settings.ema,
        skip=settings.on_nan == "skip",
    )


def _left_beside(measuring: Program | None, memory: int, *, shared: bool) -> int:
    """What is left of the memory beside a program that measures."""
    if measuring is None:
        return memory
    return max(memory - (bytes_beside(measuring.plan) if shared else measuring.plan.bytes), 1)


def bytes_beside(plan: Plan) -> int:
    """Bytes that a program that measures needs beside one that learns, which has the same weights in panels."""
    shared = (b for b in plan.bindings if b.role in ("param", "state") and not b.layout.canonical)
    return plan.bytes - 4 * sum(b.layout.length(b.shape) for b in shared)


def train(task: Task, programs: Programs, *, folder: Path | None = None, progress: Progress | None = None) -> Trained:
    """Train, and write the run into `folder` after every epoch.

    The same task gives the same bits, whatever the threads. SIGINT and SIGTERM end the training after the current step,
    with what was learned saved. Raises `NetError` N509 at the step whose loss is not finite, leaving the last saved
    weights as they are.
    """
    if folder is not None:
        write_texts(folder, task.net)
        write_config(folder, task.net, task.settings.texts(), _origin(task))
    loop = _Loop(task, programs.learning, programs.measuring, progress or Silent(), folder)
    with Interrupt() as interrupt:
        loop.run(interrupt)
    return Trained(programs.weights, tuple(loop.epochs), loop.steps, interrupt.exit_code)


def measure(program: Program, part: Samples, objective: Objective, tally: Tally) -> Score:
    """The loss and the metrics of an inference program over samples; `tally` has counted nothing yet."""
    whole = [(part.images, part.labels, part.labels)] if isinstance(part, Prepared) else None
    for images, labels, _ in whole or part.batches(MEASURED, np.arange(len(part))):
        found = program(images)
        outputs = found if isinstance(found, dict) else {next(iter(objective.parts)): found}
        count(tally, objective, objective.measure(outputs, labels), outputs, labels)
    return tally.score()


def count(tally: Tally, objective: Objective, loss: float, outputs: Mapping[str, Any], labels: Any) -> None:
    """Add the outputs of a run by name, with their mean loss, to a tally: metrics are of the first output."""
    y = outputs[next(iter(objective.parts))]
    tally.add(loss, objective.rows(y, objective.main), objective.scores(y), labels)


@dataclass
class _Loop:
    task: Task
    learning: Program
    measuring: Program | None
    progress: Progress
    folder: Path | None
    epochs: list[Epoch] = field(default_factory=list)
    steps: int = 0
    stopped: bool = False

    def __post_init__(self) -> None:
        self.course = self.task.course()

    def run(self, interrupt: Interrupt) -> None:
        self.progress.begin(self.task.settings.epochs, self.task.steps)
        try:
            number = 0
            while self.steps < self.task.steps and interrupt.signal is None and not self.stopped:
                number += 1
                self._epoch(number, interrupt)
        finally:
            self.progress.end()

    def _epoch(self, number: int, interrupt: Interrupt) -> None:
        task, settings = self.task, self.task.settings
        name, tally = input_name(task.net), task.tally()
        indices = order(len(task.train), settings.seed, number)
        for images, labels, targets in task.train.batches(settings.batch, indices, epoch=number):
            given = {name: images, **task.objective.feed(targets)}
            found = self.learning.step(given, **self.course.scalars(self.steps + 1))
            self.steps += 1
            loss = float(found[LOSS])
            if isfinite(loss) and found.get(FINITE, True):
                count(tally, task.objective, loss, found, labels)
            elif settings.on_nan == "stop":
                raise self._not_finite(number, loss)
            self.progress.step(number, self.steps, loss)
            if interrupt.signal is not None or self.steps == task.steps:
                break
        validation = None
        if self.measuring is not None and task.validation is not None and interrupt.signal is None:
            self._average()
            validation = measure(self.measuring, task.validation, task.objective, task.tally())
        self._finish(Epoch(number, self.steps, tally.score(), validation))

    def _average(self) -> None:
        """Bring the weights that are measured up to date, where they are not those that are learned."""
        if self.task.settings.ema and self.measuring is not None:
            for name, array in self._kept().items():
                self.measuring.weights[name] = array

    def _kept(self) -> Mapping[str, Any]:
        """The tensors that are measured and saved: the average of the weights where that is asked for."""
        settings, weights = self.task.settings, self.learning.weights
        if not settings.ema:
            return weights
        return averaged(self.task.net, weights, settings.ema, self.course.updates(self.steps))

    def _finish(self, epoch: Epoch) -> None:
        """Save first: what follows may end the run, where nobody reads its output any more."""
        self.epochs.append(epoch)
        if set(self.task.scores) <= set(epoch.scores()):
            self.stopped = self.course.finished(epoch.scores())
        if self.folder is not None:
            save(self.folder / WEIGHTS, self.task, self._kept(), self.steps)
            if self.task.settings.checkpoint:
                numbers = {"epoch": epoch.number, "steps": epoch.steps, **epoch.scores()}
                if set(self.task.scores) <= set(numbers):
                    name = self.task.settings.checkpoint.fill(numbers)
                    save(self.folder / name, self.task, self._kept(), self.steps)
            append_metrics(self.folder, epoch, self.task.scores)
        self.progress.epoch(epoch)

    def _not_finite(self, epoch: int, loss: float) -> Exception:
        saved = (
            f"the weights of epoch {epoch - 1} are kept"
            if epoch > 1 and self.folder
            else "there are no weights to keep"
        )
        return fail(
            "N509",
            f"the loss is {loss} at step {self.steps}, in epoch {epoch}: {saved}",
            help="a smaller `lr` often helps; data that are not scaled are another cause",
        )


def save(path: Path, task: Task, weights: Mapping[str, Any], steps: int) -> None:
    """Write the tensors of the net, without an optimiser's slots, and their record."""
    settings = task.settings.texts()
    record = Record(
        net=task.net.name,
        main=task.net.main,
        texts=dict(task.net.texts),
        parameters=parameter_texts(task.net),
        settings=settings,
        pipeline=task.pipeline.to_json(),
        classes=task.data.classes,
        data=_origin(task),
        steps=steps,
    )
    write_weights(path, {name: weights[name] for name in task.net.tensors}, record)


def _origin(task: Task) -> dict[str, str]:
    return {"source": task.settings.data, "name": task.data.name, "sha256": task.data.digest}

"""The training loop: epochs of steps, each one call of the engine; scores, saving and stopping between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.compiler.compile import compile
from netdsl.compiler.program import Program
from netdsl.data.dataset import Dataset
from netdsl.data.pipeline import Pipeline, check_fits
from netdsl.errors import fail
from netdsl.graph.weights import Weights
from netdsl.training.batches import Samples, hold_out, order
from netdsl.training.interrupt import Interrupt
from netdsl.training.loss import LABELS, Loss, loss_for, total_loss
from netdsl.training.metric import Score, hits
from netdsl.training.progress import Epoch, Progress, Silent
from netdsl.training.record import Record
from netdsl.training.rules import update_of, with_penalties
from netdsl.training.run_folder import WEIGHTS, append_metrics, parameter_texts, write_config, write_texts
from netdsl.training.settings import Settings
from netdsl.training.weights_file import write_weights

if TYPE_CHECKING:
    from netdsl.compiler.plan import Plan
    from netdsl.graph.net import Net

LOSS = "loss"


@dataclass(frozen=True, eq=False)
class Task:
    """Everything that a training needs, checked: data that fit the net, prepared; the loss; the fitted pipeline."""

    net: Net
    settings: Settings
    loss: Loss
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


@dataclass(frozen=True)
class Trained:
    """What came of a training: its weights, scores by epoch, and the exit code of the signal that ended it, or 0."""

    weights: Weights
    epochs: tuple[Epoch, ...]
    steps: int
    exit_code: int = 0


def prepare(net: Net, settings: Settings, data: Dataset) -> Task:
    """Split off the validation part, fit the preparation to the rest, and apply it to both.

    Raises `NetError`: N607 with both shapes, or N605 with the first bad label, where the data do not fit the net;
    N508 where the outputs do not fit the classes.
    """
    name = input_name(net)
    check_fits(data, settings.pipeline, net.nodes[name].shape)
    loss = loss_for(net, settings.loss, len(data.classes))
    chosen, held = hold_out(len(data), settings.validation, settings.seed)
    pipeline = settings.pipeline.fit(data.images[chosen])
    train = samples(data, pipeline, loss, chosen)
    validation = samples(data, pipeline, loss, held) if len(held) else None
    return Task(net, settings, loss, pipeline, train, validation, data)


def input_name(net: Net) -> str:
    """The one input of the net; `NetError` N508 where there are several."""
    if len(net.inputs) != 1:
        raise fail("N508", f"`{net.name}` has {len(net.inputs)} inputs; images and labels train nets with one")
    return net.inputs[0]


def samples(data: Dataset, pipeline: Pipeline, loss: Loss, chosen: Any = slice(None)) -> Samples:
    """The prepared samples of a part of the data."""
    labels = data.labels[chosen]
    return Samples(pipeline.apply(data.images[chosen]), labels, loss.encode(labels, len(data.classes)))


@dataclass(frozen=True, eq=False)
class Programs:
    """The two programs of a training, which share their weights: one learns, the other measures."""

    learning: Program
    measuring: Program | None

    @property
    def weights(self) -> Weights:
        """The weights that both read."""
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
        measuring = compile(net, weights, batch=settings.batch, threads=threads, memory=memory)
    learning = compile(
        net,
        weights,
        batch=settings.batch,
        wrt=net.learned,
        loss=with_penalties(net, total_loss(net, task.loss)),
        update=update_of(net, settings.optimizer),
        threads=threads,
        memory=memory if memory is None or measuring is None else max(memory - bytes_beside(measuring.plan), 1),
    )
    return Programs(learning, measuring)


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


def measure(program: Program, task_samples: Samples, loss: Loss, output: str) -> Score:
    """Mean loss and accuracy of an inference program over samples."""
    found = program(task_samples.images)
    y = np.asarray(found[output] if isinstance(found, dict) else found).reshape(len(task_samples), -1)
    return Score(
        float(loss.measure(y, task_samples.labels).mean()),
        hits(y, task_samples.labels) / len(task_samples),
        len(task_samples),
    )


@dataclass
class _Loop:
    task: Task
    learning: Program
    measuring: Program | None
    progress: Progress
    folder: Path | None
    epochs: list[Epoch] = field(default_factory=list)
    steps: int = 0

    def run(self, interrupt: Interrupt) -> None:
        self.progress.begin(self.task.settings.epochs, self.task.steps)
        try:
            number = 0
            while self.steps < self.task.steps and interrupt.signal is None:
                number += 1
                self._epoch(number, interrupt)
        finally:
            self.progress.end()

    def _epoch(self, number: int, interrupt: Interrupt) -> None:
        task, settings = self.task, self.task.settings
        name, output = input_name(task.net), next(iter(task.net.outputs))
        total, right, seen = 0.0, 0, 0
        indices = order(len(task.train), settings.seed, number)
        for images, labels, codes in task.train.batches(settings.batch, indices):
            found = self.learning.step({name: images, LABELS: codes}, **self._scalars(self.steps + 1))
            self.steps += 1
            loss = float(found[LOSS])
            if not isfinite(loss):
                raise self._not_finite(number, loss)
            total += loss * len(labels)
            right += hits(found[output].reshape(len(labels), -1), labels)
            seen += len(labels)
            self.progress.step(number, self.steps, loss)
            if interrupt.signal is not None or self.steps == task.steps:
                break
        validation = None
        if self.measuring is not None and task.validation is not None and interrupt.signal is None:
            validation = measure(self.measuring, task.validation, task.loss, output)
        self._finish(Epoch(number, self.steps, Score(total / seen, right / seen, seen), validation))

    def _scalars(self, step: int) -> dict[str, float]:
        """The numbers that a step binds, counted from 1."""
        settings = self.task.settings
        scalars = settings.optimizer.scalars(step)
        factor = settings.schedule.factor(step, steps=self.task.steps, epoch_steps=self.task.epoch_steps)
        return scalars | {"lr": scalars["lr"] * factor, "step": step, "seed": settings.seed}

    def _finish(self, epoch: Epoch) -> None:
        """Save first: what follows may end the run, where nobody reads its output any more."""
        self.epochs.append(epoch)
        if self.folder is not None:
            save(self.folder / WEIGHTS, self.task, self.learning.weights, self.steps)
            append_metrics(self.folder, epoch)
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


def save(path: Path, task: Task, weights: Weights, steps: int) -> None:
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

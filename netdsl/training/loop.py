"""A training: what it needs, checked and compiled, and its run from the first step to the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netdsl.data.augment.policy import check_augmented
from netdsl.data.dataset import Dataset, Target
from netdsl.data.pipeline import Pipeline, check_inputs
from netdsl.errors import fail
from netdsl.graph.weights import Weights
from netdsl.shapes import Shape, format_shape
from netdsl.training.batches import Samples, hold_out
from netdsl.training.block.overfit import few
from netdsl.training.block.settings import Settings
from netdsl.training.course import Course
from netdsl.training.job import Job, P
from netdsl.training.keeping.interrupt import Interrupt
from netdsl.training.keeping.keeper import Keeper
from netdsl.training.keeping.record import Record
from netdsl.training.keeping.run_folder import parameter_texts, write_config, write_texts
from netdsl.training.keeping.save_every import SaveEvery
from netdsl.training.keeping.state import State
from netdsl.training.learning import Learning
from netdsl.training.names import check_names
from netdsl.training.optimise.loss import CrossEntropy, Kind, Objective, objective_for, places_within
from netdsl.training.programs import Programs, compiled
from netdsl.training.samples import samples_of
from netdsl.training.scores.metric import Tally
from netdsl.training.scores.outputs import Tallies, metrics_of, tally_of
from netdsl.training.scores.progress import Epoch, Progress, Silent

if TYPE_CHECKING:
    from netdsl.graph.net import Net


@dataclass(frozen=True, eq=False)
class Task:
    """Everything that a training needs, checked: data that fit the net, prepared; what is made smaller, and what is
    measured, by output; the fitted pipeline.
    """

    net: Net
    settings: Settings
    objective: Objective
    metrics: Mapping[str, tuple[str, ...]]
    pipeline: Pipeline
    train: Samples
    validation: Samples | None
    data: Dataset
    held: Dataset | None = None
    """The data to validate on, where they are not a part of `data`."""

    @property
    def epoch_steps(self) -> int:
        """Updates in one epoch."""
        return self.settings.epoch_steps(len(self.train))

    @property
    def steps(self) -> int:
        """All updates."""
        return self.settings.all_steps(len(self.train))

    @property
    def scores(self) -> tuple[str, ...]:
        """The names of the numbers that an epoch gives."""
        own = ("loss", *self.tally().columns)
        return own + tuple(f"val_{name}" for name in own) if self.validation else own

    @property
    def cropped(self) -> str:
        """What is said of masks that are larger than the output, else nothing."""
        size = self.settings.pipeline.out_shape(self.data.shape)[:-1]
        places = next((one for part in self.objective.parts.values() if (one := part.places) not in ((), size)), ())
        if not places:
            return ""
        return f"cut to the output's {format_shape(places)}, about the centre of {format_shape(size)}"

    def course(self) -> Course:
        """The course of the training from its beginning."""
        return Course(self.settings, steps=self.steps, epoch_steps=self.epoch_steps)

    def tally(self) -> Tally | Tallies:
        """A count of nothing yet."""
        return tally_of(self.objective, self.metrics)

    def compiled(self, weights: Weights, *, threads: int | None = None, memory: int | None = None) -> Programs:
        """The programs for these weights; `compiled` says more."""
        return compiled(self, threads=threads, weights=weights, memory=memory)

    def record(self) -> Record:
        """What the weights belong to, before the first step."""
        return Record(
            net=self.net.name,
            main=self.net.main,
            texts=dict(self.net.texts),
            parameters=parameter_texts(self.net),
            settings=self.settings.texts(),
            pipeline=self.pipeline.to_json(),
            classes=self.data.classes,
            data=self._origin(),
            steps=0,
            others={name: one.classes for name, one in self.data.others.items()},
        )

    def describe(self, folder: Path) -> None:
        """Write the net and the settings into the folder of a run."""
        write_texts(folder, self.net)
        write_config(folder, self.net, self.settings.texts(), self._origin())

    def keeper(self, folder: Path, programs: Programs, every: SaveEvery) -> Keeper:
        """What keeps the run in its folder."""
        named, pins = self.settings.checkpoint, self.settings.on_nan == "rollback"
        return Keeper(folder, self.record(), programs.weights, self.scores, named, every, pins)

    def running(self, programs: Programs, state: State, progress: Progress, keeper: Keeper | None) -> Learning:
        """The training as it runs, from `state` on."""
        return Learning(self, programs, state, progress, keeper)

    def _origin(self) -> dict[str, str]:
        """Where the data came from, and which bytes they were."""
        found = origin_of(self.data, self.settings)
        return found | {"validation_sha256": self.held.digest} if self.held else found


@dataclass(frozen=True)
class Trained:
    """What came of a training: its weights, scores by epoch, and the exit code of the signal that ended it, or 0.

    `stopped`: a signal, or the end of its time, came before its last step.
    """

    weights: Weights
    epochs: tuple[Epoch, ...]
    steps: int
    exit_code: int = 0
    stopped: bool = False


def prepare(net: Net, settings: Settings, data: Dataset, validation: Dataset | None = None) -> Task:
    """Split off a part to validate on, unless there is one, fit the preparation to the rest, and apply it to both.

    Raises `NetError`: N607 with both shapes, or N605 with the first bad label, where the data do not fit the net;
    N508 where the outputs do not fit the classes; N507 for scores and metrics that there are not.
    """
    if settings.overfit:
        data, validation = few(data, settings.overfit, settings.seed), None
    settings = replace(settings, pipeline=for_inputs(net, settings.pipeline))
    seed, augment = settings.seed, settings.augment
    for part in (data, validation or data):
        check_inputs(part, settings.pipeline, inputs_of(net))
    check_augmented(data, settings.pipeline, augment, inputs_of(net))
    objective = objective_of_data(net, settings, data)
    drawn, held = hold_out(len(data), 0.0 if validation else settings.validation, seed)
    pipeline = settings.pipeline.fit_to(data, drawn)
    places = objective.places
    how: dict[str, Any] = {"places": places, "own": objective.own}
    train = samples_of(data, pipeline, drawn, augment=augment, seed=seed, classes=objective.main.size, **how)
    measured = samples_of(validation or data, pipeline, None if validation else held, **how)
    metrics = metrics_of(objective, settings.metrics)
    task = Task(
        net, settings, objective, metrics, pipeline, train, measured if len(measured) else None, data, validation
    )
    check_names(net, task.course().scalars(1))
    task.course().check(task.scores)
    if settings.checkpoint:
        settings.checkpoint.check(task.scores)
    return task


def classes_of(data: Dataset | Target) -> int:
    """How many classes the labels tell apart; 0 where they are numbers."""
    return 0 if data.labels.dtype.kind == "f" else len(data.classes)


def objective_of_data(net: Net, settings: Settings, data: Dataset) -> Objective:
    """What is made smaller; labels of classes may be one for an image, or one for each place of a map."""
    losses = settings.loss
    if settings.augment.blends:
        losses = {k: replace(v, shares=True) if isinstance(v, CrossEntropy) else v for k, v in losses.items()}
    size = settings.pipeline.out_shape(data.shape)[:-1]

    def kind(labels: Dataset | Target, output: str = "") -> Kind:
        return Kind(classes_of(labels), places_within(net, size, output) if labels.labels.ndim == 3 else ())

    main, own = kind(data), {name: kind(one, name) for name, one in data.others.items()}
    return objective_for(net, losses, main.classes, main.places, own)


def outputs_of(net: Net) -> dict[str, Shape]:
    """The outputs of the net by name, with their shapes."""
    return {name: net.nodes[path].shape for name, path in net.outputs.items()}


def heads_of(net: Net) -> dict[str, Shape]:
    """Its heads by name, with their shapes."""
    return {head.name: net.nodes[head.output].shape for head in net.heads}


def only_input(name: str, inputs: Sequence[str], advice: str | None = None) -> str:
    """The one input of the net of this name; `NetError` N508, with what to do instead, where there are several."""
    if len(inputs) != 1:
        there = ", ".join(f"`{one}`" for one in inputs)
        raise fail("N508", f"`{name}` has the inputs {there}, and this is for nets with one", help=advice)
    return inputs[0]


def input_name(net: Net) -> str:
    """The one input of the net; `NetError` N508 where there are several."""
    return only_input(net.name, net.inputs)


def inputs_of(net: Net) -> dict[str, Shape]:
    """The inputs of the net by name, with their shapes."""
    return {name: net.nodes[name].shape for name in net.inputs}


def for_inputs(net: Net, pipeline: Pipeline) -> Pipeline:
    """The preparation of each input; `NetError` N507 for an input that there is not."""
    for name in pipeline.beside:
        if name not in net.inputs:
            there = ", ".join(f"`{one}`" for one in net.inputs)
            raise fail("N507", f"`data … {name}=` is of an input that the net has not got: there are {there}")
    return pipeline.for_inputs(net.inputs)


def train(
    task: Job[P],
    programs: P,
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
    every: SaveEvery | None = None,
    limit: float | None = None,
    state: State | None = None,
) -> Trained:
    """Train, from `state` on, and keep the run in `folder`, whose lock the caller holds.

    The same task gives the same bits, whatever the threads; begun again at a checkpoint, with its weights and its
    state, it ends with those of a training that never stopped. Inside an epoch a checkpoint is written `every` so
    often. SIGINT, SIGTERM and SIGHUP end the training after the current step, with what was learned saved, and so does
    the end of its time, `limit` seconds. Raises `NetError` N509 at a step that is not finite, and N505 and N535 where
    the disk refuses; the last checkpoint is kept.
    """
    state, keeper = state or State(), None
    if folder is not None:
        task.describe(folder)
        keeper = task.keeper(folder, programs, every or SaveEvery())
    running = task.running(programs, state, progress or Silent(), keeper)
    with Interrupt(limit) as interrupt:
        running.go(interrupt)
    stopped, epochs = interrupt.signal is not None, tuple(running.state.epochs)
    return Trained(programs.weights, epochs, running.state.step, interrupt.exit_code, stopped)


def origin_of(data: Dataset, settings: Settings) -> dict[str, str]:
    """Where data came from, and which bytes they were."""
    return {"source": settings.data, "name": data.name, "sha256": data.digest}

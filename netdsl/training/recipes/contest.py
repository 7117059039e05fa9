"""`recipe gan`: a generator and a discriminator before their first step, from their `train` block or a checkpoint.

The folder of the run has checkpoints like any other, `metrics.csv`, a grid of samples after each epoch in `samples/`,
and for each net a folder with its weight file, which other trainings take over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netdsl.compiler.compile import compile
from netdsl.data.dataset import Dataset
from netdsl.data.open import open_data
from netdsl.data.pipeline import Pipeline, check_fits
from netdsl.errors import fail
from netdsl.graph.net import Setting
from netdsl.training.batches import Prepared
from netdsl.training.block.settings import Settings, read_settings
from netdsl.training.block.transfer import READERS
from netdsl.training.course import Course
from netdsl.training.keeping.record import Record
from netdsl.training.keeping.run_folder import parameter_texts, write_config, write_texts
from netdsl.training.loop import origin_of
from netdsl.training.memory import bytes_beside
from netdsl.training.recipes.gan import Pair
from netdsl.training.recipes.noise import normals
from netdsl.training.recipes.rounds import SAMPLES, SCORES, SHOWN, Courses, Gallery, Means, Rounds
from netdsl.training.stored import stored_together

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.compiler.plan import Plan
    from netdsl.compiler.program import Program
    from netdsl.graph.net import Net
    from netdsl.graph.weights import Weights
    from netdsl.training.keeping.keeper import Keeper
    from netdsl.training.keeping.save_every import SaveEvery
    from netdsl.training.keeping.state import State
    from netdsl.training.scores.progress import Progress

RECIPE = "recipe"
RECIPES = ("gan",)
OWN = ("augment", "overfit", "stages", "loss", "metrics", "validation", "stop", "checkpoint", "ema", "on_nan")
"""Settings that a recipe does not take."""
LOSS = "binary_cross_entropy"


@dataclass(frozen=True, eq=False)
class Halves:
    """The programs of a contest, on the same weights: a step of the discriminator, one of the generator, samples."""

    telling: Program
    making: Program
    drawing: Program

    @property
    def weights(self) -> Weights:
        """The weights of both nets."""
        return self.telling.weights

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The three plans."""
        return self.telling.plan, self.making.plan, self.drawing.plan

    @property
    def bytes(self) -> int:
        """What they need together; the weights are there once."""
        return self.telling.plan.bytes + bytes_beside(self.making.plan) + bytes_beside(self.drawing.plan)


@dataclass(frozen=True, eq=False)
class Contest:
    """A pair that fits, the settings of the generator and of the discriminator, and images prepared for both."""

    pair: Pair
    both: tuple[Settings, Settings]
    data: Dataset
    pipeline: Pipeline
    train: Prepared

    @property
    def settings(self) -> Settings:
        """What holds for both: data, epochs, batch and seed."""
        return self.both[0]

    @property
    def epoch_steps(self) -> int:
        """Steps of each net in one epoch."""
        return self.settings.epoch_steps(len(self.train))

    @property
    def steps(self) -> int:
        """All steps of each net."""
        return self.settings.all_steps(len(self.train))

    @property
    def scores(self) -> tuple[str, ...]:
        """The names of the numbers that an epoch gives."""
        return SCORES

    @cached_property
    def range(self) -> tuple[float, float]:
        """The least and the largest number of the images: black and white."""
        return float(self.train.images.min()), float(self.train.images.max())

    def noise(self, count: int, draw: int) -> NDArray[np.float32]:
        """What the generator takes, for a number of images."""
        generator = self.pair.generator
        return normals(count, generator.nodes[generator.inputs[0]].shape, self.settings.seed, draw)

    def compiled(self, weights: Weights, *, threads: int | None = None, memory: int | None = None) -> Halves:
        """The programs for these weights, those that learn each within `memory` bytes. Raises `NetError` N7xx."""
        telling, making = self.pair.programs(weights, self.both, threads=threads, memory=memory)
        return Halves(telling, making, compile(self.pair.sampling(), weights, batch=SHOWN, threads=threads))

    def course(self) -> Courses:
        """The courses of both from the beginning."""
        generator, discriminator = (
            Course(settings, steps=self.steps, epoch_steps=self.epoch_steps) for settings in self.both
        )
        return Courses(discriminator, generator)

    def tally(self) -> Means:
        """Means of nothing yet."""
        return Means()

    def record(self) -> Record:
        """What the weights of both belong to, before the first step."""
        names = ", ".join(net.name for net in self.pair.nets)
        generator, discriminator = self.pair.nets
        parameters = parameter_texts(generator) | parameter_texts(discriminator)
        return self._record(generator, names, parameters, self._texts())

    def describe(self, folder: Path) -> None:
        """Write nets and settings into the folder of a run, and make those for what it will have."""
        for name in (SAMPLES, *(net.name for net in self.pair.nets)):
            (folder / name).mkdir(exist_ok=True)
        write_texts(folder, self.pair.generator)
        write_config(folder, self.pair.generator, self._texts(), origin_of(self.data, self.settings))

    def keeper(self, folder: Path, programs: Halves, every: SaveEvery) -> Keeper:
        """What keeps the run in its folder."""
        records = {
            net.name: self._record(net, net.name, parameter_texts(net), settings.texts() | {"loss": LOSS})
            for net, settings in zip(self.pair.nets, self.both, strict=True)
        }
        return Gallery(
            folder,
            self.record(),
            programs.weights,
            self.scores,
            every=every,
            contest=self,
            programs=programs,
            records=records,
        )

    def running(self, programs: Halves, state: State, progress: Progress, keeper: Keeper | None) -> Rounds:
        """The contest as it runs, from `state` on."""
        return Rounds(self, programs, state, progress, keeper)

    def _texts(self) -> dict[str, str]:
        """The settings of both by their names."""
        found = {RECIPE: RECIPES[0]}
        for net, settings in zip(self.pair.nets, self.both, strict=True):
            found |= {f"{net.name}.{key}": text for key, text in (settings.texts() | {"loss": LOSS}).items()}
        return found

    def _record(self, net: Net, name: str, parameters: dict[str, str], settings: dict[str, str]) -> Record:
        return Record(
            net=name,
            main=net.main,
            texts=dict(net.texts),
            parameters=parameters,
            settings=settings,
            pipeline=self.pipeline.to_json(),
            classes=self.data.classes,
            data=origin_of(self.data, self.settings),
            steps=0,
        )


def contest_of(nets: Sequence[Net], overrides: Iterable[Setting] = ()) -> Contest:
    """The contest that the `train` block of two nets and `overrides` describe.

    A setting that names one of them, `optimizer Discriminator=adam(lr=2e-4)`, is that net's alone. Raises `NetError`:
    N529 for nets that do not fit the recipe, N506 and N507 for settings, N6xx for data.
    """
    lines = [*nets[0].settings, *overrides]
    check_recipe(nets, lines)
    pair = Pair(nets[0], nets[1])
    return _contest(pair, [read_settings(_lines_of(net, nets, lines)) for net in nets])


def stored_contest(folder: Path, record: Record, overrides: Iterable[Setting]) -> Contest:
    """The contest of a checkpoint, `overrides` winning.

    Raises `NetError` N531 where nets and settings cannot be read, and as `contest_of`.
    """
    nets, stored = stored_together(folder, record)
    given = [line for line in overrides if line.name != RECIPE]
    _check_settings(given)
    both = [read_settings(own, _lines_of(net, nets, given)) for net, own in zip(nets, stored, strict=True)]
    return _contest(Pair(nets[0], nets[1]), both)


def check_recipe(nets: Sequence[Net], lines: Sequence[Setting]) -> None:
    """`NetError` N529 unless the block names a recipe, as many nets as it takes, and only settings that it has."""
    line = next((line for line in reversed(lines) if line.name == RECIPE), None)
    names = ", ".join(f"`{net.name}`" for net in nets)
    if line is None:
        raise fail("N529", f"{names} are trained together: which way is not said", help="`recipe gan` is one")
    word = str(line.steps[0]) if len(line.steps) == 1 and not line.key else ""
    if word not in RECIPES:
        raise fail("N529", "there is no such recipe", span=line.span, help=f"there is `{'`, `'.join(RECIPES)}`")
    if len(nets) != 2:
        raise fail("N529", f"`recipe gan` takes a generator and a discriminator, not {names}", span=line.span)
    _check_settings(lines)


def _check_settings(lines: Iterable[Setting]) -> None:
    for line in lines:
        if line.name.partition(".")[0] in (*OWN, *READERS):
            raise fail("N529", f"`{line.name}` is no setting of `recipe gan`, which has its own way", span=line.span)


def _lines_of(net: Net, nets: Sequence[Net], lines: Iterable[Setting]) -> Iterator[Setting]:
    """The settings of one of several nets: lines for all, and those whose key is its name."""
    names = {one.name for one in nets}
    for line in lines:
        if line.name != RECIPE and (line.key not in names or line.key == net.name):
            yield replace(line, key="") if line.key in names else line


def _contest(pair: Pair, both: Sequence[Settings]) -> Contest:
    settings = both[0]
    shape = pair.discriminator.nodes[pair.discriminator.inputs[0]].shape
    data = open_data(settings.data, size=shape, fit=settings.pipeline.resize).train
    check_fits(data, settings.pipeline, shape)
    pipeline = settings.pipeline.fit(data.images)
    train = Prepared(pipeline.apply(data.images[:]), data.labels)
    made = Contest(pair, (both[0], both[1]), data, pipeline, train)
    made.course().check(made.scores)
    return made

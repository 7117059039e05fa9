"""`recipe gan`: the whole training of a generator against a discriminator, from their `train` block to a folder.

The folder holds `metrics.csv`, a grid of samples after each epoch in `samples/`, and for each net a folder with its
weight file, which other trainings take over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil, isfinite
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np

from netdsl.compiler.compile import compile
from netdsl.data.dataset import Dataset
from netdsl.data.open import open_data
from netdsl.data.pipeline import Pipeline, check_fits
from netdsl.errors import fail
from netdsl.files.atomic import replace_text
from netdsl.files.picture import write_picture
from netdsl.graph.net import Setting
from netdsl.training.batches import order
from netdsl.training.course import Course
from netdsl.training.interrupt import Interrupt
from netdsl.training.lock import RunLock
from netdsl.training.progress import Progress, Silent
from netdsl.training.recipes.gan import Pair
from netdsl.training.recipes.grid import grid
from netdsl.training.recipes.noise import normals
from netdsl.training.record import Record
from netdsl.training.run_folder import (
    METRICS,
    WEIGHTS,
    check_empty,
    named_folder,
    new_folder,
    parameter_texts,
    write_config,
    write_texts,
)
from netdsl.training.session import Session, run_name
from netdsl.training.settings import Settings, read_settings
from netdsl.training.transfer import READERS
from netdsl.training.weights_file import write_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.compiler.program import Program
    from netdsl.graph.net import Net
    from netdsl.graph.weights import Weights

RECIPES = ("gan",)
OWN = ("augment", "overfit", "stages", "loss", "metrics", "validation", "stop", "checkpoint", "ema", "on_nan")
"""Settings that a recipe does not take."""
SAMPLES = 64
COLUMNS = "epoch,steps,discriminator_loss,generator_loss,real,made\n"


@dataclass(frozen=True)
class Round:
    """The means of an epoch: both losses, and what the discriminator said of real and of made images."""

    number: int
    steps: int
    discriminator: float
    generator: float
    real: float
    made: float

    def line(self, epochs: int, seconds: float) -> str:
        """As people read it."""
        return (
            f"epoch {self.number:>{len(str(epochs))}}/{epochs}  discriminator {self.discriminator:.4f}  "
            f"generator {self.generator:.4f}  real {self.real:.3f}  made {self.made:.3f}  {seconds:.1f} s"
        )

    def csv(self) -> str:
        """As `metrics.csv` has it."""
        numbers = (self.discriminator, self.generator, self.real, self.made)
        return ",".join([str(self.number), str(self.steps), *(f"{x:.9g}" for x in numbers)]) + "\n"


def train_together(
    nets: Sequence[Net],
    overrides: Iterable[Setting] = (),
    *,
    out: Path | None = None,
    threads: int | None = None,
    memory: int | None = None,
    progress: Progress | None = None,
) -> Session:
    """Train the nets of one `train` block as its `recipe` says, into `out` or a new folder `runs/NAME`.

    `gan` takes two: the generator, then the discriminator. A setting that names one of them, `optimizer
    Discriminator=adam(lr=2e-4)`, is that net's alone. After each epoch the weights are written, and a grid of what the
    generator makes of the same 64 noises. SIGINT and SIGTERM end the training after the step, with what was learned
    saved. The same nets, data, settings and build give the same bits whatever the threads.

    Raises `NetError`: N529 for nets that do not fit the recipe, else as `train_net`.
    """
    lines = [*nets[0].settings, *overrides]
    check_recipe(nets, lines)
    pair = Pair(nets[0], nets[1])
    both = _settings_of(nets[0], nets, lines), _settings_of(nets[1], nets, lines)
    settings = both[0]
    shape = pair.discriminator.nodes[pair.discriminator.inputs[0]].shape
    data = open_data(settings.data, size=shape, fit=settings.pipeline.resize).train
    check_fits(data, settings.pipeline, shape)
    pipeline = settings.pipeline.fit(data.images)
    weights = pair.initialise(settings.seed)
    programs = pair.programs(weights, both, threads=threads, memory=memory)
    drawing = compile(pair.sampling(), weights, batch=SAMPLES, threads=threads)
    folder = named_folder(out) if out else new_folder(run_name(nets[0]))
    contest = _Contest(pair, both, data, pipeline, weights, programs, drawing, folder, progress or Silent())
    with RunLock(folder), Interrupt() as interrupt:
        check_empty(folder)
        contest.run(interrupt)
    return Session(folder, (), contest.steps, interrupt.exit_code)


def check_recipe(nets: Sequence[Net], lines: Sequence[Setting]) -> None:
    """`NetError` N529 unless the block names a recipe, and as many nets as it takes."""
    line = next((line for line in reversed(lines) if line.name == "recipe"), None)
    names = ", ".join(f"`{net.name}`" for net in nets)
    if line is None:
        raise fail("N529", f"{names} are trained together: which way is not said", help="`recipe gan` is one")
    word = str(line.steps[0]) if len(line.steps) == 1 and not line.key else ""
    if word not in RECIPES:
        raise fail("N529", "there is no such recipe", span=line.span, help=f"there is `{'`, `'.join(RECIPES)}`")
    if len(nets) != 2:
        raise fail("N529", f"`recipe gan` takes a generator and a discriminator, not {names}", span=line.span)


def _settings_of(net: Net, nets: Sequence[Net], lines: Sequence[Setting]) -> Settings:
    """The settings of one of several nets: lines for all, and those whose key is its name."""
    names = {one.name for one in nets}
    for line in lines:
        if line.name.partition(".")[0] in (*OWN, *READERS):
            raise fail("N529", f"`{line.name}` is no setting of `recipe gan`, which has its own way", span=line.span)
    own = [
        replace(line, key="") if line.key in names else line
        for line in lines
        if line.name != "recipe" and (line.key not in names or line.key == net.name)
    ]
    return read_settings(own)


@dataclass
class _Contest:
    pair: Pair
    settings: tuple[Settings, Settings]
    data: Dataset
    pipeline: Pipeline
    weights: Weights
    programs: tuple[Program, Program]
    drawing: Program
    folder: Path
    progress: Progress
    steps: int = 0

    def run(self, interrupt: Interrupt) -> None:
        images = self.pipeline.apply(self.data.images[:])
        self.low, self.high = float(images.min()), float(images.max())
        settings = self.settings[0]
        self._begin()
        for epoch in range(1, settings.epochs + 1):
            start = monotonic()
            found = self._epoch(epoch, images, interrupt)
            self._save(found)
            self.progress.note(found.line(settings.epochs, monotonic() - start))
            if interrupt.signal is not None or self.steps == self._last(len(images)):
                break

    def _last(self, count: int) -> int:
        """The number of the last step."""
        settings = self.settings[0]
        whole = settings.epochs * ceil(count / settings.batch)
        return whole if settings.steps is None else min(whole, settings.steps)

    def _epoch(self, epoch: int, images: NDArray[np.float32], interrupt: Interrupt) -> Round:
        settings, count = self.settings[0], len(images)
        indices = order(count, settings.seed, epoch)
        sums, seen = np.zeros(4), 0
        for start in range(0, count, settings.batch):
            real = images[indices[start : start + settings.batch]]
            self.steps += 1
            found = self._step(real, self._last(count), ceil(count / settings.batch))
            if not np.isfinite(found).all():
                raise self._not_finite(epoch, found)
            sums, seen = sums + len(real) * found, seen + len(real)
            if interrupt.signal is not None or self.steps == self._last(count):
                break
        d, g, told_real, told_made = sums / seen
        return Round(epoch, self.steps, d, g, told_real, told_made)

    def _step(self, real: NDArray[np.float32], steps: int, epoch_steps: int) -> NDArray[np.float64]:
        """One step of each net; both losses, and the means of what was said of real and of made images."""
        pair, (telling, making) = self.pair, self.programs
        both = (Course(settings, steps=steps, epoch_steps=epoch_steps) for settings in reversed(self.settings))
        scalars = [course.scalars(self.steps) for course in both]
        told = telling.step({pair.noise: self._noise(len(real), 2 * self.steps), pair.image: real}, **scalars[0])
        made = making.step({pair.noise: self._noise(len(real), 2 * self.steps + 1)}, **scalars[1])
        said = [float(told[name].mean()) for name in ("real", "made")]
        return np.array([float(told["loss"]), float(made["loss"]), *said])

    def _noise(self, count: int, draw: int) -> NDArray[np.float32]:
        generator = self.pair.generator
        return normals(count, generator.nodes[generator.inputs[0]].shape, self.settings[0].seed, draw)

    def _begin(self) -> None:
        (self.folder / "samples").mkdir()
        write_texts(self.folder, self.pair.generator)
        texts = {f"{net.name}.{k}": v for net, s in self._nets() for k, v in s.texts().items()}
        write_config(self.folder, self.pair.generator, texts, self._origin())
        replace_text(self.folder / METRICS, COLUMNS)
        for net, _ in self._nets():
            (self.folder / net.name).mkdir()

    def _save(self, found: Round) -> None:
        for net, settings in self._nets():
            record = Record(
                net=net.name,
                main=net.main,
                texts=dict(net.texts),
                parameters=parameter_texts(net),
                settings=settings.texts() | {"loss": "binary_cross_entropy"},
                pipeline=self.pipeline.to_json(),
                classes=self.data.classes,
                data=self._origin(),
                steps=self.steps,
            )
            write_weights(self.folder / net.name / WEIGHTS, self.pair.own(net, self.weights), record)
        path = self.folder / METRICS
        replace_text(path, path.read_text() + found.csv())
        made = np.asarray(self.drawing(self._noise(SAMPLES, 0)), np.float32)
        if made.ndim == 4 and made.shape[3] in (1, 3):
            write_picture(self.folder / "samples" / f"epoch-{found.number:03}.png", grid(made, self.low, self.high))

    def _nets(self) -> list[tuple[Net, Settings]]:
        return list(zip((self.pair.generator, self.pair.discriminator), self.settings, strict=True))

    def _origin(self) -> dict[str, str]:
        return {"source": self.settings[0].data, "name": self.data.name, "sha256": self.data.digest}

    def _not_finite(self, epoch: int, found: NDArray[np.float64]) -> Exception:
        which = "discriminator" if not isfinite(found[0]) else "generator"
        saved = f"the weights of epoch {epoch - 1} are kept" if epoch > 1 else "there are no weights to keep"
        return fail("N509", f"the loss of the {which} is {found.min()} at step {self.steps}, in epoch {epoch}: {saved}")

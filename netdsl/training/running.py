"""A training as it runs: steps, scores, saving, stopping, and what becomes of a step that spoils the weights.

What a step is, is the business of a subclass: `learning.py` has that of one net.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.errors import fail
from netdsl.training.batches import order
from netdsl.training.keeping.checkpoint import Checkpoint, checkpoint_path, latest, read_checkpoint
from netdsl.training.scores.progress import Epoch

if TYPE_CHECKING:
    from netdsl.graph.weights import Array
    from netdsl.training.batches import Batch
    from netdsl.training.job import Job, Learner
    from netdsl.training.keeping.interrupt import Interrupt
    from netdsl.training.keeping.keeper import Keeper
    from netdsl.training.keeping.state import State
    from netdsl.training.scores.metric import Score
    from netdsl.training.scores.progress import Progress

MOST_HALVED = 20
"""How often `on_nan rollback` halves the step size of one run."""


@dataclass
class NotFinite(Exception):
    """A step whose loss, or what it made of the weights, is not finite."""

    step: int
    words: str


class Running:
    """A job from where `state` says that it is; without a keeper nothing is saved.

    `go` is a function of the job, the weights and the state: begun again at any state that was saved, it ends with the
    same bits. Of a subclass are `_step`, `_kept`, and what an epoch has beside its steps.
    """

    def __init__(
        self, task: Job[Any], programs: Learner, state: State, progress: Progress, keeper: Keeper | None = None
    ) -> None:
        self.task, self.programs, self.progress, self.keeper = task, programs, progress, keeper
        self._take_up(state)

    def go(self, interrupt: Interrupt) -> None:
        """Train to the end, or until a signal. Raises `NetError` N509 at a step that is not finite, N505 and N535."""
        if self.keeper:
            self.keeper.begin(self.state, self._kept())
        self.progress.begin(self.task.settings.epochs, self.task.steps)
        try:
            while not self._is_done() and interrupt.signal is None:
                try:
                    self._epoch(interrupt)
                except NotFinite as found:
                    self._undo(found, interrupt)
        finally:
            self.progress.end()

    def _take_up(self, state: State) -> None:
        self.state, self._tally, self._course = state, self.task.tally(), self.task.course()
        if state.tally:
            self._tally.restore(state.tally)
        if state.course:
            self._course.restore(state.course)

    def _is_done(self) -> bool:
        """Whether no step is left, and no epoch that was not measured yet."""
        return not self.state.images and (self.state.step >= self.task.steps or self.state.stopped)

    def _epoch(self, interrupt: Interrupt) -> None:
        """The rest of an epoch. It saves before it tells: nobody may be reading any more, and that ends the run."""
        state = self.state
        self._learn(interrupt, self.task.steps, self.keeper)
        validation = interrupt.breaks(self._measure)
        self._check_weights()
        if interrupt.signal is not None:
            if self.keeper:
                self.keeper.stop(self._noted(), self._kept())
            return
        done = Epoch(state.epoch, state.step, self._tally.score(), validation)
        state.stopped = self._course.finished(done.scores())
        state.close(done)
        self._tally = self.task.tally()
        if self.keeper:
            self.keeper.epoch(self._noted(), self._kept())
        self.progress.epoch(done)

    def _noted(self) -> State:
        """The state with all that a checkpoint keeps."""
        self.state.tally = self._tally.state() if self.state.images else {}
        self.state.course = self._course.state()
        return self.state

    def _learn(self, interrupt: Interrupt, last: int, keeper: Keeper | None, *, watch: bool = False) -> None:
        """The steps that are left of the epoch, up to step `last` of the run or a signal; `watch` the weights, too."""
        for batch in self._batches():
            if self.state.step >= last or interrupt.signal is not None:
                return
            if keeper and keeper.due(self.state):
                self._check_weights()
                keeper.save(self._noted())
            self._step(batch)
            if watch:
                self._check_weights()

    def _batches(self) -> Iterator[Batch]:
        """The batches that are left of the epoch."""
        samples, settings = self.task.train, self.task.settings
        indices = order(len(samples), settings.seed, self.state.epoch)[self.state.images :]
        feed, start = samples.batches(settings.batch, indices, epoch=self.state.epoch), perf_counter()
        try:
            yield from feed
        finally:
            self.progress.fed(feed.waited, perf_counter() - start)

    def _step(self, batch: Batch) -> None:
        """Do a step, and count it in the tally and in the state. Raises `NotFinite`."""
        raise AssertionError(f"{type(self).__name__} has no step")

    def _kept(self) -> Mapping[str, Array]:
        """The tensors that are measured and saved."""
        raise AssertionError(f"{type(self).__name__} keeps nothing")

    def _measure(self) -> Score | None:
        """The score of the part that is only measured."""
        return None

    def _cause(self, found: NotFinite, interrupt: Interrupt) -> str:
        """Where a step that is not finite comes from, in words that end in `; `, if more is known than the step."""
        return ""

    def _check_weights(self) -> None:
        """A gradient that overflows leaves a finite loss: its step is found before what it made is saved."""
        weights = self.programs.weights
        for name in weights:
            if not _finite(weights[name]):
                raise NotFinite(self.state.step, f"`{name}` is not finite")

    def _undo(self, found: NotFinite, interrupt: Interrupt) -> None:
        """Stop, or begin the epoch again with half the step size, which does not depend on when else was saved."""
        state, keeper = self.state, self.keeper
        if keeper is None:
            raise self._error(found, "there are no weights to keep")
        if self.task.settings.on_nan == "rollback" and len(state.halved) < MOST_HALVED:
            self._restore(read_checkpoint(checkpoint_path(keeper.folder, state.begun)))
            self.state.halved = [*state.halved, self.state.step + 1]
            words = f"epoch {state.epoch} begins again with half the step size"
            self.progress.note(f"step {found.step}: {found.words}; {words}")
            return
        found = self._repeat(keeper, found.step, interrupt) or found
        cause = self._cause(found, interrupt)
        if interrupt.signal is None:
            raise self._error(found, f"{cause}the checkpoint of step {keeper.saved} is kept")

    def _repeat(self, keeper: Keeper, last: int, interrupt: Interrupt) -> NotFinite | None:
        """The steps from the last checkpoint on, up to step `last`: the first that is not finite."""
        halved = self.state.halved
        self._restore(latest(keeper.folder)[0])
        self.state.halved = halved
        try:
            self._learn(interrupt, last, None, watch=True)
        except NotFinite as found:
            return found
        return None

    def _restore(self, checkpoint: Checkpoint) -> None:
        for name, array in checkpoint.tensors.items():
            self.programs.weights[name] = array
        self._take_up(checkpoint.state)

    def _error(self, found: NotFinite, rest: str) -> Exception:
        return fail(
            "N509",
            f"{found.words} at step {found.step}, in epoch {self.state.epoch}: {rest}",
            help="a smaller `lr` often helps; data that are not scaled are another cause",
        )


def _finite(array: Any) -> bool:
    """Whether all numbers are; without an array of truth values, which for a large tensor is large."""
    return not array.size or bool(np.isfinite(array.min()) and np.isfinite(array.max()))

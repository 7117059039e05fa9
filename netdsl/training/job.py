"""What a training is told to do, whatever it trains: one net, or several by a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

    from netdsl.compiler.plan import Plan
    from netdsl.graph.weights import Weights
    from netdsl.training.batches import Samples
    from netdsl.training.block.settings import Settings
    from netdsl.training.keeping.keeper import Keeper
    from netdsl.training.keeping.record import Record
    from netdsl.training.keeping.save_every import SaveEvery
    from netdsl.training.keeping.state import State
    from netdsl.training.running import Running
    from netdsl.training.scores.metric import Score
    from netdsl.training.scores.progress import Progress


class Stateful(Protocol):
    """Something of which `state` says, in plain JSON values, all that a checkpoint must keep."""

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: Mapping[str, Any]) -> None: ...


class Counts(Stateful, Protocol):
    """What was seen of an epoch so far."""

    def score(self) -> Score: ...


class Way(Stateful, Protocol):
    """What follows from the scores of an epoch; `finished` says whether the training is to end with it."""

    def finished(self, scores: Mapping[str, float]) -> bool: ...


class Learner(Protocol):
    """The compiled programs of a training: the weights that are learned, the plans, and the bytes that these need."""

    @property
    def weights(self) -> Weights: ...

    @property
    def plans(self) -> tuple[Plan, ...]: ...

    @property
    def bytes(self) -> int: ...


P = TypeVar("P", bound=Learner)


class Job(Protocol[P]):
    """A training before its first step: data that fit, settings, and how it runs with programs P.

    `train` is gone through in the order that `settings` say, in `steps` updates; `scores` are the names of the numbers
    that an epoch gives. `record` says what the weights belong to before the first step; `describe` writes that for
    people into the folder of the run, where `keeper` keeps what is learned. `compiled` raises `NetError` N7xx.
    """

    @property
    def settings(self) -> Settings: ...

    @property
    def train(self) -> Samples: ...

    @property
    def steps(self) -> int: ...

    @property
    def scores(self) -> tuple[str, ...]: ...

    def compiled(self, weights: Weights, *, threads: int | None = None, memory: int | None = None) -> P: ...

    def course(self) -> Way: ...

    def tally(self) -> Counts: ...

    def record(self) -> Record: ...

    def describe(self, folder: Path) -> None: ...

    def keeper(self, folder: Path, programs: P, every: SaveEvery) -> Keeper: ...

    def running(self, programs: P, state: State, progress: Progress, keeper: Keeper | None) -> Running: ...

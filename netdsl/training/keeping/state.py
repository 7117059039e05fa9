"""Where a training stands: everything, besides the tensors, that its next step depends on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from netdsl.training.scores.metric import Score
from netdsl.training.scores.progress import Epoch


@dataclass
class State:
    """The place in the run, and what the epochs before gave.

    `epoch` counts from 1, `begun` is the step after which this one began, `step` counts those of the whole run.
    `images` of the epoch's order are done: 0 between two epochs, all of them where only its validation is left.
    `halved` has the steps from which on the step size was halved, because one would not have been finite. `stopped`
    says that the epochs before have ended the training. `tally` and `course` are what `Tally.state` and `Course.state`
    gave, empty in the beginning.
    """

    epoch: int = 1
    begun: int = 0
    step: int = 0
    images: int = 0
    halved: list[int] = field(default_factory=list)
    stopped: bool = False
    tally: dict[str, Any] = field(default_factory=dict)
    course: dict[str, Any] = field(default_factory=dict)
    epochs: list[Epoch] = field(default_factory=list)

    def count(self, images: int) -> None:
        """Count a step with so many images."""
        self.step += 1
        self.images += images

    def close(self, epoch: Epoch) -> None:
        """End the epoch with what it gave; the next one begins."""
        self.epochs.append(epoch)
        self.epoch, self.begun, self.images, self.tally = self.epoch + 1, self.step, 0, {}

    def rate(self, step: int) -> float:
        """What a step's size is multiplied by."""
        return 0.5 ** sum(first <= step for first in self.halved)

    def to_text(self) -> str:
        """The state as JSON in which every number keeps its bits, infinities and NaN included."""
        return json.dumps(asdict(self), separators=(",", ":"))


def state_of(text: str) -> State:
    """The state that `State.to_text` wrote. Raises `ValueError`, `TypeError` or `KeyError` for any other text."""
    found = State(**json.loads(text))
    found.epochs = [_epoch(**entry) for entry in found.epochs]  # type: ignore[arg-type]
    if not all(type(count) is int and count >= 0 for count in (found.epoch, found.begun, found.step, found.images)):
        raise ValueError("the counts of a state are integers")
    if not isinstance(found.tally, dict) or not isinstance(found.course, dict) or type(found.stopped) is not bool:
        raise ValueError("a part of the state is of another kind")
    return found


def _epoch(number: int, steps: int, train: dict[str, Any], validation: dict[str, Any] | None) -> Epoch:
    return Epoch(number, steps, Score(**train), None if validation is None else Score(**validation))

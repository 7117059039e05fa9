"""The range test: how the loss answers to a step size that rises with every step     (Smith 2017, section 3.3).

    rate of step t of T = first·(last/first)^((t-1)/(T-1))

The loss is smoothed, s_t = (0.9·m_(t-1) + 0.1·l_t)/(1 - 0.9^t), m the numerator, m_0 = 0. Proposed is the rate where
it falls most steeply with the logarithm of the rate. The test ends where the loss is four times its least.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, islice
from math import isfinite, log
from typing import TYPE_CHECKING, Any

from netdsl.training.batches import by_input, order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from netdsl.training.loop import Task
    from netdsl.training.programs import Programs

FIRST, LAST = 1e-6, 10.0
STEPS = 100
KEPT = 0.9
FAILED = 4.0


@dataclass(frozen=True)
class RateTest:
    """Step sizes with the smoothed loss at each, up to where it failed; `best` is None where it never fell."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    best: float | None

    def sample(self, count: int) -> list[tuple[float, float]]:
        """About so many rates with their losses, evenly spread, the last one among them."""
        apart = max(len(self.rates) // count, 1)
        pairs = list(zip(self.rates, self.losses, strict=True))
        return pairs[::-apart][::-1]


def find_rate(task: Task, programs: Programs, *, steps: int = STEPS) -> RateTest:
    """Train with a rising step size, `steps` batches at most; the weights are of no use afterwards."""
    rates, losses, mean = list[float](), list[float](), 0.0
    for step, given in enumerate(islice(batches_of(task), steps), 1):
        rate = FIRST * (LAST / FIRST) ** ((step - 1) / (steps - 1))
        # Each batch makes an update of its own, whatever `accumulate` says.
        scalars = task.settings.stepping.scalars(step) | {"lr": rate, "apply": 1.0, "share": 1.0}
        found = programs.learning.step(given, **scalars, step=step, seed=task.settings.seed)
        mean = KEPT * mean + (1 - KEPT) * float(found["loss"])
        smooth = mean / (1 - KEPT**step)
        if not isfinite(smooth) or (losses and smooth > FAILED * min(losses)):
            break
        rates.append(rate)
        losses.append(smooth)
    return RateTest(tuple(rates), tuple(losses), steepest(rates, losses))


def steepest(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """The rate with the least slope of the loss over the logarithm of the rate, by central differences."""
    slopes = [(losses[i + 1] - losses[i - 1]) / log(rates[i + 1] / rates[i - 1]) for i in range(1, len(rates) - 1)]
    best = min(range(len(slopes)), key=slopes.__getitem__, default=None)
    return None if best is None or slopes[best] >= 0 else rates[best + 1]


def batches_of(task: Task) -> Iterator[dict[str, Any]]:
    """What the steps of one epoch after the other bind."""
    for epoch in count(1):
        indices = order(len(task.train), task.settings.seed, epoch)
        for images, _, targets in task.train.batches(task.settings.batch, indices, epoch=epoch):
            yield {**by_input(task.net, images), **task.objective.feed(targets)}

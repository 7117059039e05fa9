"""What a schedule is: a factor on the optimiser's `lr`, a function of the step and, for some, of scores so far."""

from __future__ import annotations

from dataclasses import dataclass

from netdsl.training.optimise.method import Method, number


@dataclass(frozen=True)
class Schedule(Method):
    """Base of the schedules; `class Cosine(Schedule, word="cosine")` registers the name that a file writes.

    Each gives a curve f; the factor at step t = 1, 2, … is f, in the first w steps of `warmup` epochs times t/w
    (Goyal et al. 2017, section 2.2). Of the position there are e = (t-1)/(steps an epoch), the epochs gone by, and
    s = (t-1-w)/(T-w), the share that is gone of what follows the warm-up, T being the steps of the whole training.
    """

    warmup: float = number("epochs in which the step size rises linearly from 0", default=0.0, kw_only=True)

    def factor(self, step: int, *, steps: int, epoch_steps: int) -> float:
        """The factor at step `step`, from 1 to `steps`; an epoch has `epoch_steps`."""
        rise, share = self._share(step, steps=steps, epoch_steps=epoch_steps)
        height = self.curve((step - 1) / epoch_steps, share)
        return height * step / rise if step < rise else height

    @property
    def cycles(self) -> bool:
        """Whether the momentum moves, too."""
        return False

    def momentum(self, step: int, *, steps: int, epoch_steps: int) -> float:
        """The momentum at step `step`, of a schedule that `cycles`."""
        raise AssertionError(f"{type(self).__name__} has no momentum")

    def _share(self, step: int, *, steps: int, epoch_steps: int) -> tuple[int, float]:
        """The steps of the warm-up, and s."""
        rise = min(round(self.warmup * epoch_steps), steps)
        return rise, max(step - 1 - rise, 0) / (steps - rise) if steps > rise else 0.0

    def curve(self, epochs: float, share: float) -> float:
        """F after so many epochs, when such a share of the training is done."""
        raise AssertionError(f"{type(self).__name__} has no curve")


SCHEDULES: dict[str, type[Schedule]] = Schedule.known

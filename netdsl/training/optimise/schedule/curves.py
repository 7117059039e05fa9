"""Schedules that change with every step: by the epochs gone by, or by the share of the training that is done."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, exp, pi

from netdsl.training.optimise.method import flag, number
from netdsl.training.optimise.schedule.base import Schedule


@dataclass(frozen=True)
class Constant(Schedule, word="constant"):
    """f = 1."""

    def curve(self, epochs: float, share: float) -> float:
        return 1.0


@dataclass(frozen=True)
class Exponential(Schedule, word="exp"):
    """f = gamma^e  (`exp` of Jia et al. 2014)."""

    gamma: float = number("factor an epoch", default=0.95, above=0.0)

    def curve(self, epochs: float, share: float) -> float:
        return float(self.gamma**epochs)


@dataclass(frozen=True)
class Inverse(Schedule, word="inverse"):
    """f = (1 + gamma·e)^-power  (Robbins and Monro 1951; `inv` of Jia et al. 2014)."""

    gamma: float = number("how fast it falls, an epoch", default=0.1)
    power: float = number("exponent", default=0.75)

    def curve(self, epochs: float, share: float) -> float:
        return float((1 + self.gamma * epochs) ** -self.power)


@dataclass(frozen=True)
class Poly(Schedule, word="poly"):
    """f = (1 - s)^power  (`poly` of Jia et al. 2014; Chen et al. 2018)."""

    power: float = number("exponent", default=0.9)

    def curve(self, epochs: float, share: float) -> float:
        return float((1 - share) ** self.power)


@dataclass(frozen=True)
class Sigmoid(Schedule, word="sigmoid"):
    """f = 1/(1 + exp(gamma·(e - at)))  (`sigmoid` of Jia et al. 2014)."""

    at: float = number("epochs after which it has fallen to a half")
    gamma: float = number("how steep it falls, an epoch", default=1.0)

    def curve(self, epochs: float, share: float) -> float:
        return 1 / (1 + exp(min(self.gamma * (epochs - self.at), 700.0)))


@dataclass(frozen=True)
class Cosine(Schedule, word="cosine"):
    """f = (1 + cos(π·s))/2: half a cosine from 1 down to nearly 0  (Loshchilov and Hutter 2017)."""

    def curve(self, epochs: float, share: float) -> float:
        return (1 + cos(pi * share)) / 2


@dataclass(frozen=True)
class OneCycle(Schedule, word="one_cycle"):
    """Up to `lr` and down again along half cosines                                          (Smith and Topin 2019).

    From 1/div to 1 while s < rise, then to 1/(div·final). The other way round the momentum of the optimiser, β1 of
    `adam`, goes from `max_momentum` to `base_momentum` and back, unless `cycle_momentum` is off or it has none.
    """

    rise: float = number("share of the training in which it rises", default=0.3, above=0.0, below=1.0)
    div: float = number("1 over the first factor", default=25.0, low=1.0)
    final: float = number("how much smaller than the first the last factor is", default=1e4, low=1.0)
    cycle_momentum: bool = flag("move the momentum against the step size", default=True)
    base_momentum: float = number("the momentum where the step size is largest", default=0.85, above=0.0, below=1.0)
    max_momentum: float = number("the momentum at both ends", default=0.95, above=0.0, below=1.0)

    @property
    def cycles(self) -> bool:
        return self.cycle_momentum

    def curve(self, epochs: float, share: float) -> float:
        return self._cycle(1 / self.div, 1.0, 1 / self.div / self.final, share)

    def momentum(self, step: int, *, steps: int, epoch_steps: int) -> float:
        _, share = self._share(step, steps=steps, epoch_steps=epoch_steps)
        return self._cycle(self.max_momentum, self.base_momentum, self.max_momentum, share)

    def _cycle(self, first: float, middle: float, last: float, share: float) -> float:
        """From the first number to the middle one while s < rise, and on to the last."""
        if share < self.rise:
            return _between(first, middle, share / self.rise)
        return _between(middle, last, (share - self.rise) / (1 - self.rise))


def _between(start: float, end: float, share: float) -> float:
    """From start to end along half a cosine."""
    return end + (start - end) * (1 + cos(pi * share)) / 2

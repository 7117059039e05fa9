"""Scores of a net whose outputs have labels of their own: those of each output under its name, `cls_accuracy`.

The loss is that of all outputs with their weights; `box_loss` is that of one output, without its weight.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netdsl.errors import fail
from netdsl.training.scores.metric import OF_NUMBERS, Array, Score, Tally, chosen, fits

if TYPE_CHECKING:
    from netdsl.training.optimise.loss import Objective


def name_of(output: str, score: str) -> str:
    """What a score of an output is called."""
    return f"{output}_{score}"


def metrics_of(objective: Objective, asked: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What is measured of each output: of what is asked for that which fits its labels, by default one metric.

    `cls=top5` is asked of one output; `mse` and `mae` of those whose labels are numbers, or, where all are classes, of
    these. Raises `NetError` N507 for a metric that fits no output, for an output that is not measured, and for outputs
    whose scores would have one name.
    """
    kinds = {name: part.kind.classes for name, part in objective.measured.items()}
    if len(kinds) == 1:
        return {name: chosen(asked_of(name, asked), classes) for name, classes in kinds.items()}
    numbers = not all(kinds.values())
    found: dict[str, list[str]] = {name: [] if asked else list(chosen((), n)) for name, n in kinds.items()}
    for one in asked:
        output, _, metric = one.rpartition("=")
        _check_measured(one, output, kinds)
        other = metric in OF_NUMBERS and numbers and not output
        takers = [name for name, n in kinds.items() if output in ("", name) and fits(metric, n) and not (other and n)]
        if not takers:
            said = ", ".join(f"`{name}` {f'{n} classes' if n else 'numbers'}" for name, n in kinds.items())
            misfit = f"does not fit `{output}`" if output else "fits no output"
            raise fail("N507", f"the metric `{metric}` {misfit}; the labels are: {said}")
        for name in takers:
            found[name] += [metric] if metric not in found[name] else []
    names = ["loss", *(name_of(output, one) for output, ones in found.items() for one in ("loss", *ones))]
    names += [f"val_{name}" for name in names]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        words = f"two scores would be called `{twice}`: the outputs are {', '.join(f'`{name}`' for name in found)}"
        raise fail("N507", words, help="give one of the outputs another name")
    return {name: tuple(metrics) for name, metrics in found.items()}


def asked_of(output: str, asked: Sequence[str]) -> list[str]:
    """The metrics of the one output that is measured; `NetError` N507 for those of another."""
    for one in asked:
        _check_measured(one, one.rpartition("=")[0], [output])
    return [one.rpartition("=")[2] for one in asked]


def _check_measured(one: str, output: str, measured: Collection[str]) -> None:
    if output and output not in measured:
        there = ", ".join(f"`{name}`" for name in measured)
        raise fail("N507", f"`metrics {one}` is of an output that is not measured: there are {there}")


class Tallies:
    """The scores of several outputs of what was seen so far; as `Tally` has it."""

    def __init__(self, parts: Mapping[str, Tally]) -> None:
        self.parts = parts
        self._images, self._loss = 0, 0.0

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the metrics that are one number, in order."""
        return tuple(name_of(output, one) for output, tally in self.parts.items() for one in ("loss", *tally.columns))

    def add(self, loss: float, said: Mapping[str, tuple[float, Array, Array, Array]]) -> None:
        """Take n images with their mean loss, and what `Tally.add` takes of each output."""
        count = len(next(iter(said.values()))[3])
        self._images += count
        self._loss += loss * count
        for name, tally in self.parts.items():
            tally.add(*said[name])

    def score(self) -> Score:
        """The scores; nothing was seen: all NaN."""
        scores = {name: tally.score() for name, tally in self.parts.items()}
        metrics = {name_of(output, one): value for output, s in scores.items() for one, value in s.values().items()}
        tables = {name_of(output, one): table for output, s in scores.items() for one, table in s.tables.items()}
        return Score(self._loss / self._images if self._images else float("nan"), metrics, self._images, tables)

    def state(self) -> dict[str, Any]:
        """What a checkpoint in the middle of an epoch keeps."""
        parts = {name: tally.state() for name, tally in self.parts.items()}
        return {"images": self._images, "loss": self._loss, "outputs": parts}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self._images, self._loss = state["images"], state["loss"]
        for name, tally in self.parts.items():
            tally.restore(state["outputs"][name])


def tally_of(objective: Objective, metrics: Mapping[str, Sequence[str]]) -> Tally | Tallies:
    """A count of nothing yet, of the metrics of each output, as `metrics_of` gives them."""
    tallies = {name: Tally(ones, objective.parts[name].kind.classes) for name, ones in metrics.items()}
    return Tallies(tallies) if len(tallies) > 1 else next(iter(tallies.values()))

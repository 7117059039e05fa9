"""How good the outputs of a run are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.training.batches import Prepared, Samples
from netdsl.training.optimise.loss.base import told
from netdsl.training.scores.outputs import Tallies

if TYPE_CHECKING:
    from netdsl.compiler.program import Program
    from netdsl.training.optimise.loss import Objective
    from netdsl.training.optimise.loss.base import Told
    from netdsl.training.scores.metric import Score, Tally

MEASURED = 1024
"""Images that are measured at once where they are not in memory."""


def measure(program: Program, part: Samples, objective: Objective, tally: Tally | Tallies) -> Score:
    """The loss and the metrics of an inference program over samples; `tally` has counted nothing yet."""
    whole = [(part.images, part.told, part.told)] if isinstance(part, Prepared) else None
    for images, labels, _ in whole or part.batches(MEASURED, np.arange(len(part))):
        found = program(images)
        outputs = found if isinstance(found, dict) else {next(iter(objective.parts)): found}
        losses = {name: float(rows.mean()) for name, rows in objective.losses(outputs, labels).items()}
        count(tally, objective, objective.total(losses), losses, outputs, labels)
    return tally.score()


def count(
    tally: Tally | Tallies,
    objective: Objective,
    loss: float,
    losses: Mapping[str, float],
    outputs: Mapping[str, Any],
    labels: Told,
) -> None:
    """Add the outputs of a run by name, with their mean loss and that of each, to a tally; of one output, the first."""
    if isinstance(tally, Tallies):
        parts = {name: objective.parts[name] for name in tally.parts}
        said = {name: (part.rows(outputs[name]), part.scores(outputs[name])) for name, part in parts.items()}
        tally.add(loss, {name: (losses[name], *said[name], told(labels, name)) for name in parts})
        return
    y = outputs[next(iter(objective.parts))]
    tally.add(loss, objective.main.rows(y), objective.main.scores(y), told(labels))

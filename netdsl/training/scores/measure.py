"""How good the outputs of a run are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.training.batches import Prepared, Samples

if TYPE_CHECKING:
    from netdsl.compiler.program import Program
    from netdsl.training.optimise.loss import Objective
    from netdsl.training.scores.metric import Score, Tally

MEASURED = 1024
"""Images that are measured at once where they are not in memory."""


def measure(program: Program, part: Samples, objective: Objective, tally: Tally) -> Score:
    """The loss and the metrics of an inference program over samples; `tally` has counted nothing yet."""
    whole = [(part.images, part.labels, part.labels)] if isinstance(part, Prepared) else None
    for images, labels, _ in whole or part.batches(MEASURED, np.arange(len(part))):
        found = program(images)
        outputs = found if isinstance(found, dict) else {next(iter(objective.parts)): found}
        count(tally, objective, objective.measure(outputs, labels), outputs, labels)
    return tally.score()


def count(tally: Tally, objective: Objective, loss: float, outputs: Mapping[str, Any], labels: Any) -> None:
    """Add the outputs of a run by name, with their mean loss, to a tally: metrics are of the first output."""
    y = outputs[next(iter(objective.parts))]
    tally.add(loss, objective.rows(y, objective.main), objective.scores(y), labels)

"""On which terms a training runs: nothing that it learns depends on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from netdsl.training.scores.progress import Progress, Silent

if TYPE_CHECKING:
    from netdsl.training.keeping.save_every import SaveEvery


@dataclass(frozen=True)
class Terms:
    """What a training may use, how often it saves, and whom it tells.

    `memory`: the most bytes that the plans may need. `every`: how often a checkpoint is written inside an epoch.
    `limit`: the most seconds that it may take. `boards` writes the scores for TensorBoard, too.
    """

    threads: int | None = None
    memory: int | None = None
    every: SaveEvery | None = None
    limit: float | None = None
    boards: bool = False
    progress: Progress = field(default_factory=Silent)


PLAIN = Terms()

"""What a training tells of itself when it has ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netdsl.training.scores.progress import Epoch


@dataclass(frozen=True)
class Session:
    """The folder of a training, its scores by epoch, its last step, and the code of the signal that ended it, or 0.

    `stopped`: a signal, or the end of its time, came before its last step. `recipe`: that of nets trained together.
    `chain`: the folder of the stages that it was one of.
    """

    folder: Path
    epochs: tuple[Epoch, ...]
    steps: int
    exit_code: int
    stopped: bool = False
    recipe: str = ""
    chain: Path | None = None

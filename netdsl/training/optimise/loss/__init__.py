"""Losses: what a training makes smaller, one file each, and the sum over the outputs of a net."""

from netdsl.training.optimise.loss.base import LABELS, LOSSES, Loss
from netdsl.training.optimise.loss.binary import BinaryCrossEntropy
from netdsl.training.optimise.loss.cross_entropy import CrossEntropy
from netdsl.training.optimise.loss.dice import Dice
from netdsl.training.optimise.loss.hinge import Hinge
from netdsl.training.optimise.loss.mse import Mse
from netdsl.training.optimise.loss.objective import (
    End,
    Kind,
    Objective,
    Part,
    ends_of,
    objective_for,
    objective_of,
    places_at,
    places_of,
    places_within,
    recorded_objective,
)

__all__ = [
    "LABELS",
    "LOSSES",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Dice",
    "End",
    "Hinge",
    "Kind",
    "Loss",
    "Mse",
    "Objective",
    "Part",
    "ends_of",
    "objective_for",
    "objective_of",
    "places_at",
    "places_of",
    "places_within",
    "recorded_objective",
]

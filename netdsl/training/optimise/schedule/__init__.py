"""Schedules: how the step size changes in the course of a training."""

from netdsl.training.optimise.schedule.base import SCHEDULES, Schedule
from netdsl.training.optimise.schedule.curves import Constant, Cosine, Exponential, Inverse, OneCycle, Poly, Sigmoid
from netdsl.training.optimise.schedule.plateau import Plateau
from netdsl.training.optimise.schedule.stairs import MultiStep, Step

__all__ = [
    "SCHEDULES",
    "Constant",
    "Cosine",
    "Exponential",
    "Inverse",
    "MultiStep",
    "OneCycle",
    "Plateau",
    "Poly",
    "Schedule",
    "Sigmoid",
    "Step",
]

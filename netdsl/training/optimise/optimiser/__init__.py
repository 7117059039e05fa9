"""Optimisers: how a gradient changes a parameter, one file each."""

from netdsl.training.optimise.optimiser.adadelta import Adadelta
from netdsl.training.optimise.optimiser.adagrad import Adagrad
from netdsl.training.optimise.optimiser.adam import Adam, AdamW
from netdsl.training.optimise.optimiser.base import OPTIMISERS, Optimiser
from netdsl.training.optimise.optimiser.rmsprop import RmsProp
from netdsl.training.optimise.optimiser.sgd import Sgd

__all__ = ["OPTIMISERS", "Adadelta", "Adagrad", "Adam", "AdamW", "Optimiser", "RmsProp", "Sgd"]

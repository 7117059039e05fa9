"""Optimisers: how a gradient changes a parameter, one file each."""

from netdsl.training.optimiser.adadelta import Adadelta
from netdsl.training.optimiser.adagrad import Adagrad
from netdsl.training.optimiser.adam import Adam, AdamW
from netdsl.training.optimiser.base import OPTIMISERS, Optimiser
from netdsl.training.optimiser.rmsprop import RmsProp
from netdsl.training.optimiser.sgd import Sgd

__all__ = ["OPTIMISERS", "Adadelta", "Adagrad", "Adam", "AdamW", "Optimiser", "RmsProp", "Sgd"]

"""Learning a few images by heart: a net that cannot do that has a mistake in it, or too few parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from netdsl.data.augment.policy import Augment
from netdsl.layers.values import Word
from netdsl.training.batches import HOLD_OUT, order
from netdsl.training.optimise.schedule import Plateau

if TYPE_CHECKING:
    from netdsl.data.dataset import Dataset
    from netdsl.training.block.settings import Settings


def few(data: Dataset, count: int, seed: int) -> Dataset:
    """So many of the images, drawn by the seed; all where there are fewer."""
    chosen = np.sort(order(len(data), seed, HOLD_OUT)[:count])
    return data.chosen(chosen)


def without_validation(settings: Settings) -> Settings:
    """The settings with nothing held out, nothing changed at random, and nothing that waits for validation."""
    schedule = settings.schedule
    if isinstance(schedule, Plateau):
        schedule = replace(schedule, monitor=Word(schedule.monitor.removeprefix("val_")))
    return replace(settings, validation=0.0, augment=Augment(), schedule=schedule, stop=None, checkpoint=None)

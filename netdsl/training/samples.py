"""The samples of a data set: prepared at once, or, where they are augmented or stay in files, when their turn comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.augment.policy import Augment
from netdsl.data.dataset import Dataset
from netdsl.data.image_files import ImageFiles
from netdsl.data.pipeline import Pipeline
from netdsl.shapes import Shape
from netdsl.training.batches import Prepared, Samples, Together
from netdsl.training.live import Aim, Live, centre_of

if TYPE_CHECKING:
    from netdsl.training.optimise.loss import Part

Array = NDArray[Any]
NO_PARTS: Mapping[str, Part] = {}


def samples_of(
    data: Dataset,
    pipeline: Pipeline,
    chosen: NDArray[np.intp] | None = None,
    *,
    augment: Augment | None = None,
    seed: int = 0,
    classes: int = 0,
    places: Shape = (),
    own: Mapping[str, Part] = NO_PARTS,
) -> Samples:
    """The samples of a data set with these indices, or all, prepared by a fitted pipeline, and augmented.

    Without augmentation they are prepared at once, unless their images stay in files. `classes`: numbers of the output;
    `places`: its height and width, which masks are cut to about their centre. `own` has the outputs whose labels are
    their own.
    """
    how: dict[str, Any] = {"augment": augment, "seed": seed, "classes": classes, "places": places, "own": own}
    if data.beside:
        first = samples_of(data.of(data.first), pipeline.of(data.first), chosen, **how)
        labels = data.labels if not data.dense else data.labels[:, 0, 0]  # masks are moved with the first input alone
        others = {name: replace(data.of(name), labels=labels, others={}) for name in data.beside}
        rest = {name: samples_of(one, pipeline.of(name), chosen, **how) for name, one in others.items()}
        return Together({data.first: first, **rest})
    chosen = np.arange(len(data)) if chosen is None else chosen
    images, labels = data.images, data.labels[chosen]
    told = {name: one.labels[chosen] for name, one in data.others.items() if name in own}
    in_files, changed = isinstance(images, ImageFiles), augment and augment.chain and len(data.shape) == 3
    if not in_files and not changed:
        masks = _as_taken(labels, pipeline, places)
        beside = {name: _as_taken(one, pipeline, own[name].places) for name, one in told.items()}
        return Prepared(pipeline.apply(images[chosen]), masks, beside)
    if pipeline.stored.out_shape(data.shape) != data.shape:
        images, labels = pipeline.stored.apply(images[:]), _as_taken(labels, pipeline.stored)
        told = {name: _as_taken(one, pipeline.stored) for name, one in told.items()}
    aims = {name: Aim(one, own[name].size, own[name].places) for name, one in told.items()}
    how = {"classes": classes, "places": places, "beside": aims}
    return Live(images, chosen, labels, pipeline.rest, augment or Augment(), seed, **how)


def _as_taken(labels: Array, pipeline: Pipeline, places: Shape = ()) -> Array:
    """Labels after the preparation, which moves masks."""
    return centre_of(pipeline.apply_masks(labels), places) if labels.ndim == 3 else labels

"""What a trained net answers to each image that it was measured on, and how wrong that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.dataset import Dataset
from netdsl.data.open import open_inputs
from netdsl.data.pipeline import check_inputs
from netdsl.errors import fail
from netdsl.files.regular import quoted
from netdsl.shapes import volume
from netdsl.training.batches import hold_out
from netdsl.training.block.overfit import few
from netdsl.training.block.override import parse_override
from netdsl.training.block.settings import read_settings
from netdsl.training.loop import heads_of, outputs_of
from netdsl.training.optimise.loss.base import told
from netdsl.training.samples import samples_of

if TYPE_CHECKING:
    from netdsl.training.answers.trained import TrainedNet
    from netdsl.training.optimise.loss import Objective

Array = NDArray[Any]
BATCH = 64
MOST_IMAGES = 10_000
MOST_NUMBERS = 2**26
"""Numbers of prepared images that are examined, so that a report takes seconds whatever the data are."""


@dataclass(frozen=True, eq=False)
class Examined:
    """Images of `part`, in words, the first of `total`: what is right, what the net said, the loss of each (N,).

    `right` and `said` are classes (N,) or (N, H, W), a class that no score decides being -1; or numbers (N, K), where
    `classes` is empty.
    """

    part: str
    total: int
    classes: tuple[str, ...]
    right: Array
    said: Array
    losses: NDArray[np.float64]
    data: Dataset
    indices: NDArray[np.intp]

    def picture(self, index: int) -> Array:
        """An image as it is stored, or a series, or a vector."""
        image: Array = self.data.images[self.indices[index : index + 1]][0]
        return image


def examine(trained: TrainedNet, *, verify: bool = True, threads: int | None = None) -> dict[str, Examined]:
    """Ask a trained net about the images that its training measured itself on, else about those it learned from.

    The answers are by output: those of the first, or, where outputs have labels of their own, of all. The images are
    found again by the seed. `verify` compares the SHA-256 of the data with the record's. Raises `NetError`
    N550 for other data, N6xx where they cannot be read, and N508 for a net that is not trained by labels.
    """
    record = trained.record
    lines = [line for name, text in record.settings.items() for line in parse_override(f"{name}={text}")]
    settings = read_settings(lines)
    net, fit = trained.net, settings.pipeline.resize
    split = open_inputs(settings.data, trained.inputs, outputs_of(net), heads_of(net), fit=fit)
    data, validation = split.train, split.validation
    if settings.overfit:
        data, validation = few(data, settings.overfit, settings.seed), None
    if verify:
        check_same(data, record.data)
    learned, held = hold_out(len(data), 0.0 if validation else settings.validation, settings.seed)
    part, indices, words = (data, held, "validation images") if len(held) else (data, learned, "training images")
    if validation:
        part, indices, words = validation, np.arange(len(validation)), "validation images"
    check_inputs(part, trained.pipeline, trained.inputs)
    most = max(min(MOST_IMAGES, MOST_NUMBERS // sum(map(volume, trained.inputs.values()))), 1)
    named = {name: record.others.get(name, record.classes) for name in trained.objective.measured}
    return {
        name: Examined(words, len(indices), named[name], *answers, part, indices[:most])
        for name, answers in _asked(trained, part, indices[:most], threads).items()
    }


def check_same(data: Dataset, stored: Mapping[str, str]) -> None:
    """`NetError` N550 unless the data are those that a run recorded, by their SHA-256."""
    if data.digest != stored.get("sha256"):
        words = "are not those that the run was trained on: their SHA-256 is another"
        raise fail("N550", f"the data {quoted(stored.get('source', data.name))} {words}")


def _asked(
    trained: TrainedNet, part: Dataset, indices: NDArray[np.intp], threads: int | None
) -> dict[str, tuple[Array, Array, NDArray[np.float64]]]:
    """What is right, what was said and the loss, by output; of one output the loss is that of all together."""
    program, objective = trained.compiled(BATCH, threads), trained.objective
    several = len(objective.measured) > 1
    found: dict[str, list[tuple[Array, Array, Array]]] = {name: [] for name in objective.measured}
    samples = samples_of(part, trained.pipeline, indices, places=objective.places, own=objective.own)
    for images, labels, _ in samples.batches(BATCH, np.arange(len(samples))):
        ran = program(images)
        outputs = ran if isinstance(ran, dict) else {next(iter(objective.parts)): ran}
        losses = objective.losses(outputs, labels)
        for name, one in objective.measured.items():
            y = outputs[name]
            said = _answers(one.scores(y)) if one.kind.classes else np.array(one.rows(y))
            loss = losses[name] if several else _total(objective, losses)
            found[name].append((np.array(told(labels, name)), said, loss))
    return {name: _joined(rows) for name, rows in found.items()}


def _joined(rows: list[tuple[Array, Array, Array]]) -> tuple[Array, Array, Array]:
    right, said, losses = zip(*rows, strict=True)
    return np.concatenate(right), np.concatenate(said), np.concatenate(losses)


def _answers(scores: Array) -> Array:
    """The class with the largest score, the first among equals; -1 where one is NaN."""
    return np.where(np.isnan(scores).any(axis=-1), -1, scores.argmax(axis=-1))


def _total(objective: Objective, losses: Mapping[str, Array]) -> Array:
    """The loss of each image over all outputs, heads left out."""
    rows = [objective.parts[name].loss.weight * loss for name, loss in losses.items()]
    return np.asarray(sum(rows[1:], start=rows[0]))

"""Measuring a trained net on images that it was not trained on: the test part of its data, or of other data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.archive import as_learned
from netdsl.data.dataset import Dataset, Target, check_range
from netdsl.data.image import Fit, resize_image
from netdsl.data.open import open_inputs
from netdsl.data.pipeline import check_inputs
from netdsl.errors import fail
from netdsl.files.regular import quoted
from netdsl.shapes import volume
from netdsl.training.block.settings import read_metrics
from netdsl.training.live import centre_of
from netdsl.training.loop import classes_of
from netdsl.training.optimise.loss import CrossEntropy, Objective
from netdsl.training.samples import samples_of
from netdsl.training.scores.measure import measure
from netdsl.training.scores.metric import Score, Tally, chosen
from netdsl.training.scores.outputs import Tallies, asked_of, metrics_of, tally_of

if TYPE_CHECKING:
    from netdsl.training.answers.ensemble import Ensemble
    from netdsl.training.answers.trained import TrainedNet
    from netdsl.training.answers.trained_plan import TrainedPlan

BATCH = 64


def evaluate(
    trained: TrainedNet | TrainedPlan,
    data: str | None = None,
    *,
    metrics: Sequence[str] = (),
    threads: int | None = None,
) -> Score:
    """Mean loss and metrics over the test part of `data`, by default of the data that the net was trained on.

    `metrics` are those of the training unless they are given.

    The images go through the stored preprocessing, with the statistics of the training images. Raises `NetError`: N511
    where there is no test part, N607 and N605 where the images or labels do not fit, N512 for other classes, N506 and
    N507 for metrics.
    """
    record = trained.record
    spec = record.data["source"] if data is None else data
    test = _as_trained(_test_part(spec, trained), trained)
    check_inputs(test, trained.pipeline, trained.inputs, classes=len(record.classes))
    program = trained.compiled(BATCH, threads)
    asked = tuple(metrics) or read_metrics(record.settings.get("metrics", ""))
    objective = trained.objective
    samples = samples_of(test, trained.pipeline, places=objective.places, own=objective.own)
    return measure(program, samples, objective, _tally(objective, asked, test))


def evaluate_ensemble(ensemble: Ensemble, data: str | None = None, *, metrics: Sequence[str] = ()) -> Score:
    """The same for the mean of what several nets say, or of several views; the loss is that of the mean.

    Raises as `evaluate`, and N508 for views of what is no image.
    """
    first = ensemble.members[0]
    test = _test_part(first.record.data["source"] if data is None else data, first)
    for one in ensemble.members:
        test = _as_trained(test, one)
        check_inputs(test, one.pipeline, one.inputs, classes=len(one.record.classes))

    def shown(index: int, channels: int, fit: Fit) -> Any:
        return resize_image(test.images[index], fit.size)

    if ensemble.views > 1:
        found = ensemble.scores([partial(shown, index) for index in range(len(test))])
    else:
        found = ensemble.answers([{name: test.of(name).images for name in one.inputs} for one in ensemble.members])
    said = {name: _said(test.others.get(name, test), ensemble, name, scores) for name, scores in found.items()}
    objective, asked = first.objective, tuple(metrics) or read_metrics(first.record.settings.get("metrics", ""))
    tally = _tally(objective, asked, test)
    if isinstance(tally, Tallies):
        tally.add(objective.total({name: row[0] for name, row in said.items()}), said)
    else:
        tally.add(*next(iter(said.values())))
    return tally.score()


def _said(
    target: Dataset | Target, ensemble: Ensemble, output: str, scores: NDArray[np.float64]
) -> tuple[float, Any, Any, Any]:
    """The loss of what nets said of one output, what they said, the scores of the classes, and what is right."""
    part, pipeline = ensemble.measured[output], ensemble.members[0].pipeline
    loss = replace(part.loss, end="softmax") if isinstance(part.loss, CrossEntropy) else part.loss
    y = scores if part.size > 1 or not classes_of(target) else scores[..., 1:]
    labels = target.labels
    if labels.ndim == 3:
        labels = centre_of(pipeline.apply_masks(labels), part.places)
    return float(loss.measure(y, labels).mean()), y, scores, labels


def _tally(objective: Objective, asked: Sequence[str], test: Dataset) -> Tally | Tallies:
    """A count of nothing yet."""
    if len(objective.measured) > 1:
        return tally_of(objective, metrics_of(objective, asked))
    (output,) = objective.measured
    return Tally(chosen(asked_of(output, asked), classes_of(test)), classes_of(test))


def _test_part(spec: str, trained: TrainedNet | TrainedPlan) -> Dataset:
    test = open_inputs(spec, trained.inputs, trained.outputs, fit=trained.pipeline.resize).test
    if test is None:
        advice = "a test part is a folder or file with `test` or `val` beside that with `train`, or IDX files `t10k-…`"
        raise fail("N511", f"{quoted(spec)} has no test part to measure on", help=advice)
    return test


def _as_trained(test: Dataset, trained: TrainedNet | TrainedPlan) -> Dataset:
    """The data with the classes that the net was trained with, those of each output that has labels of its own, too."""
    record = trained.record
    wanted = {name: classes for name, classes in record.others.items() if name in trained.outputs}
    for name in [*wanted, *test.others]:
        if (name in wanted) != (name in test.others):
            has, trained_so = ("no labels", "with") if name in wanted else ("labels", "without")
            words = f"has {has} of its own for the output {quoted(name)}, and the net was trained {trained_so} them"
            raise fail("N512", f"{quoted(test.name)} {words}")
    others = {
        name: _target_as_trained(test, name, classes, volume(trained.outputs[name])) for name, classes in wanted.items()
    }
    return replace(_same_classes(test, record.classes), others=others)


def _target_as_trained(test: Dataset, name: str, classes: tuple[str, ...], size: int) -> Target:
    """The labels of one output; `NetError` N512 for other classes than the net was trained for, N605 beyond them."""
    target, what = test.others[name], f"{quoted(test.name)}, {quoted(name)}"
    if not classes and target.classes and size > 1:
        raise fail("N512", f"{what} has the classes {_listed(target.classes)}; the net was trained for {size} numbers")
    if not classes:
        return Target(as_learned(target.labels, numbers=True), ())
    if not target.classes:
        raise fail("N512", f"{what} has numbers, and the net was trained for the classes {_listed(classes)}")
    _check_classes(target.classes, classes, what)
    check_range(target.labels, len(classes), what)
    return Target(target.labels, classes)


def _same_classes(test: Dataset, classes: tuple[str, ...]) -> Dataset:
    """The data with the names that the net was trained with."""
    _check_classes(test.classes, classes, quoted(test.name))
    return replace(test, classes=classes)


def _check_classes(found: tuple[str, ...], classes: tuple[str, ...], what: str) -> None:
    """`NetError` N512 unless the classes agree, or one side has only numbers."""
    if found == classes or any(all(name.isdigit() for name in names) for names in (found, classes)):
        return
    raise fail("N512", f"{what} has the classes {_listed(found)}; the net was trained for {_listed(classes)}")


def _listed(classes: tuple[str, ...]) -> str:
    shown = ", ".join(quoted(name) for name in classes[:5])
    return shown + (f" and {len(classes) - 5} more" if len(classes) > 5 else "")

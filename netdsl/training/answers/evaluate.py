"""Measuring a trained net on images that it was not trained on: the test part of its data, or of other data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from netdsl.data.dataset import Dataset
from netdsl.data.image import Fit, resize_image
from netdsl.data.open import open_inputs
from netdsl.data.pipeline import check_fits, check_inputs
from netdsl.errors import fail
from netdsl.files.regular import quoted
from netdsl.training.batches import centre_of, samples_of
from netdsl.training.block.settings import read_metrics
from netdsl.training.loop import classes_of
from netdsl.training.optimise.loss import CrossEntropy
from netdsl.training.scores.measure import measure
from netdsl.training.scores.metric import Score, Tally, chosen

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
    test = _same_classes(_test_part(spec, trained), record.classes)
    check_inputs(test, trained.pipeline, trained.inputs, classes=len(record.classes))
    program = trained.compiled(BATCH, threads)
    classes = classes_of(test)
    asked = tuple(metrics) or read_metrics(record.settings.get("metrics", ""))
    tally = Tally(chosen(asked, classes), classes)
    objective = trained.objective
    return measure(program, samples_of(test, trained.pipeline, places=objective.places), objective, tally)


def evaluate_ensemble(ensemble: Ensemble, data: str | None = None, *, metrics: Sequence[str] = ()) -> Score:
    """The same for the mean of what several nets say, or of several views; the loss is that of the mean.

    Raises as `evaluate`, and N508 for nets that do not take images and tell classes apart.
    """
    first = ensemble.members[0]
    test = _test_part(first.record.data["source"] if data is None else data, first)
    for one in ensemble.members:
        test = _same_classes(test, one.record.classes)
        check_fits(test, one.pipeline, one.shape, classes=len(one.record.classes))

    def shown(index: int, channels: int, fit: Fit) -> Any:
        return resize_image(test.images[index], fit.size)

    scores = ensemble.scores([partial(shown, index) for index in range(len(test))])
    part, classes = first.objective.main, classes_of(test)
    loss = replace(part.loss, end="softmax") if isinstance(part.loss, CrossEntropy) else part.loss
    y = scores if part.size > 1 or not classes else scores[..., 1:]
    labels = centre_of(first.pipeline.apply_masks(test.labels), first.objective.places) if test.dense else test.labels
    tally = Tally(chosen(tuple(metrics) or read_metrics(first.record.settings.get("metrics", "")), classes), classes)
    tally.add(float(loss.measure(y, labels).mean()), y, scores, labels)
    return tally.score()


def _test_part(spec: str, trained: TrainedNet | TrainedPlan) -> Dataset:
    test = open_inputs(spec, trained.inputs, fit=trained.pipeline.resize).test
    if test is None:
        advice = "a test part is a folder or file with `test` or `val` beside that with `train`, or IDX files `t10k-…`"
        raise fail("N511", f"{quoted(spec)} has no test part to measure on", help=advice)
    return test


def _same_classes(test: Dataset, classes: tuple[str, ...]) -> Dataset:
    """The data with the names that the net was trained with; they must agree, unless one side has only numbers."""
    if test.classes == classes or any(all(name.isdigit() for name in names) for names in (test.classes, classes)):
        return replace(test, classes=classes)
    raise fail(
        "N512",
        f"{quoted(test.name)} has the classes {_listed(test.classes)}; the net was trained for {_listed(classes)}",
    )


def _listed(classes: tuple[str, ...]) -> str:
    shown = ", ".join(quoted(name) for name in classes[:5])
    return shown + (f" and {len(classes) - 5} more" if len(classes) > 5 else "")

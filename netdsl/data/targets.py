"""Labels of outputs from the arrays of an archive: one array for each output, under its name, or one for all.

Whole numbers are classes, one an example or one a pixel. They are numbers to be learned as they are where an output has
a row of them for each example, as a box has four, or where it is one number and there are more than two: an age.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.archive import Arrays, as_labels, as_learned, classes_in
from netdsl.data.dataset import Target, check_range
from netdsl.errors import fail
from netdsl.files.regular import quoted
from netdsl.shapes import Shape, volume


def read_common(arrays: Arrays, names: Mapping[str, str], what: str) -> dict[str, Target]:
    """The labels of all outputs, by part, from the arrays of these names. Raises `NetError` N605 and N612."""
    labels = {part: as_labels(arrays[name], what, name) for part, name in names.items()}
    return _targets(arrays, labels, names, what, "classes")


def read_own(arrays: Arrays, names: Mapping[str, str], output: str, shape: Shape, what: str) -> dict[str, Target]:
    """The labels of one output, by part; `OUTPUT_classes` may name its classes. Raises `NetError` N605 and N612."""
    size = volume(shape)
    labels = {part: _as_target(arrays[name], what, name, size) for part, name in names.items()}
    if size == 1 and any(one.ndim == 1 and (one.max() > 1 or one.min() < 0) for one in labels.values()):
        labels = {part: as_learned(one, numbers=True) for part, one in labels.items()}
    return _targets(arrays, labels, names, what, f"{output}_classes")


def _as_target(array: NDArray[Any], what: str, name: str, size: int) -> NDArray[Any]:
    """Labels as `as_labels` has them; whole numbers (N, K) of an output of K numbers are numbers, too."""
    if array.dtype.kind in "biu" and array.ndim == 2 and array.shape[1] == size > 1 and len(array):
        return np.ascontiguousarray(array, np.float32)
    labels = as_labels(array, what, name)
    if labels.dtype.kind == "f" and labels.shape[1] != size:
        found = f"{labels.shape[1]} number{'s' * (labels.shape[1] > 1)} an example"
        advice = "classes are whole numbers, of an integer type" if labels.shape[1] == 1 else None
        raise fail("N612", f"{what}: {quoted(name)} has {found}, and the output has {size}", help=advice)
    return labels


def _targets(
    arrays: Arrays, labels: dict[str, NDArray[Any]], names: Mapping[str, str], what: str, named: str
) -> dict[str, Target]:
    numbers = any(one.dtype.kind == "f" for one in labels.values())
    classes = () if numbers else classes_in(arrays, list(labels.values()), what, named)
    found = {part: Target(as_learned(one, numbers), classes) for part, one in labels.items()}
    for part, target in found.items():
        if classes:
            check_range(target.labels, len(classes), f"{what}, {quoted(names[part])}")
    if len(classes) == 1:
        raise fail("N605", f"{what}: {quoted(names['train'])} has one class only: there is nothing to tell apart")
    return found

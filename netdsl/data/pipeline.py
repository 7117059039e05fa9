"""Preparing images for a net: `pad(2) | standardize(pixel)` as a value that is fitted once and stored with the weights.

What `fit` learned on the training images is applied, unchanged, to every other image.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.dataset import Dataset, Images, check_labels
from netdsl.data.framing import Resize
from netdsl.data.image import Fit
from netdsl.data.step import Floats, InPlace, Step
from netdsl.data.steps import ARGUMENTS, STEPS, Standardize, make_step
from netdsl.errors import Fault, NetError, escape, fail
from netdsl.files.regular import quoted
from netdsl.shapes import Shape, format_shape, volume

BLOCK = 1024


@dataclass(frozen=True)
class Pipeline:
    """Steps in order. An empty pipeline only turns bytes into float32, 0 to 255.

    `beside` has the pipelines of the further inputs of a net that has several, by name; where it does not name an
    input, that one is prepared by the same steps.
    """

    steps: tuple[Step, ...] = ()
    beside: Mapping[str, Pipeline] = field(default_factory=dict)

    def of(self, name: str) -> Pipeline:
        """The pipeline of one input."""
        return self.beside.get(name) or Pipeline(self.steps)

    def for_inputs(self, names: Sequence[str]) -> Pipeline:
        """The same with a pipeline for each input: its own for the first, `beside` for the others, and for no more."""
        return Pipeline(self.of(names[0]).steps, {name: self.of(name) for name in names[1:]})

    def fit_to(self, data: Dataset, chosen: NDArray[np.intp] | None = None) -> Pipeline:
        """The pipeline of each input with the statistics of the examples to train on."""
        beside = {name: self.of(name).fit(images, chosen) for name, images in data.beside.items()}
        return replace(self.fit(data.images, chosen), beside=beside)

    @property
    def resize(self) -> Fit | None:
        """What brings images to one size while they are read: a `resize` that comes first."""
        return self.steps[0].how if self.steps and isinstance(self.steps[0], Resize) else None

    @property
    def stored(self) -> Pipeline:
        """The part before images are augmented: a `resize` that comes first."""
        return Pipeline(self.steps[:1] if self.resize else ())

    @property
    def rest(self) -> Pipeline:
        """The part after images were augmented."""
        return Pipeline(self.steps[1:] if self.resize else self.steps)

    def fit(self, images: Images, chosen: NDArray[np.intp] | None = None) -> Pipeline:
        """The pipeline with the statistics of the images to train on, those of the indices `chosen`, or all."""
        fitted = Pipeline()
        for step in self.steps:
            fitted = Pipeline((*fitted.steps, step.fit(_Blocks(images, chosen, fitted))))
        return fitted

    def apply(self, images: NDArray[np.uint8] | Floats) -> Floats:
        """Images (N, H, W, C), uint8 or float32, as the net takes them: float32, contiguous."""
        current: NDArray[Any] = images
        for step in self.steps:
            current = step.apply(current)
        return np.ascontiguousarray(current, np.float32)

    def fill(self, room: Floats, images: NDArray[np.uint8] | Floats) -> None:
        """The same into `room`, (N, H, W, C) of what comes out, without another array where numbers alone change."""
        last = [k for k, step in enumerate(self.steps, 1) if not isinstance(step, InPlace)][-1:] or [0]
        for step in self.steps[: last[0]]:
            images = step.apply(images)
        room[...] = images
        for step in self.steps[last[0] :]:
            assert isinstance(step, InPlace)
            step.change(room)

    def apply_masks(self, masks: NDArray[Any]) -> NDArray[Any]:
        """Classes of pixels (N, H, W), moved as the images are."""
        for step in self.steps:
            masks = step.apply_masks(masks)
        return np.ascontiguousarray(masks)

    def out_shape(self, shape: Shape) -> Shape:
        """Shape (H, W, C) after every step; `Fault` N306, N607, N609 or N610."""
        for step in self.steps:
            shape = step.out_shape(shape)
        return shape

    def in_shape(self, shape: Shape) -> Shape:
        """A stored shape (H, W, C) that becomes `shape`: what `netdsl predict` brings a photograph to.

        `NetError` N607 where there is none, because the padding is larger than the image, or the size another.
        """
        found = shape
        try:
            for step in reversed(self.steps):
                found = step.in_shape(found)
        except Fault as fault:
            raise fail(fault.code, fault.message) from None
        if self.out_shape(found) != tuple(shape):
            raise fail("N607", f"no image becomes {format_shape(shape)} by {quoted(self.text())}")
        return found

    def text(self) -> str:
        """The steps in the language: `pad(2) | standardize(pixel)`."""
        return " | ".join(step.text() for step in self.steps)

    def to_json(self) -> list[dict[str, Any]]:
        """Steps and statistics as plain JSON values; float32 arrays as base64, low byte first.

        In the end, for each further input, `{"input": name, "steps": [...]}`.
        """
        others = [{"input": name, "steps": one.to_json()} for name, one in self.beside.items()]
        return [step.to_json() for step in self.steps] + others


def from_json(stored: object) -> Pipeline:
    """The pipeline that `Pipeline.to_json` wrote; `NetError` N610 where it is damaged, nothing being trusted."""
    if not isinstance(stored, list):
        raise _damaged("a list of steps is expected")
    others = [entry for entry in stored if isinstance(entry, dict) and isinstance(entry.get("input"), str)]
    if any(_has_inputs(entry.get("steps")) for entry in others):
        raise _damaged("an input of an input is stored")
    steps = tuple(_step_from_json(entry) for entry in stored if entry not in others)
    return Pipeline(steps, {entry["input"]: from_json(entry.get("steps")) for entry in others})


def _has_inputs(stored: object) -> bool:
    return isinstance(stored, list) and any(isinstance(entry, dict) and "input" in entry for entry in stored)


def check_fits(dataset: Dataset, pipeline: Pipeline, input_shape: Shape, *, classes: int | None = None) -> None:
    """`NetError` N607, with both shapes, unless the prepared images have the shape of the net's input.

    With `classes`, the outputs of the net, also N605, with the first bad index, unless every label is below it.
    """
    try:
        found = pipeline.out_shape(dataset.shape)
    except Fault as fault:
        raise fail(fault.code, f"{quoted(dataset.name)}: {fault.message}") from None
    if found != tuple(input_shape):
        steps = f" after `{pipeline.text()}` ({format_shape(dataset.shape)} as stored)" if pipeline.steps else ""
        raise fail(
            "N607",
            f"{quoted(dataset.name)} gives {format_shape(found)}{steps}, "
            f"but the input of the net is {format_shape(input_shape)}",
        )
    if classes is not None:
        check_labels(dataset, classes)


def check_inputs(
    dataset: Dataset, pipeline: Pipeline, inputs: Mapping[str, Shape], *, classes: int | None = None
) -> None:
    """As `check_fits`, for each input of a net."""
    for name, shape in inputs.items():
        check_fits(dataset.of(name), pipeline.of(name), shape, classes=classes)


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Images after some steps, a block at a time, as often as they are asked for."""

    images: Images
    chosen: NDArray[np.intp] | None
    steps: Pipeline

    def __iter__(self) -> Iterator[Floats]:
        count = len(self.images) if self.chosen is None else len(self.chosen)
        for start in range(0, count, BLOCK):
            part = slice(start, start + BLOCK)
            yield self.steps.apply(self.images[part if self.chosen is None else self.chosen[part]])


def _unpack(stored: object, what: str) -> Floats:
    if not isinstance(stored, dict):
        raise _damaged(f"`{what}` is missing")
    shape, text = stored.get("shape"), stored.get("float32")
    if not isinstance(shape, list) or not 1 <= len(shape) <= 3 or not all(type(n) is int and n > 0 for n in shape):
        raise _damaged(f"the shape of `{what}` is not one of an image")
    try:
        content = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        raise _damaged(f"`{what}` is not base64") from None
    if len(content) != 4 * volume(tuple(shape)):
        raise _damaged(f"`{what}` and its shape do not agree")
    array = np.frombuffer(content, "<f4").reshape(shape).astype(np.float32)
    if not np.isfinite(array).all():
        raise _damaged(f"`{what}` is not finite")
    return array


def _step_from_json(entry: object) -> Step:
    name = entry.get("step") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(name, str) or name not in STEPS:
        raise _damaged(f"there is no step `{escape(str(name))[:40]}`")
    given = {key: entry[key] for key in ARGUMENTS[name] if key in entry}
    try:
        step = make_step(name, (), given)
        if not isinstance(step, Standardize):
            return step
        mean, std = _unpack(entry.get("mean"), "mean"), _unpack(entry.get("std"), "std")
    except Fault as fault:
        raise _damaged(fault.message) from None
    if mean.shape != std.shape or (step.over == "channel" and mean.ndim != 1) or (std < 0).any():
        raise _damaged("`mean` and `std` do not agree")
    return replace(step, mean=mean, std=std)


def _damaged(reason: str) -> NetError:
    return fail("N610", f"the stored preparation of the data is damaged: {reason}")

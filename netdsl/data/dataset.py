"""A data set: images or series, what is right about each, and its parts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdsl.data.image_files import ImageFiles
from netdsl.errors import fail
from netdsl.files.regular import quoted
from netdsl.shapes import Shape, format_shape

MAX_CLASSES = 2**16

Images = NDArray[np.uint8] | NDArray[np.float32] | ImageFiles


@dataclass(frozen=True, eq=False)
class Target:
    """Labels of one output: indices into `classes`, int64, (N,) or (N, H, W); where there are none, numbers (N, K)."""

    labels: NDArray[Any]
    classes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images (N, H, W, C), series (N, L, C) or vectors (N, K), uint8 or float32, and labels; all N ≥ 1.

    Labels are indices into `classes`, int64: (N,), or (N, H, W), one a pixel. Where `classes` is empty they are numbers
    to be learned as they are, float32 (N, K).

    For a net with several inputs, `images` are those of the input called `first`, and `beside` has those of the others
    by name, as many of each. For a net whose outputs have labels of their own, `labels` and `classes` are those of the
    first output, and `others` has those of outputs and heads that are to say something else, by name.
    """

    images: Images
    labels: NDArray[Any]
    classes: tuple[str, ...]
    name: str
    first: str = ""
    beside: Mapping[str, Images] = field(default_factory=dict)
    others: Mapping[str, Target] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> Shape:
        """Shape of one image, (H, W, C), one series, (L, C), or one vector, (K,)."""
        return tuple(int(size) for size in self.images.shape[1:])

    @property
    def dense(self) -> bool:
        """Whether every pixel has a label."""
        return self.labels.ndim == 3

    def of(self, name: str) -> Dataset:
        """What one input of the net is given, with the labels."""
        images = self.beside.get(name, self.images)
        called = f"{self.name}, {name}" if self.beside else self.name
        return Dataset(images, self.labels, self.classes, called, others=self.others)

    def chosen(self, indices: NDArray[np.intp]) -> Dataset:
        """The examples of these indices."""
        beside = {name: images[indices] for name, images in self.beside.items()}
        others = {name: replace(one, labels=one.labels[indices]) for name, one in self.others.items()}
        return replace(self, images=self.images[indices], labels=self.labels[indices], beside=beside, others=others)

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the shape, type and bytes of the images, the labels and the class names.

        Of images that stay in their files, the bytes of the files are taken.
        """
        sha = hashlib.sha256(repr((self.images.shape, self.images.dtype.str, self.classes)).encode())
        if isinstance(self.images, ImageFiles):
            sha.update(self.images.digest)
        else:
            sha.update(np.ascontiguousarray(self.images).data)
        for name, images in self.beside.items():
            sha.update(repr((name, images.shape, images.dtype.str)).encode())
            sha.update(np.ascontiguousarray(images[:]).data)
        sha.update(_bytes_of(self.labels, self.classes))
        for name, other in self.others.items():
            sha.update(repr((name, other.labels.shape, other.classes)).encode())
            sha.update(_bytes_of(other.labels, other.classes))
        return sha.hexdigest()


def _bytes_of(labels: NDArray[Any], classes: tuple[str, ...]) -> memoryview:
    return np.ascontiguousarray(labels, "<i8" if classes else "<f4").data


@dataclass(frozen=True)
class Split:
    """The training part of a data set, and, where it has them, the parts to validate and to test on."""

    train: Dataset
    test: Dataset | None = None
    validation: Dataset | None = None


def check_labels(dataset: Dataset, classes: int) -> None:
    """`NetError` N605, with the first bad index, unless every label is below `classes`."""
    if dataset.classes:
        check_range(dataset.labels, classes, quoted(dataset.name))


def check_range(labels: NDArray[Any], classes: int, what: str) -> None:
    """`NetError` N605, with the first bad index, unless every index is from 0 to below `classes`."""
    bad = np.argwhere((labels < 0) | (labels >= classes))
    if len(bad):
        first = tuple(bad[0])
        where = f"label {first[0]}" if len(first) == 1 else f"mask {first[0]}, row {first[1]}, column {first[2]}"
        raise fail("N605", f"{what}: {where} is {labels[first]}, but there are {classes} classes, 0 to {classes - 1}")


def check_counts(images: int, labels: int, images_name: str, labels_name: str) -> None:
    """`NetError` N605, with the first index without a partner, unless there are as many images as labels."""
    if images != labels:
        raise fail(
            "N605",
            f"{images_name} holds {images} images, {labels_name} {labels} labels: "
            f"index {min(images, labels)} has no partner",
        )


def check_same_shape(train: Dataset, part: Dataset | None) -> None:
    """`NetError` N607 where another part has images of another shape than the training part."""
    if part is not None and part.shape != train.shape:
        raise fail(
            "N607",
            f"{quoted(train.name)}: the images to train on are {format_shape(train.shape)}, "
            f"those to measure on {format_shape(part.shape)}",
        )

"""An input of a net from what a user gives: a picture, a file of numbers, or numbers by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netdsl.data.image import SUFFIXES as PICTURES
from netdsl.data.image import read_image, resize_image
from netdsl.data.matrix import SUFFIXES, Numbers, parse_matrix, read_numbers
from netdsl.errors import escape, fail
from netdsl.shapes import Shape, format_shape

if TYPE_CHECKING:
    from netdsl.graph.net import Net


def need_sizes(net: Net) -> None:
    """`NetError` N743 where a size of the net is a symbol that has no value yet."""
    if net.symbols:
        names = ", ".join(symbol.name for symbol in net.symbols)
        words = f"`{escape(net.name)}` has sizes without a value: {names}"
        raise fail("N743", words, help=f"set each of them: -p {net.symbols[0].name}=64")


def given_numbers(text: str, shape: Shape, what: str, *, name: str | None = None, rescale: bool = False) -> Numbers:
    """Numbers of a shape from a picture, a file or text by hand; axes of size 1 may be left out.

    A picture is turned to the channels of the shape and scaled to its height and width; its numbers are 0 to 255, or
    with `rescale` 0 to 1. `name` is the array to take from a .npz file. Raises `NetError` N601, N606, N607, N620, or
    N704 where the numbers have another shape.
    """
    suffix = Path(text).suffix.lower()
    if suffix in PICTURES:
        if len(shape) != 3 or shape[2] not in (1, 3):
            raise fail("N704", f"{what} is {format_shape(shape)}: a picture is HxWx1 or HxWx3")
        picture = resize_image(read_image(Path(text), channels=shape[2]), (shape[0], shape[1]))
        return picture / 255 if rescale else picture.astype(np.float64)
    found = read_numbers(Path(text), name) if suffix in SUFFIXES else parse_matrix(text, escape(what))
    if [n for n in found.shape if n != 1] != [n for n in shape if n != 1]:
        has = format_shape(found.shape) or "a single number"
        raise fail("N704", f"{what} is {format_shape(shape)}, not {has}")
    return found.reshape(shape)

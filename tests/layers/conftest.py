"""One layer from its text, run on arrays a reader can check by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netdsl.errors import Fault, NetError
from netdsl.language.load import parse
from netdsl.layers.base import Layer, example_text

Array = np.ndarray
Make = Callable[..., Layer]


@pytest.fixture
def make() -> Make:
    """`make("conv(1, 3x3)", (5, 5, 1))`: the layer of that call on an input of that shape."""

    def made(call: str, *shapes: tuple[int, ...]) -> Layer:
        return parse(example_text(call, shapes)).nodes["y"].layer

    return made


@pytest.fixture
def image(make: Make) -> Callable[..., Array]:
    """`image("maxpool(2x2)", rows)`: the layer's map of one-channel images (H, W), as (H', W')."""

    def mapped(call: str, rows: object, **params: object) -> Array:
        x = np.array(rows, float)[None, :, :, None]
        tensors = {name: np.array(value, float) for name, value in params.items()}
        return make(call, x.shape[1:]).forward([x], tensors)[0, :, :, 0]

    return mapped


@pytest.fixture
def fault() -> Callable[..., Fault]:
    """The complaint of a layer about an input."""

    def raised(layer: Layer, *shapes: tuple[int, ...]) -> Fault:
        with pytest.raises(Fault) as found:
            layer.out_shape(*shapes)
        return found.value

    return raised


@pytest.fixture
def refused() -> Callable[[str, str], NetError]:
    """`refused("conv(3, 0)", "5x5x1")`: the error of a net of that one call."""

    def error(call: str, shape: str) -> NetError:
        with pytest.raises(NetError) as found:
            parse(f"net E {{\ninput x: {shape}\n{call}\n}}")
        return found.value

    return error

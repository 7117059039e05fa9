"""One way to run a text on the engine with weights given by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import netdsl
from netdsl.graph.initialise import initial_arrays
from netdsl.graph.weights import Weights
from netdsl.language.load import parse


def run_text(text: str, x: np.ndarray, **given: object) -> np.ndarray:
    """The output of a net in text for one input; `given` are tensors by path, `__` standing for the dot."""
    net = parse(text)
    tensors = initial_arrays(net, 1)
    for key, value in given.items():
        path = key.replace("__", ".")
        tensors[path] = np.asarray(value, np.float32).reshape(tensors[path].shape)
    (y,) = netdsl.compile(net, Weights(tensors), batch=1)(np.asarray(x, np.float32)[None])
    return np.asarray(y)


@pytest.fixture(name="run")
def run_fixture() -> Callable[..., np.ndarray]:
    return run_text

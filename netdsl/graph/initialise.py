"""First values of a net's tensors, as each layer's `init=` says."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from netdsl.graph.integer import checked_seed
from netdsl.graph.weights import Weights
from netdsl.layers.initialiser import draw

if TYPE_CHECKING:
    import numpy as np

    from netdsl.graph.net import Net

    Array = np.ndarray[Any, np.dtype[np.float32]]


def initial_weights(net: Net, seed: int) -> Weights:
    """Every tensor of a net, drawn when it is read.

    Each depends on `seed` and its own name alone, so that editing one layer leaves the others as they were. Raises
    `NetError` N708 for a seed that is no integer from 0 to 2^31 - 1.
    """
    seed, weights = checked_seed(seed), Weights()
    for name, param in net.tensors.items():
        weights.declare(name, param.shape, partial(draw, param.init, param.shape, param.fan, seed=seed, name=name))
    return weights


def initial_arrays(net: Net, seed: int) -> dict[str, Array]:
    """The same as arrays by full name."""
    return dict(initial_weights(net, seed))

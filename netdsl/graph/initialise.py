"""First values of a net's tensors, as each layer's `init=` says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netdsl.layers.initialiser import draw

if TYPE_CHECKING:
    import numpy as np

    from netdsl.graph.net import Net

    Array = np.ndarray[Any, np.dtype[np.float32]]


def initial_arrays(net: Net, seed: int) -> dict[str, Array]:
    """Arrays by full name.

    Each depends on `seed` and its own name alone, so that editing one layer leaves the others as they were.
    """
    return {name: draw(param.init, param.shape, param.fan, seed=seed, name=name) for name, param in net.tensors.items()}

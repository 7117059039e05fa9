"""netdsl: a small language for convolutional networks, and the compiler and engine that train them.

net = netdsl.load("lenet5")                     a checked graph: `.graph .nodes .params .state .total .macs`
weights = net.initialise(seed=1)                arrays by name
program = netdsl.compile(net, weights)          one plan
y = program(x)                                  float32 (N, H, W, C) to the output array
"""

from __future__ import annotations

__version__ = "0.1.0"

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netdsl.compiler.program import Program, compile
    from netdsl.compiler.weights import Weights
    from netdsl.errors import NetError
    from netdsl.graph.net import Net
    from netdsl.language.load import load, parse

_HOMES = {
    "load": "netdsl.language.load",
    "parse": "netdsl.language.load",
    "compile": "netdsl.compiler.program",
    "Program": "netdsl.compiler.program",
    "Weights": "netdsl.compiler.weights",
    "Net": "netdsl.graph.net",
    "NetError": "netdsl.errors",
}

__all__ = ["Net", "NetError", "Program", "Weights", "__version__", "compile", "load", "parse"]


def __getattr__(name: str) -> Any:
    """Each name is imported when it is first used, so that `import netdsl` is instant."""
    if name not in _HOMES:
        raise AttributeError(f"module `netdsl` has no attribute `{name}`")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found

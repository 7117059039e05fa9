"""netdsl: a small language for convolutional networks, and the compiler and engine that train them.

    net = netdsl.load("lenet5")              # a file, FILE:NET, or the name of a net that ships
    program = netdsl.compile(net)            # on the engine, with random weights
    scores = program(images)                 # float32 (N, H, W, C) → (N, 10)

Everything is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netdsl.compiler.compile import compile
    from netdsl.compiler.plan_file import load_plan
    from netdsl.compiler.program import Program
    from netdsl.errors import NetError
    from netdsl.graph.net import Net
    from netdsl.graph.weights import Weights
    from netdsl.language.load import load, parse

__version__ = "0.1.0"
__all__ = ["Net", "NetError", "Program", "Weights", "__version__", "compile", "load", "load_plan", "parse"]

_HOMES = {
    "Net": "netdsl.graph.net",
    "NetError": "netdsl.errors",
    "Program": "netdsl.compiler.program",
    "Weights": "netdsl.graph.weights",
    "compile": "netdsl.compiler.compile",
    "load": "netdsl.language.load",
    "load_plan": "netdsl.compiler.plan_file",
    "parse": "netdsl.language.load",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module `netdsl` has no attribute `{name}`")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

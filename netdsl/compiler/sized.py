"""A program of a net whose sizes are symbols: a plan for each size, made when it is met, over one set of weights."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from netdsl.compiler.program import Program
from netdsl.errors import fail
from netdsl.graph.sized import unsized
from netdsl.shapes import MAX_SIZE
from netdsl.symbolic.size import Symbolic, at, symbols_in

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.graph.weights import Weights

    Array = np.ndarray[Any, Any]

MOST_PLANS = 16


class SizedProgram(Program):
    """`program(x)` and `program.step(arrays, …)` take the sizes from the arrays; `program.at(T=100)` is one of them.

    The 16 sizes that were used last keep their plans.
    """

    def __init__(self, net: Net, weights: Weights, threads: int, compiled: Callable[[Net], Program]) -> None:
        """`compiled` makes the program of a net whose sizes are set, with these weights."""
        self.net, self.weights, self.threads = net, weights, threads
        self.about = {}
        self._compiled = compiled
        self._programs: OrderedDict[tuple[int, ...], Program] = OrderedDict()
        self._lock = Lock()

    def at(self, **sizes: int) -> Program:
        """The program for one size of each symbol; `NetError` N219 or N716 for sizes that the net does not take."""
        key = tuple(sizes.get(s.name, 0) for s in self.net.symbols)
        with self._lock:
            if key not in self._programs or len(sizes) != len(key):
                self._programs[key] = self._compiled(self.net.at(**sizes))
            self._programs.move_to_end(key)
            while len(self._programs) > MOST_PLANS:
                self._programs.popitem(last=False)
            return self._programs[key]

    def __call__(self, x: Any) -> Any:
        return self.at(**self._sizes(x))(x)

    def step(self, arrays: Mapping[str, Any], **scalars: float) -> dict[str, Array]:
        return self.at(**self._sizes(arrays)).step(arrays, **scalars)

    def profile(self, arrays: Any, *, runs: int = 1, **scalars: float) -> list[dict[str, Any]]:
        return self.at(**self._sizes(arrays)).profile(arrays, runs=runs, **scalars)

    def __getattr__(self, name: str) -> NoReturn:
        if name not in ("plan", "_engine"):
            raise AttributeError(f"{type(self).__name__} has no attribute `{name}`")
        raise unsized(self.net)

    def _sizes(self, x: Any) -> dict[str, int]:
        """The sizes of the symbols, from the arrays of a run; `NetError` N704 where an array does not show them."""
        given = x if isinstance(x, Mapping) else dict.fromkeys(self.net.inputs[:1], x)
        found: dict[str, int] = {}
        for name in self.net.inputs:
            shape = np.shape(given[name])[1:] if name in given else ()
            declared = self.net.nodes[name].shape
            for size, known in zip(shape, declared, strict=True) if len(shape) == len(declared) else ():
                for symbol in symbols_in(known):
                    found.setdefault(symbol.name, solved(known, symbol.name, size))
        missing = [s.name for s in self.net.symbols if s.name not in found]
        if missing:
            raise fail("N704", f"no input shows the size of `{missing[0]}`", help=f"inputs: {self._expected()}")
        return found

    def _expected(self) -> str:
        shapes = {name: self.net.nodes[name].shape for name in self.net.inputs}
        return "; ".join(f"`{name}` (N, {', '.join(map(str, shape))})" for name, shape in shapes.items())


def solved(size: int, name: str, number: int) -> int:
    """The largest value of a symbol for which a size, which grows with it, is at most a number; at least 1."""
    assert isinstance(size, Symbolic)
    low, high = 1, MAX_SIZE
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if at(size, {name: middle}) <= number else (low, middle - 1)
    return low

"""Whether there is memory for a plan and the weights that it reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from netdsl.compiler.available import available_memory
from netdsl.errors import NetError, fail

if TYPE_CHECKING:
    from netdsl.compiler.plan import Plan
    from netdsl.graph.weights import Weights

GIB = 2**30


@contextmanager
def memory_for(plan: Plan, weights: Weights | None = None) -> Iterator[None]:
    """`NetError` N710 where memory runs out, and before weights are drawn that are larger than what is available."""
    undrawn = 0
    if weights is not None:
        undrawn = weights.undrawn(b.name for b in plan.bindings if b.role in ("param", "state"))
    if undrawn and (there := available_memory()) is not None and undrawn > there:
        raise _too_large(plan, there)
    try:
        yield
    except MemoryError:
        raise _too_large(plan, available_memory()) from None


def _too_large(plan: Plan, there: int | None) -> NetError:
    what = "more than could be had" if there is None else f"{_amount(there)} available"
    tensors = [b for b in plan.bindings if b.role in ("param", "state")]
    taken = 4 * sum(b.layout.length(b.shape) for b in tensors)
    advice = "a smaller `batch` needs less, and so does `--memory`"
    if there is not None and taken > there:
        what_for = "the weights with their slots" if any("@" in b.name for b in tensors) else "the weights alone"
        advice = f"{what_for} take {_amount(taken)}: a smaller net needs less"
    needed = f"a plan for {plan.batch} image{'s' * (plan.batch > 1)} needs {_amount(plan.bytes)}"
    return fail("N710", f"{needed}, {what}", help=advice)


def _amount(count: int) -> str:
    return f"{count / GIB:,.1f} GiB"

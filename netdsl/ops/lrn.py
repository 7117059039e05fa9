"""`lrn_sum`: a sliding sum over the last axis, clipped to it (Krizhevsky et al. 2012, section 3.3).

y[…, c] = Σ x[…, c - before … c + after]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netdsl.ops.op import Build, Kind, Op, Shape, Value, register

if TYPE_CHECKING:
    from netdsl.ops.op import Array


def _shape(attrs: Mapping[str, Any], x: Shape) -> tuple[Shape, ...]:
    assert attrs["before"] >= 0 and attrs["after"] >= 0 and x, attrs
    return (x,)


def _run(attrs: Mapping[str, Any], x: Array) -> tuple[Array, ...]:
    import numpy as np

    channels = x.shape[-1]
    y = np.zeros_like(x)
    for shift in range(-min(attrs["before"], channels - 1), min(attrs["after"], channels - 1) + 1):
        to = slice(max(0, -shift), channels - max(0, shift))
        source = slice(max(0, shift), channels - max(0, -shift))
        y[..., to] += x[..., source]
    return (y,)


def _vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    return (build.add("lrn_sum", dy, before=op["after"], after=op["before"]),)


register(Kind("lrn_sum", _shape, _run, _vjp))

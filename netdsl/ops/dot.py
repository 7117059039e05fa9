"""`dot`: a product with a matrix, in the three forms that are each other's gradients.

    transpose=none   a (…, K) · b (K, M)      -> (…, M)
    transpose=b      a (…, M) · b (K, M)ᵀ     -> (…, K)
    transpose=a      Σ_rows a (…, K) ⊗ b (…, M) -> (K, M)

`none` and `b` may carry an `epilogue`, an expression whose x0 is the product and x1 … the further operands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netdsl.ops.expression import evaluate
from netdsl.ops.map import broadcast
from netdsl.ops.op import Build, Kind, Op, Shape, Value, register

if TYPE_CHECKING:
    from netdsl.ops.op import Array


def _shape(attrs: Mapping[str, Any], a: Shape, b: Shape, *extra: Shape) -> tuple[Shape, ...]:
    transpose, epilogue = attrs["transpose"], attrs.get("epilogue")
    assert transpose in ("none", "a", "b"), transpose
    assert not extra if epilogue is None else epilogue.arity <= 1 + len(extra), f"{len(extra)} operands of {epilogue}"
    if transpose == "a":
        assert a[:-1] == b[:-1] and epilogue is None, f"{a} and {b} have other rows"
        return ((a[-1], b[-1]),)
    assert len(b) == 2 and a[-1] == b[0 if transpose == "none" else 1], f"{a} · {b}, transpose={transpose}"
    y = (*a[:-1], b[1 if transpose == "none" else 0])
    assert broadcast(y, *extra) == y, f"an operand of the epilogue is wider than {y}"
    return (y,)


def _run(attrs: Mapping[str, Any], a: Array, b: Array, *extra: Array) -> tuple[Array, ...]:
    if attrs["transpose"] == "a":
        return (a.reshape(-1, a.shape[-1]).T @ b.reshape(-1, b.shape[-1]),)
    y = a @ (b if attrs["transpose"] == "none" else b.T)
    return (evaluate(attrs["epilogue"], (y, *extra)) if "epilogue" in attrs else y,)


def _vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    assert op.get("epilogue") is None, "differentiate before fusing"
    a, b = (build.values[i] for i in op.ins)
    if op["transpose"] == "none":
        return build.add("dot", dy, b, transpose="b"), build.add("dot", a, dy, transpose="a")
    if op["transpose"] == "b":
        return build.add("dot", dy, b, transpose="none"), build.add("dot", dy, a, transpose="a")
    return build.add("dot", b, dy, transpose="b"), build.add("dot", a, dy, transpose="none")


register(Kind("dot", _shape, _run, _vjp))

"""`assign`, the one operation with an effect, and `convert`, which changes only how an array lies in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netdsl.ops.op import Build, Kind, Op, Shape, Value, register

if TYPE_CHECKING:
    from netdsl.ops.op import Array


def _assign_shape(attrs: Mapping[str, Any], dest: Shape, source: Shape) -> tuple[Shape, ...]:
    assert dest == source, f"{source} into {dest}"
    return ()


def _assign_run(attrs: Mapping[str, Any], dest: Array, source: Array) -> tuple[Array, ...]:
    """Nothing: whoever runs the program stores `source` under the name of `dest`."""
    return ()


def _convert_shape(attrs: Mapping[str, Any], x: Shape) -> tuple[Shape, ...]:
    return (x,)


def _convert_run(attrs: Mapping[str, Any], x: Array) -> tuple[Array, ...]:
    return (x,)


def _convert_vjp(build: Build, op: Op, dy: Value) -> Sequence[Value | None]:
    return (dy,)


register(Kind("assign", _assign_shape, _assign_run))
register(Kind("convert", _convert_shape, _convert_run, _convert_vjp))

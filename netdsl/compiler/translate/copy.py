"""What only moves numbers: strided copies, and packings of weights.

y = concat(a, b, axis=2)    →   copy, copy       each into its stretch of y
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from netdsl.compiler.translate.geometry import triple
from netdsl.compiler.translate.step import Context, Operand, Step, axis_fields, merge_axes, sizes
from netdsl.ops.op import Op

KERNELS = {
    "panel": "pack_panel",
    "flip": "pack_flip",
    "dense": "unpack_panel",
    "grouped": "pack_grouped",
    "winograd": "pack_winograd",
}


def _copy(out: Operand, source: Operand, shape: Sequence[int], **more: int | float) -> Step:
    if not any(name.startswith("inner") for name in more):
        walk, (a, b) = merge_axes(shape, [out.strides, source.strides])
        out, source, shape = (
            Operand(out.value, tuple(a), out.shift),
            Operand(source.value, tuple(b), source.shift),
            walk,
        )
    return Step("copy", (out, source), {**axis_fields("size", shape), **more}, prod(shape))


def pad(op: Op, at: Context) -> list[Step]:
    """The source inside the result, a number round it."""
    x, y = sizes(at.shape(op.ins[0])), sizes(at.shape(op.outs[0]))
    more = {**axis_fields("inner", x), **axis_fields("begin", op["pads"][::2], 0), "fill": float(op["number"])}
    return [_copy(Operand(op.outs[0], at.strides(op.outs[0])), Operand(op.ins[0], at.strides(op.ins[0])), y, **more)]


def cut(op: Op, at: Context) -> list[Step]:
    """`slice`: a box of the source."""
    steps = at.strides(op.ins[0])
    shift = sum(a * s for a, s in zip(op["start"], steps, strict=True))
    out = Operand(op.outs[0], at.strides(op.outs[0]))
    return [_copy(out, Operand(op.ins[0], steps, shift), sizes(at.shape(op.outs[0])))]


def concat(op: Op, at: Context) -> list[Step]:
    """A copy for each part that was not written in its place, into its stretch of the result."""
    whole = at.strides(op.outs[0])
    made, position = [], 0
    for i in op.ins:
        part = sizes(at.shape(i))
        out = Operand(op.outs[0], whole, position * whole[op["axis"]])
        if i not in at.views or at.views[i].by != "concat":
            made.append(_copy(out, Operand(i, at.strides(i)), part))
        position += part[op["axis"]]
    return made


def permute(op: Op, at: Context) -> list[Step]:
    """The source walked in another order."""
    steps = at.strides(op.ins[0])
    source = Operand(op.ins[0], tuple(steps[axis] for axis in op["order"]))
    return [_copy(Operand(op.outs[0], at.strides(op.outs[0])), source, sizes(at.shape(op.outs[0])))]


def whole(op: Op, at: Context) -> list[Step]:
    """A reshape whose result must lie elsewhere, and an assignment that could not be made in place."""
    dest, source = (op.outs[0], op.ins[0]) if op.outs else op.ins
    shape = at.shape(dest)
    count = at.length(dest) or prod(sizes(shape))
    return [_copy(Operand(dest, (1,)), Operand(source, (1,)), [count])]


def convert(op: Op, at: Context) -> list[Step]:
    """A weight into panels, out of them, or turned; images into the lanes or out of them."""
    if "lanes" in (op["to"], op["of"]):
        columns = prod(sizes(at.shape(op.ins[0])))
        name = "pack_lanes" if op["to"] == "lanes" else "unpack_lanes"
        return [Step(name, (Operand(op.outs[0]), Operand(op.ins[0])), {"columns": columns}, columns)]
    *kernel, inputs, outputs = sizes(at.shape(op.ins[0]))
    fields = {**triple("kernel", kernel), "in_c": inputs * op["groups"], "out_c": outputs, "groups": op["groups"]}
    fields |= triple("stride", op.get("spread", ()))
    if op["to"] == "winograd":
        fields |= {"tile": op["tile"][0]}
        fields |= {"in_c": outputs, "out_c": inputs} if op["of"] == "flip" else {}
    name = KERNELS[op["to"]]
    return [Step(name, (Operand(op.outs[0]), Operand(op.ins[0])), fields, prod(kernel) * inputs * outputs)]

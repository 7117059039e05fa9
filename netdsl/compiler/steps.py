"""What each operation becomes on the engine: kernels, operands, and the fields of their records.

    y = conv(x, w, kernel=3x3, …)      →   conv       x0=y x1=x x2=w, in_h in_w in_c out_h … from the shapes
    dx = conv_dx(dy, w, …)             →   conv       on dy, stride 1, upsample = stride, pad = dilation·(kernel - 1) - pad
    y = concat(a, b, axis=2)           →   copy, copy

Fields have the names of core/kernels/nd_kernels.h; operands stand in the order of nd_operations.h.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from netdsl.ops.op import BATCH, Op, Shape

DIMS = 5
PARTIALS = 2**21
MOST_CHUNKS = 16


@dataclass(frozen=True)
class Operand:
    """A value, or None where absent; `shift` elements into it, with strides of its own over the step's axes."""

    value: int | str | None
    strides: tuple[int, ...] = ()
    shift: int = 0


@dataclass(frozen=True)
class Step:
    """A kernel with its operands (output first) and fields. `work` is multiply-adds or elements of one image, for the estimate of
    its time; `scratch` elements lie in the arena while it runs and are the operand `scratch`; `code` is the expression of the operand `code`."""

    kernel: str
    operands: tuple[Operand, ...]
    fields: dict[str, int | float] = field(default_factory=dict)
    work: int = 0
    scratch: int = 0
    code: Any = None


@dataclass(frozen=True)
class Context:
    """What a translation may ask: shapes by id, the declared batch, lengths of unbatched values with their padding."""

    shape: Callable[[int], Shape]
    batch: int
    length: Callable[[int], int]


SCRATCH = Operand("scratch")
CODE = Operand("code")
ABSENT = Operand(None)


def sizes(shape: Shape) -> tuple[int, ...]:
    """A shape without its batch."""
    return tuple(int(d) for d in (shape[1:] if shape and shape[0] == BATCH else shape))


def dense_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides of a contiguous array, in elements."""
    return tuple(prod(shape[i + 1 :]) for i in range(len(shape)))


def broadcast_strides(shape: Shape, out: Shape) -> tuple[int, ...]:
    """Strides over the axes of `out` (without batch) of an operand aligned at the last axis; 0 where it is stretched."""
    inner, wide = sizes(shape), sizes(out)
    if not (shape and shape[0] == BATCH) and len(inner) > len(wide):
        assert all(n == 1 for n in inner[: len(inner) - len(wide)]), f"{shape} for {out}"
        inner = inner[len(inner) - len(wide) :]
    padded = (1,) * (len(wide) - len(inner)) + inner
    return tuple(0 if n == 1 else s for n, s in zip(padded, dense_strides(padded), strict=True))


def merge_axes(shape: Sequence[int], strides: Sequence[Sequence[int]]) -> tuple[list[int], list[list[int]]]:
    """The same walk over fewer axes: neighbours merge where every operand steps through both evenly; axes of size 1 go."""
    kept: list[int] = []
    walks: list[list[int]] = [[] for _ in strides]
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        steps = [s[axis] for s in strides]
        if kept and all(w[-1] == s * size for w, s in zip(walks, steps, strict=True)):
            kept[-1] *= size
            for w, s in zip(walks, steps, strict=True):
                w[-1] = s
        else:
            kept.append(size)
            for w, s in zip(walks, steps, strict=True):
                w.append(s)
    return kept or [1], [w or [0] for w in walks]


def axis_fields(name: str, shape: Sequence[int], fill: int = 1) -> dict[str, int | float]:
    """`size0` … `size4`, the shape at the last axes."""
    padded = [fill] * (DIMS - len(shape)) + list(shape)
    return {f"{name}{i}": n for i, n in enumerate(padded)}


def _plane(shape: Sequence[int]) -> tuple[int, int]:
    """Height and width of spatial axes: a sequence has height 1."""
    assert 0 <= len(shape) <= 2, "the engine has no kernel for three spatial axes"
    return (1,) * (2 - len(shape)) + tuple(shape)  # type: ignore[return-value]


def _pair(prefix: str, values: Sequence[int], neutral: int = 1) -> dict[str, int | float]:
    h, w = (neutral,) * (2 - len(values)) + tuple(values)
    return {f"{prefix}_h": h, f"{prefix}_w": w}


def _image(prefix: str, shape: Shape) -> dict[str, int | float]:
    *space, channels = sizes(shape)
    h, w = _plane(space)
    return {f"{prefix}_h": h, f"{prefix}_w": w, f"{prefix}_c": channels}


def _geometry(op: Op) -> dict[str, int | float]:
    top, left = (0,) * (2 - len(op["kernel"])) + tuple(op["pad"][::2])
    return {
        **_pair("kernel", op["kernel"]),
        **_pair("stride", op["stride"]),
        **_pair("dilation", op.get("dilation", ())),
        **_pair("upsample", ()),
        "pad_top": top,
        "pad_left": left,
        "groups": op.get("groups", 1),
    }


def _product(op: Op, at: Context, fields: dict[str, int | float], work: int) -> list[Step]:
    y = at.shape(op.outs[0])
    epilogue, extra = op.get("epilogue"), op.ins[2:]
    code = ABSENT if epilogue is None else CODE
    h, w, c = (int(fields[f"out_{a}"]) for a in "hwc")
    wide: Shape = (BATCH, *(n for n in (h, w, c)))
    rest = [Operand(i, (*broadcast_strides(_spread(at.shape(i), y, wide), wide), 0, 0)) for i in extra]
    if epilogue is not None:
        fields = {**fields, "inputs": 1 + len(extra)}
    return [Step("conv", (Operand(op.outs[0]), *map(Operand, op.ins[:2]), code, *rest), fields, work, code=epilogue)]


def _spread(shape: Shape, y: Shape, wide: Shape) -> Shape:
    """An epilogue operand's shape over (out_h, out_w, out_c): a full one takes the map's axes."""
    if shape == y:
        return wide
    if len(shape) == len(y) and len(y) != len(wide) and shape and shape[0] == BATCH:
        return (BATCH, *((1,) * (len(wide) - len(y))), *shape[1:])
    return shape


def conv(op: Op, at: Context) -> list[Step]:
    x, y, w = at.shape(op.ins[0]), at.shape(op.outs[0]), sizes(at.shape(op.ins[1]))
    fields = {**_image("in", x), **_image("out", y), **_geometry(op)}
    return _product(op, at, fields, prod(sizes(y)[:-1]) * prod(w))


def conv_dx(op: Op, at: Context) -> list[Step]:
    dy, dx, w = at.shape(op.ins[0]), at.shape(op.outs[0]), sizes(at.shape(op.ins[1]))
    reach = [d * (k - 1) - p for d, k, p in zip(op["dilation"], op["kernel"], op["pad"][::2], strict=True)]
    top, left = (0,) * (2 - len(reach)) + tuple(reach)
    turned = {"pad_top": top, "pad_left": left, **_pair("stride", ()), **_pair("upsample", op["stride"])}
    fields = {**_image("in", dy), **_image("out", dx), **_geometry(op), **turned}
    return _product(op, at, fields, prod(sizes(dy)[:-1]) * prod(w))


def chunked(terms: int, length: int, least: int) -> tuple[int, int]:
    """Into how many partial sums, and of how many terms, a sum of `terms` is cut: from shape and declared batch alone."""
    chunks = max(1, min(MOST_CHUNKS, terms // least, PARTIALS // max(length, 1)))
    rows = -(-terms // chunks)
    return -(-terms // rows), rows


def _weight_gradient(op: Op, at: Context, fields: dict[str, int | float], rows: int) -> list[Step]:
    length = at.length(op.outs[0])
    chunks, chunk_rows = chunked(at.batch * rows, length, 1152)
    fields = {**fields, "chunks": chunks, "chunk_rows": chunk_rows}
    scratch = chunks * length if chunks > 1 else 0
    partials = SCRATCH if scratch else ABSENT
    return [Step("conv_dw", (Operand(op.outs[0]), *map(Operand, op.ins), partials), fields, rows * length, scratch)]


def conv_dw(op: Op, at: Context) -> list[Step]:
    x, dy = (at.shape(i) for i in op.ins)
    return _weight_gradient(op, at, {**_image("in", x), **_image("out", dy), **_geometry(op)}, prod(sizes(dy)[:-1]))


_ONE_BY_ONE: dict[str, int | float] = {
    **{f"{name}_{a}": 1 for name in ("kernel", "stride", "dilation", "upsample") for a in "hw"},
    **{"pad_top": 0, "pad_left": 0, "groups": 1},
}


def dot(op: Op, at: Context) -> list[Step]:
    """A 1x1 convolution; further rows of an image (a sequence) are the height of the map."""
    first, second = (at.shape(i) for i in op.ins[:2])
    *space, channels = sizes(first)
    rows = prod(space)
    out = sizes(second)[-1] if op["transpose"] == "a" else sizes(at.shape(op.outs[0]))[-1]
    fields = {**_ONE_BY_ONE, "in_h": rows, "in_w": 1, "in_c": channels, "out_h": rows, "out_w": 1, "out_c": out}
    if op["transpose"] == "a":
        return _weight_gradient(op, at, fields, rows)
    return _product(op, at, fields, rows * channels * out)


def pool(op: Op, at: Context) -> list[Step]:
    if op.kind == "pool_sum_dx":
        x, y = at.shape(op.outs[0]), at.shape(op.ins[0])
    else:
        x, y = at.shape(op.ins[0]), (BATCH, *op["size"], at.shape(op.ins[0])[-1])
    fields = {**_image("in", x), **_image("out", y), **_geometry(op)}
    kernel = op.kind
    return [Step(kernel, tuple(map(Operand, (*op.outs, *op.ins))), fields, prod(sizes(y)) * prod(op["kernel"]))]


def elementwise(op: Op, at: Context) -> list[Step]:
    out = op.outs[0]
    shape = at.shape(out)
    flat = at.length(out)
    if flat and flat != prod(sizes(shape)):
        walk, walks = [flat], [[1], *([1] if sizes(at.shape(i)) else [0] for i in op.ins)]
    else:
        strides = [dense_strides(sizes(shape)), *(broadcast_strides(at.shape(i), shape) for i in op.ins)]
        walk, walks = merge_axes(sizes(shape), strides)
    ids = (out, *op.ins)
    placed = [Operand(i, tuple(w)) for i, w in zip(ids, walks, strict=True)]
    fields = {**axis_fields("size", walk), "inputs": len(op.ins)}
    return [Step("map", (placed[0], CODE, *placed[1:]), fields, prod(walk) * 2, code=op["expression"])]


def reduce(op: Op, at: Context) -> list[Step]:
    x, axes = at.shape(op.ins[0]), op["axes"]
    inner = sizes(x)
    first = len(x) - len(inner)
    kept = [1 if axis + first in axes else n for axis, n in enumerate(inner)]
    strides = tuple(0 if axis + first in axes else s for axis, s in enumerate(dense_strides(kept)))
    batched = first == 1 and 0 not in axes
    terms = prod(n for axis, n in enumerate(inner) if axis + first in axes) * (at.batch if first and not batched else 1)
    length = prod(kept)
    chunks, rows = (1, terms) if batched else chunked(terms, length, 4096)
    walk, walks = merge_axes(inner, [strides, dense_strides(inner)])
    scratch = chunks * length if chunks > 1 else 0
    ends = Operand(op.outs[0], tuple(walks[0])), Operand(op.ins[0], tuple(walks[1]))
    fields = {**axis_fields("size", walk), "chunks": chunks, "chunk_rows": rows}
    return [Step("reduce", (*ends, SCRATCH if scratch else ABSENT), fields, prod(inner), scratch)]


def moments(op: Op, at: Context) -> list[Step]:
    x, axes = at.shape(op.ins[0]), op["axes"]
    assert tuple(axes) == tuple(range(len(x) - 1)), f"moments over {axes} of {x} has no kernel"
    rows, columns = prod(sizes(x)[:-1]), sizes(x)[-1]
    scratch = (at.batch + 1) * columns
    operands = (*map(Operand, op.outs), Operand(op.ins[0]), SCRATCH)
    return [Step("moments", operands, {"rows": rows, "columns": columns}, rows * columns * 2, scratch)]


def rowwise(op: Op, at: Context) -> list[Step]:
    """softmax, its gradients, cross-entropy and lrn_sum: along the last axis of their first input."""
    *rows, columns = sizes(at.shape(op.ins[0]))
    fields: dict[str, int | float] = {"rows": prod(rows), "columns": columns}
    fields |= {name: op[name] for name in ("before", "after") if op.kind == "lrn_sum"}
    return [Step(op.kind, tuple(map(Operand, (*op.outs, *op.ins))), fields, prod(rows) * columns * 8)]


def random(op: Op, at: Context) -> list[Step]:
    distribution = ("uniform", "bernoulli", "normal").index(op["distribution"])
    key = op["key"] - (1 << 64) if op["key"] >= 1 << 63 else op["key"]
    columns = prod(sizes(at.shape(op.outs[0])))
    fields = {"columns": columns, "distribution": distribution, "key": key, "p": float(op.get("p", 0.0))}
    return [Step("random", (Operand(op.outs[0]), *map(Operand, op.ins[:2])), fields, columns * 8)]


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
    x, y = sizes(at.shape(op.ins[0])), sizes(at.shape(op.outs[0]))
    more = {**axis_fields("inner", x), **axis_fields("begin", op["pads"][::2], 0), "fill": float(op["number"])}
    return [_copy(Operand(op.outs[0], dense_strides(y)), Operand(op.ins[0], dense_strides(x)), y, **more)]


def cut(op: Op, at: Context) -> list[Step]:
    x, y = sizes(at.shape(op.ins[0])), sizes(at.shape(op.outs[0]))
    steps = dense_strides(x)
    shift = sum(a * s for a, s in zip(op["start"], steps, strict=True))
    return [_copy(Operand(op.outs[0], dense_strides(y)), Operand(op.ins[0], steps, shift), y)]


def concat(op: Op, at: Context) -> list[Step]:
    whole = dense_strides(sizes(at.shape(op.outs[0])))
    made, position = [], 0
    for i in op.ins:
        part = sizes(at.shape(i))
        out = Operand(op.outs[0], whole, position * whole[op["axis"]])
        made.append(_copy(out, Operand(i, dense_strides(part)), part))
        position += part[op["axis"]]
    return made


def permute(op: Op, at: Context) -> list[Step]:
    x, y = sizes(at.shape(op.ins[0])), sizes(at.shape(op.outs[0]))
    steps = dense_strides(x)
    source = Operand(op.ins[0], tuple(steps[axis] for axis in op["order"]))
    return [_copy(Operand(op.outs[0], dense_strides(y)), source, y)]


def whole(op: Op, at: Context) -> list[Step]:
    """A reshape whose result must lie elsewhere, and an assignment that could not be made in place."""
    dest, source = (op.outs[0], op.ins[0]) if op.outs else op.ins
    shape = at.shape(dest)
    count = at.length(dest) or prod(sizes(shape))
    return [_copy(Operand(dest, (1,)), Operand(source, (1,)), [count])]


def convert(op: Op, at: Context) -> list[Step]:
    *kernel, inputs, outputs = sizes(at.shape(op.ins[0]))
    fields = {**_pair("kernel", kernel), "in_c": inputs * op["groups"], "out_c": outputs, "groups": op["groups"]}
    name = {"panel": "pack_panel", "flip": "pack_flip", "dense": "unpack_panel"}[op["to"]]
    return [Step(name, (Operand(op.outs[0]), Operand(op.ins[0])), fields, prod(kernel) * inputs * outputs)]


TRANSLATIONS: dict[str, Callable[[Op, Context], list[Step]]] = {
    "conv": conv,
    "conv_dx": conv_dx,
    "conv_dw": conv_dw,
    "dot": dot,
    **dict.fromkeys(("pool_max", "pool_max_dx", "pool_sum", "pool_sum_dx"), pool),
    "map": elementwise,
    "reduce": reduce,
    "moments": moments,
    **dict.fromkeys(("softmax", "softmax_dx", "softmax_xent", "softmax_xent_dx", "lrn_sum"), rowwise),
    "random": random,
    "pad": pad,
    "slice": cut,
    "concat": concat,
    "permute": permute,
    "reshape": whole,
    "assign": whole,
    "convert": convert,
}

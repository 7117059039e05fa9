"""The spatial axes of a sliding window: kernel, stride, padding and dilation resolved against an input shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from netdsl.errors import Fault
from netdsl.layers.base import Spans
from netdsl.layers.values import Size, Word
from netdsl.shapes import MAX_PAD, Extent, Shape, format_shape, same_pad, window_extent

NAMES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


@dataclass(frozen=True)
class Axis:
    """One spatial axis; `out` is the number of positions with its derivation."""

    name: str
    size: int
    kernel: int
    stride: int
    pad: tuple[int, int]
    dilation: int
    out: Extent


def resolve_axes(layer: Any, x: Shape) -> tuple[Axis, ...]:
    """The axes of a layer with `kernel`, `stride` and `pad`, and perhaps `dilation` and `ceil`, over an input shape.

    Raises `Fault` N301 where a window is larger than its input, N302 for a vector, N303 for a value of another rank,
    N304 for padding that does not apply.
    """
    # Shape, parameters, cost and window are asked one after the other of one layer on one input.
    asked, of, known = _LATEST[0]
    if asked is layer and of is x:
        return known
    placed = _place_axes(layer, x)
    _LATEST[0] = (layer, x, placed)
    return placed


_LATEST: list[tuple[Any, Shape | None, tuple[Axis, ...]]] = [(None, None, ())]


def _place_axes(layer: Any, x: Shape) -> tuple[Axis, ...]:
    axes = unplaced_axes(layer, x)
    ceil = getattr(layer, "ceil", False)
    placed = tuple(
        Axis(
            a.name,
            a.size,
            a.kernel,
            a.stride,
            a.pad,
            a.dilation,
            window_extent(a.size, a.kernel, a.stride, a.pad, a.dilation, ceil),
        )
        for a in axes
    )
    if any(a.out.value < 1 for a in placed):
        raise _no_output(layer, x, placed)
    return placed


def sliding_reads(layer: Any, spans: Spans, operand: int, *xs: Shape) -> Spans:
    """`Layer.reads` of a layer with `axes`: from the first tap of the first window to the last tap of the last."""
    parts = zip(layer.axes(xs[0]), spans, strict=True)
    return tuple(
        (low * a.stride - a.pad[0], high * a.stride - a.pad[0] + a.dilation * (a.kernel - 1))
        for a, (low, high) in parts
    )


def geometry(axes: tuple[Axis, ...], **more: Any) -> dict[str, Any]:
    """The attributes of the primitive operations that slide a window."""
    return {
        "kernel": tuple(a.kernel for a in axes),
        "stride": tuple(a.stride for a in axes),
        "pad": tuple(p for a in axes for p in a.pad),
        "dilation": tuple(a.dilation for a in axes),
        **more,
    }


def unplaced_axes(layer: Any, x: Shape) -> tuple[Axis, ...]:
    """The axes before any output size is known; `out` is 0."""
    rank = len(x) - 1
    if rank not in NAMES:
        raise _wrong_rank(layer, x)
    kernel = spread(layer, "kernel", rank)
    stride = spread(layer, "stride", rank, layer.kernel)
    dilation = spread(layer, "dilation", rank) if hasattr(layer, "dilation") else (1,) * rank
    pads = resolve_pad(layer, x[:-1], kernel, stride, dilation)
    parts = zip(NAMES[rank], x[:-1], kernel, stride, pads, dilation, strict=True)
    return tuple(Axis(name, n, k, s, p, d, Extent(0, "")) for name, n, k, s, p, d in parts)


def spread(layer: Any, name: str, rank: int, missing: Any = None) -> tuple[int, ...]:
    """An argument as one integer for each axis; an integer is repeated."""
    value = getattr(layer, name)
    value = missing if value is None else value
    if not isinstance(value, tuple):
        return (value,) * rank
    if len(value) != rank:
        shown = Size(value)
        raise Fault(
            "N303",
            f"`{name}` of `{layer.keyword}` has {len(value)} numbers, `{shown}`, "
            f"for an input with {rank} spatial {'axis' if rank == 1 else 'axes'}",
            name,
            changes=({name: str(value[0])},) if len(set(value)) == 1 else (),
        )
    return tuple(value)


def resolve_pad(
    layer: Any, size: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    """(before, after) for each axis: `valid`, `same`, `causal`, an integer, one for each axis, or one for each side."""
    pad, rank = layer.pad, len(size)
    if pad == "same":
        return tuple(same_pad(n, k, s, d) for n, k, s, d in zip(size, kernel, stride, dilation, strict=True))
    if pad == "causal":
        if rank != 1:
            raise Fault(
                "N304", f"`pad=causal` is for sequences; the input of `{layer.keyword}` has {rank} spatial axes", "pad"
            )
        return ((dilation[0] * (kernel[0] - 1), 0),)
    if isinstance(pad, Word):
        return ((0, 0),) * rank
    if isinstance(pad, int):
        return ((pad, pad),) * rank
    if len(pad) == rank:
        return tuple((p, p) for p in pad)
    if len(pad) == 2 * rank:
        return tuple((pad[2 * i], pad[2 * i + 1]) for i in range(rank))
    raise Fault(
        "N304",
        f"`pad` of `{layer.keyword}` has {len(pad)} numbers; {rank} spatial axes take 1, {rank} or {2 * rank}",
        "pad",
    )


def _wrong_rank(layer: Any, x: Shape) -> Fault:
    shown = format_shape(x)
    if len(x) == 1:
        return Fault(
            "N302",
            f"`{layer.keyword}` slides over an image; its input is a vector of {shown}",
            help=f"put `reshape(1x1x{shown})` before it",
        )
    return Fault("N302", f"`{layer.keyword}` takes one to three spatial axes and channels; its input is {shown}")


def _no_output(layer: Any, x: Shape, axes: tuple[Axis, ...]) -> Fault:
    window = Size(a.kernel for a in axes) if len(axes) > 1 else axes[0].kernel
    reach = [a.dilation * (a.kernel - 1) + 1 for a in axes]
    facts = tuple((a.name, a.out.text) for a in axes if a.out.value < 1)
    if len(set(facts[i][1] for i in range(len(facts)))) == 1:
        facts = facts[:1]
    dilated = f" dilated by {axes[0].dilation}" if any(a.dilation > 1 for a in axes) else ""
    wide = "" if len(axes) > 1 else "-wide"
    message = (
        f"`{layer.keyword}` has no output: the {window}{wide} window{dilated} is larger than "
        f"its {format_shape(x[:-1])} input"
    )
    return Fault("N301", message, "kernel", facts=facts, changes=_remedies(layer, axes, reach))


def _remedies(layer: Any, axes: tuple[Axis, ...], reach: list[int]) -> tuple[dict[str, str], ...]:
    """A kernel that fits, and the least even padding that lets this one fit."""
    fits = Size(min(a.kernel, (a.size + sum(a.pad) - 1) // a.dilation + 1) for a in axes)
    changes = [{"kernel": repr(fits) if len(axes) > 1 else str(fits[0])}]
    pad = max(-(-(r - a.size) // 2) for r, a in zip(reach, axes, strict=True))
    if 0 < pad <= MAX_PAD and (not hasattr(layer, "ceil") or pad < min(a.kernel for a in axes)):
        changes.append({"pad": str(pad)})
    return tuple(changes)

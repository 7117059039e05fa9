"""A layer's complaint turned into a diagnostic: its place, the chain of sizes that led there, and remedies to try."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from netdsl.errors import Diagnostic, Fault, Fix, Span
from netdsl.graph.net import Node
from netdsl.language import tree
from netdsl.language.bind import Bound
from netdsl.language.names import Wire
from netdsl.layers.base import Layer, Window
from netdsl.shapes import Shape, format_shape

MAX_HOPS = 8


def diagnose(
    fault: Fault,
    call: tree.Call,
    bound: Mapping[str, Bound],
    *,
    facts: Sequence[tuple[str, str]] = (),
    notes: Sequence[tuple[Span, str]] = (),
    outcome: Callable[[Mapping[str, str]], str | None] | None = None,
) -> Diagnostic:
    """The diagnostic of a fault; it points at the argument, or at the call's name where none was written."""
    given = bound.get(fault.argument) if fault.argument else None
    span = given.argument.value.span if given else call.callee.span
    fixes = []
    for changes in fault.changes:
        gives = outcome(changes) if outcome else None
        fixes.append(_fix(changes, call, bound, f" gives {gives}" if gives else ""))
    return Diagnostic(fault.code, fault.message, span, (*fault.facts, *facts), tuple(notes), tuple(fixes), fault.help)


def _fix(changes: Mapping[str, str], call: tree.Call, bound: Mapping[str, Bound], gives: str) -> Fix:
    """Edits that give arguments new values; one that this call does not write is added to it."""
    edits: list[tuple[Span, str]] = []
    words: list[str] = []
    added: list[str] = []
    for name, value in changes.items():
        given = bound.get(name)
        if (
            given is not None
            and given.argument.span.source is call.span.source
            and _within(given.argument.span, call.span)
        ):
            edits.append((given.argument.value.span, value))
            words.append(f"{name} {value}" if given.positional else f"{name}={value}")
        else:
            added.append(f"{name}={value}")
            words.append(f"{name}={value}")
    if added:
        edits.append(_insertion(call, ", ".join(added)))
    return Fix(" and ".join(words) + gives, tuple(edits))


def _within(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _insertion(call: tree.Call, text: str) -> tuple[Span, str]:
    source = call.span.source
    if call.arguments:
        end = call.arguments[-1].span.end
        return Span(source, end, end), f", {text}"
    end = call.callee.span.end
    if call.arguments is None:
        return Span(source, end, end), f"({text})"
    opened = source.text.index("(", end) + 1
    return Span(source, opened, opened), text


def sizes_chain(nodes: Mapping[str, Node], wire: Wire, layer: Layer | None, name: str, out: Shape | None) -> str | None:
    """`28 -C1 3x3-> 26 -S2 2x2/2-> 13 …`: the sizes along the first operands, up to a layer to be made."""
    path = []
    node: Node | None = nodes.get(wire.path)
    while node is not None:
        path.append(node)
        node = nodes.get(node.inputs[0]) if node.inputs else None
    path.reverse()
    if not path:
        return None
    hops: list[tuple[str, Shape]] = [("", path[0].shape)]
    for before, after in pairwise(path):
        if _spatial(before.shape) != _spatial(after.shape):
            hops.append(
                (
                    f"{after.path} {_window_text(after.layer, [nodes[p].shape for p in after.inputs])}".rstrip(),
                    after.shape,
                )
            )
    text = "… " if len(hops) > MAX_HOPS else ""
    hops = hops[-MAX_HOPS:]
    text += _spatial(hops[0][1])
    for hop, shape in hops[1:]:
        text += f" -{hop}-> {_spatial(shape)}"
    if layer is not None:
        window = _window_text(layer, [wire.shape] if wire.shape else [])
        text += f" -{f'{name} {window}'.rstrip()}-> {_spatial(out) if out else 'none'}"
    return text if "->" in text else None


def _spatial(shape: Shape) -> str:
    """Height and width, one number for a square; the length of a sequence; a vector's own size."""
    sides = shape[:-1] or shape
    return str(sides[0]) if len(set(sides)) == 1 else format_shape(sides)


def _window_text(layer: Layer, xs: Sequence[Shape]) -> str:
    """`3x3/2`: kernel and stride, from the arguments where the formula itself fails."""
    kernel: object = getattr(layer, "kernel", None)
    stride: object = getattr(layer, "stride", None)
    rank = max(1, len(xs[0]) - 1) if xs else 2
    try:
        window = layer.window(*xs)
    except Fault:
        window = None
    if window is not None and isinstance(window, Window) and kernel is not None:
        kernel, stride = window.kernel, window.stride
    if kernel is None:
        return ""
    text = _sides(kernel, rank)
    stride = kernel if stride is None else stride
    step = _sides(stride, rank)
    if set(step.split("x")) == {"1"}:
        return text
    return f"{text}/{step.split('x')[0] if len(set(step.split('x'))) == 1 else step}"


def _sides(value: object, rank: int) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else "x".join([str(value)] * rank)
